"""A customer's way through the bank: sign in, read the balance, prepare a transfer. With test accounts that take turns.

Source of the rules about accounts: a refusal on one account is tried once on another. Both refused: the service fails.
Only one refused: that account has a problem, which staff hear of and customers do not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.amiss import at
from statuspage.probes.blocked import Blocked
from statuspage.probes.engine import Work
from statuspage.probes.findings import Finding, Mask
from statuspage.probes.look import Look
from statuspage.probes.place import parse_place
from statuspage.probes.session import TOTP_PERIOD_S, Ran, Route, Session, totp_key
from statuspage.probes.steps import Account, Step, check_slots


@dataclass(frozen=True)
class Target:
    """Where the journey begins, its steps and its test accounts.

    url                 an address at which the paths of the steps begin
    attempts_per_hour   sign-ins of one account; beyond it other accounts are used, and without any nothing is known
    rest_s              so long an account is left alone after its credentials were refused and another's were not
    headers             for every step; ports: further ports that redirects may lead to
    ca_file             PEM file of the issuers to trust instead of the machine's
    """

    url: str
    steps: tuple[Step, ...]
    accounts: tuple[Account, ...] = ()
    attempts_per_hour: int = 120
    rest_s: float = 900.0
    headers: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    ca_file: str = ""
    blocked: Blocked = field(default_factory=Blocked)

    def __post_init__(self) -> None:
        with at("url"):
            parse_place(self.url)
        if not self.steps:
            raise ValueError("a journey has at least one step")
        names = [step.name for step in self.steps]
        if len(set(names)) < len(names):
            raise ValueError("two steps of the journey have the same name")
        if len({account.name for account in self.accounts}) < len(self.accounts):
            raise ValueError("two accounts of the journey have the same name")
        if self.signs_in and len(self.accounts) < 2:
            found = len(self.accounts)
            raise ValueError(f"found {found} accounts; a journey that signs in needs two, to tell an outage from an expired password")
        check_slots(self.steps, self.accounts)

    @property
    def signs_in(self) -> bool:
        return any(step.uses_credentials for step in self.steps)

    @property
    def uses_codes(self) -> bool:
        return any("totp" in step.slots for step in self.steps)


def probe(target: Target, look: Look) -> Work[Finding]:
    """One run, or two where the credentials of the first account are refused."""
    route = Route(
        start=parse_place(target.url),
        steps=target.steps,
        headers=target.headers,
        ports=frozenset(target.ports),
        ca_file=target.ca_file,
        blocked=target.blocked,
    )
    mask = Mask(hidden for account in target.accounts for hidden in account.hidden)
    if not target.signs_in:
        account = _in_turn(target, look)[0] if target.accounts else None
        ran = yield from Session(route, account, look, mask).run()
        return look.judge_speed(ran.finding)
    usable = [account for account in _in_turn(target, look) if _may_try(target, account, look)]
    if not usable:
        return _exhausted(target, look)
    first = yield from _run(target, route, usable[0], look, mask)
    if not first.refused:
        return look.judge_speed(_with_alarms(first, target, usable[0], look))
    if len(usable) < 2:
        told = f"{usable[0].name}: the credentials were refused, and no other account may be tried now"
        return replace(first.finding, outcome=Outcome.ACCOUNT_PROBLEM, partial=False, evidence=told)
    second = yield from _run(target, route, usable[1], look, mask, first.finding.at)
    return look.judge_speed(_compare(first, second, target, (usable[0], usable[1]), look))


def account_key(target: Target, account: Account) -> str:
    """Under which attempts are counted: the same for all probes that share the login, and no way back to its user."""
    login = f"{parse_place(target.url).netloc} {account.user}"
    return hashlib.sha256(login.encode()).hexdigest()[:16]


def _run(target: Target, route: Route, account: Account, look: Look, mask: Mask, at: datetime | None = None) -> Work[Ran]:
    look.notebook.note_attempt(account_key(target, account), look.now())
    ran = yield from Session(route, account, look, mask, at).run()
    if ran.accepted:
        look.notebook.wake(account_key(target, account))
    return ran


def _in_turn(target: Target, look: Look) -> list[Account]:
    """All accounts, the one whose turn it is first; those that rest or whose code of this moment was used come last."""
    turn = look.notebook.next_turn(look.name) % len(target.accounts)
    order = [*target.accounts[turn:], *target.accounts[:turn]]
    step = int(look.now().timestamp() // TOTP_PERIOD_S)

    def reluctance(account: Account) -> tuple[bool, bool]:
        used = target.uses_codes and look.notebook.used_steps.get(totp_key(account), -1) >= step
        return look.notebook.rests(account_key(target, account), look.now()), used

    return sorted(order, key=reluctance)


def _may_try(target: Target, account: Account, look: Look) -> bool:
    return look.notebook.attempts(account_key(target, account), look.now()) < target.attempts_per_hour


def _exhausted(target: Target, look: Look) -> Finding:
    told = f"each account has used its {target.attempts_per_hour} sign-ins of this hour; nobody signs in until one is free again"
    text = f"{look.name}: {told}. Raise attempts_per_hour, add accounts or look less often."
    return Finding(Outcome.NO_DATA, Reason.ATTEMPTS_EXHAUSTED, evidence=told, alarms={f"attempts:{look.name}": text})


def _alarm_key(look: Look, account: Account) -> str:
    return f"account:{look.name}:{account.name}"


def _with_alarms(ran: Ran, target: Target, account: Account, look: Look) -> Finding:
    """Whoever got in has no problem any more."""
    over = {_alarm_key(look, account): ""} if ran.accepted else {}
    return replace(ran.finding, alarms={f"attempts:{look.name}": "", **over, **ran.finding.alarms})


def _compare(first: Ran, second: Ran, target: Target, accounts: tuple[Account, Account], look: Look) -> Finding:
    """What two accounts together say, the first of them refused."""
    if second.refused:
        told = f"{accounts[0].name} and {accounts[1].name}: {second.finding.evidence}"
        return replace(second.finding, evidence=told)
    finding = _with_alarms(second, target, accounts[1], look)
    if not second.accepted:
        return finding  # the second did not get far enough to say anything about the first
    look.notebook.rest(account_key(target, accounts[0]), look.now() + timedelta(seconds=target.rest_s))
    told = f"the credentials of the test account {accounts[0].name!r} were refused, those of {accounts[1].name!r} were not"
    text = f"{look.name}: {told}. The public page is not changed. Renew them; the account rests for {target.rest_s:g} s."
    alarms = {**finding.alarms, _alarm_key(look, accounts[0]): text}
    if finding.outcome is not Outcome.PASSED:
        return replace(finding, alarms=alarms)  # the journey fails elsewhere, and that is what counts
    return replace(finding, outcome=Outcome.ACCOUNT_PROBLEM, reason=Reason.CREDENTIALS_REFUSED, evidence=told, alarms=alarms)
