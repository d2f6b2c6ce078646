"""Operators see it: a delivery's whole story and what a person can do, as buttons; planned work, warnings, corrections, people, alarms."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from statuspage.actions import alarms as alarm_deeds
from statuspage.core.deliveries import Delivery
from statuspage.core.seal import digest_of, seal
from statuspage.core.vocabulary import DeliveryState, MaintenanceStatus, NoticeKind, Role, SubjectKind, UpdateMode
from statuspage.store import alarms, audit, deliveries, incidents, maintenance, people, updates
from tests.web.conftest import ORIGIN, Console, csrf_token, send

S = DeliveryState
TEXT = "We are investigating. <b>Log in</b> fails. Ref K7Q2M3X"


def declared(console: Console) -> str:
    browser = console.signed_in(Role.RESPONDER, name="Ana")
    where = send(browser, "/console/incidents/new", **{"component-login": "major_outage"}).headers["Location"]
    return re.search(r"/incidents/(\w+)", where).group(1)  # type: ignore[union-attr]


def delivery(console: Console, incident_id: str, state: DeliveryState, *, long_ago_s: float = 1000.0, **values: object) -> Delivery:
    """One row of that incident in that state, with the story that led there."""
    ctx = console.ctx
    at = ctx.now() - timedelta(seconds=long_ago_s)
    with ctx.ports.store.writing() as session:
        (said,) = updates.of_subject(session, SubjectKind.INCIDENT, incident_id)
        notice = f"n{ctx.new_id()[1:]}"
        deliveries.add_alarm_notice(session, notice, notice, 1, at)
        row = Delivery(
            id=ctx.new_id(), notice_id=notice, subject_kind=SubjectKind.INCIDENT, subject_id=incident_id, sequence=said.sequence,
            kind=NoticeKind.INVESTIGATING, channel="x-en", account="x", network="x", language="en", mode=UpdateMode.NEW, text=TEXT,
            text_alone=TEXT, story="", code=ctx.new_code(), digest=digest_of(TEXT, TEXT, ""), state=state, created_at=at, attempts=1,
            last_attempt_at=at, first_attempt_at=at,
        )  # fmt: skip
        row = replace(row, **values)  # type: ignore[arg-type]
        deliveries.add(session, replace(row, seal=seal(row, ctx.seal_key)))
        deliveries.note(session, row, at, "send", "intent", "a post that stands alone (40 letters), code K7Q2M3X, key 3f2a")
        deliveries.note(session, row, at, "send", "ambiguous", "api.x.example answered 503.")
    return row


def page_of(browser: FlaskClient, row: Delivery) -> str:
    answer = browser.get(f"/console/deliveries/{row.id}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def state_of(console: Console, row: Delivery) -> DeliveryState:
    with console.ctx.ports.store.reading() as session:
        return deliveries.get(session, row.id).state


def deeds(console: Console) -> list[tuple[str, str]]:
    with console.ctx.ports.store.reading() as session:
        return [(entry.who, entry.what) for entry in audit.listing(session)]


BUTTONS = {
    S.UNKNOWN: ["seen", "not-there"],
    S.STUCK: ["retry", "withdraw"],
    S.QUEUED: ["withdraw"],
    S.WAITING: ["withdraw"],
    S.SENDING: [],
    S.DELIVERED: [],
    S.REFUSED: [],
    S.SUPERSEDED: [],
    S.WITHDRAWN: [],
}


@pytest.mark.parametrize("state", list(S))
def test_each_state_offers_what_a_person_can_do_and_the_command_for_it(console: Console, state: DeliveryState) -> None:
    browser = console.signed_in(Role.RESPONDER)
    row = delivery(console, declared(console), state, detail="api.x.example answered 503.")

    page = page_of(browser, row)

    offered = re.findall(rf'action="/console/deliveries/{row.id}/([a-z-]+)"', page)
    assert offered == BUTTONS[state]
    for deed in offered:
        assert f"statuspage deliveries {deed} {row.id}" in page
    assert ("/console/corrections/incident/" in page) == (state in (S.DELIVERED, S.UNKNOWN))
    assert "Log in" in page


def test_the_page_tells_the_whole_story(console: Console) -> None:
    browser = console.signed_in(Role.VIEWER)
    row = delivery(console, declared(console), S.UNKNOWN, detail="api.x.example answered 503.")

    page = page_of(browser, row)

    assert "Nobody knows whether it is out. api.x.example answered 503." in page
    assert "No clear answer: nobody knows whether it is out" in page
    assert "a post that stands alone (40 letters), code K7Q2M3X, key 3f2a" in page
    assert "&lt;b&gt;Log in&lt;/b&gt; fails" in page
    assert "this one" in page
    assert "Logging in does not work" in page
    moments = re.findall(r"<time[^>]*>([^<]+)</time>", page)
    assert len(moments) >= 4
    assert all(re.search(r"\d\d:\d\d:\d\d \S+$", moment) for moment in moments), moments


def test_a_viewer_sees_commands_and_no_buttons(console: Console) -> None:
    row = delivery(console, declared(console), S.UNKNOWN)

    page = page_of(console.signed_in(Role.VIEWER), row)

    assert f"statuspage deliveries not-there {row.id}" in page
    assert "<button>I looked" not in page
    assert "A responder can decide" in page


def test_not_there_needs_the_word_of_somebody_who_looked_and_the_quiet_period(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER, name="Bo")
    incident_id = declared(console)
    row = delivery(console, incident_id, S.UNKNOWN)
    fresh = delivery(console, incident_id, S.UNKNOWN, long_ago_s=5.0)

    unconfirmed = send(browser, f"/console/deliveries/{row.id}/not-there")
    retried = send(browser, f"/console/deliveries/{row.id}/retry")
    early = send(browser, f"/console/deliveries/{fresh.id}/not-there", looked="yes")
    states = [state_of(console, row), state_of(console, fresh)]
    confirmed = send(browser, f"/console/deliveries/{row.id}/not-there", looked="yes")

    assert (unconfirmed.status_code, retried.status_code, early.status_code) == (400, 422, 422)
    assert "may still appear" in early.get_data(as_text=True)
    assert states == [S.UNKNOWN, S.UNKNOWN]
    assert (confirmed.status_code, state_of(console, row)) == (303, S.QUEUED)
    assert ("Bo", "delivery.retry") in deeds(console)


@pytest.mark.parametrize(("url", "status"), [("https://x.example/1", 303), ("", 303), ("javascript:alert(1)", 400), ("x.example", 400)])
def test_seen_takes_a_web_address_or_none(console: Console, url: str, status: int) -> None:
    browser = console.signed_in(Role.RESPONDER, name="Bo")
    row = delivery(console, declared(console), S.UNKNOWN)

    answer = send(browser, f"/console/deliveries/{row.id}/seen", url=url)

    assert answer.status_code == status
    assert state_of(console, row) is (S.DELIVERED if status == 303 else S.UNKNOWN)
    assert (("Bo", "delivery.seen") in deeds(console)) == (status == 303)


def test_stuck_is_sent_again_or_withdrawn_with_a_reason(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)
    incident_id = declared(console)
    one, two = (delivery(console, incident_id, S.STUCK, error_class="content", channel=name) for name in ("x-en", "x-es"))

    again = send(browser, f"/console/deliveries/{one.id}/retry")
    back = send(browser, f"/console/deliveries/{two.id}/withdraw", reason="said on the telephone")

    assert (again.status_code, back.status_code) == (303, 303)
    assert (state_of(console, one), state_of(console, two)) == (S.QUEUED, S.WITHDRAWN)
    assert "said on the telephone" in page_of(browser, two)


def test_the_list_names_the_incident_and_filters_what_needs_a_person(console: Console) -> None:
    browser = console.signed_in(Role.VIEWER)
    incident_id = declared(console)
    out, stuck = delivery(console, incident_id, S.DELIVERED), delivery(console, incident_id, S.STUCK, channel="x-es")

    everything = browser.get("/console/deliveries/").get_data(as_text=True)
    some = browser.get("/console/deliveries/?state=attention").get_data(as_text=True)

    assert "Logging in does not work" in everything
    assert (out.id in everything, stuck.id in everything) == (True, True)
    assert (out.id in some, stuck.id in some) == (False, True)


def test_an_incidents_page_shows_its_thread_on_every_channel_and_names_components(console: Console) -> None:
    incident_id = declared(console)
    rows = [delivery(console, incident_id, S.DELIVERED, channel=name, url=f"https://{name}.example/1") for name in ("x-en", "x-es")]
    browser = console.signed_in(Role.VIEWER)

    page = browser.get(f"/console/incidents/{incident_id}").get_data(as_text=True)
    listed = browser.get("/console/incidents/").get_data(as_text=True)

    for row in rows:
        assert f"/console/deliveries/{row.id}" in page
        assert f"https://{row.channel}.example/1" in page
    assert page.count('id="thread-') == 2
    assert "<span>Log in</span>" in page
    assert "Log in" in listed
    assert ">login<" not in page + listed


def raised(console: Console, key: str) -> str:
    alarm_deeds.raise_alarm(console.ctx, key, f"Something about {key}.")
    with console.ctx.ports.store.reading() as session:
        return next(alarm.id for alarm in alarms.listing(session) if alarm.key == key)


def test_an_alarm_leads_to_its_page_and_ends_with_the_deed_or_a_persons_look(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER, name="Bo")
    row = delivery(console, declared(console), S.STUCK)
    about_delivery, other = raised(console, f"delivery:{row.id}"), raised(console, "language:nl:update")

    overview = browser.get("/console/").get_data(as_text=True)
    undecided = send(browser, f"/console/alarms/{about_delivery}/dismiss")
    looked = send(browser, f"/console/alarms/{other}/dismiss")
    twice = send(browser, f"/console/alarms/{other}/dismiss")
    send(browser, f"/console/deliveries/{row.id}/withdraw")

    assert f'href="/console/deliveries/{row.id}">Deal with it' in overview
    assert (undecided.status_code, looked.status_code, twice.status_code) == (422, 303, 422)
    assert ("Bo", "alarm.dismiss") in deeds(console)
    with console.ctx.ports.store.reading() as session:
        assert alarms.listing(session) == []


# --- planned work, warnings, corrections ------------------------------------------------------------------------------------


def planned(console: Console, browser: FlaskClient, **more: str) -> TestResponse:
    begin = console.ctx.now() + timedelta(days=3)
    fields = {"component": "login", "from": f"{begin:%Y-%m-%dT02:00}", "until": f"{begin:%Y-%m-%dT04:00}"}
    return send(browser, "/console/maintenance/new", **fields | more)


@pytest.mark.parametrize("early", [True, False])
def test_work_in_the_hour_that_comes_twice_is_announced_with_the_whole_of_it(console: Console, early: bool) -> None:
    browser = console.signed_in(Role.RESPONDER, name="Bo")
    month = next(datetime(year, 10, 31) for year in range(2026, 9999) if f"{year}-10" > f"{console.ctx.now():%Y-%m}")
    night = month - timedelta(days=(month.weekday() + 1) % 7)  # the last Sunday of the next October
    typed = [f"{night:%Y-%m-%d}T{at}" for at in (("02:15", "02:45") if early else ("01:00", "04:00"))]

    done = send(browser, "/console/maintenance/new", component="login", **dict(zip(("from", "until"), typed, strict=True)))

    begin, end = work_of(console).scheduled_for, work_of(console).scheduled_until
    assert done.status_code == 303
    assert (end - begin) == timedelta(hours=1.5 if early else 4)


def work_of(console: Console) -> maintenance.Maintenance:
    with console.ctx.ports.store.reading() as session:
        return maintenance.listing(session)[0]


def test_work_is_planned_begun_extended_and_completed(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER, name="Bo")

    answers = [planned(console, browser)]
    where = answers[0].headers["Location"].split("?")[0]
    page = browser.get(where).get_data(as_text=True)
    answers.append(send(browser, f"{where}/start", version="1"))
    later = work_of(console).scheduled_until + timedelta(hours=3)
    answers.append(send(browser, f"{where}/extend", version="2", until=f"{later:%Y-%m-%dT%H:%M}"))
    answers.append(send(browser, f"{where}/complete", version="3"))

    assert [answer.status_code for answer in answers] == [303] * 4
    assert (work_of(console).status, work_of(console).cancelled) == (MaintenanceStatus.COMPLETED, False)
    assert "Begin now" in page
    assert "Log in" in page
    done = [what for who, what in deeds(console) if who == "Bo"]
    assert done[:4] == ["maintenance.complete", "maintenance.extend", "maintenance.start", "maintenance.plan"]


def test_work_is_cancelled_once_and_an_old_form_is_refused(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)
    where = planned(console, browser).headers["Location"].split("?")[0]

    old = send(browser, f"{where}/cancel", version="7")
    done = send(browser, f"{where}/cancel", version="1")
    twice = send(browser, f"{where}/start", version="2")

    assert (old.status_code, done.status_code, twice.status_code) == (409, 303, 422)
    assert work_of(console).cancelled


@pytest.mark.parametrize(
    "more",
    [
        {"from": "soon"},
        {"from": "2026-03-01T02:00+01:00"},
        {"component": "nowhere"},
        {"component": ""},
        {"until": ""},
        {"scheduled_for": "2030-01-01T00:00"},
    ],
)
def test_a_plan_with_anything_else_is_refused(console: Console, more: dict[str, str]) -> None:
    browser = console.signed_in(Role.RESPONDER)

    assert planned(console, browser, **more).status_code == 400

    with console.ctx.ports.store.reading() as session:
        assert maintenance.listing(session) == []


def test_a_warning_needs_a_second_look_and_a_page_with_a_telephone(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)

    careless = send(browser, "/console/warnings/", fake="bank-help[.]example")
    without_phone = send(browser, "/console/warnings/", fake="bank-help[.]example", sure="yes")

    assert careless.status_code == 400
    assert without_phone.status_code == 422  # the catalogue's words name the bank's number, and this page has none
    assert browser.get("/console/warnings/").status_code == 200


def test_what_customers_notice_is_chosen_in_a_correction_and_in_an_update(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER, name="Bo")
    incident_id = declared(console)
    where = f"/console/corrections/incident/{incident_id}/1"
    texts = {"wrong-en": "Logging in does not work.", "right-en": "Only codes are late."}

    fields = [browser.get(path).get_data(as_text=True) for path in (where, f"/console/incidents/{incident_id}")]
    wrong = send(browser, where, **texts, symptom="dragons")
    send(browser, where, **texts, symptom="code_late")
    with console.ctx.ports.store.reading() as session:
        corrected = incidents.get(session, incident_id)
    send(browser, f"/console/incidents/{incident_id}/update", version=str(corrected.version), symptom="balance")

    assert all('<select name="symptom">' in page and "Cash machines do not give money." in page for page in fields)
    assert wrong.status_code == 400
    assert (corrected.symptom, "Security codes arrive late" in corrected.titles["en"]) == ("code_late", True)
    with console.ctx.ports.store.reading() as session:
        said = updates.of_subject(session, SubjectKind.INCIDENT, incident_id)
    assert "Balances are missing or out of date." in said[-1].texts["en"]


def test_a_correction_shows_the_old_words_and_becomes_an_update(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER, name="Bo")
    incident_id = declared(console)
    where = f"/console/corrections/incident/{incident_id}/1"

    form = browser.get(where).get_data(as_text=True)
    half = send(browser, where, **{"wrong-en": "We said that nobody can log in."})
    done = send(browser, where, **{"wrong-en": "We said that nobody can log in.", "right-en": "Only the website fails."})

    assert "Logging in does not work" in form
    assert (half.status_code, done.status_code) == (400, 303)
    with console.ctx.ports.store.reading() as session:
        said = updates.of_subject(session, SubjectKind.INCIDENT, incident_id)
        assert incidents.get(session, incident_id).is_open
    assert [(update.kind, update.corrects) for update in said][-1] == (NoticeKind.CORRECTION, 1)
    assert [browser.get(f"/console/corrections/{path}").status_code for path in ("alarm/x/1", "incident/x/1", "incident/x/-1")] == [404] * 3


# --- people -----------------------------------------------------------------------------------------------------------------


def test_an_administrator_adds_somebody_whose_link_is_shown_once(console: Console) -> None:
    browser = console.signed_in(name="Ada")

    page = send(browser, "/console/people/", name="Cy", role="responder").get_data(as_text=True)
    link = re.search(r'class="secret">http://localhost(/console/link/\w+)<', page).group(1)  # type: ignore[union-attr]
    again = browser.get("/console/people/").get_data(as_text=True)
    newcomer = console.browser()
    entered = newcomer.post(link, headers={"Origin": ORIGIN})

    assert entered.status_code == 303
    assert "Cy" in newcomer.get("/console/").get_data(as_text=True)
    assert "/console/link/" not in again
    assert {("Ada", "person.add"), ("Ada", "sign_in_link.make")} <= set(deeds(console))


def test_people_are_changed_and_disabled_but_never_the_last_administrator(console: Console) -> None:
    browser = console.signed_in(name="Ada")
    other = console.signed_in(Role.RESPONDER, name="Bo")
    with console.ctx.ports.store.reading() as session:
        ids = {person.name: person.id for person in people.everybody(session)}

    raised_to = send(browser, f"/console/people/{ids['Bo']}/role", role="approver")
    signed_out = other.get("/console/").status_code
    careless = send(browser, f"/console/people/{ids['Bo']}/disable")
    disabled = send(browser, f"/console/people/{ids['Bo']}/disable", sure="yes")
    linked = send(browser, f"/console/people/{ids['Bo']}/link")
    last = [send(browser, f"/console/people/{ids['Ada']}/{deed}", **form) for deed, form in LAST]

    assert (raised_to.status_code, signed_out, careless.status_code, disabled.status_code, linked.status_code) == (303, 303, 400, 303, 404)
    assert [answer.status_code for answer in last] == [422, 422]
    with console.ctx.ports.store.reading() as session:
        bo, ada = people.by_name(session, "Bo"), people.by_name(session, "Ada")
    assert bo is not None and bo.role is Role.APPROVER and bo.disabled_at is not None
    assert ada is not None and ada.role is Role.ADMINISTRATOR and ada.disabled_at is None


LAST = (("role", {"role": "viewer"}), ("disable", {"sure": "yes"}))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER, Role.APPROVER])
def test_nobody_else_sees_or_changes_people(console: Console, role: Role) -> None:
    browser = console.signed_in(role)
    front = browser.get("/console/")

    seen = browser.get("/console/people/")
    added = browser.post(
        "/console/people/", data={"csrf_token": csrf_token(front), "name": "Eve", "role": "administrator"}, headers={"Origin": ORIGIN}
    )

    assert (seen.status_code, added.status_code) == (403, 403)
    assert "/console/people/" not in front.get_data(as_text=True)
