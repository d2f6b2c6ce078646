"""What a prober has to do with the store and its disk. Runs in the engine's helper thread, so that no check waits with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import structlog

from statuspage.actions.alarms import clear_alarm, raise_alarm, raise_in
from statuspage.actions.checks import record
from statuspage.actions.context import Context
from statuspage.core.checks import CheckResult
from statuspage.core.detector import Streak, observe
from statuspage.ports import FilesPort
from statuspage.probes.notebook import Notebook
from statuspage.settings import Settings
from statuspage.store import Session, checks, counters, detector, otp, sequences, switches
from statuspage.store.trouble import StoreFull
from statuspage.worker.outbox import Batch, read_segments, write_segment
from statuspage.worker.plan import NEVER_CHECKED, policy_of

LATE_COUNTER = "statuspage_late_checks_total"
CHECKS_COUNTER = "statuspage_checks_total"
DROPPED_COUNTER = "statuspage_dropped_results_total"
UNREAD_AT_MOST = 50  # results that the verdict has not seen yet; of more, the newest tell enough
LOST_FOR_S = 600.0  # without a loss: the alarm is over
log = structlog.get_logger("statuspage.prober")


def known_streaks(session: Session, settings: Settings, location: str) -> dict[str, Streak]:
    """Probe -> its streak at that location: as the verdict left it, and what was recorded since.

    A prober that begins in the middle of an outage thus looks closer when it ends, as the one before it would have done.
    """
    saved = detector.load(session).streaks
    streaks = {}
    for probe in settings.probes:
        streak, policy = saved.get((probe.name, location), NEVER_CHECKED), policy_of(probe)
        for result in checks.since(session, location, probe.name, streak.last_sequence, UNREAD_AT_MOST):
            streak, _ = observe(streak, result, policy)
        streaks[probe.name] = streak
    return streaks


class StoredSteps:
    """Used one-time codes, remembered by the store."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def claim(self, account: str, step: int) -> bool:
        with self._ctx.ports.store.writing() as session:
            return otp.claim(session, account, step)


@dataclass(frozen=True)
class Prepared:
    """What an earlier process left: sequences and streaks by probe, results that still wait, notes about test accounts."""

    sequences: Mapping[str, int]
    streaks: Mapping[str, Streak]
    segments: tuple[tuple[PurePosixPath, tuple[CheckResult, ...]], ...]
    notebook: Notebook


@dataclass(frozen=True)
class Errand:
    """One trip: results to hand over, counts to add, alarms to raise ("" clears), a notebook to keep, files to remove.

    batch     results to hand over;  unsaved: results to put on disk if that does not work
    notebook  JSON, or None if it has not changed
    """

    batch: Batch
    unsaved: Batch
    counts: Mapping[tuple[str, str], float] = field(default_factory=dict)
    alarms: Mapping[str, str] = field(default_factory=dict)
    notebook: str | None = None
    finished: tuple[PurePosixPath, ...] = ()


@dataclass(frozen=True)
class Returned:
    """How it went. off: whether all probing is switched off, None if that could not be read. saved: the file written instead."""

    delivered: bool
    off: bool | None = None
    saved: PurePosixPath | None = None


class Lost:
    """Results that were dropped since the database had no room: an alarm as soon as one fits, over when none is lost for a while."""

    def __init__(self, ctx: Context, location: str) -> None:
        self._ctx = ctx
        self._location = location
        self._untold = 0
        self._last_at: float | None = None

    def note(self, dropped: int) -> None:
        """After each hand-over. Raises other trouble of the store."""
        now = self._ctx.ports.clock.monotonic()
        if dropped:
            self._untold, self._last_at = self._untold + dropped, now
        try:
            if self._untold:
                self._tell()
            elif self._last_at is not None and now - self._last_at >= LOST_FOR_S:
                clear_alarm(self._ctx, f"full:{self._location}")
                self._last_at = None
        except StoreFull:
            return  # not even an alarm fits; it is tried again at the next hand-over

    def _tell(self) -> None:
        with self._ctx.ports.store.writing() as session:
            text = (
                f"Location {self._location}: the disk of the database was full, and check results were dropped, {self._untold} so far. "
                "The page shows “no data” where nobody knows; what people announce goes first. Free some space; the rest comes by itself."
            )
            raise_in(session, self._ctx, f"full:{self._location}", text)
            counters.add(session, DROPPED_COUNTER, {"location": self._location}, self._untold)
        self._untold = 0


