"""From the first word to the explanation: what may follow what, what each statement says, and which moments are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from statuspage.actions import incidents
from statuspage.actions.incidents import Change, Declaration, Reopening, Resolution
from statuspage.core.errors import Conflict, InvalidText, NotAllowed, NotFound
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import ComponentStatus, Impact, IncidentStatus, NoticeKind, SubjectKind
from statuspage.store import audit, updates
from tests.actions.stage import DOWN, GOOD, PARTLY, SLOW, T0, Stage, declared

IDENTIFIED, MONITORING, RESOLVED = IncidentStatus.IDENTIFIED, IncidentStatus.MONITORING, IncidentStatus.RESOLVED


def standing(stage: Stage, incident: Incident) -> Incident:
    """The incident as it is now."""
    with stage.database.reading() as session:
        return incidents.incidents.get(session, incident.id)


def test_a_whole_life_keeps_its_statements_in_sequence_and_its_moments(stage: Stage) -> None:
    incident = declared(stage, started_at=T0 - timedelta(minutes=5))
    stage.deliver_all()
    stage.forward(minutes=10)
    incidents.update(stage.ctx, Change(incident.id, "Ana", status=IDENTIFIED, cause="supplier"))
    stage.forward(minutes=10)
    incidents.update(stage.ctx, Change(incident.id, "Ana", status=MONITORING, late="waiting_open"))
    stage.forward(minutes=40)
    over = incidents.resolve(stage.ctx, Resolution(incident.id, "Bea", late="handled"))
    stage.forward(days=3)
    explained = incidents.explain(stage.ctx, incident_id=incident.id, who="Bea", free_text={"en": "A supplier changed a setting."})

    said = stage.said(incident)
    assert [update.sequence for update in said] == [1, 2, 3, 4, 5]
    assert [update.kind for update in said] == [
        NoticeKind.INVESTIGATING,
        NoticeKind.IDENTIFIED,
        NoticeKind.MONITORING,
        NoticeKind.RESOLVED,
        NoticeKind.POSTMORTEM,
    ]
    assert "A fault at a company that works for us caused this." in said[1].texts["en"]
    assert "Some payments are still waiting." in said[2].texts["en"]
    assert "Lasted: 25 min." in said[3].texts["en"] and "All payments have been handled." in said[3].texts["en"]
    assert "Promised for: Mon 30 Nov." in said[4].texts["en"]
    moments = over.moments
    assert (moments.occurred_at, moments.restored_at) == (T0 - timedelta(minutes=5), T0 + timedelta(minutes=20))
    assert moments.resolved_at == moments.backlog_cleared_at == T0 + timedelta(hours=1)
    assert over.next_update_by is None and said[3].valid_until == over.moments.resolved_at + timedelta(hours=2)
    assert explained.status is IncidentStatus.POSTMORTEM and set(explained.components.values()) == {GOOD}


def test_what_changed_is_told_as_old_and_new_status(quick: Stage) -> None:
    incident = declared(quick, "cards")
    incidents.update(quick.ctx, Change(incident.id, "Ana", components={"atm": SLOW, "cards": DOWN}))
    incidents.update(quick.ctx, Change(incident.id, "Ana", status=MONITORING))

    first, second, third = quick.said(incident)

    assert first.affected == (("cards", GOOD, PARTLY),)
    assert second.affected == (("cards", PARTLY, DOWN), ("atm", GOOD, SLOW))
    assert third.affected == (("cards", DOWN, GOOD), ("atm", SLOW, GOOD))


def test_impact_stays_the_worst_it_ever_was(quick: Stage) -> None:
    incident = declared(quick, status=DOWN)

    milder = incidents.update(quick.ctx, Change(incident.id, "Ana", components={"cards": SLOW}))

    assert milder.impact is Impact.CRITICAL


@pytest.mark.parametrize("cause", [None, "unknown"])
def test_identified_needs_a_cause(quick: Stage, cause: str | None) -> None:
    incident = declared(quick)

    with pytest.raises(NotAllowed, match="cause"):
        incidents.update(quick.ctx, Change(incident.id, "Ana", status=IDENTIFIED, cause=cause))

    assert len(quick.said(incident)) == 1


def test_a_cause_that_needs_two_people_is_refused_and_the_reason_said(quick: Stage) -> None:
    incident = declared(quick)

    with pytest.raises(NotAllowed, match="approval of a second person"):
        incidents.update(quick.ctx, Change(incident.id, "Ana", status=IDENTIFIED, cause="flood"))
    with pytest.raises(NotAllowed, match="approval of a second person"):
        incidents.resolve(quick.ctx, Resolution(incident.id, "Ana", cause="flood"))


def test_a_cause_that_turned_out_wrong_is_forgotten_when_the_search_begins_again(quick: Stage) -> None:
    incident = declared(quick)
    incidents.update(quick.ctx, Change(incident.id, "Ana", status=IDENTIFIED, cause="network"))

    again = incidents.update(quick.ctx, Change(incident.id, "Ana", status=IncidentStatus.INVESTIGATING))

    assert again.cause is None and "network" not in quick.said(incident)[-1].texts["en"]


def test_a_repair_that_failed_is_told_as_the_problem_being_back_with_what_failed_before(quick: Stage) -> None:
    incident = declared(quick, "cards", "atm")
    incidents.update(quick.ctx, Change(incident.id, "Ana", status=MONITORING))
    quick.forward(minutes=7)

    back = incidents.update(quick.ctx, Change(incident.id, "Ana", status=IncidentStatus.INVESTIGATING))

    update = quick.said(incident)[-1]
    assert update.kind is NoticeKind.REOPENED and "The problem is back." in update.texts["en"]
    assert back.components == {"cards": PARTLY, "atm": PARTLY} and back.moments.restored_at is None


def test_reopening_goes_on_in_the_same_thread_with_the_new_start(quick: Stage) -> None:
    incident = declared(quick)
    quick.deliver_all()
    quick.forward(minutes=30)
    incidents.resolve(quick.ctx, Resolution(incident.id, "Ana"))
    quick.forward(minutes=20)

    incidents.reopen(quick.ctx, Reopening(incident.id, "Ana"))
    quick.forward(minutes=5)
    incidents.update(quick.ctx, Change(incident.id, "Ana"))

    reopened, update = quick.said(incident)[-2:]
    assert (reopened.kind, reopened.status) == (NoticeKind.REOPENED, "investigating")
    assert "Since: Mon 15:25 CET." in reopened.texts["en"] and "Start: Mon 15:25 CET." in update.texts["en"]
    assert [post.sequence for post in quick.posts(incident) if post.channel == "mastodon-en"] == [1, 2, 3, 4]


def test_what_is_to_come_back_later_is_not_told_as_back(quick: Stage) -> None:
    """A time typed without its offset is UTC: an hour ahead of whoever means the bank's own."""
    incident = declared(quick)
    incidents.resolve(quick.ctx, Resolution(incident.id, "Ana"))

    with pytest.raises(NotAllowed, match="in the future"):
        incidents.reopen(quick.ctx, Reopening(incident.id, "Ana", started_at=quick.clock.now() + timedelta(minutes=55)))

    assert len(quick.said(incident)) == 2


