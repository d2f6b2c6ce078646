"""What a person of the bank must look at: at most one open alarm per key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, bindparam, func, select, update
from sqlalchemy.orm import Session

from statuspage.core.errors import NotFound
from statuspage.store.tables import AlarmRow


@dataclass(frozen=True)
class Alarm:
    """key: what it is about, e.g. "account:mastodon"; text: for engineers; cleared_at: None while it stands."""

    id: str
    key: str
    text: str
    raised_at: datetime
    cleared_at: datetime | None = None


def add(session: Session, alarm: Alarm) -> None:
    session.add(AlarmRow(id=alarm.id, key=alarm.key, text=alarm.text, raised_at=alarm.raised_at, cleared_at=alarm.cleared_at))
    session.flush()


def open_one(session: Session, key: str) -> Alarm | None:
    """The open alarm of that key."""
    row = session.scalars(_OPEN, {"key": key}).first()
    return None if row is None else _alarm(row)


def open_with(session: Session, beginning: str) -> list[Alarm]:
    """Open alarms whose keys begin so."""
    wanted = select(AlarmRow).where(AlarmRow.key.startswith(beginning, autoescape=True), AlarmRow.cleared_at.is_(None))
    return [_alarm(row) for row in session.scalars(wanted.order_by(AlarmRow.key))]


def get(session: Session, alarm_id: str) -> Alarm:
    """Raises NotFound."""
    row = session.get(AlarmRow, alarm_id)
    if row is None:
        raise NotFound(f"There is no alarm {alarm_id!r}. Nothing was changed.")
    return _alarm(row)


def count_open(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(AlarmRow).where(AlarmRow.cleared_at.is_(None))) or 0


def clear(session: Session, alarm_id: str, at: datetime) -> None:
    session.execute(update(AlarmRow).where(AlarmRow.id == alarm_id).values(cleared_at=at))


def listing(session: Session, *, only_open: bool = True, limit: int = 200) -> list[Alarm]:
    """The newest first."""
    return [_alarm(row) for row in session.scalars(_NEWEST_OPEN if only_open else _NEWEST, {"most": limit})]


# Of hot paths: built once. In one order, so that two who clear twins of a key do not wait for each other.
_OPEN = select(AlarmRow).where(AlarmRow.key == bindparam("key"), AlarmRow.cleared_at.is_(None)).order_by(AlarmRow.id)
_NEWEST = select(AlarmRow).order_by(AlarmRow.raised_at.desc(), AlarmRow.id).limit(bindparam("most", type_=Integer))
_NEWEST_OPEN = _NEWEST.where(AlarmRow.cleared_at.is_(None))


def _alarm(row: AlarmRow) -> Alarm:
    return Alarm(row.id, row.key, row.text, row.raised_at, row.cleared_at)
