"""Updates: dated statements that are only added, the facts they were worded from, and the promises they made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from statuspage.core.errors import NotFound
from statuspage.core.incidents import IncidentUpdate
from statuspage.core.notices import Facts
from statuspage.core.promises import SHOWN_TO
from statuspage.core.vocabulary import ComponentStatus, NoticeKind, SubjectKind
from statuspage.store.tables import UpdateRow

_PLAIN = (
    "id", "subject_id", "sequence", "status", "created_at", "display_at", "author", "reason", "corrects", "next_update_by", "valid_until",
)  # fmt: skip
_MOMENTS = ("start", "end", "was", "next", "late_until", "review")
_SLUGS = ("affected", "works", "advice")


def add(session: Session, statement: IncidentUpdate, facts: Facts) -> None:
    values: dict[str, Any] = {name: getattr(statement, name) for name in _PLAIN}
    session.add(
        UpdateRow(
            **values,
            subject_kind=statement.subject_kind.value,
            kind=statement.kind.value,
            texts=dict(statement.texts),
            affected=[list(entry) for entry in statement.affected],
            facts=to_json(facts),
        )
    )
    session.flush()


def of_subject(session: Session, kind: SubjectKind, subject_id: str) -> list[IncidentUpdate]:
    """All that was said, in order."""
    return of_subjects(session, kind, [subject_id]).get(subject_id, [])


def of_subjects(session: Session, kind: SubjectKind, subject_ids: Iterable[str]) -> dict[str, list[IncidentUpdate]]:
    """subject id -> all that was said about it, in order. A subject without an update is left out."""
    query = select(UpdateRow).where(UpdateRow.subject_kind == kind, UpdateRow.subject_id.in_(list(subject_ids)))
    found: dict[str, list[IncidentUpdate]] = {}
    for row in session.scalars(query.order_by(UpdateRow.subject_id, UpdateRow.sequence)):
        found.setdefault(row.subject_id, []).append(_statement(row))
    return found


def warnings(session: Session, *, since: datetime) -> list[IncidentUpdate]:
    """The first statement of every warning made at or after `since`, newest first."""
    query = select(UpdateRow).where(UpdateRow.subject_kind == SubjectKind.WARNING, UpdateRow.sequence == 1, UpdateRow.created_at >= since)
    return [_statement(row) for row in session.scalars(query.order_by(UpdateRow.created_at.desc(), UpdateRow.id))]


def get(session: Session, kind: SubjectKind, subject_id: str, sequence: int) -> IncidentUpdate:
    """Raises NotFound."""
    return _statement(_row(session, kind, subject_id, sequence))


def facts_of(session: Session, kind: SubjectKind, subject_id: str, sequence: int) -> Facts:
    """The values that an update was worded from. Raises NotFound."""
    return from_json(_row(session, kind, subject_id, sequence).facts)


def next_sequence(session: Session, kind: SubjectKind, subject_id: str) -> int:
    query = select(func.max(UpdateRow.sequence)).where(UpdateRow.subject_kind == kind, UpdateRow.subject_id == subject_id)
    return (session.scalar(query) or 0) + 1


def replace_words(session: Session, kind: SubjectKind, subject_id: str, sequence: int, *, texts: Mapping[str, str], facts: Facts) -> None:
    """New words for an update of which no post has left yet: the one case in which a statement is not simply added to."""
    row = _row(session, kind, subject_id, sequence)
    row.texts, row.facts = dict(texts), to_json(facts)
    session.flush()


def keep_promises(session: Session, kind: SubjectKind, subject_id: str, at: datetime) -> list[datetime]:
    """Notes that the promises still open were kept at `at`; returns them, each promised moment once."""
    still_open = (
        UpdateRow.subject_kind == kind,
        UpdateRow.subject_id == subject_id,
        UpdateRow.next_update_by.is_not(None),
        UpdateRow.promise_kept_at.is_(None),
    )
    promised = set(session.scalars(select(UpdateRow.next_update_by).where(*still_open)))
    session.execute(update(UpdateRow).where(*still_open).values(promise_kept_at=at))
    return sorted(moment for moment in promised if moment is not None)


def broken_promises(session: Session, kind: SubjectKind, subject_id: str, now: datetime) -> list[datetime]:
    """The promised moments of a subject whose minute went by without a word."""
    query = select(UpdateRow.next_update_by, UpdateRow.promise_kept_at).where(
        UpdateRow.subject_kind == kind,
        UpdateRow.subject_id == subject_id,
        UpdateRow.next_update_by.is_not(None),
        or_(UpdateRow.promise_kept_at.is_(None), UpdateRow.promise_kept_at > UpdateRow.next_update_by),
    )
    late = {promised for promised, kept in session.execute(query) if promised is not None and (kept or now) >= promised + SHOWN_TO}
    return sorted(late)


def to_json(facts: Facts) -> dict[str, Any]:
    """Facts as plain JSON values; what is empty is left out."""
    values = {field.name: getattr(facts, field.name) for field in fields(Facts)}
    found = {name: value for name, value in values.items() if value not in (None, (), {})}
    for name in _MOMENTS:
        if name in found:
            found[name] = found[name].isoformat()
    for name in _SLUGS:
        if name in found:
            found[name] = list(found[name])
    return {**found, "kind": facts.kind.value}


def from_json(values: Mapping[str, Any]) -> Facts:
    """What to_json() wrote."""
    found = dict(values)
    for name in _MOMENTS:
        if found.get(name):
            found[name] = datetime.fromisoformat(found[name])
    for name in _SLUGS:
        if name in found:
            found[name] = tuple(found[name])
    return Facts(**{**found, "kind": NoticeKind(found["kind"])})


def _row(session: Session, kind: SubjectKind, subject_id: str, sequence: int) -> UpdateRow:
    query = select(UpdateRow).where(UpdateRow.subject_kind == kind, UpdateRow.subject_id == subject_id, UpdateRow.sequence == sequence)
    row = session.scalar(query)
    if row is None:
        raise NotFound(f"There is no update {sequence} of {kind} {subject_id!r}. Nothing was changed.")
    return row


def _statement(row: UpdateRow) -> IncidentUpdate:
    values = {name: getattr(row, name) for name in _PLAIN}
    return IncidentUpdate(
        **values,
        subject_kind=SubjectKind(row.subject_kind),
        kind=NoticeKind(row.kind),
        texts=dict(row.texts),
        affected=tuple((slug, ComponentStatus(old), ComponentStatus(new)) for slug, old, new in row.affected),
    )