def test_an_open_incident_is_not_reopened_and_a_closed_one_not_updated(quick: Stage) -> None:
    incident = declared(quick)
    with pytest.raises(NotAllowed, match="only one in monitoring or resolved is reopened"):
        incidents.reopen(quick.ctx, Reopening(incident.id, "Ana"))
    incidents.resolve(quick.ctx, Resolution(incident.id, "Ana"))

    with pytest.raises(NotAllowed, match="Reopen it"):
        incidents.update(quick.ctx, Change(incident.id, "Ana"))
    with pytest.raises(NotAllowed, match="resolved already"):
        incidents.resolve(quick.ctx, Resolution(incident.id, "Ana"))
    with pytest.raises(NotFound, match="no incident 'nothing'"):
        incidents.update(quick.ctx, Change("nothing", "Ana"))


def test_waiting_payments_are_not_spoken_of_while_the_trouble_lasts(quick: Stage) -> None:
    incident = declared(quick)

    with pytest.raises(NotAllowed, match="Waiting payments"):
        incidents.update(quick.ctx, Change(incident.id, "Ana", late="handled"))


def test_resolving_while_probes_are_red_needs_a_reason_which_is_kept_and_never_shown(stage: Stage) -> None:
    incident = declared(stage)
    stage.verdicts({"cards": DOWN, "login": DOWN})

    with pytest.raises(NotAllowed, match="still see cards failing"):
        incidents.resolve(stage.ctx, Resolution(incident.id, "Ana", reason="  "))
    incidents.resolve(stage.ctx, Resolution(incident.id, "Ana", reason="the probe's own card expired"))

    update = stage.said(incident)[-1]
    with stage.database.reading() as session:
        newest = audit.listing(session)[0]
    assert update.reason == "the probe's own card expired" and newest.detail["reason"] == update.reason
    assert not any("expired" in text for text in (*update.texts.values(), *(post.text for post in stage.posts(incident))))


