"""What of an account stops working on a day that is known, and when people are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from types import ModuleType
from typing import Any

from broadcasters.post import Ending


def endings(module: ModuleType | Any, config: Any, expires: date | None) -> Sequence[Ending]:
    """The credentials, where the configuration says until when they count, and whatever the network's module knows of."""
    known = getattr(module, "endings", None)
    found = [] if expires is None else [Ending("credentials", "the credentials run out", "Put new ones into the configuration.", expires)]
    return [*found, *(known(config) if known else ())]


def stage(ending: Ending, today: date) -> int | None:
    """The smallest number of days, of those at which people are told, that is not yet passed; 0: it is over. None: there is time."""
    left = (ending.on - today).days
    return min((days for days in (*ending.days, 0) if left <= days), default=None)


def told(ending: Ending, today: date) -> str:
    """It in words, e.g. "the credentials run out in 3 days, on 2027-01-14. Put new ones into the configuration."."""
    left = (ending.on - today).days
    number = f"{abs(left)} day{'' if abs(left) == 1 else 's'}"
    when = "today" if not left else f"in {number}" if left > 0 else f"(by the calendar {number} ago)"
    return f"{ending.what} {when}, on {ending.on}. {ending.then}"
