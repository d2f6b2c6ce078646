"""Results that arrive late, twice or in another order, put back into their location's sequence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

PATIENCE = timedelta(seconds=3)  # how long a gap in a sequence holds back what came after it


class Numbered(Protocol):
    """Anything with a place in a sequence and a moment of arrival by our own clock."""

    @property
    def sequence(self) -> int: ...
    @property
    def received_at(self) -> datetime: ...


Item = TypeVar("Item", bound=Numbered)


def dated(at: datetime, received_at: datetime, after: datetime | None) -> datetime:
    """The moment from which a result counts: its own, moved on to that of the result it follows, which moves it past its arrival never.

    at      its own moment: before `after` where the result it follows waited on our own side, and this one did not
    after   moment of the newest one taken so far, None for the first; in the future, if the clock was set back since
    """
    return at if after is None else max(at, min(after, received_at))


def ready(items: Iterable[Item], last_sequence: int, now: datetime) -> tuple[list[Item], list[Item]]:
    """What may be taken now, in its order, and what waits for a gap before it to close.

    items          results of one probe at one location, in any order, some perhaps twice
    last_sequence  of the newest one taken so far; what is not above it was taken, or came too late, and is left out; -1: none yet
    now            by the clock that stamped received_at. A gap is waited for PATIENCE after the result behind it arrived; then it
                   is skipped: a location that begins anew may jump
    """
    fresh = sorted({item.sequence: item for item in items if item.sequence > last_sequence}.values(), key=lambda item: item.sequence)
    taken: list[Item] = []
    for place, item in enumerate(fresh):
        follows = item.sequence == last_sequence + 1
        if not follows and abs(now - item.received_at) < PATIENCE:
            return taken, fresh[place:]
        taken.append(item)
        last_sequence = item.sequence
    return taken, []