@pytest.mark.parametrize(
    "said",
    [{"status": IncidentStatus.MONITORING}, {"components": {"cards": GOOD}}],
    ids=["all of it works again", "one of the components works again"],
)
def test_saying_that_it_works_again_while_probes_are_red_needs_a_reason_too(stage: Stage, said: dict[str, Any]) -> None:
    incident = declared(stage)
    stage.verdicts({"cards": DOWN, "login": DOWN})

    with pytest.raises(NotAllowed, match="still see cards failing"):
        incidents.update(stage.ctx, Change(incident.id, "Ana", **said))
    before = stage.said(incident)
    incidents.update(stage.ctx, Change(incident.id, "Ana", reason="the probe's own card expired", **said))

    update = stage.said(incident)[-1]
    assert len(before) == 1 and update.reason == "the probe's own card expired"
    assert not any("expired" in text for text in update.texts.values())


def test_other_news_about_what_fails_needs_no_reason(stage: Stage) -> None:
    incident = declared(stage)
    stage.verdicts({"cards": DOWN, "login": DOWN})

    identified = incidents.update(stage.ctx, Change(incident.id, "Ana", status=IncidentStatus.IDENTIFIED, cause="network"))

    assert identified.status is IncidentStatus.IDENTIFIED


def test_green_probes_need_no_reason(quick: Stage) -> None:
    incident = declared(quick)
    quick.verdicts({"cards": DOWN})
    quick.forward(seconds=20)
    quick.verdicts({"cards": GOOD})

    assert incidents.resolve(quick.ctx, Resolution(incident.id, "Ana")).status is RESOLVED


@pytest.mark.parametrize(
    ("first", "change", "told"),
    [
        ({"cards": DOWN}, {"components": {"cards": GOOD, "atm": DOWN}}, "Cash machines do not give money."),
        ({"cards": DOWN}, {"components": {"atm": DOWN}}, "Card payments are refused."),
        ({"cards": DOWN}, {"components": {"cards": SLOW}}, "Not everything works as it should."),
        ({"cards": SLOW}, {"components": {"cards": DOWN}}, "Card payments are refused."),
        ({"cards": DOWN, "bizum": DOWN}, {"components": {"cards": GOOD}}, "Payments with Bizum do not work."),
        ({"login": SLOW}, {"components": {"login": DOWN}}, "Logging in does not work."),
        ({"cards": DOWN}, {"components": {"cards": GOOD, "atm": DOWN}, "symptom": "late"}, "Payments arrive late."),
        ({"cards": DOWN}, {"symptom": "late"}, "Payments arrive late."),
    ],
)
def test_what_customers_notice_follows_the_components_unless_a_person_names_it(
    quick: Stage, first: dict[str, ComponentStatus], change: dict[str, Any], told: str
) -> None:
    incident = incidents.declare(quick.ctx, Declaration(first, "Ana"))

    incidents.update(quick.ctx, Change(incident.id, "Ana", **change))
    incidents.keep_promise(quick.ctx, incident_id=incident.id, promised=standing(quick, incident).next_update_by)  # type: ignore[arg-type]

    said = quick.said(incident)
    assert told in said[1].texts["en"] and told in said[2].texts["en"]


def test_the_sentence_that_a_person_named_stays_while_its_component_gets_better(quick: Stage) -> None:
    incident = declared(quick, "cards", status=DOWN, symptom="double")

    incidents.update(quick.ctx, Change(incident.id, "Ana", components={"cards": PARTLY}))

    assert "Some payments are shown twice." in quick.said(incident)[-1].texts["en"]


def test_a_scheme_is_named_only_where_there_is_one(quick: Stage) -> None:
    incident = declared(quick, "cards")

    with pytest.raises(NotAllowed, match="payment scheme"):
        incidents.update(quick.ctx, Change(incident.id, "Ana", symptom="scheme"))


def test_when_something_else_fails_on_reopening_that_is_what_customers_notice(quick: Stage) -> None:
    incident = declared(quick, "cards")
    incidents.resolve(quick.ctx, Resolution(incident.id, "Ana"))

    incidents.reopen(quick.ctx, Reopening(incident.id, "Ana", components={"atm": DOWN}))

    assert "Cash machines do not give money." in quick.said(incident)[-1].texts["en"]


def test_a_correction_is_a_new_statement_that_names_the_wrong_one_and_changes_nothing_else(stage: Stage) -> None:
    incident = declared(stage)
    stage.forward(minutes=5)

    correction = incidents.correct(
        stage.ctx,
        incident_id=incident.id,
        sequence=1,
        wrong={"en": "We said that cards fail."},
        text={"en": "Only transfers fail."},
        who="Ana",
    )

    first, second = stage.said(incident)
    with stage.database.reading() as session:
        standing = incidents.incidents.get(session, incident.id)
    assert (correction.corrects, second.kind, second.status) == (1, NoticeKind.CORRECTION, first.status)
    assert set(second.texts) == {"en"}, "a language without both texts is left out"
    assert "Message: Mon 14:35 CET." in second.texts["en"] and "Next update: Mon 15:05 CET." in second.texts["en"]
    assert {post.channel for post in stage.posts(incident) if post.essential} == {"mastodon-en", "x-en", "facebook-en"}
    assert standing == incident, "status, promise and version are untouched"
    assert any(key.startswith("language:es") for key in stage.alarms())


