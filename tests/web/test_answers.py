"""Answers to customers in the console: ready to copy, true as of now, for every role, as a page and as JSON."""

from __future__ import annotations

import html
import re

from statuspage.core.vocabulary import Role
from tests.web.conftest import Console, send


def test_the_card_says_that_nothing_is_wrong_and_then_what_to_answer(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)
    before = browser.get("/console/answers/").get_data(as_text=True)
    send(browser, "/console/incidents/new", **{"component-login": "major_outage"})

    after = html.unescape(console.signed_in(Role.VIEWER).get("/console/answers/?language=es").get_data(as_text=True))

    assert "Nothing is wrong" in before and "We know of no fault at the moment." in before
    assert "Nothing is wrong" not in after and "Based on update 1" in after and "As of" in after
    assert "No se puede entrar." in after and "Tiene razón en quejarse" in after and "Qué no decir" in after
    places = re.findall(r'data-copies="([^"]+)" hidden', after)
    assert len(places) == 4 and all(f'id="{place}"' in after for place in places), "each button copies a text that is there"


def test_a_personal_question_is_answered_once_there_is_a_case_number(console: Console) -> None:
    browser = console.signed_in(Role.VIEWER)

    without = browser.get("/console/answers/").get_data(as_text=True)
    filled = browser.get("/console/answers/?language=en&ref=2026-1234&by=2026-03-01T18:00").get_data(as_text=True)
    wrong = browser.get("/console/answers/?ref=call+0900&by=2026-03-01T18:00")

    assert "Give the case number" in without
    assert "Your reference: 2026-1234." in filled
    assert wrong.status_code == 422


def test_programs_read_the_same_as_json(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)
    send(browser, "/console/incidents/new", **{"component-login": "major_outage"})

    found = browser.get("/console/answers.json").get_json()

    assert found["nothing_wrong"] is False
    (about,) = found["about"]
    assert about["based_on"]["update"] == 1 and set(about["staff"]) == {"en", "es"}
    assert [answer["class"] for answer in about["answers"]] == ["question_simple", "complaint"]
    assert all(set(answer["texts"]) == {"en", "es"} for answer in about["answers"])
