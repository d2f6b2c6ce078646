"""Two engineers, or an engineer and the machine, at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, select

from statuspage.actions import alarms, automatic, changes, components, deliveries, incidents, notices
from statuspage.actions.changes import Telling
from statuspage.actions.incidents import Change, Reopening, Resolution
from statuspage.core.errors import Conflict
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import IncidentStatus, NoticeKind, SubjectKind
from statuspage.store import alarms as alarm_store
from statuspage.store import audit
from statuspage.store import incidents as store
from statuspage.store.engine import Database
from statuspage.store.tables import ComponentRow
from tests.actions.stage import DOWN, T0, Stage, declared


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each deed returned or raised, all begun at the same moment."""
    gate = threading.Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> Any:
        gate.wait(timeout=30)
        try:
            return deed()
        except Conflict as refused:
            return refused

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, deed) for deed in deeds]]


def race(stage: Stage, incident: Incident) -> Incident:
    """Ana and Bea saw the same version and both write."""
    seen = incident.version
    ana, bea = at_once(
        lambda: incidents.update(stage.ctx, Change(incident.id, "Ana", seen, status=IncidentStatus.IDENTIFIED, cause="network")),
        lambda: incidents.update(stage.ctx, Change(incident.id, "Bea", seen, status=IncidentStatus.IDENTIFIED, cause="change")),
    )
    won, lost = (ana, bea) if isinstance(bea, Conflict) else (bea, ana)
    assert isinstance(won, Incident) and isinstance(lost, Conflict), (ana, bea)
    assert won.version == seen + 1 and lost.current == won, "the loser is shown what stands now"
    return won


def check_races(stage: Stage, count: int) -> None:
    incident = declared(stage)
    for _ in range(count):
        incident = race(stage, incident)

    said = stage.said(incident)
    assert [update.sequence for update in said] == list(range(1, count + 2))
    with stage.database.reading() as session:
        assert audit.verify(session) is None
        assert len(audit.listing(session, limit=10 * count)) == count + 1


def test_of_two_edits_at_once_one_stands_and_the_other_is_shown_it(stage: Stage) -> None:
    """B12, 20 races on each database; see the long one for 200."""
    check_races(stage, 20)


@pytest.mark.long
def test_of_two_edits_at_once_one_stands_two_hundred_times(quick: Stage) -> None:
    """B12"""
    check_races(quick, 200)


def test_without_a_version_both_are_said_one_after_the_other(stage: Stage) -> None:
    incident = declared(stage)

    done = at_once(*(lambda who=who: incidents.update(stage.ctx, Change(incident.id, who)) for who in ("Ana", "Bea", "Cai")))  # type: ignore[misc]

    assert sorted(found.version for found in done) == [2, 3, 4]
    assert [update.sequence for update in stage.said(incident)] == [1, 2, 3, 4]


def test_a_promise_is_kept_once_though_two_workers_keep_it(stage: Stage) -> None:
    incident = declared(stage)
    stage.forward(minutes=30)
    assert incident.next_update_by is not None
    promised = incident.next_update_by

    at_once(*[lambda: incidents.keep_promise(stage.ctx, incident_id=incident.id, promised=promised)] * 3)

    assert len(stage.said(incident)) == 2


def test_a_person_resolving_while_the_machine_recovers_leaves_a_legal_history(stage: Stage) -> None:
    incident = automatic.begin_automatic(stage.ctx, components={"cards": DOWN}, lead="cards", first_failed_at=T0)
    assert incident is not None

    at_once(
        lambda: incidents.resolve(stage.ctx, Resolution(incident.id, "Ana")),
        lambda: automatic.recover(stage.ctx, incident_id=incident.id, restored_at=T0),
    )

    statuses = [update.status for update in stage.said(incident)]
    assert statuses in (["investigating", "resolved"], ["investigating", "monitoring", "resolved"])


def test_processes_that_start_at_once_on_an_empty_store_all_note_the_components(stage: Stage) -> None:
    """Two loops of the worker did so and one of them met a duplicate key."""
    for _ in range(8):
        with stage.database.writing() as session:
            session.execute(delete(ComponentRow))
        at_once(*[partial(components.sync, stage.ctx)] * 4)

    with stage.database.reading() as session:
        assert set(session.scalars(select(ComponentRow.slug))) >= {one.slug for one in stage.ctx.settings.components}