def test_a_correction_without_both_texts_in_any_language_or_with_a_foreign_number_is_refused(quick: Stage) -> None:
    incident = declared(quick)
    say = {"incident_id": incident.id, "sequence": 1, "who": "Ana"}

    with pytest.raises(NotAllowed, match="what was wrong and what is right"):
        incidents.correct(quick.ctx, wrong={"en": "Wrong."}, text={"es": "Bien."}, **say)
    with pytest.raises(InvalidText):
        incidents.correct(quick.ctx, wrong={"en": "Wrong."}, text={"en": "Call 0900 123 987 now."}, **say)
    with pytest.raises(NotFound, match="no update 9"):
        incidents.correct(quick.ctx, wrong={"en": "Wrong."}, text={"en": "Right."}, **{**say, "sequence": 9})

    assert len(quick.said(incident)) == 1


def test_a_correction_keeps_no_promise(quick: Stage) -> None:
    incident = declared(quick)
    quick.forward(minutes=5)
    incidents.correct(quick.ctx, incident_id=incident.id, sequence=1, wrong={"en": "A."}, text={"en": "B."}, who="Ana")
    quick.forward(minutes=40)

    with quick.database.reading() as session:
        broken = updates.broken_promises(session, SubjectKind.INCIDENT, incident.id, quick.clock.now())

    assert broken == [incident.next_update_by]


def test_a_stale_version_is_a_conflict_that_shows_what_stands(quick: Stage) -> None:
    incident = declared(quick)
    now = incidents.update(quick.ctx, Change(incident.id, "Bea", version=incident.version, status=IDENTIFIED, cause="change"))

    with pytest.raises(Conflict, match="you saw version 1, it is at version 2 and identified") as refused:
        incidents.resolve(quick.ctx, Resolution(incident.id, "Ana", version=incident.version))

    assert refused.value.current == now and len(quick.said(incident)) == 2


def test_every_deed_stands_in_the_audit_log_with_who_did_it(quick: Stage) -> None:
    incident = declared(quick)
    incidents.update(quick.ctx, Change(incident.id, "Bea", status=MONITORING))
    incidents.backlog_cleared(quick.ctx, incident_id=incident.id, at=T0, who="Cai")
    incidents.resolve(quick.ctx, Resolution(incident.id, "Dan"))

    with quick.database.reading() as session:
        lines = [(line.who, line.what) for line in audit.listing(session, subject=incident.id)]
        broken = audit.verify(session)

    assert lines == [
        ("Dan", "incident.resolve"),
        ("Cai", "incident.backlog_cleared"),
        ("Bea", "incident.update"),
        ("Ana", "incident.declare"),
    ]
    assert broken is None


def test_nothing_stands_if_the_last_step_of_a_statement_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """D1, at the level of one action: both or neither."""
    incident = declared(stage)

    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(audit, "append", full)
    with pytest.raises(OSError, match="disk full"):
        incidents.update(stage.ctx, Change(incident.id, "Ana", status=MONITORING))

    with stage.database.reading() as session:
        assert incidents.incidents.get(session, incident.id) == incident
    assert len(stage.said(incident)) == 1 and {post.sequence for post in stage.posts(incident)} == {1}


def test_a_person_may_promise_another_moment_but_not_a_past_one(quick: Stage) -> None:
    incident = declared(quick)

    later = incidents.update(quick.ctx, Change(incident.id, "Ana", next_update_by=T0 + timedelta(minutes=90, seconds=1)))

    assert later.next_update_by == T0 + timedelta(minutes=91)
    assert quick.said(incident)[-1].next_update_by == later.next_update_by


def test_a_drill_can_be_resolved_whatever_probes_say(quick: Stage) -> None:
    incident = declared(quick, drill=True)
    quick.verdicts({"cards": DOWN})

    over = incidents.resolve(quick.ctx, Resolution(incident.id, "Ana"))

    assert over.status is RESOLVED and replace(over, version=0).drill


def test_an_unknown_status_in_an_update_is_refused(quick: Stage) -> None:
    incident = declared(quick)

    with pytest.raises(NotAllowed, match="to end it, resolve it"):
        incidents.update(quick.ctx, Change(incident.id, "Ana", status=RESOLVED))
    with pytest.raises(NotAllowed, match="under_maintenance"):
        incidents.update(quick.ctx, Change(incident.id, "Ana", components={"cards": ComponentStatus.UNDER_MAINTENANCE}))
