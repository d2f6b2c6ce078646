"""Planned work: rows in, values out, and one writer at a time."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from statuspage.core.maintenance import Maintenance
from statuspage.core.vocabulary import MaintenanceStatus
from statuspage.store import versioned
from statuspage.store.tables import MaintenanceRow

_NAME = "planned work"
_NAMES = tuple(field.name for field in fields(Maintenance))
_UNFINISHED = (  # of hot paths: built once
    select(MaintenanceRow)
    .where(MaintenanceRow.status != MaintenanceStatus.COMPLETED)
    .order_by(MaintenanceRow.scheduled_for, MaintenanceRow.id)
)


def add(session: Session, work: Maintenance) -> None:
    session.add(MaintenanceRow(**_columns(work)))
    session.flush()


def get(session: Session, work_id: str, *, for_change: bool = False) -> Maintenance:
    """One piece of planned work. for_change: nobody else changes it until the transaction ends. Raises NotFound."""
    return _maintenance(versioned.row(session, MaintenanceRow, work_id, _NAME, for_change=for_change))


def save(session: Session, work: Maintenance) -> Maintenance:
    """Writes changed work whose `version` is still the one that was read; returns it with the next version. Raises Conflict."""
    changed = replace(work, version=work.version + 1)
    versioned.write(session, MaintenanceRow, work.id, work.version, _columns(changed), _NAME, lambda: get(session, work.id))
    return changed


def unfinished(session: Session) -> list[Maintenance]:
    """Everything that is not completed or cancelled, the next to start first."""
    return [_maintenance(row) for row in session.scalars(_UNFINISHED)]


def listing(session: Session, *, limit: int | None = 50, before: datetime | None = None) -> list[Maintenance]:
    """The work with the latest start first. before: only what starts earlier; limit: None for all."""
    found = versioned.latest(session, MaintenanceRow, MaintenanceRow.scheduled_for, limit=limit, before=before)
    return [_maintenance(row) for row in found]


def _columns(work: Maintenance) -> dict[str, Any]:
    values = {name: getattr(work, name) for name in _NAMES}
    return {**values, "titles": dict(work.titles), "status": work.status.value, "components": list(work.components)}


def _maintenance(row: MaintenanceRow) -> Maintenance:
    values = {name: getattr(row, name) for name in _NAMES}
    return Maintenance(**{**values, "status": MaintenanceStatus(row.status), "components": tuple(row.components)})
