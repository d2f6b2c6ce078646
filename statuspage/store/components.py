"""The ids of components and groups in the public API, and their history when they are renamed or removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from statuspage.core.components import ComponentRecord, Names
from statuspage.store.locks import one_at_a_time
from statuspage.store.tables import ComponentChangeRow, ComponentRow, IncidentRow, MaintenanceRow, UpdateRow

_SYNC = 0x636F6D70
_STANDING = select(ComponentRow.slug).where(ComponentRow.removed_at.is_(None))  # of a hot path: built once


@dataclass(frozen=True)
class Configured:
    """A component or group that stands in the configuration. was: its earlier slugs; private: no public file may name it."""

    slug: str
    names: Names
    is_group: bool = False
    was: Sequence[str] = ()
    private: bool = False


def sync(session: Session, configured: Iterable[Configured], *, now: datetime, new_id: Callable[[], str]) -> None:
    """Makes the rows say what the configuration says.

    What is new gets an id; what is gone is kept and marked as removed; what comes back loses the mark; a slug that stands in
    `was` of another hands over its id and its whole history. Several processes that start at once do it one after the other.
    """
    one_at_a_time(session, _SYNC)
    rows = {row.slug: row for row in session.scalars(select(ComponentRow)).all()}
    wanted = list(configured)
    for item in wanted:
        for old in item.was:
            if old in rows and item.slug not in rows:
                rows[item.slug] = _rename(session, rows.pop(old), item.slug)
        row = rows.get(item.slug)
        if row is None:
            row = ComponentRow(id=new_id(), slug=item.slug, is_group=item.is_group, names=dict(item.names), created_at=now, updated_at=now)
            session.add(row)
        elif dict(row.names) != dict(item.names) or row.removed_at is not None or row.is_group != item.is_group:
            row.names, row.is_group, row.removed_at, row.updated_at = dict(item.names), item.is_group, None, now
        row.private = item.private
    for slug in rows.keys() - {item.slug for item in wanted}:
        if rows[slug].removed_at is None:
            rows[slug].removed_at = rows[slug].updated_at = now
    session.flush()


def all(session: Session) -> dict[str, ComponentRecord]:
    """slug -> every component and group ever configured, those removed too."""
    return {row.slug: _record(row) for row in session.scalars(select(ComponentRow)).all()}


def stand(session: Session, slugs: Iterable[str]) -> bool:
    """True if each of the slugs is a component now: none was renamed or removed by a newer configuration."""
    return set(slugs) <= set(session.scalars(_STANDING))


def _record(row: ComponentRow) -> ComponentRecord:
    return ComponentRecord(row.id, row.slug, row.names, row.is_group, row.created_at, row.updated_at, row.removed_at, row.private)


def _rename(session: Session, row: ComponentRow, slug: str) -> ComponentRow:
    """The same component under another slug, wherever it is named."""
    old, row.slug = row.slug, slug
    session.execute(update(ComponentChangeRow).where(ComponentChangeRow.slug == old).values(slug=slug))
    for incident in session.scalars(select(IncidentRow)):
        if old in incident.components:
            incident.components = {slug if key == old else key: value for key, value in incident.components.items()}
    for work in session.scalars(select(MaintenanceRow)):
        if old in work.components:
            work.components = [slug if key == old else key for key in work.components]
    for statement in session.scalars(select(UpdateRow)):
        _rename_in_update(statement, old, slug)
    session.flush()
    return row


def _rename_in_update(statement: UpdateRow, old: str, slug: str) -> None:
    if any(entry[0] == old for entry in statement.affected):
        statement.affected = [[slug if entry[0] == old else entry[0], *entry[1:]] for entry in statement.affected]
    facts: dict[str, Any] = dict(statement.facts)
    if facts.get("service") == old:
        facts["service"] = slug
    for key in ("affected", "works"):
        if old in facts.get(key, ()):
            facts[key] = [slug if name == old else name for name in facts[key]]
    if facts != statement.facts:
        statement.facts = facts
