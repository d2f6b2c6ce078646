"""Planned work: rows in, values out, and one writer at a time."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from statuspage.core.errors import Conflict, NotFound
from statuspage.core.maintenance import Maintenance
from statuspage.core.vocabulary import MaintenanceStatus
from statuspage.store.tables import MaintenanceRow

_NAMES = tuple(field.name for field in fields(Maintenance))


def add(session: Session, work: Maintenance) -> None:
    session.add(MaintenanceRow(**_columns(work)))
    session.flush()


def get(session: Session, work_id: str, *, for_change: bool = False) -> Maintenance:
    """One piece of planned work. for_change: nobody else changes it until the transaction ends. Raises NotFound."""
    query = select(MaintenanceRow).where(MaintenanceRow.id == work_id)
    row = session.scalar(query.with_for_update() if for_change else query)
    if row is None:
        raise NotFound(f"There is no planned work {work_id!r}. Nothing was changed.")
    return _maintenance(row)


def save(session: Session, work: Maintenance) -> Maintenance:
    """Writes changed work whose `version` is still the one that was read; returns it with the next version. Raises Conflict."""
    changed = replace(work, version=work.version + 1)
    statement = update(MaintenanceRow).where(MaintenanceRow.id == work.id, MaintenanceRow.version == work.version)
    result: Any = session.execute(statement.values(**_columns(changed)))
    if result.rowcount != 1:
        raise Conflict(f"Planned work {work.id} was changed by somebody else. Nothing was changed.", get(session, work.id))
    return changed


def unfinished(session: Session) -> list[Maintenance]:
    """Everything that is not completed or cancelled, the next to start first."""
    query = select(MaintenanceRow).where(MaintenanceRow.status != MaintenanceStatus.COMPLETED)
    return [_maintenance(row) for row in session.scalars(query.order_by(MaintenanceRow.scheduled_for, MaintenanceRow.id))]


def listing(session: Session, *, limit: int | None = 50, before: datetime | None = None) -> list[Maintenance]:
    """The work with the latest start first. before: only what starts earlier; limit: None for all."""
    query = select(MaintenanceRow).order_by(MaintenanceRow.scheduled_for.desc(), MaintenanceRow.id)
    if before is not None:
        query = query.where(MaintenanceRow.scheduled_for < before)
    return [_maintenance(row) for row in session.scalars(query.limit(limit))]


def _columns(work: Maintenance) -> dict[str, Any]:
    values = {name: getattr(work, name) for name in _NAMES}
    return {**values, "titles": dict(work.titles), "status": work.status.value, "components": list(work.components)}


def _maintenance(row: MaintenanceRow) -> Maintenance:
    values = {name: getattr(row, name) for name in _NAMES}
    return Maintenance(**{**values, "status": MaintenanceStatus(row.status), "components": tuple(row.components)})
