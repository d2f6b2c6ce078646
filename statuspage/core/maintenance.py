"""Windows of planned work and what they silence."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.core.vocabulary import MaintenanceStatus


@dataclass(frozen=True)
class Maintenance:
    """Planned work on some components between two moments. Cancelled work is completed with `cancelled` set."""

    id: str
    titles: Mapping[str, str]
    status: MaintenanceStatus
    components: tuple[str, ...]
    symptom: str
    created_at: datetime
    updated_at: datetime
    scheduled_for: datetime
    scheduled_until: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled: bool = False
    drill: bool = False
    next_update_by: datetime | None = None
    version: int = 1

    def silences(self, slug: str, at: datetime) -> bool:
        """True while the work on that component runs: started, not yet ended, not cancelled."""
        if self.cancelled or slug not in self.components or self.started_at is None:
            return False
        end = self.completed_at or self.scheduled_until
        return self.started_at <= at < end


def last_working_day(day: date) -> date:
    """The last day of that day's month that is neither Saturday nor Sunday: pay day for many. Holidays are not known here."""
    last = day.replace(day=calendar.monthrange(day.year, day.month)[1])
    return last - timedelta(days=max(0, last.weekday() - 4))


def touches_pay_day(start: datetime, end: datetime, zone: ZoneInfo) -> date | None:
    """The last working day of a month that work between two moments touches, by the bank's calendar; None for none."""
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        if day == last_working_day(day):
            return day
        day += timedelta(days=1)
    return None
