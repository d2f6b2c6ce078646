"""The demonstration's past: plausible, complete in five languages, the same every time, and never posted anywhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from statuspage.actions.context import Context
from statuspage.core.errors import NotFound
from statuspage.core.seal import OneKey
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, MaintenanceStatus, NoticeKind, SubjectKind
from statuspage.demo import past, stage
from statuspage.demo.stories import STORIES, WORKS
from statuspage.ports import Ports
from statuspage.settings.loader import Loaded, load_file
from statuspage.store import alarms, deliveries, incidents, maintenance, timeline, updates
from statuspage.store.engine import Database
from statuspage.words import Words
from statuspage.worker.assemble import build_words, channel_infos
from tests.demo_bank.conftest import SetClock

LANGUAGES = {"en", "es", "nl", "fr", "de"}


@cache
def configuration() -> tuple[Loaded, Words]:
    loaded = load_file(stage.CONFIGURATION, stage.environment("127.0.0.1", 9, Path("nowhere")))
    return loaded, build_words(loaded.settings)


class Stage:
    """The demonstration's configuration over an empty database, at a moment of the test's choice."""

    def __init__(self, database: Database, clock: SetClock) -> None:
        loaded, words = configuration()
        ports = Ports(clock, clock, None, database, None)  # type: ignore[arg-type]
        self.database = database
        self.clock = clock
        self.ctx = Context(
            ports,
            loaded.settings,
            words,
            OneKey(b"k" * 32),
            configs=loaded.configs,
            channels=channel_infos(loaded.settings, loaded.configs),
        )

    def tell(self, seed: str = "demonstration") -> bool:
        return past.tell(self.ctx, seed=seed)

    def everything(self) -> list[object]:
        """All that was told, as values that can be compared."""
        with self.database.reading() as session:
            found: list[object] = [*incidents.listing(session, limit=None), *maintenance.listing(session, limit=None)]
            for kind, subjects in (
                (SubjectKind.INCIDENT, incidents.listing(session)),
                (SubjectKind.MAINTENANCE, maintenance.listing(session)),
            ):
                found += updates.of_subjects(session, kind, [subject.id for subject in subjects]).items()
            found += [timeline.changes(session, component.slug) for component in self.ctx.settings.components]
        return found


def fresh(template: Path, path: Path) -> Database:
    shutil.copy(template, path)
    return Database(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def told(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A past that tests only read: telling it takes a second."""
    with closing(fresh(sqlite_template, tmp_path_factory.mktemp("told") / "told.db")) as database:
        stage = Stage(database, SetClock())
        stage.tell()
        yield stage


def test_an_empty_database_gets_a_past_once(database: Database, clock: SetClock) -> None:
    stage = Stage(database, clock)
    told = stage.tell()
    first = stage.everything()
    stage.clock.move(86_400)
    again = stage.tell()

    assert (told, again) == (True, False)
    assert stage.everything() == first


def test_every_story_was_told_to_its_end_and_nothing_is_open(told: Stage) -> None:
    with told.database.reading() as session:
        found = incidents.listing(session, limit=None)
        works = maintenance.listing(session, limit=None)
    assert len(found) == len(STORIES) and len(works) == len(WORKS)
    assert {incident.status for incident in found} == {IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM}
    assert [work.status for work in works].count(MaintenanceStatus.SCHEDULED) == 1
    assert [work.cancelled for work in works].count(True) == 1
    assert all(set(subject.titles) == LANGUAGES and all(subject.titles.values()) for subject in (*found, *works))
    assert all(work.scheduled_for > told.clock.at for work in works if work.status is MaintenanceStatus.SCHEDULED)


def test_every_kind_of_statement_is_there_in_five_languages(told: Stage) -> None:
    with told.database.reading() as session:
        said = [
            update
            for kind, subjects in (
                (SubjectKind.INCIDENT, incidents.listing(session)),
                (SubjectKind.MAINTENANCE, maintenance.listing(session)),
            )
            for statements in updates.of_subjects(session, kind, [subject.id for subject in subjects]).values()
            for update in statements
        ]
    kinds = {update.kind for update in said}
    never = {NoticeKind.CORRECTION, NoticeKind.FRAUD_WARNING, NoticeKind.ALARM, NoticeKind.PLANNED_OVERDUE}  # works end in time
    assert kinds == set(NoticeKind) - never
    assert all(set(update.texts) == LANGUAGES and len(set(update.texts.values())) == 5 for update in said)
    assert {update.author for update in said} == {"", past.DEMONSTRATION}


