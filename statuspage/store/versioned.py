"""Rows that several people may change at once: each change raises `version`, and who is too late gets a conflict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from statuspage.core.errors import Conflict, NotFound
from statuspage.core.vocabulary import SubjectKind
from statuspage.store.tables import IncidentRow, MaintenanceRow

R = TypeVar("R", IncidentRow, MaintenanceRow)
_TABLES: Mapping[SubjectKind, type[IncidentRow] | type[MaintenanceRow]] = {
    SubjectKind.INCIDENT: IncidentRow,
    SubjectKind.MAINTENANCE: MaintenanceRow,
}


def row(session: Session, table: type[R], key: str, name: str, *, for_change: bool) -> R:
    """One row. name: what it is, for the message; for_change: nobody else changes it until the transaction ends. Raises NotFound."""
    query = select(table).where(table.id == key)
    found = session.scalar(query.with_for_update() if for_change else query)
    if found is None:
        raise NotFound(f"There is no {name} {key!r}. Nothing was changed.")
    return found


def keep(session: Session, kind: SubjectKind, key: str) -> None:
    """Nobody else says anything of that incident or planned work until the transaction ends. Nothing else is told in stories."""
    table = _TABLES.get(kind)
    if table is not None:
        session.execute(select(table.id).where(table.id == key).with_for_update())


def write(
    session: Session, table: type[R], key: str, version: int, columns: Mapping[str, Any], name: str, current: Callable[[], object]
) -> None:
    """New columns for the row whose version is still `version`.

    raises   Conflict with what current() gives, if somebody else changed it meanwhile
    """
    result: Any = session.execute(update(table).where(table.id == key, table.version == version).values(**columns))
    if result.rowcount != 1:
        raise Conflict(f"{name.capitalize()} {key} was changed by somebody else. Nothing was changed.", current())


def latest(
    session: Session, table: type[R], moment: InstrumentedAttribute[datetime], *, limit: int | None, before: datetime | None
) -> list[R]:
    """The rows with the latest moment, newest first. before: only earlier ones; limit: None for all."""
    query = select(table).order_by(moment.desc(), table.id)
    if before is not None:
        query = query.where(moment < before)
    return list(session.scalars(query.limit(limit)))
