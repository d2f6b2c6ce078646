"""B6: operators hear when backups stop, whatever it is that stopped them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from statuspage.core.vocabulary import SubjectKind
from statuspage.settings.models import LATE_BACKUPS
from statuspage.store import deliveries
from statuspage.store.engine import Database
from statuspage.worker.backup_watch import KEY, STEP_S, BackupWatch, newest_in
from tests.actions.stage import Stage, settings
from tests.publish.stage import Clock

EVERY_S = 30.0
LATE_S = LATE_BACKUPS * EVERY_S


class Watched:
    """A folder of backups, and the loop that watches it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder / "backups"
        self.folder.mkdir()
        self.stage = Stage(database, settings(backups={"folder": str(self.folder), "every_s": EVERY_S}), clock=Clock())
        self.begin()

    def begin(self, *, own: bool = True) -> None:
        self.watch = BackupWatch(self.stage.ctx, own=own)

    def backup(self) -> Path:
        """As `statuspage backup` names one that it makes now."""
        path = self.folder / f"statuspage-{self.stage.clock.now():%Y%m%dT%H%M%S}000Z.backup"
        path.write_bytes(b"sealed")
        return path

    def pass_s(self, seconds: float) -> dict[str, str]:
        """The loop goes on for so long; returns the alarms that are open then."""
        for _ in range(round(seconds / STEP_S)):
            self.stage.forward(seconds=STEP_S)
            assert self.watch.step() == STEP_S
        return self.stage.alarms()

    def told(self) -> list[str]:
        """What was put down for operators' channels."""
        with self.stage.database.reading() as session:
            return [row.text for row in deliveries.listing(session) if row.subject_kind is SubjectKind.ALARM]


@pytest.fixture
def watched(sqlite_database: Database, tmp_path: Path) -> Iterator[Watched]:
    yield Watched(sqlite_database, tmp_path)


def test_while_backups_come_nobody_is_disturbed(watched: Watched) -> None:
    for _ in range(20):
        watched.backup()
        assert watched.pass_s(EVERY_S) == {}


def test_backups_that_stop_are_an_alarm_after_three_periods_which_ends_with_the_next_one(watched: Watched) -> None:
    watched.pass_s(LATE_S - STEP_S)
    watched.backup()

    before = watched.pass_s(LATE_S)
    stopped = watched.pass_s(STEP_S)
    again = watched.pass_s(10 * LATE_S)
    watched.backup()
    after = watched.pass_s(STEP_S)

    assert before == {} and after == {}
    assert stopped.keys() == again.keys() == {KEY}
    assert "13:36:25" in stopped[KEY] and str(watched.folder) in stopped[KEY] and "every 30 s" in stopped[KEY]
    assert len(watched.told()) == 1 and stopped[KEY] in watched.told()[0]  # once, however long it lasts


@pytest.mark.parametrize(("spoil", "told"), [("empty", "There is no backup in"), ("gone", "cannot be looked at: No such file")])
def test_a_folder_without_any_backup_and_one_that_is_gone_are_alarms(watched: Watched, spoil: str, told: str) -> None:
    if spoil == "gone":
        shutil.rmtree(watched.folder)

    assert told in watched.pass_s(LATE_S)[KEY]


def test_one_who_just_began_looking_waits_for_the_backups_that_are_due(watched: Watched) -> None:
    watched.backup()
    watched.stage.forward(days=3)  # all of it was switched off
    watched.begin()

    assert watched.pass_s(LATE_S - STEP_S) == {}
    assert watched.pass_s(STEP_S).keys() == {KEY}


def test_a_backup_that_is_dated_far_ahead_proves_nothing(watched: Watched) -> None:
    watched.stage.forward(hours=2)
    watched.backup()
    watched.stage.forward(hours=-2)

    assert watched.pass_s(2 * LATE_S).keys() == {KEY}


def test_files_that_are_no_backups_count_for_none(watched: Watched) -> None:
    watched.backup().rename(watched.folder / ".statuspage-20261123T133500000Z.backup.partial")

    assert "There is no backup" in watched.pass_s(LATE_S)[KEY]


def test_where_another_program_keeps_them_the_newest_file_counts_by_its_date(watched: Watched) -> None:
    watched.begin(own=False)
    segment = watched.folder / "000000010000000000000007.partial"
    segment.write_bytes(b"")
    for _ in range(20):
        os.utime(segment, times=(watched.stage.clock.now().timestamp(),) * 2)
        assert watched.pass_s(EVERY_S) == {}

    assert watched.pass_s(LATE_S).keys() == {KEY}
    assert newest_in(watched.folder, own=True, before=datetime.max.replace(tzinfo=UTC)) is None


def test_a_folder_that_is_named_no_more_ends_the_alarm(watched: Watched) -> None:
    watched.pass_s(LATE_S)
    watched.stage = watched.stage.with_settings()
    watched.begin()

    assert watched.pass_s(STEP_S) == {}
