"""The probes of the demonstration's own configuration against the demonstration bank: which fault each of them notices, and which not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from statuspage.core.vocabulary import ComponentStatus, Outcome, Reason
from statuspage.demo import bank as demonstration_bank
from statuspage.demo import stage
from statuspage.demo.bank import FAULTS, RunningBank
from statuspage.probes import PROBES
from statuspage.probes.addresses import AddressRules
from statuspage.probes.engine import Engine
from statuspage.probes.findings import Finding
from statuspage.probes.look import Look
from statuspage.settings.loader import Loaded, load_file
from tests.demo_bank.conftest import SetClock

Check = Callable[..., dict[str, Finding]]
LONG_S, SHORT_S = 30.0, 0.7  # time limit of a check: where all should pass; where the fault is that nothing comes

WEB = ("web-front-page", "web-over-https", "web-certificate", "web-port")
SIGN_IN = ("log-in-password", "log-in-complete")
BEHIND = ("balance-and-history", "transfer-dry-run")
APP = ("app-log-in", "app-balance")
READY = ("servers-say-ready",)
EVERYTHING = (*WEB, *SIGN_IN, *BEHIND, *APP, *READY)
PAGES = ("web-front-page", "web-over-https", *SIGN_IN, *BEHIND, *APP)  # all that is answered by the website

# fault -> settings, the probes that fail, and why; every other probe passes
SEEN: dict[str, tuple[dict[str, Any], tuple[str, ...], set[Reason]]] = {
    "sign_in_stopped": ({}, (*SIGN_IN, *BEHIND, *APP), {Reason.CREDENTIALS_REFUSED, Reason.HTTP_STATUS}),
    "sign_in_frozen": ({"seconds": 0.1}, (*SIGN_IN, *BEHIND, *APP), {Reason.CREDENTIALS_REFUSED, Reason.HTTP_STATUS}),
    "keys_out_of_step": ({}, ("log-in-complete", *BEHIND, *APP), {Reason.WRONG_PLACE, Reason.HTTP_STATUS}),
    "session_short": ({}, ("log-in-complete", *BEHIND, *APP), {Reason.WRONG_PLACE, Reason.HTTP_STATUS}),
    "canary_expired": ({}, (), set()),
    "balance_missing": ({}, ("balance-and-history", "app-balance"), {Reason.TEXT_FORBIDDEN, Reason.VALUE_MISSING}),
    "database_stopped": ({}, ("balance-and-history",), {Reason.VALUE_MISSING}),
    "maintenance_page": ({}, ("log-in-complete", *BEHIND, *APP), {Reason.HTTP_STATUS}),
    "workers_busy": ({"seconds": 30}, PAGES, {Reason.READ_TIMEOUT}),
    "slow": ({"seconds": 30}, PAGES, {Reason.READ_TIMEOUT}),
    "error_500": ({}, PAGES, {Reason.HTTP_STATUS}),
    "error_503": ({}, PAGES, {Reason.HTTP_STATUS}),
    "sorry_page": ({}, PAGES, {Reason.TEXT_MISSING, Reason.BODY_UNREADABLE}),
    "empty_body": ({}, PAGES, {Reason.BODY_EMPTY}),
    "redirect_loop": ({}, PAGES, {Reason.REDIRECT_LOOP}),
    "everything_down": ({}, EVERYTHING, {Reason.CONNECT_REFUSED}),
    "refuse": ({}, EVERYTHING, {Reason.CONNECT_REFUSED}),
    "hang": ({}, tuple(name for name in EVERYTHING if name != "web-port"), {Reason.READ_TIMEOUT, Reason.CONNECT_TIMEOUT}),
    "drip": ({}, (*PAGES, *READY), {Reason.READ_TIMEOUT}),
    "expired_certificate": ({}, ("web-over-https", "web-certificate"), {Reason.TLS_EXPIRED}),
}


@pytest.fixture
def loaded(bank: RunningBank, tmp_path: Path) -> Loaded:
    own = {
        "BANK_PORT": bank.url.rpartition(":")[2],
        "BANK_URL": bank.url,
        "BANK_TLS_PORT": bank.tls_url.rpartition(":")[2],
        "BANK_TLS_URL": bank.tls_url,
        "BANK_CA": str(bank.ca_file),
        "SWITCHBOARD_URL": bank.switchboard,
    }
    return load_file(stage.CONFIGURATION, stage.environment("127.0.0.1", 9, tmp_path) | own)


@pytest.fixture
def check(loaded: Loaded, clock: SetClock) -> Iterator[Check]:
    """Runs every probe of the configuration once, at the same time, half a minute after the last time."""
    rules = AddressRules.of(loaded.settings.locations[0].allow_addresses)
    looks = {probe.name: Look(probe.name, rules=rules, now=clock.now) for probe in loaded.settings.probes}
    with closing(Engine()) as engine:

        def once(timeout_s: float = LONG_S) -> dict[str, Finding]:
            clock.move(30)
            found: dict[str, Finding] = {}

            def ended(name: str, finding: Finding | None, error: BaseException | None) -> None:
                assert error is None and finding is not None, (name, error)
                found[name] = finding

            for probe in loaded.settings.probes:
                look = replace(looks[probe.name], timeout_s=timeout_s)
                engine.start(PROBES[probe.kind].probe(loaded.targets[probe.name], look), partial(ended, probe.name))
            while len(found) < len(looks):
                engine.turn(1.0)
            return found

        yield once


def failing(found: dict[str, Finding]) -> set[str]:
    return {name for name, finding in found.items() if finding.outcome is Outcome.FAILED and not finding.partial}


def test_the_table_speaks_of_every_fault_and_every_probe(loaded: Loaded) -> None:
    assert set(SEEN) | {"database_restarted"} == set(FAULTS)
    assert {probe.name for probe in loaded.settings.probes} == set(EVERYTHING)


def test_all_probes_pass_on_a_healthy_bank_again_and_again(check: Check) -> None:
    for _ in range(6):
        found = check()

        assert {name: (finding.outcome, finding.evidence) for name, finding in found.items() if finding.outcome is not Outcome.PASSED} == {}


@pytest.mark.parametrize("fault", sorted(SEEN))
def test_a_fault_is_noticed_by_the_probes_that_should_and_by_no_other(bank: RunningBank, check: Check, fault: str) -> None:
    settings, names, reasons = SEEN[fault]
    bank.fault(fault, **settings)

    found = check(SHORT_S if Reason.READ_TIMEOUT in reasons else LONG_S)

    assert {name: found[name].evidence for name in failing(found)}.keys() == set(names), {
        n: (f.reason, f.evidence) for n, f in found.items()
    }
    assert {found[name].reason for name in names} <= reasons
    bank.mend(fault)
    assert failing(check()) == set()


def test_an_app_without_a_balance_is_partly_usable_and_one_can_log_in_to_it(bank: RunningBank, check: Check, loaded: Loaded) -> None:
    (own,) = (probe for probe in loaded.settings.probes if probe.name == "app-balance")
    bank.fault("balance_missing")

    found = check()

    assert found["app-balance"].reason is Reason.VALUE_MISSING
    assert (own.symptom, own.status) == ("balance", ComponentStatus.DEGRADED_PERFORMANCE)
    assert found["app-log-in"].outcome is Outcome.PASSED


def test_an_expired_canary_is_a_problem_of_the_account_and_of_nobody_else(bank: RunningBank, check: Check) -> None:
    bank.fault("canary_expired", account="a")

    rounds = [check() for _ in range(4)]

    outcomes = {finding.outcome for found in rounds for finding in found.values()}
    asked_a = [found[name] for found in rounds for name in (*SIGN_IN, *APP) if found[name].outcome is Outcome.ACCOUNT_PROBLEM]
    assert outcomes == {Outcome.PASSED, Outcome.ACCOUNT_PROBLEM}
    assert asked_a and all(finding.reason is Reason.CREDENTIALS_REFUSED for finding in asked_a)


def test_a_restarted_database_costs_one_sign_in_and_turns_nothing_red(bank: RunningBank, check: Check) -> None:
    bank.fault("database_restarted")

    rounds = [check() for _ in range(2)]

    assert sum(len(failing(found)) for found in rounds) <= 1
    assert failing(rounds[1]) == set()


def test_the_dry_run_books_nothing(bank: RunningBank, check: Check) -> None:
    before = {user: bank.bank.ledger.accounts(user) for user in demonstration_bank.CUSTOMERS}

    for _ in range(3):
        check()

    assert {user: bank.bank.ledger.accounts(user) for user in demonstration_bank.CUSTOMERS} == before
    assert bank.bank.ledger._rows("SELECT * FROM transfer") == []
