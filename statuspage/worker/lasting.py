"""What is true now of each open incident, for the answer at the top of the page: more than what the last update said when it was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from statuspage.actions import facts
from statuspage.actions.context import Context
from statuspage.core.components import ComponentRecord
from statuspage.core.incidents import Incident, IncidentUpdate, Moments
from statuspage.core.vocabulary import IncidentStatus, NoticeKind
from statuspage.publish.snapshot import Lasting
from statuspage.store import Session

REPAIRED = (IncidentStatus.MONITORING, IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM)


def lasting(session: Session, ctx: Context, found: Iterable[Incident], records: Mapping[str, ComponentRecord]) -> dict[str, Lasting]:
    """Incident id -> what is true of it, for those that are not repaired. found: public ones; records: slug -> what gives the id."""
    return {one.id: _of(session, ctx, one, records) for one in found if one.status not in REPAIRED}


def lasted_s(session: Session, incident: Incident, said: Iterable[IncidentUpdate]) -> float | None:
    """How long an incident lasted that came back before it was over; None for any other: its two ends tell that."""
    came_back = any(update.kind is NoticeKind.REOPENED for update in said)
    return facts.lasted_s(session, incident) if came_back and not incident.is_open else None


def lead_s(moments: Moments) -> float | None:
    """Only a lead is public: anybody could report at any time and so make us look late, but nobody can make us look early."""
    said, reported = moments.first_published_at, moments.first_reported_at
    return (reported - said).total_seconds() if said and reported and reported > said else None


def _of(session: Session, ctx: Context, incident: Incident, records: Mapping[str, ComponentRecord]) -> Lasting:
    told = facts.while_it_lasts(session, ctx, incident, NoticeKind.UPDATE, {})
    return Lasting(
        since=told.start or incident.started_at,
        symptom=told.symptom or incident.symptom,
        scheme=told.scheme or "",
        advice=told.advice,
        works=tuple(records[slug].id for slug in told.works if slug in records),
    )
