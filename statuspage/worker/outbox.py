"""Results on their way to the store: in memory, and on disk while the store is away. Bounded; the oldest are dropped first, and counted."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from statuspage.core.checks import CheckResult
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.ports import FilesPort

LIMIT = 50_000
BATCH = 500


def encode(result: CheckResult) -> str:
    """One line of JSON."""
    return json.dumps(
        {
            "probe": result.probe,
            "location": result.location,
            "sequence": result.sequence,
            "at": result.at.isoformat(),
            "outcome": result.outcome,
            "reason": result.reason,
            "latency_ms": result.latency_ms,
            "phases_ms": dict(result.phases_ms),
            "evidence": result.evidence,
            "partial": result.partial,
        },
        ensure_ascii=True,
    )


def decode(line: str) -> CheckResult:
    """What encode() wrote. Raises ValueError, KeyError or TypeError for anything else."""
    data: Mapping[str, Any] = json.loads(line)
    return CheckResult(
        probe=data["probe"],
        location=data["location"],
        sequence=data["sequence"],
        at=datetime.fromisoformat(data["at"]),
        outcome=Outcome(data["outcome"]),
        reason=Reason(data["reason"]),
        latency_ms=data["latency_ms"],
        phases_ms=data["phases_ms"],
        evidence=data["evidence"],
        partial=data["partial"],
    )


@dataclass(frozen=True)
class Batch:
    """Some results in a row. end: the number of the first result after them, counted since the outbox was made."""

    results: tuple[CheckResult, ...]
    end: int


class Outbox:
    """First in, first out; results are counted through, so that what was dropped or handed over meanwhile does no harm.

    Only the prober's thread touches it; files are read and written by the helpers below.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._waiting: deque[CheckResult] = deque()
        self._first = 0  # number of the oldest result that waits
        self._saved_end = 0  # results before this number are on disk
        self._segments: deque[tuple[PurePosixPath, int]] = deque()  # file, number of the first result after it

    def __len__(self) -> int:
        return len(self._waiting)

    def restore(self, segments: Iterable[tuple[PurePosixPath, Sequence[CheckResult]]]) -> int:
        """Takes in what an earlier process left on disk; for a new outbox. Returns how many were too many, and dropped."""
        dropped = 0
        for path, results in segments:
            dropped += self.add(results)
            self.saved(path, self._end)
        return dropped

    def add(self, results: Iterable[CheckResult]) -> int:
        """Returns how many of the oldest were dropped for it."""
        self._waiting.extend(results)
        dropped = max(0, len(self._waiting) - self.limit)
        self._remove(dropped)
        return dropped

    def batch(self) -> Batch:
        """The oldest results; they stay until done()."""
        return self._from(self._first, BATCH)

    def unsaved(self) -> Batch:
        """Those that are not on disk."""
        return self._from(max(self._saved_end, self._first), len(self._waiting))

    def done(self, end: int) -> None:
        """All results before that number were handed over."""
        self._remove(max(0, end - self._first))

    def saved(self, path: PurePosixPath, end: int) -> None:
        """The results before that number are on disk, the newest of them in that file."""
        self._segments.append((path, end))
        self._saved_end = max(self._saved_end, end)

    def finished_files(self) -> list[PurePosixPath]:
        """Files whose results wait no more; each is named once."""
        finished = []
        while self._segments and self._segments[0][1] <= self._first:
            finished.append(self._segments.popleft()[0])
        return finished

    @property
    def _end(self) -> int:
        return self._first + len(self._waiting)

    def _from(self, start: int, count: int) -> Batch:
        results = tuple(islice(self._waiting, start - self._first, start - self._first + count))
        return Batch(results, start + len(results))

    def _remove(self, count: int) -> None:
        for _ in range(count):
            self._waiting.popleft()
        self._first += count


def write_segment(files: FilesPort, folder: PurePosixPath, results: Sequence[CheckResult]) -> PurePosixPath:
    """Writes results to a new file; names sort by age."""
    first = results[0]
    path = folder / f"{first.at:%Y%m%dT%H%M%S%f}-{first.probe}-{first.sequence}.jsonl"
    files.write(path, "".join(encode(result) + "\n" for result in results).encode("ascii"))
    return path


def read_segments(files: FilesPort, folder: PurePosixPath) -> list[tuple[PurePosixPath, list[CheckResult]]]:
    """All files, oldest first; lines that cannot be read are left out."""
    found = []
    for path in sorted(files.list(folder)):
        results = []
        for line in (files.read(path) or b"").decode("ascii", "replace").splitlines():
            try:
                results.append(decode(line))
            except (ValueError, KeyError, TypeError):
                continue
        found.append((path, results))
    return found
