"""What keeps the machine from talking too much: few new automatic incidents per component, and patience while something flaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

DAY = timedelta(hours=24)
FLAPS = 3  # so many failures of a component within FLAP_WINDOW are flapping
FLAP_WINDOW = timedelta(minutes=30)


def may_begin(begun: Iterable[datetime], now: datetime, *, every_s: float, per_day: int) -> bool:
    """True if one more automatic incident may name a component.

    begun     moments at which automatic incidents naming it were begun; reopening an old one begins none
    every_s   at most one in so many seconds; per_day: at most so many in any 24 hours
    """
    recent = [moment for moment in begun if now - DAY < moment]
    return len(recent) < per_day and all(now - moment >= timedelta(seconds=every_s) for moment in recent)


def calm_needed(failed_at: Sequence[datetime], now: datetime, *, flapping_s: float) -> timedelta:
    """How long a component must be good before the public is told that it works again: at once, or longer while it flaps.

    failed_at    moments at which its verdict turned to failing
    flapping_s   what flaps must be good for so many seconds
    """
    recent = sum(now - moment < FLAP_WINDOW for moment in failed_at)
    return timedelta(seconds=flapping_s) if recent >= FLAPS else timedelta(0)
