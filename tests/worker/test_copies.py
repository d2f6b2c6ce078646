"""Copies of the page that fail, hang, lie or drift (A7): the others do not wait, operators hear of it, and it mends itself."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from statuspage.outside import Folder
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.store import alarms
from statuspage.store.engine import Database
from statuspage.worker.copies import Copies
from tests.actions.stage import declared
from tests.processes import until
from tests.publish.stage import Press

FRONT = PurePosixPath("en/index.html")
ALARMED_WITHIN_S = 120
LOOK_S = 10.0
PLACES = ("the first", "copy A", "copy B")


class Bad(Folder):
    """A folder that can be made bad.

    fault    called at each access, to raise or to hang
    lost     writes are accepted and come to nothing
    spoil    what somebody else does to it, again and again
    """

    fault: Callable[[], None] | None = None
    lost = False
    spoil: Callable[[], None] | None = None

    def read(self, path: PurePosixPath) -> bytes | None:
        self._suffer()
        return super().read(path)

    def write_all(self, files: Mapping[PurePosixPath, bytes]) -> None:
        self._suffer()
        if not self.lost:
            super().write_all(files)

    def write(self, path: PurePosixPath, data: bytes) -> None:
        self.write_all({path: data})

    def remove(self, path: PurePosixPath) -> None:
        self._suffer()
        super().remove(path)

    def _suffer(self) -> None:
        if self.fault is not None:
            self.fault()


class Copied:
    """A publisher with two further copies, the first of which may be bad; time moves in looks of ten seconds."""

    def __init__(self, database: Database, root: Path) -> None:
        self.press = Press(database, root, further=2)
        self.bad, self.good = Bad(root / "copy0"), self.press.copies[1]
        self.press.copies[0] = self.bad
        self.begin()

    def begin(self) -> None:
        """As another process that publishes from now on."""
        self.press.restart()
        self.watch = Copies(self.press.stage.ctx, self.press.publisher, PLACES)
        self.at_work: threading.Thread | None = None

    def pass_time(self, seconds: float) -> None:
        bad, good = self.press.publisher.mirrors
        for _ in range(round(seconds / LOOK_S)):
            self.press.publish(LOOK_S)
            good.step()
            if self.bad.spoil is not None:
                self.bad.spoil()
            self._step(bad.step)
            self.watch.step()

    def _step(self, step: Callable[[], float]) -> None:
        """As the mirror's own loop: what it raises is nobody else's matter, and one that hangs hangs alone."""
        if self.at_work is None or not self.at_work.is_alive():
            self.at_work = threading.Thread(target=_attempt, args=(step,), daemon=True)
            self.at_work.start()
        hangs = isinstance(self.bad.fault, Hang)
        until(lambda: self.at_work is None or not self.at_work.is_alive() or (hangs and self.bad.fault.reached.is_set()))

    def alarmed(self) -> list[str]:
        with self.press.database.reading() as session:
            return [alarm.text for alarm in alarms.listing(session)]

    def up_to_date(self, copy: Folder) -> bool:
        told, stands = (Manifest.from_bytes(folder.read(MANIFEST)) for folder in (self.press.public, copy))
        same = all(copy.read(path) == self.press.public.read(path) for path in told.files)
        return same and stands.generation == told.generation


def _attempt(step: Callable[[], float]) -> None:
    with suppress(OSError):
        step()


class Hang:
    """Who comes here stays until `over` is set."""

    def __init__(self) -> None:
        self.reached, self.over = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        self.over.wait()


class Refusal:
    def __init__(self, number: int) -> None:
        self._number = number

    def __call__(self) -> None:
        raise OSError(self._number, "the copy refuses")


def _older(bad: Bad) -> None:
    """Somebody puts an older copy back, again and again."""
    files = {MANIFEST: b"{}"} | {path: Folder.read(bad, path) or b"" for path in bad.list(PurePosixPath())}
    bad.spoil = lambda: Folder.write_all(bad, files)


def _another_front(bad: Bad) -> None:
    bad.spoil = lambda: Folder.write_all(bad, {FRONT: b"<h1>All is well</h1>"})


def _another_publisher(bad: Bad) -> None:
    newer = Manifest(generation=10**9).to_bytes()
    bad.spoil = lambda: Folder.write_all(bad, {MANIFEST: newer})


FAULTS: dict[str, Callable[[Bad], object]] = {
    "refuses": lambda bad: setattr(bad, "fault", Refusal(errno.EIO)),
    "is full": lambda bad: setattr(bad, "fault", Refusal(errno.ENOSPC)),
    "is not ours": lambda bad: setattr(bad, "fault", Refusal(errno.EACCES)),
    "hangs": lambda bad: setattr(bad, "fault", Hang()),
    "forgets": lambda bad: setattr(bad, "lost", True),
    "is put back": _older,
    "is defaced": _another_front,
    "is somebody else's": _another_publisher,
}


def _mend(copied: Copied) -> None:
    bad, fault = copied.bad, copied.bad.fault
    bad.fault, bad.spoil, bad.lost = None, None, False
    if isinstance(fault, Hang):
        fault.over.set()
    if Manifest.from_bytes(bad.read(MANIFEST)).generation == 10**9:
        Folder.remove(bad, MANIFEST)


@pytest.fixture
def copied(sqlite_database: Database, tmp_path: Path) -> Iterator[Copied]:
    copied = Copied(sqlite_database, tmp_path)
    yield copied
    _mend(copied)


SOONER_OR_LATER = ("from the start", "in quiet times", "after another process", "for half a minute")
MOMENTS = ["as trouble begins", *(pytest.param(when, marks=pytest.mark.long) for when in SOONER_OR_LATER)]


@pytest.mark.parametrize("when", MOMENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_copy_that_stays_behind_holds_up_nobody_and_is_told_within_two_minutes(copied: Copied, fault: str, when: str) -> None:
    """A7"""
    if when != "from the start":
        copied.pass_time(60)
    if when == "after another process":
        copied.press.publisher.close()
        copied.begin()
    FAULTS[fault](copied.bad)
    if when == "as trouble begins":
        told = declared(copied.press.stage, "cards")
        copied.pass_time(LOOK_S)
        assert told.id.encode() in (copied.good.read(FRONT) or b"")

    copied.pass_time(30 if when == "for half a minute" else ALARMED_WITHIN_S)

    alarmed, good = copied.alarmed(), copied.up_to_date(copied.good)
    _mend(copied)
    copied.pass_time(ALARMED_WITHIN_S)
    assert good and copied.up_to_date(copied.bad)
    assert [text.split(" has ")[0] for text in alarmed] == ([] if when == "for half a minute" else ["The page in copy A"])
    assert copied.alarmed() == []


def test_a_first_folder_that_fails_is_told_and_the_copies_go_on(copied: Copied, tmp_path: Path) -> None:
    copied.pass_time(60)
    first = copied.press.root / "public"
    first.rename(tmp_path / "away")
    first.write_text("a file where the folder was")
    told = declared(copied.press.stage, "cards")
    for _ in range(40):
        with suppress(OSError):
            copied.press.stage.clock.forward(seconds=5)
            copied.press.publisher.step()
        with suppress(OSError):
            copied.press.publisher.mirrors[1].step()
        copied.watch.step()

    assert told.id.encode() in (copied.good.read(FRONT) or b"")
    assert any(text.startswith("The page in the first has been out of date for") for text in copied.alarmed())


def test_a_first_folder_in_which_somebody_else_publishes_is_told(copied: Copied) -> None:
    copied.pass_time(60)
    copied.press.public.write(MANIFEST, Manifest(generation=10**9).to_bytes())

    copied.pass_time(3 * ALARMED_WITHIN_S)

    assert any("the first" in text and "somebody else wrote" in text for text in copied.alarmed())


def test_an_alarm_stands_until_the_copy_was_seen_to_be_right(copied: Copied) -> None:
    """Whoever begins to publish knows nothing yet: that is no end of the trouble."""
    copied.pass_time(60)
    FAULTS["refuses"](copied.bad)
    copied.pass_time(ALARMED_WITHIN_S)
    before = copied.alarmed()

    copied.press.publisher.close()
    copied.begin()
    copied.pass_time(3 * LOOK_S)
    after = copied.alarmed()
    _mend(copied)
    copied.pass_time(ALARMED_WITHIN_S)

    assert len(before) == 1 and after == before
    assert copied.alarmed() == []


def test_what_an_edition_brought_besides_is_not_lost_while_a_spoilt_copy_cannot_be_read(copied: Copied) -> None:
    copied.pass_time(60)
    mirror = copied.press.publisher.mirrors[0]
    copied.bad.write(FRONT, b"spoilt")
    copied.pass_time(30)
    page, made = PurePosixPath("en/history/2020-01/index.html"), next(iter(copied.press.publisher._hot.values()))
    copied.bad.fault = Refusal(errno.EIO)
    last = mirror._last
    assert last is not None
    mirror.offer(replace(last, generation=last.generation + 1, archive={page: made}))
    with suppress(OSError):
        mirror.step()

    _mend(copied)
    copied.pass_time(ALARMED_WITHIN_S)

    assert copied.bad.read(page) == made.body


def test_who_does_not_publish_says_nothing(copied: Copied) -> None:
    copied.pass_time(60)
    FAULTS["refuses"](copied.bad)
    copied.pass_time(30)

    copied.press.publisher.close()
    copied.press.stage.clock.forward(minutes=10)
    copied.watch.step()

    assert copied.alarmed() == []
