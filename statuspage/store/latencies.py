"""How long targets took to answer, for the public page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from statuspage.core.vocabulary import Outcome
from statuspage.store.tables import CheckRow

ANSWERED = (Outcome.PASSED.value, Outcome.DEGRADED.value)


def answered(session: Session, probes: Sequence[str], since: datetime) -> dict[str, list[float]]:
    """probe -> milliseconds of each of its checks since then that got its answer, from all locations; probes without one are left out."""
    query = select(CheckRow.probe, CheckRow.latency_ms).where(
        CheckRow.probe.in_(probes), CheckRow.at >= since, CheckRow.outcome.in_(ANSWERED)
    )
    found: dict[str, list[float]] = {}
    for probe, latency_ms in session.execute(query):
        if latency_ms is not None:
            found.setdefault(probe, []).append(latency_ms)
    return found
