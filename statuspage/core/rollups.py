"""Checks summed up: counts, a histogram of latencies with fixed buckets, and seconds up, down and without data.

What one check says holds until the next one of that probe and location, and for `cover_s` at most: three check intervals, after
which there is no data. All sums of a period are sums of its parts, so a day is made of its hours and both equal the raw results.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from statuspage.core.checks import CheckResult
from statuspage.core.detector import Level, level_of
from statuspage.core.status import MISSED_INTERVALS

# Upper bounds of the buckets in milliseconds, each about 1.5 times the one before; the last bucket has none.
BOUNDS_MS: tuple[float, ...] = (
    10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 7500, 10_000, 15_000, 20_000, 30_000,
)  # fmt: skip
COVER_MOST = timedelta(hours=1)


@dataclass(frozen=True)
class Rollup:
    """One probe at one location over one period.

    counts     outcome -> number of checks dated in the period
    histogram  number per bucket of BOUNDS_MS, of the checks that measured a latency
    up_s, down_s, no_data_s   whole seconds; together the length of the period
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    histogram: tuple[int, ...] = (0,) * (len(BOUNDS_MS) + 1)
    up_s: int = 0
    down_s: int = 0
    no_data_s: int = 0


def cover(interval_s: float) -> timedelta:
    """For how long a check counts if no other one follows."""
    return min(timedelta(seconds=MISSED_INTERVALS * interval_s), COVER_MOST)


def roll_up(results: Sequence[CheckResult], start: datetime, end: datetime, covers: timedelta) -> Rollup:
    """Sums up [start, end).

    results   of one probe at one location, by time; those dated up to `covers` before `start` too, since they reach into it.
              Later ones than `end` change nothing
    """
    within = [result for result in results if start <= result.at < end]
    counts: dict[str, int] = {}
    histogram = [0] * (len(BOUNDS_MS) + 1)
    for result in within:
        counts[result.outcome.value] = counts.get(result.outcome.value, 0) + 1
        if result.latency_ms is not None:
            histogram[bisect_left(BOUNDS_MS, result.latency_ms)] += 1
    seconds = {True: 0, False: 0}
    for up, begin, stop in _covered(results, covers):
        begin, stop = max(begin, start), min(stop, end)
        if begin < stop:
            seconds[up] += int(stop.timestamp()) - int(begin.timestamp())
    length = int(end.timestamp()) - int(start.timestamp())
    return Rollup(counts, tuple(histogram), seconds[True], seconds[False], length - seconds[True] - seconds[False])


def add_up(parts: Iterable[Rollup], length_s: int) -> Rollup:
    """A longer period from its parts. length_s: of the whole; what no part covers has no data."""
    counts: dict[str, int] = {}
    histogram = [0] * (len(BOUNDS_MS) + 1)
    up = down = 0
    for part in parts:
        for outcome, number in part.counts.items():
            counts[outcome] = counts.get(outcome, 0) + number
        histogram = [one + other for one, other in zip(histogram, part.histogram, strict=True)]
        up, down = up + part.up_s, down + part.down_s
    return Rollup(counts, tuple(histogram), up, down, length_s - up - down)


def quantile(histogram: Sequence[int], share: float) -> float | None:
    """The bound in milliseconds below which that share of the checks lies; None without checks, infinity beyond the last bound."""
    total = sum(histogram)
    if not total:
        return None
    seen = 0
    for number, bound in zip(histogram, (*BOUNDS_MS, float("inf")), strict=True):
        seen += number
        if seen >= share * total:
            return bound
    return float("inf")


def _covered(results: Sequence[CheckResult], covers: timedelta) -> Iterator[tuple[bool, datetime, datetime]]:
    """Up or down, from each check that says so until the next check, or until it is too old. A part that fails is up."""
    for place, result in enumerate(results):
        if not result.outcome.counts:
            continue
        stop = result.at + covers
        if place + 1 < len(results):
            stop = min(stop, results[place + 1].at)
        yield level_of(result) is not Level.DOWN, result.at, stop
