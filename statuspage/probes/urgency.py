"""What ends on a known day: operators are told three times, each time more urgently, and each time once."""

from __future__ import annotations

from typing import Protocol


class Limits(Protocol):
    """Days left at which operators are told."""

    @property
    def warn_days(self) -> float: ...
    @property
    def alarm_days(self) -> float: ...
    @property
    def page_days(self) -> float: ...


def check_limits(limits: Limits) -> None:
    """Raises ValueError where they are not in order."""
    if not limits.warn_days >= limits.alarm_days >= limits.page_days >= 0:
        raise ValueError("warn_days, alarm_days and page_days must fall in this order, and not below 0")


def alarms_by_days(key: str, days: float, limits: Limits, said: str) -> dict[str, str]:
    """Alarm key -> text, "" where it is not that urgent. One key for each degree: an open alarm is not told anew."""
    levels = ((key, "Soon", limits.warn_days), (f"{key}:now", "Now", limits.alarm_days), (f"{key}:at-once", "At once", limits.page_days))
    return {name: f"{urgency}: {said}" if days <= limit else "" for name, urgency, limit in levels}
