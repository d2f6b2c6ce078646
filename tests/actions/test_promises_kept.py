"""Promised updates come by themselves, people are reminded and alarmed, and what was broken is counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from statuspage.actions import automatic, changes, incidents, notices
from statuspage.actions.incidents import Change
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import IncidentStatus, NoticeKind, SubjectKind
from statuspage.store import counters, updates
from statuspage.words import load_catalogue
from statuspage.worker.promises import Promises
from tests.actions.stage import DOWN, PUBLIC, T0, Stage, declared

INCIDENT = SubjectKind.INCIDENT
MONITORING = IncidentStatus.MONITORING


def broken(stage: Stage) -> float:
    with stage.database.reading() as session:
        return sum(counter.value for counter in counters.all(session) if counter.name == notices.BROKEN_PROMISES)


def standing(stage: Stage, incident: Incident) -> Incident:
    with stage.database.reading() as session:
        return incidents.incidents.get(session, incident.id)


def test_the_update_without_news_goes_out_at_the_promised_minute_and_promises_the_next(stage: Stage) -> None:
    incident, loop = declared(stage), Promises(stage.ctx)
    assert incident.next_update_by is not None

    stage.forward(minutes=29, seconds=59)
    loop.step()
    assert len(stage.said(incident)) == 1
    stage.forward(seconds=1)
    for _ in range(3):
        loop.step()

    first, second = stage.said(incident)
    assert (second.kind, second.created_at, second.author) == (NoticeKind.UPDATE, incident.next_update_by, "")
    assert "Still the case: Card payments are refused." in second.texts["en"]
    assert second.next_update_by == T0 + timedelta(minutes=60) == standing(stage, incident).next_update_by
    assert {post.channel for post in stage.posts(incident) if post.sequence == 2} == PUBLIC
    assert broken(stage) == 0 and first.next_update_by == second.created_at


def test_while_monitoring_the_monitoring_text_is_said_again_with_what_was_said_of_payments(quick: Stage) -> None:
    incident, loop = declared(quick), Promises(quick.ctx)
    quick.deliver_all()
    until = T0 + timedelta(minutes=45)
    incidents.update(quick.ctx, Change(incident.id, "Ana", status=MONITORING, late="waiting", late_until=until))

    quick.forward(minutes=30)
    loop.step()
    quick.forward(minutes=30)
    loop.step()

    told, repeated, last = quick.said(incident)[1:]
    assert [update.kind for update in (told, repeated, last)] == [NoticeKind.MONITORING] * 3
    assert "working again since Mon 14:35 CET" in last.texts["en"]
    assert "Expected to be done: Mon 15:20 CET." in repeated.texts["en"]
    assert "Expected to be done" not in last.texts["en"], "the time it named has come: nobody knows"


@pytest.mark.parametrize(("corrected", "carried"), [(1, True), (2, False), (3, False)])
def test_a_correction_ends_what_was_said_of_payments_if_it_takes_that_back(quick: Stage, corrected: int, carried: bool) -> None:
    incident, loop = declared(quick), Promises(quick.ctx)
    incidents.update(quick.ctx, Change(incident.id, "Ana", status=MONITORING, late="waiting_open"))
    quick.forward(minutes=30)
    loop.step()
    wrong, right = {"en": "We said it too early."}, {"en": "It is as follows."}
    incidents.correct(quick.ctx, incident_id=incident.id, sequence=corrected, wrong=wrong, text=right, who="Ana")

    quick.forward(minutes=30)
    loop.step()

    *_, repeated, _, last = quick.said(incident)
    sentence = load_catalogue().template(("late", "waiting_open"), "en").fill(str)
    assert sentence in repeated.texts["en"] and (sentence in last.texts["en"]) is carried


def test_after_two_hours_updates_come_less_often_and_say_so(quick: Stage) -> None:
    incident, loop = declared(quick, status=DOWN), Promises(quick.ctx)

    for _ in range(12):
        quick.forward(minutes=20)
        loop.step()

    gaps = [(update.next_update_by - update.created_at).total_seconds() / 60 for update in quick.said(incident) if update.next_update_by]
    assert gaps[:6] == [20] * 6 and set(gaps[6:]) == {60}
    assert all(
        later.created_at <= earlier.next_update_by for earlier, later in zip(quick.said(incident), quick.said(incident)[1:], strict=False)
    )  # type: ignore[operator]


def test_a_person_is_reminded_before_and_alarmed_at_the_moment_and_both_end_when_somebody_writes(stage: Stage) -> None:
    incident, loop = declared(stage), Promises(stage.ctx)
    reminder, unkept = changes.reminder_key(incident.id), changes.unkept_key(incident.id)

    stage.forward(minutes=24)
    loop.step()
    assert stage.alarms() == {}
    stage.forward(minutes=1)
    loop.step()
    assert set(stage.alarms()) == {reminder} and "promised for 14:05 UTC" in stage.alarms()[reminder]
    stage.forward(minutes=5)
    loop.step()
    assert set(stage.alarms()) == {unkept}
    stage.forward(minutes=27)
    loop.step()
    assert set(stage.alarms()) == {unkept}, "who was told that nobody writes is not reminded every time"

    incidents.update(stage.ctx, Change(incident.id, "Ana"))
    assert stage.alarms() == {}


def test_who_writes_in_time_hears_nothing_and_the_old_promise_is_not_kept_twice(quick: Stage) -> None:
    incident, loop = declared(quick), Promises(quick.ctx)
    quick.forward(minutes=20)
    incidents.update(quick.ctx, Change(incident.id, "Ana"))

    quick.forward(minutes=10)
    loop.step()
    late = incidents.keep_promise(quick.ctx, incident_id=incident.id, promised=incident.next_update_by or T0)

    assert len(quick.said(incident)) == 2 and quick.alarms() == {} and late.version == 2


def test_a_promise_that_a_stopped_machine_broke_is_counted_and_shown_once(stage: Stage) -> None:
    incident, loop = declared(stage), Promises(stage.ctx)
    stage.forward(minutes=90)

    with stage.database.reading() as session:
        open_and_late = updates.broken_promises(session, INCIDENT, incident.id, stage.clock.now())
    for _ in range(2):
        loop.step()

    with stage.database.reading() as session:
        kept_late = updates.broken_promises(session, INCIDENT, incident.id, stage.clock.now())
    assert open_and_late == kept_late == [incident.next_update_by]
    assert broken(stage) == 1 and len(stage.said(incident)) == 2


def test_an_incident_that_is_over_promises_nothing(quick: Stage) -> None:
    incident, loop = declared(quick), Promises(quick.ctx)
    incidents.resolve(quick.ctx, incidents.Resolution(incident.id, "Ana"))

    quick.forward(hours=5)
    loop.step()

    assert len(quick.said(incident)) == 2 and quick.alarms() == {} and broken(quick) == 0


def test_a_persons_incident_that_was_good_for_the_stable_period_asks_the_person_and_is_not_resolved(stage: Stage) -> None:
    incident, loop = declared(stage), Promises(stage.ctx)
    incidents.update(stage.ctx, Change(incident.id, "Ana", status=MONITORING))
    stage.forward(minutes=29)
    loop.step()
    assert changes.decision_key(incident.id) not in stage.alarms()

    stage.forward(minutes=1)
    for _ in range(2):
        loop.step()

    assert "Resolve it, or say what is still wrong." in stage.alarms()[changes.decision_key(incident.id)]
    assert standing(stage, incident).status is MONITORING


def test_trouble_that_began_long_ago_and_is_told_now_is_spoken_of_as_often_as_any(stage: Stage) -> None:
    incident = declared(stage, started_at=T0 - timedelta(hours=5))

    assert incident.next_update_by == T0 + timedelta(minutes=30)


def test_automatic_incidents_keep_their_promises_too(quick: Stage) -> None:
    loop = Promises(quick.ctx)
    incident = automatic.begin_automatic(quick.ctx, components={"cards": DOWN}, lead="cards", first_failed_at=T0)
    assert incident is not None

    quick.forward(minutes=20)
    quick.verdicts({"cards": DOWN})
    loop.step()

    assert [update.kind for update in quick.said(incident)] == [NoticeKind.INVESTIGATING, NoticeKind.UPDATE]


def test_a_pass_that_dies_between_two_points_is_finished_by_the_next_one(quick: Stage) -> None:
    first, second = declared(quick, "cards"), declared(quick, "login")
    quick.forward(minutes=30)

    dying = Promises(quick.ctx).work()
    assert [next(dying), next(dying)] == ["looked", "kept"]
    dying.close()
    Promises(quick.ctx).step()

    assert [len(quick.said(incident)) for incident in (first, second)] == [2, 2]


def test_a_pass_that_looked_before_somebody_wrote_says_nothing_more(quick: Stage) -> None:
    incident = declared(quick)
    quick.forward(minutes=30)
    pass_ = Promises(quick.ctx).work()
    assert next(pass_) == "looked"
    incidents.update(quick.ctx, Change(incident.id, "Ana"))

    assert list(pass_) == ["kept"]

    assert len(quick.said(incident)) == 2 and quick.alarms() == {}
