"""Who did what, when: rows that are only added, each carrying the hash of the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from statuspage.store.locks import one_at_a_time
from statuspage.store.tables import AuditRow

MACHINE = "machine"  # who acts where no person does
_LOCK = 0x61756469  # one writer at a time extends the chain
_BATCH = 500


@dataclass(frozen=True)
class Entry:
    """One line of the audit log."""

    id: int
    at: datetime
    who: str
    what: str
    subject: str
    detail: Mapping[str, Any]
    hash: str


def append(session: Session, *, at: datetime, who: str, what: str, subject: str = "", detail: Mapping[str, Any] | None = None) -> None:
    """Adds one line in the caller's transaction: it stands if, and only if, the deed stands.

    who      a person's name, or MACHINE
    what     the deed, e.g. "incident.declare"
    subject  id or name of what was dealt with
    detail   JSON values; never a secret
    """
    one_at_a_time(session, _LOCK)
    content = json.loads(json.dumps(detail or {}, default=str))
    row = AuditRow(at=at, who=who, what=what, subject=subject, detail=content)
    row.hash = _hash(head(session), row)
    session.add(row)
    session.flush()


def head(session: Session) -> str:
    """Hash of the newest line, "" if there is none. Kept elsewhere too, it shows whether the end was cut off."""
    return session.scalar(select(AuditRow.hash).order_by(AuditRow.id.desc()).limit(1)) or ""


def verify(session: Session, expected_head: str | None = None) -> str | None:
    """What is wrong with the chain, as one sentence; None if it holds.

    expected_head   a head noted earlier outside the database: it must still be in the chain
    """
    before, last_id = "", 0
    seen = expected_head in (None, "")
    while rows := session.scalars(select(AuditRow).where(AuditRow.id > last_id).order_by(AuditRow.id).limit(_BATCH)).all():
        for row in rows:
            if row.hash != _hash(before, row):
                return f"Audit line {row.id} does not follow from the one before it: a line was changed, moved, added or removed there."
            before, last_id = row.hash, row.id
            seen = seen or before == expected_head
        session.expunge_all()
    return None if seen else "The noted head is not in the audit log: its end was cut off or it was written anew."


def listing(session: Session, *, limit: int = 100, subject: str | None = None) -> list[Entry]:
    """The newest lines first."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    return [Entry(row.id, row.at, row.who, row.what, row.subject, row.detail, row.hash) for row in session.scalars(query)]


def _hash(before: str, row: AuditRow) -> str:
    fields = [before, row.at.astimezone(UTC).isoformat(), row.who, row.what, row.subject, row.detail]
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
