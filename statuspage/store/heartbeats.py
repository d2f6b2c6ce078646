"""When each loop last did real work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from statuspage.store import Session
from statuspage.store.tables import HeartbeatRow

FORGOTTEN_AFTER = timedelta(hours=1)  # rows of processes that are gone
AHEAD = timedelta(seconds=5)  # two hosts' clocks may differ by so much


@dataclass(frozen=True)
class Heartbeat:
    """Newest sign of work of one loop, over all processes."""

    name: str
    at: datetime
    detail: Mapping[str, Any]

    @property
    def worked_at(self) -> datetime | None:
        return _moment(self.detail.get("worked_at"))

    @property
    def due_at(self) -> datetime | None:
        """When it meant to work again."""
        return _moment(self.detail.get("due_at"))

    @property
    def fault(self) -> str:
        """What its last step ended with; empty if it ended well."""
        return str(self.detail.get("fault") or "")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def beat(session: Session, *, process_id: str, at: datetime, loops: Mapping[str, Mapping[str, Any]]) -> None:
    """Notes for each loop of this process when it last worked, when it means to work again (ISO times or None), and its fault."""
    for name, detail in loops.items():
        session.merge(HeartbeatRow(name=name, process_id=process_id, at=at, detail=dict(detail)))
    session.execute(delete(HeartbeatRow).where(HeartbeatRow.at < at - FORGOTTEN_AFTER))


def newest(session: Session, now: datetime) -> dict[str, Heartbeat]:
    """Name of loop -> its newest proof of work, over all processes that have such a loop; one that only waits to become the owner
    proves nothing. What claims to be from the future (the clock was put back) counts least.
    """
    found: dict[str, Heartbeat] = {}
    for row in session.scalars(select(HeartbeatRow).order_by(HeartbeatRow.at)):
        one = Heartbeat(row.name, row.at, row.detail)
        if row.name not in found or _rank(one, now) >= _rank(found[row.name], now):
            found[row.name] = one
    return found


def _rank(beat: Heartbeat, now: datetime) -> tuple[bool, bool, str]:
    worked_at = beat.worked_at
    known = worked_at is not None
    return known, worked_at is not None and worked_at <= now + AHEAD, worked_at.isoformat() if worked_at else ""
