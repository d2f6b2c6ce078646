"""A time zone as iCalendar describes it (RFC 5545, 3.6.5): what its clocks show, and when they are put forward and back.

The library can make one too, but it begins summer time an hour late: it gives the hour that clocks show after the change, where the
format wants the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)  # fixed, so that a file stays as it is


@lru_cache
def described(name: str) -> Timezone:
    """The zone of this name in the tz database."""
    zone = ZoneInfo(name)
    onsets: dict[tuple[timedelta, timedelta, str], list[datetime]] = {}
    for at in (SINCE, *_changes(zone)):
        before = _offset(zone, at if at == SINCE else at - timedelta(minutes=1))
        key = before, _offset(zone, at), str(at.astimezone(zone).tzname())
        onsets.setdefault(key, []).append((at + before).replace(tzinfo=None))
    made = Timezone()
    made.add("tzid", name)
    for (before, after, letters), (first, *others) in onsets.items():
        part = TimezoneDaylight() if after > before else TimezoneStandard()
        part.add("dtstart", first)
        part.add("tzoffsetfrom", before)
        part.add("tzoffsetto", after)
        part.add("tzname", letters)
        if others:
            part.add("rdate", others)
        made.add_component(part)
    return made


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _changes(zone: ZoneInfo) -> Iterator[datetime]:
    """The moments at which the zone's clocks are changed, to the minute. No zone changes its clocks twice within a day."""
    day = SINCE
    while day < UNTIL:
        early, late = day, day + timedelta(days=1)
        if _offset(zone, early) != _offset(zone, late):
            while late - early > timedelta(minutes=1):
                middle = early + (late - early) // timedelta(minutes=2) * timedelta(minutes=1)
                early, late = (early, middle) if _offset(zone, middle) != _offset(zone, day) else (middle, late)
            yield late
        day += timedelta(days=1)
