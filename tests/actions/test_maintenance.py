"""Planned work from its plan to its end, by people and by the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from statuspage.actions import maintenance
from statuspage.actions.maintenance import Plan
from statuspage.core.errors import Conflict, NotAllowed, NotFound
from statuspage.core.maintenance import Maintenance
from statuspage.core.vocabulary import DeliveryState, MaintenanceStatus, NoticeKind, SubjectKind
from statuspage.store import audit, updates
from statuspage.worker.promises import Promises
from tests.actions.stage import DOWN, GOOD, PUBLIC, SECRET_NAME, T0, Stage

WORK = SubjectKind.MAINTENANCE
BEGIN, END = T0 + timedelta(days=2), T0 + timedelta(days=2, hours=3)


def planned(stage: Stage, *slugs: str, **more: object) -> Maintenance:
    asked = Plan(slugs or ("transfers",), BEGIN, END, "Ana")
    return maintenance.plan(stage.ctx, replace(asked, **more)).work  # type: ignore[arg-type]


def kinds(stage: Stage, work: Maintenance) -> list[NoticeKind]:
    return [update.kind for update in stage.said(work.id, WORK)]


def test_a_plan_is_announced_with_dates_and_valid_until_it_begins(stage: Stage) -> None:
    work = planned(stage)

    (update,), posts = stage.said(work.id, WORK), stage.posts(work.id, WORK)
    assert "Start: Wed 25 Nov 14:35 CET. End: Wed 25 Nov 17:35 CET." in update.texts["en"]
    assert {post.channel for post in posts} == PUBLIC and {post.valid_until for post in posts} == {BEGIN}
    assert work.titles["en"] == "Planned work: Transfers." and work.next_update_by is None


def test_work_starts_and_ends_by_the_clock_when_its_checks_are_good(stage: Stage) -> None:
    work, loop = planned(stage), Promises(stage.ctx)

    stage.forward(days=2)
    for _ in range(3):
        loop.step()
    running = stage.said(work.id, WORK)[-1]
    stage.forward(hours=3)
    stage.verdicts({"transfers": GOOD})
    for _ in range(3):
        loop.step()

    with stage.database.reading() as session:
        done = maintenance.maintenance.get(session, work.id)
    assert kinds(stage, work) == [NoticeKind.PLANNED, NoticeKind.PLANNED_STARTED, NoticeKind.PLANNED_DONE]
    assert running.next_update_by == END and running.status == "in_progress"
    assert (done.status, done.started_at, done.completed_at) == (MaintenanceStatus.COMPLETED, BEGIN, END)
    assert "Working since: Wed 17:35 CET." in stage.said(work.id, WORK)[-1].texts["en"]


def test_work_past_its_end_with_red_checks_alarms_stops_silencing_and_ends_when_they_are_good(stage: Stage) -> None:
    """P7"""
    work, loop = planned(stage), Promises(stage.ctx)
    stage.forward(days=2)
    loop.step()
    stage.verdicts({"transfers": DOWN})
    stage.forward(hours=3)
    for _ in range(3):
        loop.step()

    with stage.database.reading() as session:
        late = maintenance.maintenance.get(session, work.id)
    assert late.status is MaintenanceStatus.IN_PROGRESS
    assert late.silences("transfers", END - timedelta(seconds=1)) and not late.silences("transfers", END)
    assert "past its end" in stage.alarms()[maintenance.overtime_key(work.id)]

    stage.verdicts({"transfers": GOOD})
    stage.forward(minutes=9)
    loop.step()
    assert kinds(stage, work)[-1] is NoticeKind.PLANNED_OVERDUE, "the good result is old: nobody knows"
    stage.verdicts({"transfers": GOOD})
    loop.step()
    assert kinds(stage, work)[-1] is NoticeKind.PLANNED_DONE and stage.alarms() == {}


def test_a_correction_of_work_names_no_payment_scheme_where_there_is_none(stage: Stage) -> None:
    """It could not be said when the work begins, and the work would never begin."""
    work = planned(stage)

    with pytest.raises(NotAllowed, match="payment scheme"):
        maintenance.correct(
            stage.ctx, work_id=work.id, sequence=1, wrong={"en": "Transfers."}, text={"en": "Cards."}, who="Ana", symptom="scheme"
        )


def test_what_cannot_be_said_of_one_subject_holds_up_no_other_and_is_an_alarm(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, sound = planned(stage), planned(stage, "cards")
    real = maintenance.start_due

    def start(ctx: object, *, work_id: str) -> Maintenance:
        if work_id == broken.id:
            raise NotAllowed("No text fits.")
        return real(stage.ctx, work_id=work_id)

    monkeypatch.setattr(maintenance, "start_due", start)
    stage.forward(days=2)
    Promises(stage.ctx).step()

    with stage.database.reading() as session:
        states = [maintenance.maintenance.get(session, work.id).status for work in (broken, sound)]
    assert states == [MaintenanceStatus.SCHEDULED, MaintenanceStatus.IN_PROGRESS]
    assert "No text fits." in stage.alarms()[f"unsaid:{broken.id}"]


def test_a_private_component_changes_nothing_that_is_said_of_public_work(stage: Stage) -> None:
    """What the public may not know of cannot make them wait for the end, either."""
    work, loop = planned(stage, "transfers", "treasury"), Promises(stage.ctx)
    stage.forward(days=2)
    loop.step()
    stage.verdicts({"transfers": GOOD, "treasury": DOWN})
    stage.forward(hours=3)
    stage.verdicts({"transfers": GOOD, "treasury": DOWN})
    for _ in range(3):
        loop.step()
    stage.forward(minutes=2)
    loop.step()

    assert kinds(stage, work)[-1] is NoticeKind.PLANNED_DONE and NoticeKind.PLANNED_OVERDUE not in kinds(stage, work)


def test_work_past_its_end_of_which_nobody_spoke_says_so_within_the_promised_minute_and_promises_again(stage: Stage) -> None:
    work, loop = planned(stage), Promises(stage.ctx)
    stage.forward(days=2)
    loop.step()
    stage.forward(hours=3, seconds=29)
    loop.step()
    assert kinds(stage, work)[-1] is NoticeKind.PLANNED_STARTED, "checks may still turn good"

    stage.forward(seconds=1)
    for _ in range(3):
        loop.step()

    told = stage.said(work.id, WORK)[-1]
    assert kinds(stage, work)[2:] == [NoticeKind.PLANNED_OVERDUE]
    assert told.texts["en"].startswith("The end of the planned work is not confirmed yet: Transfers. Planned end: Wed 17:35 CET.")
    assert told.next_update_by == END + timedelta(minutes=61) and told.status == "in_progress" and told.author == ""
    assert {post.channel for post in stage.posts(work.id, WORK) if post.sequence == told.sequence} == PUBLIC
    with stage.database.reading() as session:
        assert updates.broken_promises(session, WORK, work.id, stage.clock.now()) == []
        assert maintenance.maintenance.get(session, work.id).scheduled_until == END, "it silences nothing again"

    stage.forward(minutes=62)
    loop.step()
    maintenance.complete(stage.ctx, work_id=work.id, who="Ana")
    stage.forward(minutes=90)
    loop.step()
    assert kinds(stage, work)[2:] == [NoticeKind.PLANNED_OVERDUE] * 2 + [NoticeKind.PLANNED_DONE]


def test_longer_work_is_told_with_its_new_end_which_silences_until_then(stage: Stage) -> None:
    work = planned(stage)
    stage.forward(days=2)
    maintenance.start(stage.ctx, work_id=work.id, who="Ana")
    stage.forward(hours=2)

    longer = maintenance.extend(stage.ctx, work_id=work.id, until=END + timedelta(hours=1), who="Ana")

    assert "New end: Wed 18:35 CET." in stage.said(work.id, WORK)[-1].texts["en"]
    assert longer.silences("transfers", END + timedelta(minutes=59)) and longer.next_update_by == END + timedelta(hours=1)


def test_cancelled_work_tells_the_start_that_was_announced_and_takes_back_what_nobody_read(quick: Stage) -> None:
    work = planned(quick)

    over = maintenance.cancel(quick.ctx, work_id=work.id, who="Ana")

    assert over.cancelled and over.status is MaintenanceStatus.COMPLETED
    assert "It was planned for: Wed 25 Nov 14:35 CET." in quick.said(work.id, WORK)[-1].texts["en"]
    assert {(post.sequence, post.state) for post in quick.posts(work.id, WORK)} == {(1, DeliveryState.WITHDRAWN)}


def test_cancelled_work_of_which_people_read_is_cancelled_in_public(quick: Stage) -> None:
    work = planned(quick)
    quick.deliver_all()

    maintenance.cancel(quick.ctx, work_id=work.id, who="Ana")

    assert {post.channel for post in quick.posts(work.id, WORK) if post.sequence == 2} == PUBLIC


def test_completing_while_probes_are_red_needs_a_reason(quick: Stage) -> None:
    work = planned(quick)
    maintenance.start(quick.ctx, work_id=work.id, who="Ana")
    quick.verdicts({"transfers": DOWN})

    with pytest.raises(NotAllowed, match="see transfers failing"):
        maintenance.complete(quick.ctx, work_id=work.id, who="Ana")

    assert maintenance.complete(quick.ctx, work_id=work.id, who="Ana", reason="known fault of the probe").completed_at == T0


def test_what_is_over_or_not_begun_is_refused_with_what_it_is(quick: Stage) -> None:
    work = planned(quick)
    with pytest.raises(NotAllowed, match="possible while it is in_progress or verifying"):
        maintenance.complete(quick.ctx, work_id=work.id, who="Ana")
    with pytest.raises(NotAllowed, match="is scheduled"):
        maintenance.extend(quick.ctx, work_id=work.id, until=END + timedelta(hours=1), who="Ana")
    maintenance.cancel(quick.ctx, work_id=work.id, who="Ana")

    with pytest.raises(NotAllowed, match="is cancelled"):
        maintenance.start(quick.ctx, work_id=work.id, who="Ana")
    with pytest.raises(NotFound, match="no planned work 'x'"):
        maintenance.start(quick.ctx, work_id="x", who="Ana")


def test_a_stale_version_is_a_conflict(quick: Stage) -> None:
    work = planned(quick)
    started = maintenance.start(quick.ctx, work_id=work.id, who="Bea", version=1)

    with pytest.raises(Conflict) as refused:
        maintenance.cancel(quick.ctx, work_id=work.id, who="Ana", version=1)

    assert refused.value.current == started


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scheduled_for": T0 - timedelta(minutes=1)}, "begin in the past"),
        ({"scheduled_until": BEGIN}, "must end after it begins"),
        ({"scheduled_until": BEGIN + timedelta(days=15)}, "at most 14 days"),
    ],
)
def test_an_impossible_window_is_refused(quick: Stage, changes: dict[str, datetime], says: str) -> None:
    with pytest.raises(NotAllowed, match=says):
        planned(quick, **changes)


def test_work_begun_before_its_time_does_not_last_longer_than_any_other(quick: Stage) -> None:
    far = planned(quick, "transfers", scheduled_for=T0 + timedelta(days=300), scheduled_until=T0 + timedelta(days=300, hours=1))
    near = planned(quick, "cards", scheduled_for=T0 + timedelta(days=10), scheduled_until=T0 + timedelta(days=10, hours=1))

    with pytest.raises(NotAllowed, match="more than 14 days"):
        maintenance.start(quick.ctx, work_id=far.id, who="Ana")
    maintenance.start(quick.ctx, work_id=near.id, who="Ana")
    with pytest.raises(NotAllowed, match="at most 14 days"):
        maintenance.extend(quick.ctx, work_id=near.id, until=T0 + timedelta(days=20), who="Ana")

    assert kinds(quick, far) == [NoticeKind.PLANNED]
    assert kinds(quick, near) == [NoticeKind.PLANNED, NoticeKind.PLANNED_STARTED]


def test_planning_warns_of_pay_day_short_notice_and_overlap(quick: Stage) -> None:
    first = planned(quick)
    pay_day = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)  # Monday 30 November, 00:30 in Madrid

    on_pay_day = maintenance.plan(quick.ctx, Plan(("atm",), pay_day, pay_day + timedelta(hours=1), "Ana"))
    at_once = maintenance.plan(quick.ctx, Plan(("atm",), T0, T0 + timedelta(hours=1), "Ana"))
    twice = maintenance.plan(quick.ctx, Plan(("transfers", "atm"), END - timedelta(hours=1), END + timedelta(hours=1), "Ana"))

    assert [warning[:42] for warning in on_pay_day.warnings] == ["30 November is the last working day of the"]
    assert at_once.warnings == ("Customers get less than 24 hours' notice.",)
    assert twice.warnings == (f"Work {first.id} on transfers is planned for the same time.",)


def test_private_work_is_told_to_nobody_and_drills_to_sandboxes(quick: Stage) -> None:
    private, drill = planned(quick, "treasury"), planned(quick, "cards", drill=True)

    assert quick.posts(private.id, WORK) == [] and quick.said(private.id, WORK)[0].texts == {} and private.titles == {}
    assert {post.channel for post in quick.posts(drill.id, WORK)} == {"sandbox-en"}
    assert not any(SECRET_NAME in post.text for post in quick.posts(drill.id, WORK))


def test_a_correction_of_planned_work_and_every_deed_in_the_audit_log(quick: Stage) -> None:
    work = planned(quick)
    maintenance.start(quick.ctx, work_id=work.id, who="Bea")

    said = maintenance.correct(quick.ctx, work_id=work.id, sequence=1, wrong={"en": "Wrong day."}, text={"en": "Right day."}, who="Cai")

    with quick.database.reading() as session:
        lines = [(line.who, line.what) for line in audit.listing(session, subject=work.id)]
    assert said.corrects == 1 and said.status == "in_progress"
    assert lines == [("Cai", "notice.correct"), ("Bea", "maintenance.start"), ("Ana", "maintenance.plan")]
