""" "I have this problem too": counted without knowing who, kept for engineers, answered with a published page whatever fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from statuspage.actions import incidents as acts
from statuspage.actions import reports as report_acts
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish.page import REPORTED
from statuspage.store import counters, incidents, reports
from statuspage.web import reports as form
from tests.processes import until
from tests.publish.samples import LANGUAGES, builder, outage
from tests.web.conftest import ORIGIN, Console
from tests.web_public.serving import Call, publish


@pytest.fixture(autouse=True)
def nobody_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(form, "CROWD", form.Crowd())
    monkeypatch.setattr(form, "TALLY", form.Tally())
    yield


def send(browser: FlaskClient, address: str = "203.0.113.7", origin: str = ORIGIN, **changes: str) -> TestResponse:
    fields = {"language": "es", "component": "login", "symptom": "login"} | changes
    return browser.post("/report/send", data=fields, headers={"Origin": origin}, environ_base={"REMOTE_ADDR": address})


def counted(console: Console) -> dict[str, int]:
    with console.ctx.ports.store.reading() as session:
        return {one.component: one.number for one in reports.since(session, console.ctx.now() - timedelta(hours=1))}


def test_a_report_is_counted_and_led_to_a_published_page(console: Console) -> None:
    answer = send(console.browser())

    assert (answer.status_code, answer.headers["Location"]) == (303, "/es/report/thanks/")
    assert "Set-Cookie" not in answer.headers and answer.headers["Cache-Control"] == "no-store"
    assert counted(console) == {"login": 1}
    with console.ctx.ports.store.reading() as session:
        (sum_of_all,) = [one for one in counters.all(session) if one.name == report_acts.COUNTER]
        assert (dict(sum_of_all.labels), sum_of_all.value) == ({"component": "login", "symptom": "login"}, 1.0)
    assert 'statuspage_reports_total{component="login",symptom="login"} 1.0' in console.browser().get("/metrics").get_data(as_text=True)


def test_what_comes_right_after_another_report_is_counted_without_waiting_for_a_third(console: Console) -> None:
    browser = console.browser()

    answers = [send(browser, f"203.0.{number}.7").headers["Location"] for number in range(4)]

    assert answers == ["/es/report/thanks/"] * 4
    until(lambda: counted(console) == {"login": 4})


def test_one_network_counts_five_times_in_ten_minutes_and_another_still_does(console: Console) -> None:
    browser = console.browser()

    said = []
    for number in range(7):
        console.clock.ahead_s += 2
        said.append(send(browser, f"203.0.113.{number}").headers["Location"])
    console.clock.ahead_s += 2
    send(browser, "198.51.100.1")

    assert said == ["/es/report/thanks/"] * 5 + ["/es/report/enough/"] * 2
    assert counted(console) == {"login": 6}
    console.clock.ahead_s += form.WINDOW_S
    assert send(browser).headers["Location"] == "/es/report/thanks/"


def test_no_address_is_kept_anywhere(console: Console) -> None:
    send(console.browser(), "203.0.113.77")

    assert b"203.0.113" not in Path(str(console.current.process.database).removeprefix("sqlite:///")).read_bytes()
    assert "203.0.113" not in repr(vars(form.CROWD))


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("nonsense", ""),
    ],
)
def test_a_network_is_a_prefix(address: str, same: str) -> None:
    assert form.network(address) == same


def test_behind_a_front_server_the_last_address_counts(console: Console) -> None:
    browser = console.browser()
    fields = {"language": "en", "component": "login", "symptom": "login"}

    for number in range(6):
        told = {"Origin": ORIGIN, "X-Forwarded-For": f"192.0.2.1, 198.51.{number}.9"}
        answer = browser.post("/report/send", data=fields, headers=told, environ_base={"REMOTE_ADDR": "127.0.0.1"})

    assert answer.headers["Location"] == "/en/report/thanks/"


@pytest.mark.parametrize(
    "wrong", [{"component": "vault"}, {"component": "nothing"}, {"symptom": "nothing"}, {"origin": "https://evil.example"}]
)
def test_what_the_form_would_not_send_counts_nothing_and_a_page_says_so(console: Console, wrong: dict[str, str]) -> None:
    answer = send(console.browser(), **wrong)

    assert answer.headers["Location"] == "/es/report/failed/"
    assert counted(console) == {}


def test_when_the_database_is_gone_a_page_says_that_nothing_need_be_done(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise OperationalError("", {}, Exception("the disk is gone"))

    with monkeypatch.context() as broken:
        broken.setattr(report_acts, "count", gone)
        answer = send(console.browser())
    console.clock.ahead_s += 2
    send(console.browser())

    assert (answer.status_code, answer.headers["Location"]) == (303, "/es/report/failed/")
    assert counted(console) == {"login": 2}  # nothing was lost


def test_a_rush_is_one_write_a_second(console: Console) -> None:
    browser = console.browser()

    for number in range(3):
        send(browser, f"198.51.{number}.1")
    before = counted(console)
    console.clock.ahead_s += 2
    send(browser, "198.51.9.1")

    assert sum(before.values()) < 4
    assert counted(console) == {"login": 4}


def reported_at(console: Console, incident_id: str) -> datetime | None:
    with console.ctx.ports.store.reading() as session:
        return incidents.get(session, incident_id).moments.first_reported_at


def begin(console: Console) -> Incident:
    return acts.declare(console.ctx, acts.Declaration(components={"login": ComponentStatus.MAJOR_OUTAGE}, who="test"))


def test_the_first_report_about_an_open_incident_is_noted_and_no_later_one(console: Console) -> None:
    begun = begin(console)
    assert reported_at(console, begun.id) is None

    send(console.browser())
    first = reported_at(console, begun.id)
    console.clock.ahead_s += 300
    send(console.browser())

    assert first is not None and abs(first - begun.created_at) < timedelta(minutes=2)
    assert reported_at(console, begun.id) == first


def test_a_report_that_came_before_the_incident_was_known_is_found_when_it_becomes_public(console: Console) -> None:
    send(console.browser())
    console.clock.ahead_s += 300
    begun = begin(console)

    with console.ctx.ports.store.writing() as session:
        report_acts.look_back(session, [begun.id])

    found = reported_at(console, begun.id)
    assert found is not None and begun.created_at - found >= timedelta(minutes=4)


def test_engineers_see_the_counts(console: Console) -> None:
    send(console.browser())

    page = console.signed_in().get("/console/").get_data(as_text=True)

    assert "What customers report, last hour" in page and "Log in: login" in page


def test_form_and_answers_are_published_in_every_language_and_only_the_form_s_address_reaches_the_application(tmp_path: Path) -> None:
    publish(tmp_path, outage())
    call = Call(tmp_path)
    files = builder().hot(outage(), 1)

    for language in LANGUAGES:
        body = files[PurePosixPath(f"{language}/report/index.html")].body.decode()
        assert 'action="/report/send" method="post"' in body and "<script" not in body and 'value="component-0"' in body
        assert all(PurePosixPath(f"{language}/report/{outcome}/index.html") in files for outcome in REPORTED)
    assert call("/report/send", "POST").body == b"behind"
    assert call("/report/send").status == 404 and call("/en/report/", "POST").status == 405
