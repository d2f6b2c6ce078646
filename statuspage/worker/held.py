"""What operators are told of posts that a policy holds: a hold helps nobody who does not hear of it while it lasts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from statuspage.actions import alarms
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import is_alarm
from statuspage.core.vocabulary import DeliveryState

MOST_NAMED = 4  # channels in one alarm; a bank may have dozens


def held_updates(rows: Iterable[Delivery], now: datetime) -> dict[str, str]:
    """Key and text of the alarm about each update of which posts are on hold."""
    found: dict[str, list[Delivery]] = {}
    for row in rows:
        if row.state is DeliveryState.WAITING and row.not_before is not None and row.not_before > now and not is_alarm(row):
            found.setdefault(alarms.held_key(row), []).append(row)
    return {key: _text(held) for key, held in found.items()}


def _text(held: list[Delivery]) -> str:
    names = sorted(row.channel for row in held)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    starts = [row.not_before for row in held if row.not_before is not None]
    first = held[0]
    return (
        f"Update {first.sequence} of {first.subject_kind} {first.subject_id} ({first.kind}) waits to be posted on "
        f"{', '.join(names[:MOST_NAMED])}{more} until {min(starts):%H:%M:%S} UTC. Read it. "
        "If it is not right, stop or reword it before then."
    )
