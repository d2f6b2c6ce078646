"""Local days and their hours, as moments. A day of summer time has 23 or 25 hours, in some zones a half."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a local day begins, in UTC. Where the clocks skip midnight, the first moment that exists."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The local day on which a moment falls."""
    return moment.astimezone(zone).date()


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Beginning and end of a local day, in UTC."""
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)


def hours(day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """The hours of a local day, counted from its midnight; the last one is shorter where the clocks move by half an hour."""
    start, end = bounds(day, zone)
    found = []
    while start < end:
        stop = min(start + HOUR, end)
        found.append((start, stop))
        start = stop
    return found
