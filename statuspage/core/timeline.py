"""What a component showed when: an append-only list of status changes, read as spans, days and sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.core.days import midnight
from statuspage.core.vocabulary import ComponentStatus, Source


@dataclass(frozen=True)
class StatusChange:
    """From effective_at on the component showed `status`, until the next change.

    subject_id   incident or planned work that it came from; None for a verdict or a person's backfill
    recorded_at  when it was written down; of two changes with one effective_at the one written later counts
    """

    slug: str
    status: ComponentStatus
    source: Source
    effective_at: datetime
    recorded_at: datetime
    subject_id: str | None = None


@dataclass(frozen=True)
class Span:
    """One status from `start` up to, not including, `end`."""

    status: ComponentStatus
    start: datetime
    end: datetime


@dataclass(frozen=True)
class DaySeconds:
    """Whole seconds per status on one local day. A day under way has fewer than a full day's; a day of summer time 23 or 25 hours."""

    day: date
    seconds: dict[ComponentStatus, int]


def spans(changes: Sequence[StatusChange], start: datetime, end: datetime) -> list[Span]:
    """What one component showed from `start` to `end`, without gaps; UNKNOWN before the first change.

    changes   of that component, by effective_at, of equals the one recorded later last
    """
    found: list[Span] = []
    for status, begin, stop in _pieces(changes, start, end):
        if found and found[-1].status is status:
            found[-1] = Span(status, found[-1].start, stop)
        else:
            found.append(Span(status, begin, stop))
    return found


def _pieces(changes: Sequence[StatusChange], start: datetime, end: datetime) -> Iterator[tuple[ComponentStatus, datetime, datetime]]:
    status, begin = ComponentStatus.UNKNOWN, start
    for change in changes:
        if change.effective_at >= end:
            break
        if change.effective_at > begin:
            yield status, begin, change.effective_at
            begin = change.effective_at
        status = change.status
    if begin < end:
        yield status, begin, end


def by_day(changes: Sequence[StatusChange], first: date, last: date, zone: ZoneInfo, now: datetime) -> list[DaySeconds]:
    """Seconds per status on each local day from `first` to `last`, both included; nothing after `now`.

    Moments are cut to whole seconds before they are subtracted, so that the seconds of a day that is over add up to its length.
    """
    days = [DaySeconds(first + timedelta(days=number), {}) for number in range((last - first).days + 1)]
    for day in days:
        end = min(midnight(day.day + timedelta(days=1), zone), now)
        for span in spans(changes, midnight(day.day, zone), end):
            length = int(span.end.timestamp()) - int(span.start.timestamp())
            if length:
                day.seconds[span.status] = day.seconds.get(span.status, 0) + length
    return days


def backfill(
    changes: Sequence[StatusChange], *, slug: str, status: ComponentStatus, start: datetime, end: datetime, now: datetime
) -> list[StatusChange]:
    """The changes to add so that the component showed `status` from `start` to `end`. None of the old ones is touched.

    changes   all of that component, in the order of spans()
    returns   one at `start`, one over each old change in between, and one at `end` that gives back what held then
    raises    ValueError unless start < end <= now
    """
    if not start < end <= now:
        raise ValueError(f"{slug}: a past from {start} to {end} was given; it must begin before it ends, and end before {now}")

    def entry(at: datetime, shown: ComponentStatus) -> StatusChange:
        return StatusChange(slug, shown, Source.PERSON, at, now)

    between = sorted({change.effective_at for change in changes if start < change.effective_at < end})
    after = next((span.status for span in spans(changes, end, end + timedelta(microseconds=1))), ComponentStatus.UNKNOWN)
    return [entry(start, status), *(entry(at, status) for at in between), entry(end, after)]


def in_order(changes: Iterable[StatusChange]) -> list[StatusChange]:
    """By effective_at; of equals the one that was given later stays later."""
    return sorted(changes, key=lambda change: change.effective_at)
