"""B5: copies of a database in use are whole, checked, encrypted, and thinned out."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.settings.keys import SEAL
from statuspage.store.copies import examine
from statuspage.worker import backups
from statuspage.worker.backups import BadBackup, superfluous, unpack
from tests.backup.conftest import Place

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOP = Path(__file__).parent.parent.parent
PER_SECOND = 200.0


def copies_while_somebody_writes(place: Place, tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-m", "tests.backup.writer", place.process.database, str(PER_SECOND)]
    writer = subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    seen = []
    try:
        assert writer.stdout is not None and writer.stdout.readline() == "begun\n"
        begin = time.monotonic()
        for turn in range(number):
            made = place.make()
            (tmp_path / f"out{turn}").mkdir()
            manifest, contents = unpack(made.path, [place.key], tmp_path / f"out{turn}")
            assert contents.problems == () and manifest == made.manifest
            with closing(sqlite3.connect(tmp_path / f"out{turn}" / backups.DATABASE)) as copy:
                seen.append(copy.execute("SELECT count(*) FROM audit").fetchone()[0])
            shutil.rmtree(tmp_path / f"out{turn}")
        due = (time.monotonic() - begin) * PER_SECOND
        written = int(writer.communicate()[0])
    finally:
        writer.kill()
        writer.wait()

    assert writer.returncode == 0
    assert len(seen) == number == len(backups.listing(place.folder))
    assert seen == sorted(seen) and seen[0] < seen[-1]  # the writer went on meanwhile
    assert written >= due
    assert examine(place.file).problems == () and place.counted() == written


def test_b5_copies_made_during_two_hundred_writes_a_second_are_sound_with_their_audit_chain(place: Place, tmp_path: Path) -> None:
    copies_while_somebody_writes(place, tmp_path, 3)


@pytest.mark.long
def test_b5_twenty_copies_made_during_two_hundred_writes_a_second(place: Place, tmp_path: Path) -> None:
    copies_while_somebody_writes(place, tmp_path, 20)


def test_nothing_of_the_database_can_be_read_on_the_medium_and_nothing_else_is_left_there(place: Place) -> None:
    place.deed("canary-deed")

    made = place.make()

    assert [path.name for path in place.folder.iterdir()] == [made.path.name]
    raw = made.path.read_bytes()
    assert b"canary" not in raw and b"SQLite" not in raw and place.process.keys(SEAL).newest().hex().encode() not in raw
    assert (made.path.stat().st_mode & 0o777, place.folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in place.process.data.iterdir() if path.is_dir()] == ["secrets"]


def test_a_database_that_is_not_sound_is_not_backed_up(place: Place) -> None:
    place.deed()
    with closing(sqlite3.connect(place.file)) as intruder:
        intruder.execute("UPDATE audit SET who = 'nobody'")
        intruder.commit()

    with pytest.raises(BadBackup, match="Audit line 1"):
        place.make()

    assert backups.listing(place.folder) == []


def test_what_cannot_be_written_leaves_nothing_half_written(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "_read", lambda *_: None)  # a medium that gives back something else

    with pytest.raises(BadBackup, match="medium"):
        place.make()

    assert list(place.folder.iterdir()) == []


def test_what_a_killed_backup_left_is_removed_and_two_at_once_are_refused(place: Place) -> None:
    left = place.process.data / ".backup-left"
    left.mkdir()
    (left / "statuspage.db").write_bytes(b"half")
    with (place.process.data / ".backup.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BadBackup, match="Another backup"):
            place.make()

    place.make()

    assert not left.exists()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda raw: raw[: len(raw) // 2], "cut off|changed"),
        (lambda raw: raw[:-1], "changed"),
        (lambda raw: raw[:500] + bytes([raw[500] ^ 1]) + raw[501:], "changed"),
        (lambda raw: b"", "no backup"),
        (lambda raw: b"SQLite format 3" + raw, "no backup"),
    ],
)
def test_a_backup_that_is_not_as_it_was_made_is_refused(place: Place, tmp_path: Path, damage, told: str) -> None:  # type: ignore[no-untyped-def]
    path = place.make().path
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(BadBackup, match=told):
        unpack(path, [place.key], tmp_path)


def test_keys_that_change_while_the_database_is_copied_are_those_of_the_copy(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, times = backups.copy_sqlite, []

    def slow(source: Path, to: Path) -> None:
        real(source, to)
        times.append(1)
        if len(times) == 1:
            place.process.keys(SEAL).rotate()

    monkeypatch.setattr(backups, "copy_sqlite", slow)
    made = place.make()
    unpack(made.path, [b"j" * 32, place.key], tmp_path)

    assert len(times) == 2
    assert (tmp_path / backups.KEYS).read_bytes() == place.process.keys(SEAL).path.read_bytes()


MOMENTS = st.lists(st.integers(-600, 60 * 24 * 60 * 60).map(lambda s: NOW - timedelta(seconds=s)), unique=True, max_size=60)


@given(MOMENTS)
def test_thinning_keeps_the_newest_the_last_hour_and_one_of_each_day(made: list[datetime]) -> None:
    gone = superfluous(made, NOW, 35)
    stays = set(made) - set(gone)

    assert set(gone) <= set(made)
    if made:
        assert max(made) in stays
    assert {at for at in made if timedelta(0) <= NOW - at <= timedelta(hours=1)} <= stays
    days = {at.date() for at in made if NOW - at <= timedelta(days=35)}
    assert days <= {at.date() for at in stays}
    assert superfluous(sorted(stays), NOW, 35) == []  # a second time changes nothing


def test_a_backup_every_ten_minutes_for_two_months_leaves_about_a_hundred() -> None:
    kept: list[datetime] = []
    for minute in range(0, 60 * 24 * 60, 10):
        kept.append(NOW + timedelta(minutes=minute))
        if minute % (60 * 24) == 0:
            gone = set(superfluous(kept, kept[-1], 35))
            kept = [at for at in kept if at not in gone]

    assert 80 <= len(set(kept) - set(superfluous(kept, kept[-1], 35))) <= 100


def test_only_superfluous_backups_are_removed_and_nothing_else_in_the_folder(place: Place) -> None:
    made = place.make().path
    old = place.folder / "statuspage-20200101T000000000Z.backup"
    other = place.folder / "statuspage-notes.txt"
    for path in (old, other):
        path.write_bytes(b"")

    removed = backups.thin_out(place.folder, NOW + timedelta(days=400), 35)

    assert removed == 1
    assert set(place.folder.iterdir()) == {made, other}
