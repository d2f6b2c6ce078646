"""A further folder with the same files, kept by a loop of its own: it may fail or hang without holding up the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath

from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.publish.writer import Edition, Superseded, Target, Writer

LOOK_EVERY_S = 0.2
AT_ONCE = 100  # files of the archive compared in one step


class Mirror:
    """offer() and look_again() are called by the publisher's thread, step() by the mirror's own."""

    def __init__(self, name: str, source: Target, target: Target) -> None:
        self.name = name
        self._source, self._target = source, target
        self._writer = Writer(target)
        self._lock = threading.Lock()
        self._next: Edition | None = None
        self._missing: Iterator[PurePosixPath] | None = None
        self._doubtful = False

    def offer(self, edition: Edition) -> None:
        """The newest edition. One that was not written yet gives way to it; what it brought for the archive is kept."""
        with self._lock:
            self._next = _joined(self._next, edition)

    def look_again(self) -> None:
        """Another process may write to the folder from now on, and may die half-way."""
        with self._lock:
            self._doubtful = True

    def step(self) -> float:
        """Writes the newest edition, or after a start compares some files of the archive. Raises what the folder raises."""
        with self._lock:
            edition, self._next = self._next, None
            if self._doubtful:
                self._doubtful, self._writer, self._missing = False, Writer(self._target), None
        if edition is None:
            self._compare()
            return LOOK_EVERY_S
        try:
            for _ in self._writer.write(edition):
                pass
        except Superseded:
            return LOOK_EVERY_S
        except Exception:
            with self._lock:
                self._next = _joined(edition, self._next) if self._next else edition
            raise
        return LOOK_EVERY_S

    def _compare(self) -> None:
        """Once after each start: files that only the first folder has, or has otherwise, are copied; the hot set comes by editions."""
        if self._missing is None:
            self._missing = iter(self._source.list(PurePosixPath()))
        some = list(islice(self._missing, AT_ONCE))
        hot = Manifest.from_bytes(self._target.read(MANIFEST)).files if some else {}
        for path in some:
            body = self._source.read(path)
            listed = path == MANIFEST or path in hot or path.with_suffix("") in hot
            if not listed and body is not None and self._target.read(path) != body:
                self._target.write(path, body)


def _joined(before: Edition | None, after: Edition) -> Edition:
    """The later edition, with what the earlier one would still have put into the archive and taken away."""
    if before is None:
        return after
    return replace(after, archive={**before.archive, **after.archive}, gone={*before.gone, *after.gone})
