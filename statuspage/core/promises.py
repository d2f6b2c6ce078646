"""When the next update is promised, when a person is reminded of it, when it is broken, and how long a notice stays true.

Promises are shown to the minute, so they are made for whole minutes, and one is kept by whatever is said within its minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from statuspage.core.vocabulary import Impact, NoticeKind

SHOWN_TO = timedelta(minutes=1)
RESOLVED_VALID = timedelta(hours=2)  # "it works again" is news for so long
LASTING_VALID = timedelta(hours=24)  # what no later statement makes untrue: a correction, a warning, an explanation

_LASTING = (NoticeKind.CORRECTION, NoticeKind.FRAUD_WARNING, NoticeKind.POSTMORTEM)


@dataclass(frozen=True)
class Cadence:
    """How often something is said while trouble lasts.

    every_s        impact -> seconds between two updates in the beginning
    slow_after_s   age of the trouble after which they come every slow_every_s, if that is rarer
    """

    every_s: Mapping[Impact, float]
    slow_after_s: float
    slow_every_s: float


def next_update(now: datetime, *, began_at: datetime, impact: Impact, cadence: Cadence) -> datetime:
    """The moment by which the next update is promised, a whole minute and always after `now`.

    Each update says when the next one comes; after slow_after_s (two hours, as PagerDuty's public guide advises) they come
    less often. The interval of the age that the trouble has *at the promised time* counts, so the promise itself announces it.
    """
    every = cadence.every_s[impact]
    if (now - began_at).total_seconds() + every > cadence.slow_after_s:
        every = max(every, cadence.slow_every_s)
    return whole_minute(now + timedelta(seconds=every))


def whole_minute(moment: datetime) -> datetime:
    """The moment itself if it is a whole minute, else the next one."""
    cut = moment.replace(second=0, microsecond=0)
    return cut if cut == moment else cut + SHOWN_TO


def valid_until(kind: NoticeKind, *, made_at: datetime, next_update_by: datetime | None) -> datetime:
    """After this the notice is never sent by itself: what it says may have changed.

    While something is promised: the promised moment. What stays true: 24 h, so that a correction reaches a network that is down
    for longer than the promise. Else, when it is over: 2 h.
    """
    if kind in _LASTING:
        return made_at + LASTING_VALID
    return next_update_by or made_at + RESOLVED_VALID


def remind_at(*, made_at: datetime, next_update_by: datetime, before_s: float) -> datetime:
    """When engineers are reminded: before_s before the promised moment, but not in the first half of the time they have."""
    return max(next_update_by - timedelta(seconds=before_s), made_at + (next_update_by - made_at) / 2)


def is_broken(*, next_update_by: datetime, kept_at: datetime) -> bool:
    """True if the update came after the promised minute was over."""
    return kept_at >= next_update_by + SHOWN_TO


def late_s(*, next_update_by: datetime, kept_at: datetime) -> float:
    """Seconds after the promised moment; 0.0 for an update that came in time."""
    return max(0.0, (kept_at - next_update_by).total_seconds())
