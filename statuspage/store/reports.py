"""How many customers say that they have a problem: per component, symptom and minute. Nothing about who they are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from statuspage.store.tables import ReportRow
from statuspage.store.upsert import insert_for


class Count(NamedTuple):
    """Reports of one symptom of one component. symptom: a key of the catalogue; first_at: the minute of the earliest."""

    component: str
    symptom: str
    number: int
    first_at: datetime


def add(session: Session, component: str, symptom: str, minute: datetime, number: int) -> None:
    """Adds to what was counted in that minute."""
    insert = insert_for(session)(ReportRow).values(component=component, symptom=symptom, at=minute, number=number)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=[ReportRow.component, ReportRow.symptom, ReportRow.at],
            set_={"number": ReportRow.number + insert.excluded.number},
        )
    )


def since(session: Session, start: datetime) -> list[Count]:
    """What was counted from `start` on, most reported first."""
    number = func.sum(ReportRow.number)
    query = select(ReportRow.component, ReportRow.symptom, number, func.min(ReportRow.at)).where(ReportRow.at >= start)
    query = query.group_by(ReportRow.component, ReportRow.symptom).order_by(number.desc(), ReportRow.component, ReportRow.symptom)
    return [Count(component, symptom, int(total), first) for component, symptom, total, first in session.execute(query)]


def first(session: Session, components: Collection[str], start: datetime) -> datetime | None:
    """The minute of the earliest report about any of these components, from `start` on."""
    query = select(func.min(ReportRow.at)).where(ReportRow.component.in_(list(components)), ReportRow.at >= start)
    return session.scalar(query)


def remove(session: Session, before: datetime) -> None:
    """Forgets what was counted before a moment."""
    session.execute(delete(ReportRow).where(ReportRow.at < before))
