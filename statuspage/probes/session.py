"""One run through a journey with one account: a fresh session each time, since a kept cookie hides a dead sign-in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import pyotp

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.answers import check_answer, take
from statuspage.probes.blocked import Blocked
from statuspage.probes.cookies import CookieJar
from statuspage.probes.engine import Aside, Pause, Work
from statuspage.probes.fetch import Answer, Request, fetch
from statuspage.probes.findings import Failure, Finding, Mask, clean
from statuspage.probes.look import Look
from statuspage.probes.place import BadPlace, Place, join
from statuspage.probes.reach import failed
from statuspage.probes.steps import Account, Confirm, Expect, Refused, Step
from statuspage.probes.transfer import Exchange
from statuspage.probes.values import fill, slots

TOTP_PERIOD_S = 30
_TOTP_TRIES = 3  # steps waited for until a code is free that no other prober has used


@dataclass(frozen=True)
class Route:
    """What all runs of one journey share. last_credentials: index of the last step that uses them, -1 if none does."""

    start: Place
    steps: tuple[Step, ...]
    headers: Mapping[str, str]
    ports: frozenset[int]
    ca_file: str
    blocked: Blocked

    @property
    def last_credentials(self) -> int:
        return max((index for index, step in enumerate(self.steps) if step.uses_credentials), default=-1)


@dataclass(frozen=True)
class Ran:
    """refused: the service said no to the credentials; accepted: the steps that use them went through."""

    finding: Finding
    refused: bool = False
    accepted: bool = False


class Session:
    """Walks the steps. After a wait for our own side (a free one-time code, the store, the disk) `deadline` moves on by it, and
    `at` is its end: what the steps after it find was not so before. None: no wait yet, in this run or the one before it.
    """

    def __init__(self, route: Route, account: Account | None, look: Look, mask: Mask, at: datetime | None = None) -> None:
        self.route = route
        self.account = account
        self.look = look
        self.mask = mask
        self.jar = CookieJar()
        self.values = {"unique": look.unique()}
        if account is not None:
            self.values |= {**account.values, **account.secrets, "user": account.user, "password": account.password}
        self.captured: set[str] = set()  # names of what pages gave
        self.place = route.start
        self.phases: dict[str, float] = {}
        self.slow: list[str] = []
        self.deadline = look.deadline()
        self.at = at

    def run(self) -> Work[Ran]:
        """All steps, up to the first that does not do what it should."""
        for index, step in enumerate(self.route.steps):
            if "totp" in step.slots and (failure := (yield from self._take_code())):
                return Ran(self._failed(step, index, failure))
            if step.writes and (finding := (yield from self._settle(step, index)) or (yield from self._intend(step, index))):
                return Ran(finding, accepted=index > self.route.last_credentials)
            began = self.look.monotonic()
            answer = yield from self._send(step)
            took_s = self.look.monotonic() - began
            self.phases[step.name] = round(took_s * 1000, 3)
            ran = self._judge(step, index, answer, took_s)
            if ran is not None:
                return ran
            if step.slow_s is not None and took_s > step.slow_s:
                self.slow.append(f"step {step.name!r} took {took_s:.2f} s; more than {step.slow_s:g} s is too slow")
        return Ran(self._passed(), accepted=True)

    # --- one step

    def _send(self, step: Step) -> Work[Answer]:
        try:
            request = self._request(step)
        except BadPlace as error:
            failure = Failure(self._at_fault(step.url), f"the address of this step cannot be used: {error}")
            return Answer(failure, self.place, Exchange(failure), {})
        answer = yield from fetch(request, self.look, self.deadline)
        self.place = answer.place
        return answer

    def _at_fault(self, address: str) -> Reason:
        """Whose mistake an address is that cannot be used: the bank's only if a page gave a part of it."""
        return Reason.VALUE_WRONG if slots(address) & self.captured else Reason.PROBER_FAULT

    def _request(self, step: Step) -> Request:
        address = fill(step.url, {name: quote(value, safe="") for name, value in self.values.items()})
        headers = {**self.route.headers, **{name: fill(text, self.values) for name, text in step.headers.items()}}
        body: bytes | None = b"" if step.method not in ("GET", "HEAD") else None
        if step.form:
            body = urlencode({name: fill(text, self.values) for name, text in step.form.items()}).encode()
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif step.json is not None:
            body = json.dumps(_filled(step.json, self.values)).encode()
            headers.setdefault("Content-Type", "application/json")
        return self._to(address, method=step.method, headers=headers, body=body, follow=step.follow_redirects)

    def _to(self, address: str, **more: Any) -> Request:
        return Request(
            place=join(self.route.start, address),
            ports=self.route.ports | {self.route.start.port},
            ca_file=self.route.ca_file,
            cookies=self.jar.header,
            learn=lambda place, lines: self.jar.learn(place, lines, self.look.now()),
            **more,
        )

    def _judge(self, step: Step, index: int, answer: Answer, took_s: float) -> Ran | None:
        """None if the step did what it should."""
        accepted = index > self.route.last_credentials
        if step.writes:
            if answer.unanswered or answer.status >= 500:
                why = answer.failure.evidence if answer.failure else f"answered {answer.status}"
                unknown = Failure(Reason.UNKNOWN_OUTCOME, f"nobody knows whether the order was carried out: {why}")
                return Ran(self._failed(step, index, unknown), accepted=accepted)
            self.look.notebook.settle(self._order(step))
        if blocked := self.route.blocked.finding(answer):
            return Ran(self._told(blocked, step))
        if step.refused is not None and _is_refusal(answer, step.refused):
            return self._refusal(step, index, step.refused, took_s)
        failure = answer.failure or check_answer(answer, self._expected(step.expect), self.jar) or self._capture(step, answer)
        return Ran(self._failed(step, index, failure), accepted=accepted) if failure else None

    def _refusal(self, step: Step, index: int, refused: Refused, took_s: float) -> Ran:
        """A true refusal takes its usual time; a service that is down refuses at once, a frozen one late."""
        if took_s < refused.min_s or (refused.max_s is not None and took_s > refused.max_s):
            usual = f"{refused.min_s:g} s to {refused.max_s:g} s" if refused.max_s is not None else f"{refused.min_s:g} s or more"
            evidence = f"signing in was refused after {took_s:.2f} s; a true refusal takes {usual}: the service behind it is ill"
            return Ran(self._failed(step, index, Failure(Reason.SIGN_IN_UNAVAILABLE, evidence)))
        return Ran(self._failed(step, index, Failure(Reason.CREDENTIALS_REFUSED, "the credentials were refused")), refused=True)

    def _expected(self, expect: Expect) -> Expect:
        """The expectation with the account's values filled in."""
        numbers = tuple(replace(rule, equals=fill(rule.equals, self.values)) for rule in expect.numbers)
        rules = tuple(replace(rule, equals=fill(rule.equals, self.values)) for rule in expect.json)
        contains = tuple(fill(text, self.values) for text in expect.contains)
        return replace(expect, numbers=numbers, json=rules, contains=contains)

    def _capture(self, step: Step, answer: Answer) -> Failure | None:
        for name, capture in step.capture.items():
            value = take(answer, capture, self.jar)
            if isinstance(value, Failure):
                return Failure(value.reason, f"{name}: {value.evidence}")
            self.mask.hide(value)
            self.values[name] = value
            self.captured.add(name)
        return None

    # --- one-time codes and orders

    def _take_code(self) -> Work[Failure | None]:
        """Puts a code that was never used into the values; waits for the next one where this one was."""
        account, waited_from = self.account, self.look.monotonic()
        if account is None:
            return Failure(Reason.PROBER_FAULT, "there is no account to make a code for")
        key = totp_key(account)
        for _ in range(_TOTP_TRIES):
            now = self.look.now().timestamp()
            step = int(now // TOTP_PERIOD_S)
            try:
                free = yield Aside(lambda step=step: self.look.steps.claim(key, step))  # type: ignore[misc]
            except Exception as error:
                return Failure(Reason.PROBER_FAULT, f"used one-time codes cannot be looked up ({type(error).__name__}), so none is used")
            if free:
                self.look.notebook.used_steps[key] = step
                self.values["totp"] = pyotp.TOTP(account.totp).at(step * TOTP_PERIOD_S)
                self.mask.hide(self.values["totp"])
                self._go_on(waited_from)
                return None
            yield Pause((step + 1) * TOTP_PERIOD_S - now + 0.05)
        return Failure(Reason.ATTEMPTS_EXHAUSTED, "no one-time code of this account was free; more accounts are needed")

    def _settle(self, step: Step, index: int) -> Work[Finding | None]:
        """Before an order is sent: find out what became of an earlier one without an answer. None once nothing is open."""
        since = self.look.notebook.pending_since(self._order(step))
        if since is None or step.confirm is None:
            return None
        failure = yield from self._confirmed(step.confirm)
        key = f"order:{self._order(step)}"
        if failure is None:
            self.look.notebook.settle(self._order(step))
            return None
        told = f"an order of {since:%Y-%m-%d %H:%M} UTC without an answer is still open, so no other is sent: {failure.evidence}"
        finding = self._failed(step, index, Failure(Reason.UNKNOWN_OUTCOME, told))
        return replace(finding, outcome=Outcome.NO_DATA, alarms={key: f"{self.look.name}: {finding.evidence}"})

    def _intend(self, step: Step, index: int) -> Work[Finding | None]:
        """Notes an order before it is sent, on disk: whatever ends this check from here on, no other is sent blindly after it."""
        order, began = self._order(step), self.look.monotonic()
        self.look.notebook.note_pending(order, self.look.now())
        noted = json.dumps(self.look.notebook.dump())
        try:
            yield Aside(lambda: self.look.keep(noted))
        except Exception as error:
            self.look.notebook.settle(order)
            failure = Failure(Reason.PROBER_FAULT, f"the order cannot be noted ({type(error).__name__}), so it is not sent")
            return self._failed(step, index, failure)
        self._go_on(began)
        return None

    def _go_on(self, waited_from: float) -> None:
        self.deadline += self.look.monotonic() - waited_from
        self.at = self.look.now()

    def _confirmed(self, confirm: Confirm) -> Work[Failure | None]:
        address = fill(confirm.url, {name: quote(value, safe="") for name, value in self.values.items()})
        try:
            answer = yield from fetch(self._to(address), self.look, self.deadline)
        except BadPlace as error:
            return Failure(self._at_fault(confirm.url), f"the address to read cannot be used: {error}")
        return answer.failure or check_answer(answer, self._expected(confirm.expect), self.jar)

    def _order(self, step: Step) -> str:
        return f"{self.look.name}/{step.name}"

    # --- findings

    @property
    def _latency_ms(self) -> float:
        return round(sum(self.phases.values()), 3)

    def _passed(self) -> Finding:
        orders = {f"order:{self._order(step)}": "" for step in self.route.steps if step.writes}
        total = {**self.phases, "total": self._latency_ms}
        steps = f"{len(self.route.steps)} steps"
        finding = Finding(Outcome.PASSED, Reason.AS_EXPECTED, total, self._latency_ms, steps, alarms=orders, at=self.at)
        if self.slow:
            return replace(finding, outcome=Outcome.DEGRADED, reason=Reason.TOO_SLOW, evidence=clean("; ".join(self.slow)))
        return finding

    def _failed(self, step: Step, index: int, failure: Failure) -> Finding:
        finding = self._told(failed(failure, {}, self._latency_ms), step)
        if finding.reason is Reason.ATTEMPTS_EXHAUSTED:
            finding = replace(finding, outcome=Outcome.NO_DATA)
        partial = step.partial if step.partial is not None else 0 <= self.route.last_credentials < index
        return replace(finding, partial=partial and finding.outcome is Outcome.FAILED)

    def _told(self, finding: Finding, step: Step) -> Finding:
        total = {**self.phases, "total": self._latency_ms}
        evidence = clean(self.mask(f"step {step.name!r}: {finding.evidence}"))
        return replace(finding, phases_ms=total, latency_ms=self._latency_ms, evidence=evidence, at=self.at)


def totp_key(account: Account) -> str:
    """Under which used codes are remembered: the same for all probes that share the authenticator, and no way back to its secret."""
    return "totp-" + hashlib.sha256(account.totp.encode()).hexdigest()[:32]


def _is_refusal(answer: Answer, refused: Refused) -> bool:
    if answer.failure is not None:
        return False
    here = answer.place.path.split("?", 1)[0] if refused.ends_at.startswith("/") else answer.place.shown
    by_place = not refused.ends_at or here == refused.ends_at
    by_status = not refused.status or answer.status in refused.status
    by_text = not refused.texts or any(text in answer.text for text in refused.texts)
    return by_place and by_status and by_text


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return fill(value, values)
    if isinstance(value, Mapping):
        return {name: _filled(item, values) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, values) for item in value]
    return value
