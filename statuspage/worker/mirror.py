"""A further folder with the same files, kept by a loop of its own: it may fail or hang without holding up the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath
from typing import NamedTuple

import structlog

from statuspage.ports import Clock
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.publish.writer import Busy, Edition, Superseded, Target, Writer

LOOK_EVERY_S = 0.2
CONFIRM_EVERY_S = 20.0  # while nothing changes: does the folder still show what was put there?
AT_ONCE = 100  # files of the archive compared in one step
log = structlog.get_logger("statuspage.mirror")


class Behind(NamedTuple):
    """seconds    0.0 for a folder that shows what it should, as far as is known
    fault      what went wrong there, for engineers; empty if nothing did, so that it is slow or hangs
    confirmed  it was seen to be right since this process publishes
    """

    seconds: float
    fault: str
    confirmed: bool


def told(error: Exception) -> str:
    """What may be shown of an error: of a database's it is only the kind, for it may quote what nobody should read."""
    return str(error) if isinstance(error, OSError | Busy | Superseded) else type(error).__name__


class Mirror:
    """offer() and look_again() are called by the publisher's thread, step() by the mirror's own, behind() by anybody."""

    def __init__(self, name: str, source: Target, target: Target, clock: Clock) -> None:
        self.name = name
        self._source, self._target, self._clock = source, target, clock
        self._writer = Writer(target)
        self._lock = threading.Lock()
        self._next: Edition | None = None
        self._last: Edition | None = None
        self._missing: Iterator[PurePosixPath] | None = None
        self._doubtful = False
        self._confirm_at = 0.0
        self._behind_since: float | None = None
        self._spoilt = self._confirmed = False
        self._fault = ""

    def offer(self, edition: Edition) -> None:
        """The newest edition. One that was not written yet gives way to it; what it brought for the archive is kept."""
        with self._lock:
            self._next = _joined(self._next, edition)
            if self._behind_since is None:
                self._behind_since = self._clock.monotonic()

    def look_again(self) -> None:
        """Another process may write to the folder from now on, and may die half-way."""
        with self._lock:
            self._doubtful, self._next, self._last = True, None, None
            self._behind_since, self._spoilt, self._confirmed, self._fault = None, False, False, ""

    def behind(self) -> Behind:
        """For how long the folder has not shown what it should, and the last thing that went wrong there."""
        with self._lock:
            since = self._behind_since
            return Behind(0.0 if since is None else self._clock.monotonic() - since, self._fault, self._confirmed)

    def step(self) -> float:
        """Writes the newest edition; else, after a start, compares some files of the archive, and now and then looks at what stands there.

        Raises what the folder raises.
        """
        with self._lock:
            edition, self._next = self._next, None
            if self._doubtful:
                self._doubtful, self._writer, self._missing = False, Writer(self._target), None
        try:
            if edition is not None:
                self._write(edition)
            elif not self._compare() and self._last is not None and self._clock.monotonic() >= self._confirm_at:
                self._confirm(self._last)
        except Exception as error:
            with self._lock:
                self._fault = told(error)
            raise
        return LOOK_EVERY_S

    def _write(self, edition: Edition) -> None:
        last = self._last
        try:
            if self._spoilt and last is not None and self._stands(last):
                self._spoilt = False
            for _ in self._writer.write(edition):
                pass
        except Superseded as error:  # of our own older edition if another process publishes now; else somebody else writes there
            with self._lock:
                self._fault = str(error)
            return
        except Exception:
            with self._lock:
                if not self._doubtful:  # else another process publishes by now, and this edition is an old one
                    self._next = _joined(edition, self._next) if self._next else edition
            raise
        with self._lock:
            self._last = None if self._doubtful else edition
        self._confirm(edition, written=True)

    def _confirm(self, edition: Edition, *, written: bool = False) -> None:
        """Reads back what tells the copies apart. What is wrong is written anew with the next edition, a heartbeat later at the latest.

        A copy that was spoilt is trusted again when it has stood for a while: what somebody spoils again and again is behind all the time.
        """
        now = self._clock.monotonic()
        self._confirm_at, stands = now + CONFIRM_EVERY_S, self._stands(edition)
        with self._lock:
            if self._doubtful:
                return  # another process publishes by now
            if not stands:
                self._spoilt = self._doubtful = True
                self._fault = "What was written there does not stay."
                self._behind_since = now if self._behind_since is None else self._behind_since
            elif not (self._spoilt and written):
                self._spoilt, self._fault, self._confirmed = False, "", True
                self._behind_since = None if self._next is None else now
        if not stands:
            log.warning("a copy of the page does not show what was written there, and is written anew", copy=self.name)

    def _stands(self, edition: Edition) -> bool:
        first = next(iter(edition.hot))
        page = self._target.read(first)
        manifest = Manifest.from_bytes(self._target.read(MANIFEST))
        return manifest.generation == edition.generation and page == edition.hot[first].body

    def _compare(self) -> bool:
        """Once after each start: files that only the first folder has, or has otherwise, are copied; the hot set comes by editions.

        False once all were.
        """
        if self._missing is None:
            self._missing = iter(self._source.list(PurePosixPath()))
        some = list(islice(self._missing, AT_ONCE))
        hot = Manifest.from_bytes(self._target.read(MANIFEST)).files if some else {}
        for path in some:
            body = self._source.read(path)
            listed = path == MANIFEST or path in hot or path.with_suffix("") in hot
            if not listed and body is not None and self._target.read(path) != body:
                self._target.write(path, body)
        return bool(some)


def _joined(before: Edition | None, after: Edition) -> Edition:
    """The later edition, with what the earlier one would still have put into the archive and taken away."""
    if before is None:
        return after
    return replace(after, archive={**before.archive, **after.archive}, gone={*before.gone, *after.gone})