class Errands:
    """All trips of one location's prober."""

    def __init__(self, ctx: Context, location: str, files: FilesPort) -> None:
        self._ctx = ctx
        self._location = location
        self._files = files
        self._folder = PurePosixPath("prober") / location
        self._away = False
        self._lost = Lost(ctx, location)

    def prepare(self) -> Prepared:
        """Reads what there is; a store that is away is no reason not to begin."""
        found: Mapping[str, int] = {}
        streaks: Mapping[str, Streak] = {}
        try:
            with self._ctx.ports.store.reading() as session:
                found = sequences.newest(session, self._location)
                streaks = known_streaks(session, self._ctx.settings, self._location)
        except Exception as error:
            log.warning("the store does not answer; checks begin all the same", location=self._location, error=type(error).__name__)
        segments = tuple((path, tuple(results)) for path, results in read_segments(self._files, self._folder / "waiting"))
        highest = dict(found)
        for result in (result for _, results in segments for result in results):
            highest[result.probe] = max(highest.get(result.probe, 0), result.sequence)
        return Prepared(highest, streaks, segments, self._notebook())

    def keep(self, notebook: str) -> None:
        """Puts a notebook (JSON) on disk at once: an order is about to be sent. Raises OSError."""
        self._files.write(self._folder / "notebook.json", notebook.encode("ascii"))

    def keep_by_hand(self, notebook: Notebook) -> None:
        """Puts down what a check by hand learnt of test accounts. Not into the prober's own: it may be at work, and overwrites them."""
        try:
            self._files.write(self._folder / "by-hand.json", json.dumps(notebook.dump()).encode("ascii"))
        except OSError as error:
            log.warning("notes about test accounts cannot be kept", location=self._location, error=error.strerror)

    def run(self, errand: Errand) -> Returned:
        """Never raises: trouble of the store leaves the results where they are, and on disk as well."""
        self._keep(errand)
        try:
            returned = self._to_store(errand)
        except Exception as error:
            if not self._away:
                log.warning("the store does not take results; they wait here", location=self._location, error=type(error).__name__)
            self._away = True
            return Returned(delivered=False, saved=self._to_disk(errand.unsaved))
        self._away = False
        return returned

    def _to_store(self, errand: Errand) -> Returned:
        if errand.batch.results:
            self._lost.note(record(self._ctx, errand.batch.results))
        for key, text in errand.alarms.items():
            if text:
                raise_alarm(self._ctx, key, text)
            else:
                clear_alarm(self._ctx, key)
        if errand.counts:
            with self._ctx.ports.store.writing() as session:
                for (name, probe), value in errand.counts.items():
                    labels = {"location": self._location, **({"probe": probe} if probe else {})}
                    counters.add(session, name, labels, value)
        with self._ctx.ports.store.reading() as session:
            off = switches.is_off(session, switches.PROBING)
        return Returned(delivered=True, off=off)

    def _to_disk(self, unsaved: Batch) -> PurePosixPath | None:
        if not unsaved.results:
            return None
        try:
            return write_segment(self._files, self._folder / "waiting", unsaved.results)
        except OSError as error:
            log.warning("results cannot be kept on disk; they wait in memory", location=self._location, error=error.strerror)
            return None

    def _keep(self, errand: Errand) -> None:
        try:
            if errand.notebook is not None:
                self.keep(errand.notebook)
            for path in errand.finished:
                self._files.remove(path)
        except OSError as error:
            log.warning("notes about test accounts cannot be kept", location=self._location, error=error.strerror)

    def _notebook(self) -> Notebook:
        """The prober's notes, and of test accounts what checks by hand learnt too."""
        book = self._read("notebook.json")
        try:
            book.join(self._read("by-hand.json"))
        except OSError as error:  # another user's, who looked by hand: no reason not to begin
            log.warning("notes of checks by hand cannot be read", location=self._location, error=error.strerror)
        return book

    def _read(self, name: str) -> Notebook:
        data = self._files.read(self._folder / name)
        if data is None:
            return Notebook()
        try:
            return Notebook.load(json.loads(data))
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("the notes about test accounts cannot be read; they begin anew", location=self._location)
            return Notebook()
