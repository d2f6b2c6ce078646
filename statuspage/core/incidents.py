"""Unplanned trouble, and the dated statements about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from statuspage.core.errors import NotAllowed
from statuspage.core.vocabulary import ComponentStatus, Impact, IncidentStatus, NoticeKind, SubjectKind


@dataclass(frozen=True)
class Moments:
    """The moments that a report asks for. All aware UTC; None: not (yet) known."""

    occurred_at: datetime | None = None
    first_failed_at: datetime | None = None
    detected_at: datetime | None = None
    confirmed_at: datetime | None = None
    first_published_at: datetime | None = None
    first_reported_at: datetime | None = None  # the minute of the first report by a customer
    restored_at: datetime | None = None
    backlog_cleared_at: datetime | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True)
class Incident:
    """Unplanned trouble. Updates are only ever added; `version` rises with each change (optimistic lock).

    titles      language -> name; frozen when it begins, and made anew where that is what fails no more, or was called wrong
    components  slug -> status that this incident gives the component (its worst, if several incidents name it)
    automatic   begun by the verdict; drill: a rehearsal, reaches sandbox channels and no public file
    """

    id: str
    titles: Mapping[str, str]
    status: IncidentStatus
    impact: Impact
    components: Mapping[str, ComponentStatus]
    automatic: bool
    drill: bool
    created_at: datetime
    updated_at: datetime
    started_at: datetime
    symptom: str
    scheme: str | None = None
    cause: str | None = None
    next_update_by: datetime | None = None
    moments: Moments = field(default_factory=Moments)
    version: int = 1

    @property
    def is_open(self) -> bool:
        return self.status not in (IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM)


@dataclass(frozen=True)
class IncidentUpdate:
    """One dated statement about a subject (an incident, planned work or a warning); added, never overwritten.

    subject, sequence   order is the sequence, from 1 up; reopening and a repair that failed are legal
    status     the subject's status after this update, as the public API spells it
    texts      language -> the page text, frozen when it was made
    corrects   sequence of the update that this one corrects
    author     person's name, or "" for the machine; never shown to the public
    """

    id: str
    subject_kind: SubjectKind
    subject_id: str
    sequence: int
    kind: NoticeKind
    status: str
    texts: Mapping[str, str]
    created_at: datetime
    display_at: datetime
    author: str = ""
    reason: str = ""
    corrects: int | None = None
    next_update_by: datetime | None = None
    valid_until: datetime | None = None
    affected: tuple[tuple[str, ComponentStatus, ComponentStatus], ...] = ()  # slug, old status, new status


_AFTER: Mapping[IncidentStatus, frozenset[IncidentStatus]] = {
    IncidentStatus.INVESTIGATING: frozenset(
        {IncidentStatus.INVESTIGATING, IncidentStatus.IDENTIFIED, IncidentStatus.MONITORING, IncidentStatus.RESOLVED}
    ),
    IncidentStatus.IDENTIFIED: frozenset(
        {IncidentStatus.INVESTIGATING, IncidentStatus.IDENTIFIED, IncidentStatus.MONITORING, IncidentStatus.RESOLVED}
    ),
    IncidentStatus.MONITORING: frozenset(
        {IncidentStatus.INVESTIGATING, IncidentStatus.IDENTIFIED, IncidentStatus.MONITORING, IncidentStatus.RESOLVED}
    ),
    IncidentStatus.RESOLVED: frozenset({IncidentStatus.INVESTIGATING, IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM}),
    IncidentStatus.POSTMORTEM: frozenset({IncidentStatus.POSTMORTEM}),
}


def check_transition(now: IncidentStatus, then: IncidentStatus) -> None:
    """Raises NotAllowed if `then` may not follow `now`. Reopening (resolved -> investigating) and a failed repair are legal."""
    if then not in _AFTER[now]:
        allowed = ", ".join(sorted(_AFTER[now]))
        raise NotAllowed(f"An incident that is {now} cannot become {then}. Allowed: {allowed}. Nothing was changed.")
