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


@dataclass(frozen=True)
class Heartbeat:
    """Newest sign of work of one loop, over all processes."""

    name: str
    at: datetime
    detail: Mapping[str, Any]


def beat(session: Session, *, process_id: str, at: datetime, loops: Mapping[str, Mapping[str, Any]]) -> None:
    """Notes for each loop of this process when it last worked: `detail["worked_at"]` is an ISO time."""
    for name, detail in loops.items():
        session.merge(HeartbeatRow(name=name, process_id=process_id, at=at, detail=dict(detail)))
    session.execute(delete(HeartbeatRow).where(HeartbeatRow.at < at - FORGOTTEN_AFTER))


def newest(session: Session) -> dict[str, Heartbeat]:
    """Name of loop -> its newest sign of work."""
    rows = session.scalars(select(HeartbeatRow).order_by(HeartbeatRow.at)).all()
    return {row.name: Heartbeat(row.name, row.at, row.detail) for row in rows}
