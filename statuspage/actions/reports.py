"""Customers who say that they have a problem: counted, never shown in public, and held against when we ourselves said it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from statuspage.actions.context import Context
from statuspage.store import Session, counters, incidents, reports

COUNTER = "statuspage_reports_total"
BEFORE = timedelta(minutes=15)  # a report so long before the trouble began, as far as known, is taken to be about it
KEPT = timedelta(days=7)

Said = tuple[datetime, str, str]  # the minute in which it was said, component, symptom


def said_now(ctx: Context, component: str, symptom: str) -> Said:
    """A report that comes in at this moment."""
    return ctx.now().replace(second=0, microsecond=0), component, symptom


def count(ctx: Context, said: Mapping[Said, int]) -> None:
    """Adds reports to what is known, and notes the first one of each open incident that they are about."""
    with ctx.ports.store.writing() as session:
        opened = [incident for incident in incidents.opened(session) if not incident.drill]
        for (minute, component, symptom), number in sorted(said.items()):
            reports.add(session, component, symptom, minute, number)
            counters.add(session, COUNTER, {"component": component, "symptom": symptom}, number)
            for incident in opened:
                if component in incident.components:
                    incidents.note_first_reported(session, incident.id, minute)


def look_back(session: Session, incident_ids: Iterable[str]) -> None:
    """For incidents that just became public: were there reports before we knew?"""
    for incident_id in incident_ids:
        incident = incidents.get(session, incident_id)
        first = reports.first(session, tuple(incident.components), incident.started_at - BEFORE)
        if first is not None:
            incidents.note_first_reported(session, incident_id, first)


def forget(session: Session, now: datetime) -> None:
    """Counts of single minutes go after a week; the incident keeps its first report, and the sums stay."""
    reports.remove(session, now - KEPT)
