"""How far each probe of a location has counted."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from statuspage.store.tables import CheckRow


def newest(session: Session, location: str) -> dict[str, int]:
    """Probe -> highest sequence that was recorded from that location."""
    query = select(CheckRow.probe, func.max(CheckRow.sequence)).where(CheckRow.location == location).group_by(CheckRow.probe)
    return {probe: int(sequence) for probe, sequence in session.execute(query)}