def test_two_engineers_who_declare_the_same_trouble_at_once_begin_one_incident(stage: Stage) -> None:
    """PostgreSQL: each looked for an incident that tells of it before the other's was written, and customers read of it twice."""
    for turn in range(6):
        stage.forward(minutes=1)
        done = at_once(*[lambda: declared(stage, "cards")] * 2)
        begun = [found for found in done if isinstance(found, Incident)]
        assert len(begun) == 1, (turn, done)
        incidents.resolve(stage.ctx, Resolution(begun[0].id, "Ana"))


def test_an_engineer_and_the_machine_at_once_begin_one_incident(stage: Stage) -> None:
    for turn in range(6):
        stage.forward(hours=1)
        at_once(
            lambda: declared(stage, "cards"),
            lambda: automatic.begin_automatic(stage.ctx, components={"cards": DOWN}, lead="cards", first_failed_at=stage.clock.now()),
        )
        with stage.database.reading() as session:
            opened = store.opened(session)
        assert len(opened) == 1, (turn, opened)
        incidents.resolve(stage.ctx, Resolution(opened[0].id, "Ana"))


def test_an_engineer_who_declares_while_the_machine_reopens_begins_no_second_incident(stage: Stage) -> None:
    for turn in range(6):
        stage.forward(minutes=1)
        before = automatic.begin_automatic(stage.ctx, components={"cards": DOWN}, lead="cards", first_failed_at=stage.clock.now())
        assert before is not None
        incidents.resolve(stage.ctx, Resolution(before.id, "Ana"))
        at_once(
            lambda: declared(stage, "cards"),
            lambda one=before.id: automatic.fail_again(  # type: ignore[misc]
                stage.ctx, incident_id=one, components={"cards": DOWN}, first_failed_at=stage.clock.now()
            ),
        )
        with stage.database.reading() as session:
            opened = store.opened(session)
        assert len(opened) == 1, (turn, opened)
        incidents.resolve(stage.ctx, Resolution(opened[0].id, "Ana"))


def test_of_two_engineers_one_who_reopens_and_one_who_declares_one_is_shown_the_others(stage: Stage) -> None:
    before = declared(stage, "cards")
    for turn in range(6):
        incidents.resolve(stage.ctx, Resolution(before.id, "Ana"))
        done = at_once(
            lambda: declared(stage, "cards"),
            lambda one=before.id: incidents.reopen(stage.ctx, Reopening(one, "Bea")),  # type: ignore[misc]
        )
        (stands,) = [found for found in done if isinstance(found, Incident)]
        (refused,) = [found for found in done if isinstance(found, Conflict)]
        assert refused.current == stands, turn
        before = stands


@pytest.mark.parametrize("stop", ["update", "delivery"])
def test_what_is_withdrawn_while_the_next_update_is_written_is_told_in_no_story(
    database: Database, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    """The next update had read the words before they were withdrawn, and whoever withdrew them saw no next update yet."""
    stage = Stage(database)
    incident = declared(stage)
    stage.deliver_all()
    incidents.update(stage.ctx, Change(incident.id, "Ana", free_text={"en": "Ask for Bob."}))
    (post,) = [row for row in stage.posts(incident) if row.channel == "facebook-en" and row.sequence == 2]

    def withdraw() -> None:
        if stop == "update":
            notices.withdraw(stage.ctx, kind=SubjectKind.INCIDENT, subject_id=incident.id, sequence=2, who="Bea")
        else:
            deliveries.withdraw(stage.ctx, post.id, "Bea")

    other = threading.Thread(target=withdraw)
    append = audit.append

    def meanwhile(*arguments: Any, **named: Any) -> None:
        """Called within the transaction of the next update, when its posts are written."""
        if named["what"] == "incident.keep":
            other.start()
            other.join(1.0)
        append(*arguments, **named)

    monkeypatch.setattr(audit, "append", meanwhile)
    telling = Telling(NoticeKind.UPDATE, "Ana", "incident.keep")
    with stage.database.writing() as session:
        before = changes.current(session, incident.id, None)
        changes.change(session, stage.ctx, before, before, telling, stage.clock.now())
    other.join()

    (newest,) = [row for row in stage.posts(incident) if row.channel == "facebook-en" and row.sequence == 3]
    assert "Bob" not in newest.story


def test_an_alarm_that_two_processes_raise_at_once_is_over_when_it_is_over(stage: Stage) -> None:
    """On PostgreSQL both may find none and add their own."""
    with stage.database.writing() as session:
        for number in range(2):
            alarm_store.add(session, alarm_store.Alarm(f"a{number:011d}", "lone-network", "One is not enough.", stage.clock.now()))

    alarms.clear_alarm(stage.ctx, "lone-network")

    assert stage.alarms() == {}
