"""Roll-ups of checks by hour and by local day. Writing one a second time changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from statuspage.core.rollups import Rollup
from statuspage.store.tables import RollupRow
from statuspage.store.upsert import insert_for

Period = Literal["hour", "day"]
_VALUES = ("counts", "histogram", "up_s", "down_s", "no_data_s")


def put(session: Session, probe: str, location: str, period: Period, start: datetime, rollup: Rollup) -> None:
    """Keeps the sums of one period, in place of what was kept of it."""
    values: dict[str, Any] = {
        "counts": dict(sorted(rollup.counts.items())),
        "histogram": list(rollup.histogram),
        "up_s": rollup.up_s,
        "down_s": rollup.down_s,
        "no_data_s": rollup.no_data_s,
    }
    insert = insert_for(session)(RollupRow).values(probe=probe, location=location, period=period, start=start, **values)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["probe", "location", "period", "start"], set_={name: insert.excluded[name] for name in _VALUES}
        )
    )


def listing(session: Session, probe: str, location: str, period: Period, start: datetime, end: datetime) -> list[tuple[datetime, Rollup]]:
    """Beginning and sums of the periods that began in [start, end), in order. A period without checks is left out: it has no data."""
    query = select(RollupRow.start, *(getattr(RollupRow, name) for name in _VALUES)).where(
        RollupRow.probe == probe,
        RollupRow.location == location,
        RollupRow.period == period,
        RollupRow.start >= start,
        RollupRow.start < end,
    )
    return [
        (began, Rollup(counts, tuple(histogram), up_s, down_s, no_data_s))
        for began, counts, histogram, up_s, down_s, no_data_s in session.execute(query.order_by(RollupRow.start))
    ]
