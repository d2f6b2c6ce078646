"""Journeys against a small real bank: accounts that take turns, codes that count once, orders that are never sent twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pyotp
import pytest
from pydantic import TypeAdapter, ValidationError

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes import journey
from statuspage.probes.engine import Engine
from statuspage.probes.findings import Finding
from statuspage.probes.journey import Target
from statuspage.probes.look import Look
from statuspage.probes.notebook import Notebook, StepsInMemory
from tests.probes.servers import Conversation, RawServer, serving

T0 = datetime(2026, 3, 2, 12, 0, 10, tzinfo=UTC)
PASSWORDS = {"anna": "secret-word-a", "bert": "secret-word-b", "carl": "secret-word-c"}
CODES = {name: pyotp.random_base32() for name in PASSWORDS}


@dataclass
class SmallBank:
    """Sign-in with form token and code, a balance, and orders; `ill` says what is wrong with it."""

    ill: set[str] = field(default_factory=set)
    expired: set[str] = field(default_factory=set)
    tries: list[str] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    answers: Callable[[Conversation], None] | None = None

    def __call__(self, conversation: Conversation) -> None:
        form = {key: values[0] for key, values in parse_qs(conversation.body.decode()).items()}
        cookie = conversation.header("cookie") or ""
        route = getattr(self, f"_{conversation.method}_{conversation.path.split('?')[0].strip('/') or 'home'}".lower())
        route(conversation, form, cookie)

    def _get_sign_in(self, conversation: Conversation, form: dict[str, str], cookie: str) -> None:
        conversation.answer(
            200, b'<form><input type="hidden" value="t&amp;k-42" name="token">', [("Set-Cookie", "form=f1; Path=/; HttpOnly")]
        )

    def _post_sign_in(self, conversation: Conversation, form: dict[str, str], cookie: str) -> None:
        user = form.get("user", "")
        self.tries.append(user)
        known = form.get("token") == "t&k-42" and "form=f1" in cookie and PASSWORDS.get(user) == form.get("password")
        if "slow refusal" in self.ill:
            conversation.stop.wait(0.3)
        if not known or user in self.expired or "sign-in" in self.ill or "slow refusal" in self.ill:
            conversation.answer(302, headers=[("Location", "/failed?who=" + user)])
        else:
            conversation.answer(302, headers=[("Location", "/code"), ("Set-Cookie", f"who={user}; Path=/")])

    def _get_failed(self, conversation: Conversation, form: dict[str, str], cookie: str) -> None:
        conversation.answer(200, b"Login failed")

    def _get_code(self, conversation: Conversation, form: dict[str, str], cookie: str) -> None:
        conversation.answer(200, b"Type your code")

    def _post_code(self, conversation: Conversation, form: dict[str, str], cookie: str) -> None:
        self.codes.append((cookie.partition("who=")[2], form["code"]))
        conversation.answer(302, headers=[("Location", "/accounts")])

    def _get_accounts(self, conversation: Conversation, form: dict[str, str], cookie: str) -> None:
        user = cookie.partition("who=")[2]
        balance = "---" if "balance" in self.ill else "1.234,50"
        conversation.answer(200, f"<h1>Accounts of {user}</h1><p>EUR {balance}</p><tr><tr><tr>".encode())

    def _post_order(self, conversation: Conversation, form: dict[str, str], cookie: str) -> None:
        self.orders.append(form["reference"])
        if "orders vanish" in self.ill:
            conversation.connection.close()
        elif "orders hang" in self.ill:
            conversation.stop.wait(30)
        elif "orders lead on" in self.ill:
            conversation.answer(303, headers=[("Location", "/done")])
        elif "orders refused" in self.ill:
            conversation.answer(429, b"Later")
        elif "orders 500" in self.ill:
            conversation.answer(500, b"oops")
        else:
            conversation.answer(200, b"Order taken")

    def _get_done(self, conversation: Conversation, form: dict[str, str], cookie: str) -> None:
        conversation.connection.close()

    def _get_orders(self, conversation: Conversation, form: dict[str, str], cookie: str) -> None:
        conversation.answer(
            503 if "orders unread" in self.ill else 200, b"No open orders" if "orders open" not in self.ill else b"1 open order"
        )


@pytest.fixture
def bank() -> SmallBank:
    return SmallBank()


@pytest.fixture
def server(bank: SmallBank) -> Iterator[RawServer]:
    with serving(bank) as server:
        yield server


SIGN_IN: list[dict[str, Any]] = [
    {"name": "page", "url": "/sign_in", "capture": {"token": {"input": "token"}}},
    {
        "name": "password",
        "url": "/sign_in",
        "method": "POST",
        "form": {"token": "{token}", "user": "{user}", "password": "{password}"},
        "expect": {"ends_at": "/code", "cookies": ["who"]},
        "refused": {"texts": ["Login failed"], "ends_at": "/failed"},
    },
]
CODE = {"name": "code", "url": "/code", "method": "POST", "form": {"code": "{totp}"}, "expect": {"ends_at": "/accounts"}}
BALANCE = {
    "name": "balance",
    "url": "/accounts",
    "expect": {
        "contains": ["Accounts of {user}"],
        "numbers": [{"match": "EUR ([^<]+)<", "decimal": ",", "equals": "{balance}", "min": 1, "max": 5000}],
        "rows": [{"match": "<tr>", "min": 3, "max": 3}],
    },
}
ORDER = {
    "name": "order",
    "url": "/order",
    "method": "POST",
    "form": {"reference": "{unique}"},
    "expect": {"contains": ["Order taken"]},
    "writes": True,
    "confirm": {"url": "/orders", "expect": {"contains": ["No open orders"]}},
}


def target(server: RawServer, *steps: dict[str, Any], names: tuple[str, ...] = ("anna", "bert"), **more: Any) -> Target:
    accounts = [{"name": n, "user": n, "password": PASSWORDS[n], "totp": CODES[n], "values": {"balance": "1234.50"}} for n in names]
    return TypeAdapter(Target).validate_python({"url": server.url, "accounts": accounts, "steps": list(steps), **more})


@dataclass
class Setting:
    """A clock to turn, and one check after the other with one memory."""

    engine: Engine
    look: Look
    now: datetime = T0

    def __post_init__(self) -> None:
        self.look = replace(self.look, name="log-in", now=lambda: self.now)

    def check(self, wanted: Target, **more: Any) -> Finding:
        return self.engine.run(journey.probe(wanted, replace(self.look, **more)))

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def setting(engine: Engine, look: Look) -> Setting:
    return Setting(engine, look)


# --- what a healthy bank shows ---------------------------------------------------------------------------------------


def test_a_complete_journey_passes_and_times_every_step(server: RawServer, setting: Setting) -> None:
    finding = setting.check(target(server, *SIGN_IN, CODE, BALANCE, ORDER))

    assert (finding.outcome, finding.reason, finding.evidence) == (Outcome.PASSED, Reason.AS_EXPECTED, "5 steps")
    assert set(finding.phases_ms) == {"page", "password", "code", "balance", "order", "total"}


def test_accounts_take_turns_and_each_check_signs_in_afresh(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    wanted = target(server, *SIGN_IN, names=("anna", "bert", "carl"))

    for _ in range(6):
        setting.check(wanted)

    assert bank.tries == ["anna", "bert", "carl"] * 2
    assert all((c.header("cookie") or "") == "" for c in server.requests if c.path == "/sign_in" and c.method == "GET")


def test_a_slow_step_that_works_is_degraded_and_named(server: RawServer, setting: Setting) -> None:
    finding = setting.check(target(server, *SIGN_IN, {**BALANCE, "slow_s": 1e-6}))

    assert (finding.outcome, finding.reason) == (Outcome.DEGRADED, Reason.TOO_SLOW)
    assert "'balance'" in finding.evidence


def test_a_journey_that_is_slow_as_a_whole_is_degraded(server: RawServer, setting: Setting) -> None:
    assert setting.check(target(server, *SIGN_IN), slow_s=1e-6).reason is Reason.TOO_SLOW


# --- parts -----------------------------------------------------------------------------------------------------------


def test_a_step_after_the_sign_in_that_fails_is_partial(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    bank.ill = {"balance"}

    finding = setting.check(target(server, *SIGN_IN, BALANCE))

    assert (finding.outcome, finding.reason, finding.partial) == (Outcome.FAILED, Reason.VALUE_WRONG, True)
    assert "---" not in finding.evidence  # which rule failed, never what the page shows


@pytest.mark.parametrize(("said", "partial"), [(None, True), (True, True), (False, False)])
def test_the_configuration_may_say_what_is_partial(
    said: bool | None, partial: bool, server: RawServer, bank: SmallBank, setting: Setting
) -> None:
    bank.ill = {"balance"}

    finding = setting.check(target(server, *SIGN_IN, {**BALANCE, "partial": said}))

    assert finding.partial is partial


def test_a_sign_in_page_that_is_gone_is_an_outage(server: RawServer, setting: Setting) -> None:
    finding = setting.check(target(server, {**SIGN_IN[0], "expect": {"contains": ["Welcome"]}}, SIGN_IN[1]))

    assert (finding.outcome, finding.reason, finding.partial) == (Outcome.FAILED, Reason.TEXT_MISSING, False)


# --- refusals --------------------------------------------------------------------------------------------------------


def test_both_accounts_refused_is_an_outage(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    bank.ill = {"sign-in"}

    finding = setting.check(target(server, *SIGN_IN))

    assert (finding.outcome, finding.reason, finding.partial) == (Outcome.FAILED, Reason.CREDENTIALS_REFUSED, False)
    assert bank.tries == ["anna", "bert"]  # once each, no more


@pytest.mark.parametrize("ill", ["anna", "bert"])
def test_one_account_refused_is_its_own_problem_and_never_turns_the_page_red(
    ill: str, server: RawServer, bank: SmallBank, setting: Setting
) -> None:
    bank.expired = {ill}
    wanted = target(server, *SIGN_IN)

    findings = [setting.check(wanted) for _ in range(6)]

    outcomes = {finding.outcome for finding in findings}
    assert outcomes == {Outcome.PASSED, Outcome.ACCOUNT_PROBLEM}
    problem = next(finding for finding in findings if finding.outcome is Outcome.ACCOUNT_PROBLEM)
    assert problem.alarms[f"account:log-in:{ill}"]
    assert bank.tries.count(ill) == 1  # it rests, so that it is not locked out


def test_an_account_is_tried_again_after_its_rest_and_its_alarm_ends(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    wanted = target(server, *SIGN_IN, rest_s=600)
    bank.expired = {"anna"}
    assert setting.check(wanted).outcome is Outcome.ACCOUNT_PROBLEM

    bank.expired = set()
    setting.later(601)
    findings = [setting.check(wanted) for _ in range(2)]

    assert [finding.outcome for finding in findings] == [Outcome.PASSED] * 2
    assert any(finding.alarms.get("account:log-in:anna") == "" for finding in findings)


def test_an_outage_is_seen_although_one_account_has_a_problem_of_its_own(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    wanted = target(server, *SIGN_IN)
    bank.expired = {"anna"}
    setting.check(wanted)

    bank.ill = {"sign-in"}

    assert setting.check(wanted).outcome is Outcome.FAILED


def test_when_the_second_account_meets_another_fault_that_fault_counts(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    bank.expired, bank.ill = {"anna"}, {"balance"}

    finding = setting.check(target(server, *SIGN_IN, BALANCE))

    assert (finding.outcome, finding.reason, finding.partial) == (Outcome.FAILED, Reason.VALUE_WRONG, True)
    assert finding.alarms["account:log-in:anna"]


@pytest.mark.parametrize(("min_s", "max_s"), [(5.0, None), (0.0, 0.1)])
def test_a_refusal_that_takes_an_unusual_time_comes_from_a_service_that_is_ill(
    min_s: float, max_s: float | None, server: RawServer, bank: SmallBank, setting: Setting
) -> None:
    bank.ill = {"slow refusal"}  # 0.3 s: quicker than a true refusal of 5 s, slower than one of 0.1 s
    password = {**SIGN_IN[1], "refused": {"texts": ["Login failed"], "min_s": min_s, "max_s": max_s}}

    finding = setting.check(target(server, SIGN_IN[0], password))

    assert (finding.outcome, finding.reason) == (Outcome.FAILED, Reason.SIGN_IN_UNAVAILABLE)
    assert bank.tries == ["anna"]  # no second account is spent on it


def test_sign_ins_are_capped_per_account_and_hour(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    wanted = target(server, *SIGN_IN, attempts_per_hour=3)

    findings = [setting.check(wanted) for _ in range(8)]

    assert [finding.outcome for finding in findings] == [Outcome.PASSED] * 6 + [Outcome.NO_DATA] * 2
    assert (findings[-1].reason, sorted(bank.tries)) == (Reason.ATTEMPTS_EXHAUSTED, ["anna"] * 3 + ["bert"] * 3)
    assert "attempts:log-in" in findings[-1].alarms
    setting.later(3601)
    assert setting.check(wanted).outcome is Outcome.PASSED


def test_the_cap_holds_over_a_restart(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    wanted = target(server, *SIGN_IN, attempts_per_hour=1)
    for _ in range(2):
        setting.check(wanted)

    kept = json.dumps(setting.look.notebook.dump())
    finding = setting.check(wanted, notebook=Notebook.load(json.loads(kept)))

    assert finding.reason is Reason.ATTEMPTS_EXHAUSTED
    assert not any(word in kept for word in ("anna", *PASSWORDS.values()))


def test_a_single_account_that_may_be_tried_accuses_nobody(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    wanted = target(server, *SIGN_IN, attempts_per_hour=2)
    for _ in range(3):
        setting.check(wanted)  # anna twice, bert once

    bank.ill = {"sign-in"}
    finding = setting.check(wanted)

    assert finding.outcome is Outcome.ACCOUNT_PROBLEM


def test_a_robot_check_is_not_an_outage(bank: SmallBank, setting: Setting) -> None:
    with serving(lambda c: c.answer(403, b"Please solve this captcha")) as server:
        finding = setting.check(target(server, *SIGN_IN, blocked={"texts": ["solve this captcha"]}))

    assert (finding.outcome, finding.reason) == (Outcome.BLOCKED, Reason.BLOCKED_AS_BOT)


# --- one-time codes --------------------------------------------------------------------------------------------------


class _Turning(StepsInMemory):
    """Turns the clock to the next half minute once a code was asked for that is used already: 0.1 s of real waiting."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.setting = setting
        self.refused = 0

    def claim(self, account: str, step: int) -> bool:
        free = super().claim(account, step)
        if not free:
            self.refused += 1
            self.setting.now += timedelta(seconds=0.1)
        return free


