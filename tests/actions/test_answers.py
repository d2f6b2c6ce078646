"""Answers to customers and the text for staff: there before anything is public, true, and never more than the public may hear."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broadcasters.text import Limits, Unit, measure
from statuspage.actions import answers as acts
from statuspage.actions import corrections, incidents, maintenance, warnings
from statuspage.actions.answers import CHARACTERS, AnswerCard, MessageClass
from statuspage.actions.incidents import Change, Declaration, Resolution
from statuspage.actions.maintenance import Plan
from statuspage.core.errors import InvalidText
from statuspage.core.vocabulary import DeliveryState, IncidentStatus, SubjectKind
from tests.actions.stage import DOWN, GOOD, PARTLY, SECRET_NAME, T0, Stage, declared

AS_X_COUNTS = Limits(Unit.WEIGHTED, CHARACTERS)


def card(stage: Stage, **case: Any) -> AnswerCard:
    with stage.database.reading() as session:
        return acts.answers(session, stage.ctx, **case)


def texts(found: AnswerCard, message_class: MessageClass, place: int = 0) -> dict[str, str]:
    every = [*found.about[place].answers, *found.general] if found.about else found.general
    return dict(next(answer.texts for answer in every if answer.message_class is message_class))


def test_while_nothing_is_wrong_the_card_says_so_and_has_an_answer_for_who_asks(stage: Stage) -> None:
    stage.verdicts({"cards": GOOD})

    found = card(stage)

    assert found.about == () and found.suspected == () and found.as_of == T0
    assert found.standing.startswith("Nothing is wrong")
    assert set(found.nothing) == {"en", "es"} and all("https://status.example.com/" in text for text in found.nothing.values())


def test_trouble_that_no_incident_tells_of_yet_is_no_all_clear(quick: Stage) -> None:
    quick.verdicts({"cards": DOWN, "treasury": DOWN})

    found = card(quick)

    assert found.suspected == ("Cards",) and found.nothing == {}
    assert "Cards" in found.standing and "Nothing is wrong" not in found.standing


@pytest.mark.parametrize("policy", ["at_once", "hold"])
def test_answers_and_staff_text_are_there_before_the_first_public_text(stage: Stage, policy: str) -> None:
    """E3: whatever the posts wait for. Nothing was published or sent yet: only the statement's own transaction is over."""
    stage = stage.with_settings(policy={"default": policy, "hold_s": 120.0})
    incident = declared(stage, "cards")

    found = card(stage)

    waiting = DeliveryState.WAITING if policy == "hold" else DeliveryState.QUEUED
    assert {row.state for row in stage.posts(incident)} == {waiting} and incident.moments.first_published_at is None
    (about,) = found.about
    said = stage.said(incident)[0]
    assert set(about.staff) == set(said.texts) == {"en", "es"}
    for language, text in about.staff.items():
        assert said.texts[language] in text
    assert ("held back until" in about.staff["en"]) is (policy == "hold")
    assert "Messages out on the networks: 0 of 4" in about.staff["en"]


def test_each_class_is_answered_in_each_language_from_the_newest_statement(quick: Stage) -> None:
    quick.verdicts({"login": GOOD})
    incident = declared(quick, "cards")
    quick.forward(minutes=2)
    quick.verdicts({"login": GOOD})
    incidents.update(quick.ctx, Change(incident.id, "Ana", status=IncidentStatus.IDENTIFIED, cause="network"))

    found = card(quick, ref="2026-1234", reply_by=T0 + timedelta(hours=1))

    link = f"https://status.example.com/en/incidents/{incident.id}/"
    assert texts(found, MessageClass.QUESTION_SIMPLE)["en"] == (
        f"Card payments are refused. Still working: Login. Next update: Mon 15:07 CET. We never ask for your codes. {link}"
    )
    assert "You are right to complain" in texts(found, MessageClass.COMPLAINT)["en"]
    assert "Start: Mon 14:35 CET" in texts(found, MessageClass.COMPLAINT)["en"]
    assert "2026-1234" in texts(found, MessageClass.QUESTION_PERSONAL)["es"]
    assert texts(found, MessageClass.REACTION)["es"].endswith("https://status.example.com/es/")
    assert (found.about[0].update.sequence, found.about[0].good_until) == (2, stage_until(quick, incident.id))


