"""Ninety days of one component: a path per status for the bar, and the list of the bad days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

from statuspage.core.status import uptime, worst
from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish.snapshot import HISTORY_DAYS, Day

BAD = (ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE)
STEP = 4  # units per day in the drawing, one of them the gap; the style sheet's stroke-dasharray is "3 1"
HEIGHT = 24
# How high a status stands: what is wrong is higher, so that the bar reads without colour.
LINE = {
    ComponentStatus.OPERATIONAL: 12,
    ComponentStatus.UNDER_MAINTENANCE: 12,
    ComponentStatus.UNKNOWN: 4,
    ComponentStatus.DEGRADED_PERFORMANCE: 18,
    ComponentStatus.PARTIAL_OUTAGE: 21,
    ComponentStatus.MAJOR_OUTAGE: 24,
}


class BarPath(NamedTuple):
    """All days of one status: `d` of an SVG path whose dashes are the days, drawn `width` units high."""

    status: ComponentStatus
    d: str
    width: int


class BadDay(NamedTuple):
    """A day on which something was wrong, with the seconds of each bad status, gravest first."""

    day: date
    seconds: tuple[tuple[ComponentStatus, int], ...]


def shade(seconds: Mapping[ComponentStatus, int]) -> ComponentStatus:
    """The one status a day is drawn in: its gravest; UNKNOWN where most of it was not seen and nothing bad is known."""
    seen = {status: length for status, length in seconds.items() if length > 0}
    blind = seen.pop(ComponentStatus.UNKNOWN, 0)
    found = worst(seen)
    if found in BAD or (seen and sum(seen.values()) >= blind):
        return found
    return ComponentStatus.UNKNOWN


def window(days: Sequence[Day], today: date) -> list[ComponentStatus]:
    """One status per day for the 90 days that end today; UNKNOWN where nothing is recorded."""
    recorded = {day.day: shade(day.seconds) for day in days}
    first = today - timedelta(days=HISTORY_DAYS - 1)
    return [recorded.get(first + timedelta(days=number), ComponentStatus.UNKNOWN) for number in range(HISTORY_DAYS)]


def bar(statuses: Sequence[ComponentStatus]) -> list[BarPath]:
    """One path per status that occurs. A run of n days is one line of 4n-1 units: its dashes, 3 on and 1 off, are the days."""
    runs: dict[ComponentStatus, list[str]] = {}
    place = 0
    for status, run in groupby(statuses):
        length = len(list(run))
        middle = HEIGHT - LINE[status] / 2
        runs.setdefault(status, []).append(f"M{place * STEP} {middle:g}h{length * STEP - 1}")
        place += length
    return [BarPath(status, "".join(runs[status]), LINE[status]) for status in ComponentStatus if status in runs]


def bad_days(days: Iterable[Day], today: date) -> list[BadDay]:
    """The days of the window with something wrong, newest first."""
    first = today - timedelta(days=HISTORY_DAYS - 1)
    found = (
        BadDay(day.day, tuple((status, day.seconds[status]) for status in BAD if day.seconds.get(status, 0) > 0))
        for day in days
        if first <= day.day <= today
    )
    return sorted((bad for bad in found if bad.seconds), reverse=True)


def share_up(days: Iterable[Day], today: date) -> float | None:
    """Uptime over the window by core.status.uptime, 0.0 to 1.0; None if nothing is known."""
    first = today - timedelta(days=HISTORY_DAYS - 1)
    total: dict[ComponentStatus, float] = {}
    for day in days:
        if first <= day.day <= today:
            for status, length in day.seconds.items():
                total[status] = total.get(status, 0.0) + length
    return uptime(total)


class History(NamedTuple):
    """Everything that the page draws and lists of one component's days. `up`: see share_up."""

    bar: tuple[BarPath, ...]
    bad: tuple[BadDay, ...]
    up: float | None


def history(days: Sequence[Day], today: date) -> History:
    """The same in every language: make it once."""
    return History(tuple(bar(window(days, today))), tuple(bad_days(days, today)), share_up(days, today))