def test_no_code_is_ever_used_twice_and_waiting_for_one_is_not_the_banks_time(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    setting.now = datetime(2026, 3, 2, 12, 0, 29, 950_000, tzinfo=UTC)
    steps = _Turning(setting)
    wanted = target(server, *SIGN_IN, CODE)

    findings = [setting.check(wanted, steps=steps) for _ in range(2)]
    began = setting.engine.monotonic()
    findings.append(setting.check(wanted, steps=steps))
    waited_ms = (setting.engine.monotonic() - began) * 1000
    findings.append(setting.check(wanted, steps=steps))

    assert [finding.outcome for finding in findings] == [Outcome.PASSED] * 4
    assert (len(set(bank.codes)), steps.refused) == (4, 1)
    assert findings[2].latency_ms is not None and findings[2].latency_ms + 100 <= waited_ms


def test_a_check_speaks_for_the_moment_after_its_wait_for_a_code(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    """What failed after the wait may have worked before it: an outage would begin before it began."""
    setting.now = before = datetime(2026, 3, 2, 12, 0, 29, 950_000, tzinfo=UTC)
    steps = _Turning(setting)
    wanted = target(server, *SIGN_IN, CODE, BALANCE)
    for _ in wanted.accounts:
        setting.check(wanted, steps=steps)
    bank.ill.add("balance")

    failed = setting.check(wanted, steps=steps)
    bank.ill.clear()
    passed = setting.check(wanted, steps=steps)

    assert (failed.outcome, failed.at) == (Outcome.FAILED, before + timedelta(seconds=0.1))
    assert (passed.outcome, passed.at) == (Outcome.PASSED, setting.now)


def test_what_fails_before_any_wait_is_dated_from_the_beginning_of_the_check(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    bank.ill.add("sign-in")

    finding = setting.check(target(server, *SIGN_IN, CODE))

    assert (finding.outcome, finding.at) == (Outcome.FAILED, None)


class _Slow(StepsInMemory):
    """A store that needs three seconds for every code."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.setting = setting

    def claim(self, account: str, step: int) -> bool:
        self.setting.later(3)
        return super().claim(account, step)


def test_a_second_account_does_not_forget_that_the_first_one_waited(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    """The first is refused late, after its code; the second at once."""
    late = {**CODE, "name": "late", "url": "/late", "form": {"user": "{user}"}, "refused": {"texts": ["Nobody"]}}
    bank._post_late = lambda conversation, *_: conversation.answer(200, b"Nobody")  # type: ignore[attr-defined]
    bank.expired.add("bert")

    finding = setting.check(target(server, *SIGN_IN, CODE, late), steps=_Slow(setting))

    assert (finding.outcome, bank.tries) == (Outcome.FAILED, ["anna", "bert"])
    assert finding.at == T0 + timedelta(seconds=3)


def test_codes_are_right(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    setting.check(target(server, *SIGN_IN, CODE))

    assert bank.codes == [("anna", pyotp.TOTP(CODES["anna"]).at(T0))]


class _Broken:
    def claim(self, account: str, step: int) -> bool:
        raise OSError("the store is away")


def test_no_code_is_used_while_used_ones_cannot_be_looked_up(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    finding = setting.check(target(server, *SIGN_IN, CODE), steps=_Broken())

    assert (finding.outcome, finding.reason, bank.codes) == (Outcome.NO_DATA, Reason.PROBER_FAULT, [])


# --- orders ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ill", ["orders vanish", "orders 500", "orders lead on"])
def test_an_order_without_an_answer_is_not_sent_again_before_it_is_known_what_became_of_it(
    ill: str, server: RawServer, bank: SmallBank, setting: Setting
) -> None:
    wanted = target(server, *SIGN_IN, ORDER)
    bank.ill = {ill}
    first = setting.check(wanted)
    bank.ill = {"orders open"}
    waiting = [setting.check(wanted) for _ in range(3)]
    bank.ill = set()
    last = setting.check(wanted)

    assert (first.outcome, first.reason, first.partial) == (Outcome.FAILED, Reason.UNKNOWN_OUTCOME, True)
    assert {(finding.outcome, finding.reason) for finding in waiting} == {(Outcome.NO_DATA, Reason.UNKNOWN_OUTCOME)}
    assert waiting[0].alarms["order:log-in/order"]
    assert (last.outcome, last.alarms["order:log-in/order"]) == (Outcome.PASSED, "")
    assert len(bank.orders) == len(set(bank.orders)) == 2  # one before, one after, each with a reference of its own


def test_an_open_order_is_remembered_over_a_restart(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    wanted = target(server, *SIGN_IN, ORDER)
    bank.ill = {"orders vanish"}
    setting.check(wanted)

    kept = Notebook.load(json.loads(json.dumps(setting.look.notebook.dump())))
    bank.ill = {"orders unread"}
    setting.check(wanted, notebook=kept)

    assert len(bank.orders) == 1


def test_a_check_that_is_cut_off_in_the_middle_of_an_order_leaves_it_open(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    """As the off switch does it, or the end of the process."""
    wanted = target(server, *SIGN_IN, ORDER)
    bank.ill = {"orders hang"}
    task = setting.engine.start(journey.probe(wanted, setting.look), lambda _finding, _error: None)
    while not bank.orders:
        setting.engine.turn(0.05)
    task.cancel()
    bank.ill = {"orders open"}

    finding = setting.check(wanted)

    assert (finding.outcome, finding.reason, len(bank.orders)) == (Outcome.NO_DATA, Reason.UNKNOWN_OUTCOME, 1)


def test_an_order_is_noted_on_disk_before_it_is_sent_and_settled_by_its_answer(
    server: RawServer, bank: SmallBank, setting: Setting
) -> None:
    kept: list[tuple[int, list[str]]] = []

    def keep(notebook: str) -> None:
        kept.append((len(bank.orders), list(json.loads(notebook)["pending"])))

    finding = setting.check(target(server, *SIGN_IN, ORDER), keep=keep)

    assert finding.outcome is Outcome.PASSED
    assert kept == [(0, ["log-in/order"])]
    assert (setting.look.notebook.pending_since("log-in/order"), setting.look.notebook.changed) == (None, True)


def test_an_order_that_cannot_be_noted_is_not_sent(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    def keep(notebook: str) -> None:
        raise OSError("no space left")

    finding = setting.check(target(server, *SIGN_IN, ORDER), keep=keep)

    assert (finding.outcome, finding.reason, bank.orders) == (Outcome.NO_DATA, Reason.PROBER_FAULT, [])
    assert setting.check(target(server, *SIGN_IN, ORDER)).outcome is Outcome.PASSED


def test_an_order_that_was_refused_is_not_open(server: RawServer, bank: SmallBank, setting: Setting) -> None:
    wanted = target(server, *SIGN_IN, ORDER)
    bank.ill = {"orders refused", "orders open"}
    refused = setting.check(wanted)
    bank.ill = {"orders open"}

    finding = setting.check(wanted)

    assert (refused.outcome, finding.outcome, len(bank.orders)) == (Outcome.BLOCKED, Outcome.PASSED, 2)


def test_an_order_answered_with_a_fault_is_open_even_if_the_page_speaks_of_robots(bank: SmallBank, setting: Setting) -> None:
    with serving(bank) as server:
        wanted = target(server, *SIGN_IN, ORDER, blocked={"statuses": [500, 429]})
        bank.ill = {"orders 500"}
        first = setting.check(wanted)
        bank.ill = {"orders open"}
        second = setting.check(wanted)

    assert (first.outcome, first.reason) == (Outcome.FAILED, Reason.UNKNOWN_OUTCOME)
    assert (second.outcome, len(bank.orders)) == (Outcome.NO_DATA, 1)


def test_a_password_whose_answer_never_came_is_not_sent_again_in_the_same_check(bank: SmallBank, setting: Setting) -> None:
    def vanish(conversation: Conversation) -> None:
        bank(conversation) if conversation.method == "GET" else conversation.connection.close()

    with serving(vanish) as server:
        finding = setting.check(target(server, *SIGN_IN))

        assert (finding.outcome, finding.reason) == (Outcome.FAILED, Reason.CONNECTION_RESET)
        assert [c.method for c in server.requests] == ["GET", "POST"]


# --- secrets ---------------------------------------------------------------------------------------------------------


def _echo(conversation: Conversation) -> None:
    """Throws everything that it is told back: in places, in pages."""
    if conversation.method == "GET" and "?" not in conversation.path:
        conversation.answer(200, b'<input name="token" value="captured-word">')
    else:
        told = conversation.body.decode() or conversation.path
        conversation.answer(302, headers=[("Location", f"/{told.replace('&', '/')}/x?{told}")])


@pytest.mark.parametrize("ending", [{"ends_at": "/code"}, {"contains": ["{password}{token}"]}, {"status": [418]}])
def test_no_credential_and_nothing_captured_gets_into_evidence(ending: dict[str, Any], setting: Setting) -> None:
    hidden = ("anna", "secret-word-a", CODES["anna"], "captured-word", pyotp.TOTP(CODES["anna"]).at(T0))
    step = {**SIGN_IN[1], "form": {**SIGN_IN[1]["form"], "code": "{totp}"}, "expect": ending, "refused": None}
    with serving(_echo) as server:
        wanted = target(server, SIGN_IN[0], step)
        finding = setting.check(wanted)

    assert finding.outcome is Outcome.FAILED
    assert [word for word in hidden if word in finding.evidence] == []
    assert [word for word in hidden[1:] if word in repr((wanted, finding, setting.look))] == []


def test_a_failed_validation_does_not_repeat_a_secret() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Target).validate_python(
            {"url": "http://127.0.0.1/", "steps": SIGN_IN, "accounts": [{"name": "a", "user": "anna", "password": "secret-word-a"}]}
        )

    assert "at least two" in str(caught.value) or "needs two" in str(caught.value)
    assert all("secret-word" not in detail["msg"] for detail in caught.value.errors())


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ([{**SIGN_IN[1], "form": {"x": "{nobody}"}}], "{nobody}"),
        ([{"name": "a", "url": "/"}, {"name": "a", "url": "/"}], "same name"),
        ([], "at least one step"),
        ([{"name": "a", "url": "/", "form": {"x": "y"}}], "method POST"),
        ([{"name": "a", "url": "/", "method": "POST", "writes": True}], "confirm"),
        ([{"name": "a", "url": "/", "refused": {}}], "refused says nothing"),
        ([{"name": "a", "url": "/", "capture": {"x": {}}}], "exactly one"),
        ([{"name": "a", "url": "/", "capture": {"x": {"match": "no group"}}}], "groups"),
        ([{"name": "a", "url": "/", "capture": {"x": {"json": "$["}}}], "JSON path"),
        ([{"name": "a", "url": "/", "expect": {"matches": ["(?<=a)b"]}}], "RE2"),
        ([{"name": "a", "url": "/", "expect": {"numbers": [{}]}}], "exactly one"),
    ],
)
def test_a_journey_that_cannot_work_is_refused_when_it_is_read(steps: list[dict[str, Any]], complaint: str) -> None:
    accounts = [{"name": name, "user": name, "password": "p"} for name in ("a", "b")]

    with pytest.raises(ValidationError, match=complaint.replace("{", r"\{")):
        TypeAdapter(Target).validate_python({"url": "http://127.0.0.1/", "steps": steps, "accounts": accounts})


@pytest.mark.parametrize(
    ("url", "outcome", "reason"),
    [
        ("https://x.example/a b", Outcome.NO_DATA, Reason.PROBER_FAULT),
        ("//evil.example/", Outcome.NO_DATA, Reason.PROBER_FAULT),
        ("/{nothing}/in", Outcome.NO_DATA, Reason.PROBER_FAULT),  # an account's value that is empty
        ("/{given}/in", Outcome.FAILED, Reason.VALUE_WRONG),  # an empty text of the bank's page
        ("http://{host}:1/", Outcome.FAILED, Reason.VALUE_WRONG),
    ],
)
def test_an_address_that_cannot_be_used_is_the_banks_fault_only_if_its_page_gave_it(
    url: str, outcome: Outcome, reason: Reason, setting: Setting
) -> None:
    first = {"name": "page", "url": "/", "capture": {"given": {"input": "given"}, "host": {"input": "host"}}}
    accounts = [{"name": "a", "values": {"nothing": ""}}]
    with serving(lambda c: c.answer(200, b'<input name="given" value=""><input name="host" value="a b">')) as server:
        steps = [first, {"name": "next", "url": url}]
        finding = setting.check(TypeAdapter(Target).validate_python({"url": server.url, "steps": steps, "accounts": accounts}))

    assert (finding.outcome, finding.reason) == (outcome, reason)
    assert "the address of this step cannot be used" in finding.evidence
    assert len(server.requests) == 1


# --- JSON ------------------------------------------------------------------------------------------------------------


def _api(conversation: Conversation) -> None:
    if conversation.path == "/login":
        sent = json.loads(conversation.body)
        fine = sent == {"user": "anna", "password": "secret-word-a", "app": {"version": "4", "flags": ["x"]}}
        conversation.answer(200 if fine else 401, json.dumps({"token": "abc.def"} if fine else {"title": "no"}).encode())
    elif conversation.header("authorization") == "Bearer abc.def":
        accounts = [{"iban": "ES79", "balance": 12.5, "shown": "1.234,50"}, {"iban": "ES80", "balance": None, "shown": "1234.50"}]
        conversation.answer(200, json.dumps({"accounts": accounts}).encode())
    else:
        conversation.answer(401, b"{}")


LOGIN = {
    "name": "login",
    "url": "/login",
    "method": "POST",
    "json": {"user": "{user}", "password": "{password}", "app": {"version": "4", "flags": ["x"]}},
    "refused": {"status": [401]},
    "capture": {"bearer": {"json": "$.token"}},
}


@pytest.mark.parametrize(
    ("expect", "reason"),
    [
        ({"numbers": [{"json": "$.accounts[0].balance", "equals": "12.50"}]}, Reason.AS_EXPECTED),
        (
            {"rows": [{"json": "$.accounts[*]", "min": 2}], "json": [{"path": "$.accounts[0].iban", "matches": "ES[0-9]+"}]},
            Reason.AS_EXPECTED,
        ),
        ({"json": [{"path": "$.accounts[0].iban", "equals": "ES79"}]}, Reason.AS_EXPECTED),
        ({"json": [{"path": "$.accounts[0].iban", "equals": "ES78"}]}, Reason.VALUE_WRONG),
        ({"json": [{"path": "$.accounts[0].iban", "matches": "[A-Z]"}]}, Reason.VALUE_WRONG),
        ({"json": [{"path": "$.accounts[1].balance"}]}, Reason.VALUE_MISSING),
        ({"json": [{"path": "$.nothing"}]}, Reason.VALUE_MISSING),
        ({"numbers": [{"json": "$.accounts[1].balance"}]}, Reason.VALUE_MISSING),
        ({"numbers": [{"json": "$.accounts[0].iban"}]}, Reason.VALUE_WRONG),
        ({"numbers": [{"json": "$.accounts[0].balance", "min": 13}]}, Reason.VALUE_WRONG),
        ({"numbers": [{"json": "$.accounts[0].balance", "max": 12}]}, Reason.VALUE_WRONG),
        ({"numbers": [{"json": "$.accounts[0].balance", "decimal": ",", "equals": "12.5"}]}, Reason.AS_EXPECTED),
        ({"numbers": [{"json": "$.accounts[0].shown", "decimal": ",", "equals": "1234.50"}]}, Reason.AS_EXPECTED),
        ({"numbers": [{"json": "$.accounts[0].shown"}]}, Reason.VALUE_WRONG),
        ({"numbers": [{"json": "$.accounts[1].shown", "equals": "1234.5"}]}, Reason.AS_EXPECTED),
        ({"numbers": [{"json": "$.accounts[1].shown", "decimal": ","}]}, Reason.VALUE_WRONG),
        ({"rows": [{"json": "$.accounts[*]", "min": 3}]}, Reason.VALUE_MISSING),
        ({"rows": [{"json": "$.accounts[*]", "max": 1}]}, Reason.VALUE_WRONG),
    ],
)
def test_an_interface_of_json_is_walked_with_its_token(expect: dict[str, Any], reason: Reason, setting: Setting) -> None:
    read = {"name": "accounts", "url": "/accounts", "headers": {"Authorization": "Bearer {bearer}"}, "expect": expect}
    with serving(_api) as server:
        finding = setting.check(target(server, LOGIN, read))

    assert finding.reason is reason
    assert "abc.def" not in finding.evidence