def stage_until(stage: Stage, incident_id: str) -> Any:
    return stage.said(incident_id)[-1].valid_until


def test_without_a_case_number_the_personal_answer_is_not_made_up(quick: Stage) -> None:
    assert texts(card(quick), MessageClass.QUESTION_PERSONAL) == {}
    with pytest.raises(InvalidText):
        card(quick, ref="call 0900-123987 now", reply_by=T0)


def test_once_it_works_again_nobody_is_told_that_it_fails(quick: Stage) -> None:
    incident = declared(quick, "cards")
    incidents.update(quick.ctx, Change(incident.id, "Ana", status=IncidentStatus.MONITORING))
    watched = card(quick)
    incidents.resolve(quick.ctx, Resolution(incident.id, "Ana", cause="change"))
    over = card(quick)
    quick.forward(hours=3)
    later = card(quick)

    for found in (watched, over):
        assert all("refused" not in text for text in texts(found, MessageClass.QUESTION_SIMPLE).values())
        assert texts(found, MessageClass.QUESTION_SIMPLE)["en"].endswith(f"/en/incidents/{incident.id}/")
    assert "Next update" in texts(watched, MessageClass.COMPLAINT)["en"]
    assert texts(over, MessageClass.COMPLAINT) == {}, "no next update is promised any more"
    assert later.about == ()


def test_a_corrected_statement_is_not_repeated(quick: Stage) -> None:
    incident = declared(quick, "cards")
    corrections.correct(
        quick.ctx,
        kind=SubjectKind.INCIDENT,
        subject_id=incident.id,
        sequence=1,
        wrong={"en": "We said cards."},
        text={"en": "It is only the app."},
        who="Ana",
    )

    found = card(quick)

    assert "It is only the app." in texts(found, MessageClass.QUESTION_SIMPLE)["en"]
    assert set(texts(found, MessageClass.QUESTION_SIMPLE)) == {"en"} == set(found.about[0].staff)
    assert "It is only the app." in found.about[0].staff["en"]
    assert texts(found, MessageClass.COMPLAINT) == {}


def test_work_under_way_and_a_fraud_warning_are_answered_with_their_own_notice(quick: Stage) -> None:
    work = maintenance.plan(quick.ctx, Plan(("cards",), T0 + timedelta(hours=1), T0 + timedelta(hours=3), "Ana")).work
    planned = card(quick)
    quick.forward(hours=1)
    maintenance.start(quick.ctx, work_id=work.id, who="Ana")
    warnings.fraud_warning(quick.ctx, fake="bank-help[.]example", who="Ana")

    found = card(quick)

    assert planned.about == (), "what is only planned is no reason to complain"
    assert [about.kind for about in found.about] == [SubjectKind.MAINTENANCE, SubjectKind.WARNING]
    assert "bank-help[.]example" in texts(found, MessageClass.QUESTION_SIMPLE, 1)["en"]


def test_nothing_private_and_no_drill_gets_into_an_answer(quick: Stage) -> None:
    declared(quick, "treasury", status=DOWN)
    incidents.declare(quick.ctx, Declaration({"login": DOWN}, "Ana", drill=True))
    only_private = card(quick)
    mixed = declared(quick, "treasury", "cards")

    found = card(quick)

    assert only_private.about == ()
    assert [about.subject_id for about in found.about] == [mixed.id]
    assert SECRET_NAME not in repr(found) and "treasury" not in repr(found.about[0].staff)


def test_every_answer_fits_where_280_letters_fit(quick: Stage) -> None:
    long = [
        {**component.model_dump(), "name": dict.fromkeys(("en", "es"), f"{component.slug} {'x' * 50}"[:57])}
        for component in quick.of.components
    ]
    stage = replace(quick, of=quick.of.model_validate({**quick.of.model_dump(), "components": long}))
    stage.verdicts({"login": GOOD, "app": GOOD, "atm": GOOD})
    declared(stage, "cards", status=PARTLY)

    found = card(stage, ref="2026-1234-ABCD-56789", reply_by=T0)

    every = [text for answer in (*found.about[0].answers, *found.general) for text in answer.texts.values()]
    assert len(every) == 8
    assert [text for text in every if measure(text, AS_X_COUNTS) > CHARACTERS] == []
