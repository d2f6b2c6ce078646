"""What is removed when its time is over. Incidents, updates, deliveries, the timeline and the audit log are in none of these."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, tuple_
from sqlalchemy.orm import Session

from statuspage.store.rollups import Period
from statuspage.store.tables import CheckRow, HeartbeatRow, RollupRow, SessionRow, SignInLinkRow


def remove_checks(session: Session, probe: str, location: str, before: datetime, limit: int) -> int:
    """Removes raw results of one probe at one location dated before `before`, the oldest first; returns how many.

    The row with the highest id stays: SQLite would give its id away again, and whoever has read so far would overlook what comes.
    """
    highest = select(func.max(CheckRow.id)).scalar_subquery()
    chosen = (
        select(CheckRow.id)
        .where(CheckRow.probe == probe, CheckRow.location == location, CheckRow.at < before, CheckRow.id < highest)
        .order_by(CheckRow.at)
        .limit(limit)
    )
    return _count(session.execute(delete(CheckRow).where(CheckRow.id.in_(chosen))))


def remove_rollups(session: Session, period: Period, before: datetime, limit: int) -> int:
    """Removes roll-ups that began before `before`; returns how many."""
    key = tuple_(RollupRow.probe, RollupRow.location, RollupRow.start)
    chosen = (
        select(RollupRow.probe, RollupRow.location, RollupRow.start)
        .where(RollupRow.period == period, RollupRow.start < before)
        .order_by(RollupRow.start)
        .limit(limit)
    )
    return _count(session.execute(delete(RollupRow).where(RollupRow.period == period, key.in_(chosen))))


def remove_sessions(session: Session, *, now: datetime, ended_before: datetime) -> int:
    """Removes sessions of browsers and sign-in links that ended before `ended_before`, or links never used that are over."""
    gone = session.execute(delete(SessionRow).where(SessionRow.expires_at < ended_before))
    over = and_(SignInLinkRow.used_at.is_(None), SignInLinkRow.expires_at < now)
    links = session.execute(delete(SignInLinkRow).where(or_(SignInLinkRow.expires_at < ended_before, over)))
    return _count(gone) + _count(links)


def remove_heartbeats(session: Session, before: datetime) -> int:
    """Removes the signs of life of processes that are long gone."""
    return _count(session.execute(delete(HeartbeatRow).where(HeartbeatRow.at < before)))


def _count(result: Any) -> int:
    return int(result.rowcount)
