"""Posts that wait are stopped, or say other words, before one of them was tried; the page keeps what it said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from statuspage.actions import alarms
from statuspage.core.vocabulary import DeliveryState, Role, SubjectKind
from statuspage.store import audit, deliveries, updates
from tests.web.conftest import CONFIGURATION, Console, open_console, send
from tests.web.test_operators import declared
from tests.web.test_previews import CHANNELS

KIND = SubjectKind.INCIDENT


@pytest.fixture
def told(tmp_path: Path, sqlite_url: str) -> Console:
    return open_console(tmp_path, sqlite_url, CONFIGURATION + CHANNELS, {"TOKEN": "canary-token"})


def test_posts_that_wait_are_reworded_and_stopped_while_the_page_keeps_what_it_said(told: Console) -> None:
    browser = told.signed_in(Role.RESPONDER, name="Bo")
    one = declared(told)
    where = f"/console/waiting/incident/{one}/1"

    offered = browser.get(f"/console/incidents/{one}").get_data(as_text=True)
    form = browser.get(where).get_data(as_text=True)
    reworded = send(browser, f"{where}/reword", **{"text-en": "Cash machines work."})
    after = browser.get(where).get_data(as_text=True)
    with told.ctx.ports.store.reading() as session:
        words = {row.channel: row.text for row in deliveries.of_subject(session, KIND, one)}
    stopped = send(browser, f"{where}/stop", reason="wrong component")
    again = send(browser, f"{where}/stop", reason="wrong component")

    assert where in offered and "Reword page and posts" in form and "Stop these posts" in form
    assert (reworded.status_code, stopped.status_code, again.status_code) == (303, 303, 422)
    assert ">Cash machines work.</textarea>" in after and "Cash machines work." in words["chirp-en"]
    with told.ctx.ports.store.reading() as session:
        posts = deliveries.of_subject(session, KIND, one)
        (said,) = updates.of_subject(session, KIND, one)
        deeds = [(entry.who, entry.what) for entry in audit.listing(session) if entry.what.startswith("notice.")]
    assert {post.channel: post.state for post in posts} == dict.fromkeys(words, DeliveryState.WITHDRAWN)
    assert "Cash machines work." in said.texts["en"] and sorted(deeds) == [("Bo", "notice.reword"), ("Bo", "notice.withdraw")]
    assert "No post of it waits any more" in browser.get(where).get_data(as_text=True)
    assert where not in browser.get(f"/console/incidents/{one}").get_data(as_text=True)


def test_the_alarm_about_an_update_on_hold_leads_to_the_page_on_which_it_is_stopped(told: Console) -> None:
    with told.ctx.ports.store.reading() as session:
        one = declared(told)
        post = deliveries.of_subject(session, KIND, one)[0]
    of_warning = alarms.path(alarms.held_key(replace(post, subject_kind=SubjectKind.WARNING)))
    browser = told.signed_in(Role.RESPONDER)

    assert alarms.path(alarms.held_key(post)) == f"console/waiting/incident/{one}/1" and of_warning == "console/deliveries/"
    assert [browser.get(f"/{path}").status_code for path in (alarms.path(alarms.held_key(post)), of_warning)] == [200, 200]


def test_once_one_of_them_was_tried_the_rest_can_be_stopped_alone(told: Console) -> None:
    browser = told.signed_in(Role.RESPONDER)
    one = declared(told)
    where = f"/console/waiting/incident/{one}/1"
    with told.ctx.ports.store.writing() as session:
        first = next(row for row in deliveries.of_subject(session, KIND, one) if row.channel == "chirp-en")
        deliveries.change(session, first, state=DeliveryState.SENDING.value, attempts=1)

    form = browser.get(where).get_data(as_text=True)
    late = send(browser, f"{where}/reword", **{"text-en": "Cash machines work."})
    stopped = send(browser, f"{where}/stop")

    assert "Reword page and posts" not in form and "It cannot be reworded any more" in form
    assert (late.status_code, stopped.status_code) == (422, 303)
    with told.ctx.ports.store.reading() as session:
        left = {row.channel: row.state for row in deliveries.of_subject(session, KIND, one)}
    assert left == {"chirp-en": DeliveryState.SENDING, "chirp-es": DeliveryState.WITHDRAWN, "pictures-en": DeliveryState.WITHDRAWN}


def test_who_only_looks_stops_and_rewords_nothing(told: Console) -> None:
    one = declared(told)
    where = f"/console/waiting/incident/{one}/1"
    viewer = told.signed_in(Role.VIEWER)

    answers = [viewer.get(where), send(viewer, f"{where}/stop"), send(viewer, f"{where}/reword", **{"text-en": "All is well."})]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert where not in viewer.get(f"/console/incidents/{one}").get_data(as_text=True)
    assert told.signed_in(Role.RESPONDER).get("/console/waiting/alarm/x/1").status_code == 404
