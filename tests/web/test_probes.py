"""What the probes see, on a page of its own and on that of an incident: what fails first, with its reason, its evidence and since when."""

from __future__ import annotations

from pathlib import Path

import pytest

from statuspage.actions.incidents import Declaration, declare
from statuspage.core.checks import CheckResult
from statuspage.core.vocabulary import ComponentStatus, Outcome, Reason
from statuspage.store import checks
from tests.web.conftest import CONFIGURATION, Console, open_console

PROBES = """\
probes:
  - {name: vault-port, kind: tcp, component: vault, target: {host: 127.0.0.1, port: 9}}
  - {name: login-form, kind: http, component: login, target: {url: "https://bank.example/"}}
  - {name: login-port, kind: tcp, component: login, target: {host: 127.0.0.1, port: 9}}
"""


@pytest.fixture
def console(tmp_path: Path, sqlite_url: str) -> Console:
    return open_console(tmp_path, sqlite_url, CONFIGURATION + PROBES)


def saw(console: Console, probe: str, *outcomes: Outcome, place: str = "madrid", evidence: str = "") -> None:
    """Looks of one probe from one place, the oldest first."""
    reasons = {Outcome.PASSED: Reason.AS_EXPECTED, Outcome.FAILED: Reason.TEXT_MISSING}
    now = console.ctx.now()
    with console.ctx.ports.store.writing() as session:
        start = (checks.last_sequence(session, place, probe) or 0) + 1
        results = [CheckResult(probe, place, start + n, now, what, reasons[what], 12.4, {}, evidence) for n, what in enumerate(outcomes)]
        checks.add(session, results, now)


def test_what_fails_comes_first_with_reason_evidence_and_how_often_in_a_row(console: Console) -> None:
    saw(console, "vault-port", Outcome.PASSED)
    saw(console, "login-form", Outcome.PASSED, Outcome.FAILED, Outcome.FAILED, evidence="no <b>User name</b> in the page")
    saw(console, "login-form", Outcome.PASSED, place="bilbao")

    page = console.signed_in().get("/console/probes/").get_data(as_text=True)

    places = [page.index(words) for words in ("login-form, http, from madrid", "login-port, tcp<", "vault-port", "from bilbao")]
    assert places[0] < places[1] < min(places[2:])
    assert "text missing</strong>: no &lt;b&gt;User name&lt;/b&gt; in the page" in page
    assert "2 in a row, took 12 ms" in page
    assert "not looked yet" in page


def test_more_looks_than_are_read_are_not_counted_as_if_they_were_all(console: Console) -> None:
    saw(console, "login-form", *[Outcome.FAILED] * 30)

    page = console.signed_in().get("/console/probes/").get_data(as_text=True)

    assert "20 or more in a row" in page


def test_an_open_incident_shows_the_probes_of_what_is_hit_and_no_others(console: Console) -> None:
    saw(console, "vault-port", Outcome.FAILED)
    saw(console, "login-form", Outcome.FAILED, evidence="no 'User name' in the page")
    begun = declare(console.ctx, Declaration(components={"login": ComponentStatus.MAJOR_OUTAGE}, who="Ana"))

    page = console.signed_in().get(f"/console/incidents/{begun.id}").get_data(as_text=True)

    assert "What the probes see" in page
    assert "no &#39;User name&#39; in the page" in page
    assert "vault-port" not in page