def test_nothing_of_the_past_is_posted_and_no_alarm_rings(told: Stage) -> None:
    with told.database.reading() as session:
        assert deliveries.listing(session) == []
        assert alarms.listing(session) == []


def test_every_promise_of_the_past_was_kept(told: Stage) -> None:
    with told.database.reading() as session:
        late = [updates.broken_promises(session, SubjectKind.INCIDENT, one.id, told.clock.at) for one in incidents.listing(session)]
    assert late == [[]] * len(STORIES)


def test_components_show_trouble_exactly_while_there_was_some(told: Stage) -> None:
    with told.database.reading() as session:
        found = incidents.listing(session, limit=None)
        for component in told.ctx.settings.components:
            changes = timeline.changes(session, component.slug)
            bad = [
                (change.effective_at, after.effective_at)
                for change, after in pairwise(changes)
                if change.status not in (ComponentStatus.OPERATIONAL, ComponentStatus.UNDER_MAINTENANCE)
            ]
            named = sorted((incident for incident in found if component.slug in incident.components), key=lambda one: one.started_at)

            assert changes[0].effective_at == told.clock.at - timedelta(days=past.DAYS)
            assert changes[-1].status is ComponentStatus.OPERATIONAL
            assert all(change.status is not after.status for change, after in pairwise(changes))
            assert {begin for begin, _ in bad} >= {incident.started_at for incident in named}
            assert {end for _, end in bad} >= {incident.moments.restored_at for incident in named}
            assert all(any(one.started_at <= begin and end <= one.moments.resolved_at for one in named) for begin, end in bad)


def test_the_same_seed_at_the_same_moment_tells_the_same(sqlite_template: Path, tmp_path: Path, told: Stage) -> None:
    others = []
    for seed in ("demonstration", "another"):
        with closing(fresh(sqlite_template, tmp_path / f"{seed}.db")) as database:
            stage = Stage(database, told.clock)
            stage.tell(seed)
            others.append(stage.everything())

    assert others[0] == told.everything() != others[1]


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 1, 1, 0, 0, tzinfo=UTC),
        datetime(2028, 2, 29, 12, 30, 15, tzinfo=UTC),
        datetime(2027, 3, 28, 1, 0, tzinfo=UTC),  # summer time begins in Madrid
        datetime(2026, 10, 25, 23, 59, 59, tzinfo=UTC),  # it ended this morning
    ],
)
def test_the_past_can_be_told_at_any_moment_and_lies_before_it(
    sqlite_template: Path, tmp_path: Path, clock: SetClock, now: datetime
) -> None:
    clock.at = now
    with closing(fresh(sqlite_template, tmp_path / "past.db")) as database:
        assert Stage(database, clock).tell()

        with database.reading() as session:
            found = incidents.listing(session, limit=None)
            said = updates.of_subjects(session, SubjectKind.INCIDENT, [incident.id for incident in found])
    first = now - timedelta(days=past.DAYS)
    assert len(found) == len(STORIES) and not any(incident.is_open for incident in found)
    assert all(first < update.created_at <= now for statements in said.values() for update in statements)


def test_a_past_that_breaks_off_leaves_nothing(sqlite_database: Database, clock: SetClock) -> None:
    stage = Stage(sqlite_database, clock)
    last = next(iter(STORIES[-1].hit))
    fewer = stage.ctx.settings.model_copy(update={"components": [one for one in stage.ctx.settings.components if one.slug != last]})

    with pytest.raises(NotFound):
        past.tell(replace(stage.ctx, settings=fewer))

    with stage.database.reading() as session:
        assert incidents.listing(session) == [] and maintenance.listing(session) == []
        assert timeline.latest(session) == {}
