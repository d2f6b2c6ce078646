"""What people do about incidents: declare, update, resolve, reopen, explain, correct; and the promise that keeps itself.

Each function is one transaction, appends to the audit log and returns what stands afterwards. What the verdict does: automatic.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from statuspage.actions import alarms, changes, corrections, facts, rules, subjects, symptoms
from statuspage.actions.changes import Telling
from statuspage.actions.context import Context
from statuspage.actions.notices import check_free_text
from statuspage.core.errors import NotAllowed
from statuspage.core.incidents import Incident, IncidentUpdate, Moments
from statuspage.core.quorum import FAILING
from statuspage.core.vocabulary import ComponentStatus, Impact, IncidentStatus, NoticeKind, SubjectKind
from statuspage.store import Session, audit, incidents, updates

Components = Mapping[str, ComponentStatus]
Texts = Mapping[str, str]  # language -> a person's words

_KINDS = {
    IncidentStatus.INVESTIGATING: NoticeKind.UPDATE,
    IncidentStatus.IDENTIFIED: NoticeKind.IDENTIFIED,
    IncidentStatus.MONITORING: NoticeKind.MONITORING,
}
_UNKEPT = (
    "Incident {incident}: {promised:%H:%M} UTC came and nobody had written. The update without news went out by itself, and will again. "
    "Write what you know."
)


@dataclass(frozen=True)
class Declaration:
    """Trouble that a person announces.

    components  slug -> status, the one that names the incident first
    who         the person; symptom: key of the catalogue, None: that of the first component; scheme: where the symptom needs one
    started_at  when customers first noticed; None: now
    impact      None: by the worst public component
    drill       a rehearsal: sandbox channels, and no public file
    free_text   an addition after the template's words; next_update_by: a promise other than the rules'
    """

    components: Components
    who: str
    symptom: str | None = None
    scheme: str | None = None
    started_at: datetime | None = None
    impact: Impact | None = None
    drill: bool = False
    free_text: Texts = field(default_factory=dict)
    next_update_by: datetime | None = None


@dataclass(frozen=True)
class Change:
    """What a person says next about an open incident. None: as it is.

    version     the version that the person saw; None: whatever stands
    components  slugs that change, or are added, with their status
    symptom     key of the catalogue; None: as it is, but that of the component that the text now names where that changes
    late, late_until   key of the catalogue on payments that wait, and until when (monitoring only)
    restored_at  since when it works again (monitoring only); None: now
    reason      why something is said to work although probes still fail; recorded, never public
    """

    incident_id: str
    who: str
    version: int | None = None
    status: IncidentStatus | None = None
    cause: str | None = None
    components: Components = field(default_factory=dict)
    symptom: str | None = None
    impact: Impact | None = None
    free_text: Texts = field(default_factory=dict)
    next_update_by: datetime | None = None
    late: str | None = None
    late_until: datetime | None = None
    restored_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Resolution:
    """A person says that it is over.

    reason     why, although probes still fail; recorded, never public
    review_by  day by which the explanation is promised; None: by the rules
    """

    incident_id: str
    who: str
    version: int | None = None
    cause: str | None = None
    late: str | None = None
    late_until: datetime | None = None
    restored_at: datetime | None = None
    review_by: datetime | None = None
    reason: str = ""
    free_text: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class Reopening:
    """A person says that it is back. components: what fails now; empty: what failed before, as it failed."""

    incident_id: str
    who: str
    version: int | None = None
    components: Components = field(default_factory=dict)
    started_at: datetime | None = None
    free_text: Texts = field(default_factory=dict)
    next_update_by: datetime | None = None


def declare(ctx: Context, asked: Declaration) -> Incident:
    """Begins an incident and announces it.

    raises   NotFound for an unknown component; NotAllowed for a status that is no trouble, a start in the future, a major outage
             that one social network alone would carry; Conflict if an open incident tells all of it already; InvalidText
    """
    check_free_text(ctx, asked.free_text)
    rules.check_components(ctx, asked.components, FAILING, at_least_one=True)
    rules.check_keys(ctx, asked.symptom, None, None)
    with ctx.ports.store.writing() as session:
        incidents.beginning(session)
        now = ctx.now()
        incident = _declared(ctx, asked, now)
        incident = replace(incident, next_update_by=changes.promise(session, ctx, incident, now, asked.next_update_by))
        subjects.check_networks(ctx, subjects.of_incident(ctx, incident), asked.components.values())
        if not asked.drill:
            rules.check_untold(session, asked.components)
        telling = Telling(NoticeKind.INVESTIGATING, asked.who, "incident.declare", free_text=asked.free_text)
        return changes.begin(session, ctx, incident, telling, now)


def update(ctx: Context, asked: Change) -> Incident:
    """Says what is new: another status, a cause, other components, or a person's words.

    raises   NotFound; NotAllowed (over already, cause missing or in need of approval, a promise in the past, said to work while
             probes still see it failing and no reason is recorded); InvalidText; Conflict with what stands now, if `version` is given
             and is no longer the newest
    """
    check_free_text(ctx, asked.free_text)
    rules.check_components(ctx, asked.components, FAILING | {ComponentStatus.OPERATIONAL})
    rules.check_keys(ctx, asked.symptom, asked.cause, asked.late)
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        before = changes.current(session, asked.incident_id, asked.version)
        status = asked.status or before.status
        rules.check_open(before, status)
        kind = _kind(before.status, status)
        if before.status is IncidentStatus.MONITORING and status is not IncidentStatus.MONITORING:
            asked = replace(asked, components=_failing_now(session, before, asked.components))
        after = _changed(session, ctx, before, asked, status, now)
        rules.check_next(after, asked.late, asked.late_until, now)
        rules.check_green(session, before, _said_to_work(before, asked, kind), asked.reason)
        late = {"late": asked.late, "late_until": asked.late_until} if kind is NoticeKind.MONITORING else {}
        telling = Telling(kind, asked.who, "incident.update", asked.reason, asked.free_text, late)
        return changes.change(session, ctx, before, after, telling, now)


def resolve(ctx: Context, asked: Resolution) -> Incident:
    """Ends an incident in a person's name: how long it lasted, what was the cause, when the explanation comes.

    raises   NotAllowed if it is over already, or if probes still see it failing and no reason is recorded; NotFound; InvalidText;
             Conflict
    """
    check_free_text(ctx, asked.free_text)
    rules.check_keys(ctx, None, asked.cause, asked.late)
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        before = changes.current(session, asked.incident_id, asked.version)
        if not before.is_open:
            raise NotAllowed(f"Incident {before.id} is {before.status} already. Nothing was changed.")
        rules.check_green(session, before, before.components.keys(), asked.reason)
        moments = replace(
            before.moments,
            restored_at=asked.restored_at or before.moments.restored_at or now,
            resolved_at=now,
            backlog_cleared_at=now if asked.late == "handled" else before.moments.backlog_cleared_at,
        )
        after = replace(
            before,
            status=IncidentStatus.RESOLVED,
            cause=asked.cause or before.cause,
            components=changes.all_working(before),
            next_update_by=None,
            moments=moments,
        )
        review = asked.review_by or facts.review_by(ctx, now)
        extra = {"late": asked.late, "late_until": asked.late_until, "review": review}
        telling = Telling(NoticeKind.RESOLVED, asked.who, "incident.resolve", asked.reason, asked.free_text, extra)
        return changes.change(session, ctx, before, after, telling, now)


def reopen(ctx: Context, asked: Reopening) -> Incident:
    """The problem is back, after monitoring or after it was resolved: the same thread goes on.

    raises   as update(); NotAllowed for a start in the future; Conflict if it is over and an open incident tells of all that fails already
    """
    check_free_text(ctx, asked.free_text)
    rules.check_components(ctx, asked.components, FAILING)
    with ctx.ports.store.writing() as session:
        incidents.beginning(session)
        now = ctx.now()
        before = changes.current(session, asked.incident_id, asked.version)
        if before.status not in (IncidentStatus.MONITORING, IncidentStatus.RESOLVED):
            raise NotAllowed(
                f"Incident {before.id} is {before.status}; only one in monitoring or resolved is reopened. Nothing was changed."
            )
        started = asked.started_at or now
        rules.check_start(started, now)
        failing = _failing_now(session, before, asked.components)
        if not before.is_open and not before.drill:
            rules.check_untold(session, failing)
        merged = {**before.components, **failing}
        after = replace(
            before,
            status=IncidentStatus.INVESTIGATING,
            components=merged,
            cause=None,
            impact=changes.worst_impact(ctx, before.impact, merged),
            moments=replace(before.moments, restored_at=None, resolved_at=None, backlog_cleared_at=None),
        )
        after = symptoms.kept_true(session, ctx, before, after, now)
        after = replace(after, next_update_by=changes.promise(session, ctx, after, now, asked.next_update_by, back=True))
        extra = {"start": started}
        telling = Telling(NoticeKind.REOPENED, asked.who, "incident.reopen", free_text=asked.free_text, extra=extra)
        return changes.change(session, ctx, before, after, telling, now)


def explain(ctx: Context, *, incident_id: str, who: str, free_text: Texts, version: int | None = None) -> Incident:
    """Publishes the promised explanation (postmortem). free_text: what happened and what changes, per language; required."""
    if not any(free_text.values()):
        raise NotAllowed("An explanation says what happened and what changes: write it in at least one language. Nothing was changed.")
    check_free_text(ctx, free_text)
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        before = changes.current(session, incident_id, version)
        review = _promised_review(session, before) or now
        telling = Telling(NoticeKind.POSTMORTEM, who, "incident.explain", free_text=free_text, extra={"review": review})
        after = replace(before, status=IncidentStatus.POSTMORTEM)
        return changes.change(session, ctx, before, after, telling, now)


def keep_promise(ctx: Context, *, incident_id: str, promised: datetime) -> Incident:
    """The promised moment has come and nobody spoke: the truthful update without news goes out by itself.

    While it is monitored the monitoring text is said again, for "still the case" would be untrue. Operators are alarmed. Nothing
    happens if the promise is no longer `promised`: somebody spoke meanwhile.
    """
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        before = incidents.get(session, incident_id, for_change=True)
        if not before.is_open or before.next_update_by != promised:
            return before
        after = replace(before, next_update_by=changes.promise(session, ctx, before, now))
        if before.status is IncidentStatus.MONITORING:
            extra = facts.still_waiting(session, before, now)
            telling = Telling(NoticeKind.MONITORING, audit.MACHINE, "incident.keep_promise", extra=extra)
        else:
            telling = Telling(NoticeKind.UPDATE, audit.MACHINE, "incident.keep_promise")
        alarms.raise_in(session, ctx, changes.unkept_key(before.id), _UNKEPT.format(incident=before.id, promised=promised))
        return changes.change(session, ctx, before, after, telling, now)


def correct(
    ctx: Context, *, incident_id: str, sequence: int, wrong: Texts, text: Texts, who: str, symptom: str | None = None
) -> IncidentUpdate:
    """Takes one update back in a new one; see corrections.correct."""
    return corrections.correct(
        ctx, kind=SubjectKind.INCIDENT, subject_id=incident_id, sequence=sequence, wrong=wrong, text=text, who=who, symptom=symptom
    )


def backlog_cleared(ctx: Context, *, incident_id: str, at: datetime, who: str) -> Incident:
    """Notes when the last waiting payment was handled; says nothing in public (an update with late "handled" does)."""
    with ctx.ports.store.writing() as session:
        before = changes.current(session, incident_id, None)
        saved = incidents.save(session, replace(before, moments=replace(before.moments, backlog_cleared_at=at), updated_at=ctx.now()))
        audit.append(session, at=ctx.now(), who=who, what="incident.backlog_cleared", subject=incident_id, detail={"at": at})
        return saved


def _declared(ctx: Context, asked: Declaration, now: datetime) -> Incident:
    started = asked.started_at or now
    rules.check_start(started, now)
    begun = Incident(
        id=ctx.new_id(),
        titles={},
        status=IncidentStatus.INVESTIGATING,
        impact=asked.impact or subjects.public_impact(ctx, asked.components),
        components=dict(asked.components),
        automatic=False,
        drill=asked.drill,
        created_at=now,
        updated_at=now,
        started_at=started,
        symptom=symptoms.first_said(ctx, asked.components),
        scheme=asked.scheme or facts.scheme(ctx, asked.components),
        moments=Moments(occurred_at=started, detected_at=now, confirmed_at=now),
    )
    return symptoms.chosen(ctx, begun, asked.symptom or begun.symptom)


def _changed(session: Session, ctx: Context, before: Incident, asked: Change, status: IncidentStatus, now: datetime) -> Incident:
    watched = status is IncidentStatus.MONITORING
    components = {**(changes.all_working(before) if watched else before.components), **asked.components}
    restored = asked.restored_at or before.moments.restored_at or now
    cleared = now if asked.late == "handled" else before.moments.backlog_cleared_at
    after = replace(
        before,
        status=status,
        cause=_next_cause(before, asked, status),
        components=components,
        impact=asked.impact or changes.worst_impact(ctx, before.impact, components),
        moments=replace(before.moments, restored_at=restored if watched else None, backlog_cleared_at=cleared),
    )
    after = symptoms.chosen(ctx, after, asked.symptom) if asked.symptom else symptoms.kept_true(session, ctx, before, after, now)
    return replace(after, next_update_by=changes.promise(session, ctx, after, now, asked.next_update_by))


def _next_cause(before: Incident, asked: Change, status: IncidentStatus) -> str | None:
    """A cause that turned out wrong is forgotten when the search begins again."""
    if asked.cause is not None:
        return asked.cause
    return None if before.status is IncidentStatus.IDENTIFIED and status is IncidentStatus.INVESTIGATING else before.cause


def _kind(before: IncidentStatus, after: IncidentStatus) -> NoticeKind:
    if before is IncidentStatus.MONITORING and after is IncidentStatus.INVESTIGATING:
        return NoticeKind.REOPENED  # the repair failed
    if before is after and after is IncidentStatus.IDENTIFIED:
        return NoticeKind.UPDATE
    return _KINDS[after]


def _said_to_work(before: Incident, asked: Change, kind: NoticeKind) -> set[str]:
    """The components of which an update says that they work."""
    if kind is NoticeKind.MONITORING:
        return {*before.components, *asked.components}
    return {slug for slug, status in asked.components.items() if status is ComponentStatus.OPERATIONAL}


def _failing_now(session: Session, before: Incident, named: Components) -> Components:
    """What fails now that the problem is back: what the person names, else what was last said to fail. Raises NotAllowed."""
    if any(status in FAILING for status in named.values()):
        return named
    said = updates.of_subject(session, SubjectKind.INCIDENT, before.id)
    last = {slug: status for update in said for slug, old, new in update.affected for status in (old, new) if status in FAILING}
    if not last:
        raise NotAllowed("The problem is back: say which component fails, and how gravely. Nothing was changed.")
    return {**last, **named}


def _promised_review(session: Session, incident: Incident) -> datetime | None:
    for said in reversed(updates.of_subject(session, SubjectKind.INCIDENT, incident.id)):
        review = updates.facts_of(session, SubjectKind.INCIDENT, incident.id, said.sequence).review
        if review is not None:
            return review
    return None
