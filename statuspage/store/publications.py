"""What the publisher asks of the store: whether anything changed, the number of the next edition, and when the last one went out."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from statuspage.core.incidents import Incident
from statuspage.core.maintenance import Maintenance
from statuspage.store import incidents, maintenance
from statuspage.store.tables import AttemptRow, AuditRow, ComponentChangeRow, ComponentRow, IncidentRow, MaintenanceRow, PublicationRow
from statuspage.store.upsert import insert_for

_TABLES = (AuditRow, AttemptRow, ComponentChangeRow)
_BEHIND = 200  # numbers that transactions under way may hold
_LATELY = tuple(
    select(func.count(table.id)).where(table.id > select(func.max(table.id) - _BEHIND).scalar_subquery()).scalar_subquery()
    for table in _TABLES
)
_MARK = select(  # of a hot path: built once
    *(select(func.max(table.id)).scalar_subquery() for table in _TABLES),
    select(func.max(ComponentRow.updated_at)).scalar_subquery(),
    *_LATELY,
)
_CLAIMED, _PUBLISHED = "claimed", "published"


class Mark(NamedTuple):
    """Changes with every deed, delivery attempt and status change, and with every configuration: four look-ups by key.

    lately   how many of the last numbers are taken, per table: with PostgreSQL a lower one may become visible after a higher one
    """

    deeds: int
    attempts: int
    changes: int
    components_at: datetime | None
    lately: tuple[int, ...] = ()


def mark(session: Session) -> Mark:
    """Where the store stands. Every action writes an audit row in its own transaction, so equal marks mean that nobody did anything."""
    row = session.execute(_MARK).one()
    return Mark(row[0] or 0, row[1] or 0, row[2] or 0, row[3], tuple(row[4:]))


def claim(session: Session, now: datetime) -> int:
    """The number of the next edition, in a writing transaction: what is read after it in the same one is newer than any older edition."""
    insert = insert_for(session)(PublicationRow).values(name=_CLAIMED, generation=1, content_digest="", at=now)
    raised = {"generation": PublicationRow.generation + 1, "at": now}
    session.execute(insert.on_conflict_do_update(index_elements=["name"], set_=raised))
    return session.scalars(select(PublicationRow.generation).where(PublicationRow.name == _CLAIMED)).one()


def skip(session: Session, now: datetime, by: int) -> None:
    """The next edition gets a number far above the last one known here, if any is: what was published later is in nobody's memory."""
    insert = insert_for(session)(PublicationRow).values(name=_CLAIMED, generation=by, content_digest="", at=now)
    raised = {"generation": PublicationRow.generation + by, "at": now}
    session.execute(insert.on_conflict_do_update(index_elements=["name"], set_=raised))


def note_published(session: Session, generation: int, at: datetime) -> None:
    """That edition is out. An older one never takes its place."""
    insert = insert_for(session)(PublicationRow).values(name=_PUBLISHED, generation=generation, content_digest="", at=at)
    newer = {"generation": generation, "at": at}
    session.execute(insert.on_conflict_do_update(index_elements=["name"], set_=newer, where=PublicationRow.generation < generation))


def last_published_at(session: Session) -> datetime | None:
    """When the newest edition went out; None before the first."""
    return session.scalar(select(PublicationRow.at).where(PublicationRow.name == _PUBLISHED))


def first_began_at(session: Session) -> datetime | None:
    """When the oldest incident or planned work began."""
    found = (session.scalar(select(func.min(IncidentRow.started_at))), session.scalar(select(func.min(MaintenanceRow.scheduled_for))))
    return min((moment for moment in found if moment is not None), default=None)


def incidents_begun(session: Session, start: datetime, end: datetime) -> list[Incident]:
    """Those that began in [start, end), newest first, drills too."""
    query = select(IncidentRow.id).where(IncidentRow.started_at >= start, IncidentRow.started_at < end)
    return [incidents.get(session, one) for one in session.scalars(query.order_by(IncidentRow.started_at.desc(), IncidentRow.id))]


def maintenance_begun(session: Session, start: datetime, end: datetime) -> list[Maintenance]:
    """Planned work that was to begin in [start, end), newest first, drills too."""
    query = select(MaintenanceRow.id).where(MaintenanceRow.scheduled_for >= start, MaintenanceRow.scheduled_for < end)
    order = (MaintenanceRow.scheduled_for.desc(), MaintenanceRow.id)
    return [maintenance.get(session, one) for one in session.scalars(query.order_by(*order))]
