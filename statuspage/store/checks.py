"""Raw check results. A repeat of one (location, probe, sequence) changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, delete, func, select
from sqlalchemy.orm import Session

from statuspage.core.checks import CheckResult
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.store.tables import CheckRow
from statuspage.store.upsert import insert_for

ADDED_AT_ONCE = 500  # rows of one statement; SQLite takes 32,766 values
_ROW = CheckRow.__table__
_COLUMNS = (
    _ROW.c.id, _ROW.c.received_at, _ROW.c.probe, _ROW.c.location, _ROW.c.sequence, _ROW.c.at, _ROW.c.outcome, _ROW.c.reason,
    _ROW.c.latency_ms, _ROW.c.phases_ms, _ROW.c.evidence, _ROW.c.partial,
)  # fmt: skip
_NEWEST_ID = select(func.max(CheckRow.id))  # of hot paths: built once
_AFTER = select(*_COLUMNS).where(_ROW.c.id > bindparam("row_id")).order_by(_ROW.c.id).limit(bindparam("most", type_=Integer))


@dataclass(frozen=True)
class Arrived:
    """A result as it is kept: with the id of its row and the moment of its arrival by our own clock."""

    id: int
    received_at: datetime
    result: CheckResult

    @property
    def sequence(self) -> int:
        return self.result.sequence


def add(session: Session, results: Iterable[CheckResult], received_at: datetime) -> int:
    """Keeps results that are not kept yet; returns how many were new."""
    rows = [_values(result, received_at) for result in results]
    new = 0
    for first in range(0, len(rows), ADDED_AT_ONCE):
        insert = insert_for(session)(_ROW).values(rows[first : first + ADDED_AT_ONCE])
        added = insert.on_conflict_do_nothing(index_elements=["location", "probe", "sequence"]).returning(_ROW.c.id)
        new += len(session.execute(added).all())
    return new


def after(session: Session, row_id: int, limit: int) -> list[Arrived]:
    """Results whose row id is above `row_id`, by id; at most `limit`."""
    return [_arrived(row) for row in session.execute(_AFTER, {"row_id": row_id, "most": limit})]


def newest_id(session: Session) -> int:
    """The highest row id; 0 if nothing is kept."""
    return session.execute(_NEWEST_ID).scalar_one() or 0


def newest(session: Session, probe: str, limit: int = 20) -> list[Arrived]:
    """The newest results of one probe from all locations, newest first."""
    query = select(*_COLUMNS).where(_ROW.c.probe == probe).order_by(_ROW.c.at.desc(), _ROW.c.id.desc()).limit(limit)
    return [_arrived(row) for row in session.execute(query)]


def last_sequence(session: Session, location: str, probe: str) -> int | None:
    """The highest sequence kept of one probe at one location; None if there is none."""
    query = select(func.max(CheckRow.sequence)).where(CheckRow.location == location, CheckRow.probe == probe)
    return session.execute(query).scalar_one()


def since(session: Session, location: str, probe: str, sequence: int, limit: int) -> list[CheckResult]:
    """The newest results of one probe at one location above that sequence, at most `limit`, in their order."""
    query = select(*_COLUMNS).where(_ROW.c.location == location, _ROW.c.probe == probe, _ROW.c.sequence > sequence)
    newest_first = session.execute(query.order_by(_ROW.c.sequence.desc()).limit(limit))
    return [_arrived(row).result for row in newest_first][::-1]


def between(session: Session, probe: str, location: str, start: datetime, end: datetime) -> list[CheckResult]:
    """Results of one probe at one location dated in [start, end), by time, then sequence."""
    query = select(*_COLUMNS).where(_ROW.c.probe == probe, _ROW.c.location == location, _ROW.c.at >= start, _ROW.c.at < end)
    return [_arrived(row).result for row in session.execute(query.order_by(_ROW.c.at, _ROW.c.sequence))]


def count(session: Session, probe: str, location: str, start: datetime, end: datetime) -> int:
    """How many results of one probe at one location are dated in [start, end)."""
    query = select(func.count()).where(_ROW.c.probe == probe, _ROW.c.location == location, _ROW.c.at >= start, _ROW.c.at < end)
    return session.execute(query).scalar_one()


def pairs(session: Session) -> list[tuple[str, str]]:
    """Every (probe, location) of which raw results are kept, in alphabetical order."""
    query = select(_ROW.c.probe, _ROW.c.location).distinct().order_by(_ROW.c.probe, _ROW.c.location)
    return [(probe, location) for probe, location in session.execute(query)]


def oldest(session: Session) -> datetime | None:
    """The beginning of the oldest result that is kept."""
    return session.execute(select(func.min(CheckRow.at))).scalar_one()


def drop_oldest(session: Session, count: int = 200) -> None:
    """Drops the oldest results, whether rolled up or not: for a disk that is full, nothing else. The newest stays, see retention.py."""
    first = select(_ROW.c.id).where(_ROW.c.id < _NEWEST_ID.scalar_subquery()).order_by(_ROW.c.id).limit(count)
    session.execute(delete(CheckRow).where(CheckRow.id.in_(first)))


def _values(result: CheckResult, received_at: datetime) -> dict[str, Any]:
    return {
        "probe": result.probe,
        "location": result.location,
        "sequence": result.sequence,
        "at": result.at,
        "received_at": received_at,
        "outcome": result.outcome.value,
        "reason": result.reason.value,
        "latency_ms": result.latency_ms,
        "phases_ms": dict(result.phases_ms),
        "evidence": result.evidence,
        "partial": result.partial,
    }


def _arrived(row: Any) -> Arrived:
    return Arrived(
        row.id,
        row.received_at,
        CheckResult(
            probe=row.probe,
            location=row.location,
            sequence=row.sequence,
            at=row.at,
            outcome=Outcome(row.outcome),
            reason=Reason(row.reason),
            latency_ms=row.latency_ms,
            phases_ms=row.phases_ms,
            evidence=row.evidence,
            partial=row.partial,
        ),
    )
