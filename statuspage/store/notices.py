"""Notices: what was to be said about each update."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from statuspage.core.errors import NotFound
from statuspage.core.notices import Notice
from statuspage.core.vocabulary import NoticeKind, SubjectKind
from statuspage.store.tables import NoticeRow

_NAMES = tuple(field.name for field in fields(Notice))


def add(session: Session, notice: Notice) -> None:
    values: dict[str, Any] = {name: getattr(notice, name) for name in _NAMES}
    session.add(NoticeRow(**{**values, "subject_kind": notice.subject_kind.value, "kind": notice.kind.value}))
    session.flush()


def get(session: Session, notice_id: str) -> Notice:
    """Raises NotFound."""
    row = session.get(NoticeRow, notice_id)
    if row is None:
        raise NotFound(f"There is no notice {notice_id!r}. Nothing was changed.")
    return _notice(row)


def of_subject(session: Session, kind: SubjectKind, subject_id: str) -> list[Notice]:
    """In the order of their sequence."""
    query = select(NoticeRow).where(NoticeRow.subject_kind == kind, NoticeRow.subject_id == subject_id)
    return [_notice(row) for row in session.scalars(query.order_by(NoticeRow.sequence))]


def _notice(row: NoticeRow) -> Notice:
    values = {name: getattr(row, name) for name in _NAMES}
    return Notice(**{**values, "subject_kind": SubjectKind(row.subject_kind), "kind": NoticeKind(row.kind)})
