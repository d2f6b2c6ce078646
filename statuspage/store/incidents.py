"""Incidents: rows in, values out, and one writer at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from statuspage.core.incidents import Incident, Moments
from statuspage.core.vocabulary import ComponentStatus, Impact, IncidentStatus
from statuspage.store import versioned
from statuspage.store.locks import one_at_a_time
from statuspage.store.tables import IncidentRow

_NAME = "incident"
_BEGINNING = 0x62656769  # who looks whether trouble is told of already waits for who is about to tell of it
_MOMENTS = tuple(field.name for field in fields(Moments))
_PLAIN = ("id", "automatic", "drill", "created_at", "updated_at", "started_at", "symptom", "scheme", "cause", "next_update_by", "version")
_OVER = (IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM)
_OLDEST_FIRST = (IncidentRow.created_at, IncidentRow.id)
_OPEN = tuple(status for status in IncidentStatus if status not in _OVER)  # named one by one, they are found by the index
_OPENED = select(IncidentRow).where(IncidentRow.status.in_(_OPEN)).order_by(*_OLDEST_FIRST)  # of hot paths: built once
_BEGUN = select(IncidentRow).where(IncidentRow.created_at > bindparam("since")).order_by(*_OLDEST_FIRST)
_RESOLVED = (
    select(IncidentRow)
    .where(IncidentRow.status == IncidentStatus.RESOLVED, IncidentRow.resolved_at >= bindparam("since"))
    .order_by(IncidentRow.resolved_at.desc(), IncidentRow.id)
)


def beginning(session: Session) -> None:
    """Nobody else begins an incident until the transaction ends. To be asked before it is looked what the open ones tell of."""
    one_at_a_time(session, _BEGINNING)


def add(session: Session, incident: Incident) -> None:
    session.add(IncidentRow(**_columns(incident)))
    session.flush()


def get(session: Session, incident_id: str, *, for_change: bool = False) -> Incident:
    """One incident. for_change: nobody else changes it until the transaction ends. Raises NotFound."""
    return _incident(versioned.row(session, IncidentRow, incident_id, _NAME, for_change=for_change))


def save(session: Session, incident: Incident) -> Incident:
    """Writes a changed incident whose `version` is still the one that was read; returns it with the next version.

    raises   Conflict with what stands now, if somebody else changed it meanwhile
    """
    changed = replace(incident, version=incident.version + 1)
    columns = _columns(changed)
    versioned.write(session, IncidentRow, incident.id, incident.version, columns, _NAME, lambda: get(session, incident.id))
    return changed


def opened(session: Session) -> list[Incident]:
    """Every incident that is not over, drills too, oldest first."""
    return [_incident(row) for row in session.scalars(_OPENED)]


def resolved_since(session: Session, since: datetime) -> list[Incident]:
    """Incidents resolved at or after `since` and not explained yet, newest first: those that may be reopened."""
    return [_incident(row) for row in session.scalars(_RESOLVED, {"since": since})]


def begun_since(session: Session, since: datetime) -> list[Incident]:
    """Incidents that were begun after `since`, by the machine or a person, oldest first."""
    return [_incident(row) for row in session.scalars(_BEGUN, {"since": since})]


def listing(session: Session, *, limit: int | None = 50, before: datetime | None = None) -> list[Incident]:
    """The incidents that began last, newest first. before: only those that began earlier; limit: None for all."""
    return [_incident(row) for row in versioned.latest(session, IncidentRow, IncidentRow.started_at, limit=limit, before=before)]


def note_first_published(session: Session, incident_ids: Iterable[str], at: datetime) -> None:
    """The moment at which the public page first told of them; a later one changes nothing. No new version: nobody decided anything."""
    ids = list(incident_ids)
    session.execute(
        update(IncidentRow).where(IncidentRow.id.in_(ids), IncidentRow.first_published_at.is_(None)).values(first_published_at=at)
    )


def note_first_reported(session: Session, incident_id: str, at: datetime) -> None:
    """The minute of the first report by a customer; a later one changes nothing. No new version: nobody decided anything."""
    session.execute(
        update(IncidentRow).where(IncidentRow.id == incident_id, IncidentRow.first_reported_at.is_(None)).values(first_reported_at=at)
    )


def _columns(incident: Incident) -> dict[str, Any]:
    return {
        **{name: getattr(incident, name) for name in _PLAIN},
        **{name: getattr(incident.moments, name) for name in _MOMENTS},
        "titles": dict(incident.titles),
        "status": incident.status.value,
        "impact": incident.impact.value,
        "components": {slug: status.value for slug, status in incident.components.items()},
    }


def _incident(row: IncidentRow) -> Incident:
    return Incident(
        **{name: getattr(row, name) for name in _PLAIN},
        titles=dict(row.titles),
        status=IncidentStatus(row.status),
        impact=Impact(row.impact),
        components={slug: ComponentStatus(status) for slug, status in row.components.items()},
        moments=Moments(**{name: getattr(row, name) for name in _MOMENTS}),
    )
