"""The off switches: 'posting' and 'probing'."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from statuspage.store.tables import SwitchRow

POSTING = "posting"
PROBING = "probing"
NAMES = (POSTING, PROBING)


@dataclass(frozen=True)
class Switch:
    """off: nothing of the kind happens. by, reason, at: who turned it last, why, when; "" and None if nobody ever did."""

    name: str
    off: bool = False
    by: str = ""
    reason: str = ""
    at: datetime | None = None


def is_off(session: Session, name: str) -> bool:
    """True while a person has turned it off."""
    return bool(session.scalar(_OFF, {"name": name}))


def turn(session: Session, name: str, *, off: bool, by: str, reason: str, at: datetime) -> None:
    """Sets one switch."""
    session.merge(SwitchRow(name=name, off=off, by=by, reason=reason, at=at))
    session.flush()


def listing(session: Session) -> list[Switch]:
    """Every switch, also those that nobody ever turned."""
    rows = {row.name: row for row in session.scalars(select(SwitchRow)).all()}
    return [Switch(name, row.off, row.by, row.reason, row.at) if (row := rows.get(name)) else Switch(name) for name in NAMES]


_OFF = select(SwitchRow.off).where(SwitchRow.name == bindparam("name"))  # of a hot path: built once
