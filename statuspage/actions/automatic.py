"""What the verdict does about incidents. Each function is one transaction, and asking again after a crash changes nothing more.

Only components, states and moments come in; every word comes from the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from statuspage.actions import alarms, changes, facts, subjects, symptoms
from statuspage.actions.changes import Telling
from statuspage.actions.context import Context
from statuspage.core.errors import DomainError
from statuspage.core.incidents import Incident, Moments
from statuspage.core.limits import DAY, may_begin
from statuspage.core.symptoms import true_of
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, NoticeKind
from statuspage.store import Session, audit, incidents

Components = Mapping[str, ComponentStatus]
_TROUBLE = (IncidentStatus.INVESTIGATING, IncidentStatus.IDENTIFIED)


def begin_automatic(
    ctx: Context,
    *,
    components: Components,
    lead: str,
    first_failed_at: datetime,
    detected_at: datetime | None = None,
    symptom: str | None = None,
) -> Incident | None:
    """Begins an incident about confirmed failures, or says why a person must.

    components   slug -> status; lead: the one that names the incident
    first_failed_at, detected_at   moments of the first failed check and of the verdict; detected None: now
    symptom      key of the catalogue; None: that of the leading component
    raises       DomainError if it cannot be put into words; operators are alarmed then, for customers hear nothing
    returns      the incident; one that is open and names them all already, or (failing again) was resolved lately, is continued
                 instead. None, with an alarm, where the rules withhold it: automatic incidents are off, or there were enough
    """
    try:
        return _begin(ctx, components, lead, first_failed_at, detected_at, symptom)
    except DomainError as error:
        alarms.raise_alarm(ctx, refused_key(lead), f"{lead} fails and no incident could be begun. Declare one. The reason: {error}")
        raise


def extend_automatic(ctx: Context, *, incident_id: str, components: Components, tell: bool) -> Incident:
    """Components of a running incident changed: more, worse, or working again. Repeats change nothing.

    tell   True if it is worth a statement of its own; else only the components change, and the next promised update says it
    """
    with ctx.ports.store.writing() as session:
        incidents.beginning(session)
        now = ctx.now()
        before = incidents.get(session, incident_id, for_change=True)
        return _extend(session, ctx, before, _told_nowhere_else(session, before, components), tell=tell, now=now)


def fail_again(
    ctx: Context, *, incident_id: str, components: Components, first_failed_at: datetime, symptom: str | None = None
) -> Incident:
    """An incident that is being watched, or was resolved, fails again: the same thread goes on. One still failing is extended.

    The first of `components` leads. symptom: as for begin_automatic; of use where the incident's name is no longer true. Nothing happens
    where people began an incident meanwhile that tells of all of it.
    """
    with ctx.ports.store.writing() as session:
        incidents.beginning(session)
        now = ctx.now()
        before = incidents.get(session, incident_id, for_change=True)
        if before.status in _TROUBLE:
            return _extend(session, ctx, before, _told_nowhere_else(session, before, components), tell=False, now=now)
        return _reopen(session, ctx, before, components, symptom, first_failed_at, now) or before


def recover(ctx: Context, *, incident_id: str, restored_at: datetime) -> Incident:
    """Everything named works again since restored_at: monitoring. Nothing if it is being watched already, or is over."""
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        before = incidents.get(session, incident_id, for_change=True)
        if before.status not in _TROUBLE:
            return before
        after = replace(
            before,
            status=IncidentStatus.MONITORING,
            components=changes.all_working(before),
            moments=replace(before.moments, restored_at=restored_at),
            next_update_by=changes.promise(session, ctx, before, now),
        )
        return changes.change(session, ctx, before, after, Telling(NoticeKind.MONITORING, audit.MACHINE, "incident.recover"), now)


def resolve_automatic(ctx: Context, *, incident_id: str, ask: bool = False) -> Incident:
    """Good for the whole stable period: resolved with the machine's own words. ask: a person is asked instead, by an alarm."""
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        before = incidents.get(session, incident_id, for_change=True)
        if before.status is not IncidentStatus.MONITORING:
            return before
        if ask or not ctx.settings.incidents.resolve_automatically:
            ask_whether_over(session, ctx, before)
            return before
        after = replace(
            before, status=IncidentStatus.RESOLVED, next_update_by=None, moments=replace(before.moments, resolved_at=now)
        )  # fmt: skip
        return changes.change(session, ctx, before, after, Telling(NoticeKind.RESOLVED_AUTO, audit.MACHINE, "incident.resolve"), now)


def ask_whether_over(session: Session, ctx: Context, incident: Incident) -> None:
    """The alarm that asks a person to resolve an incident that has been good for the stable period."""
    text = f"Incident {incident.id} has been good for the stable period. Resolve it, or say what is still wrong."
    alarms.raise_in(session, ctx, changes.decision_key(incident.id), text)


def refused_key(lead: str) -> str:
    """Alarm: an automatic incident could not be begun."""
    return f"refused:{lead}"


def _begin(
    ctx: Context, components: Components, lead: str, first_failed_at: datetime, detected_at: datetime | None, symptom: str | None
) -> Incident | None:
    with ctx.ports.store.writing() as session:
        incidents.beginning(session)
        now = ctx.now()
        led = dict(sorted(components.items(), key=lambda item: item[0] != lead))
        found = _continued(session, ctx, led, symptom, first_failed_at, now)
        if found is not None:
            return found
        allowed = _allowed(session, ctx, components, now)
        if not allowed:
            return None
        order = {lead: allowed[lead], **allowed} if lead in allowed else allowed
        moments = Moments(
            occurred_at=first_failed_at, first_failed_at=first_failed_at, detected_at=detected_at or now, confirmed_at=now
        )  # fmt: skip
        incident = Incident(
            id=ctx.new_id(),
            titles={},
            status=IncidentStatus.INVESTIGATING,
            impact=subjects.public_impact(ctx, order),
            components=order,
            automatic=True,
            drill=False,
            created_at=now,
            updated_at=now,
            started_at=first_failed_at,
            symptom=symptoms.first_said(ctx, order, symptom if lead in allowed else None),
            scheme=facts.scheme(ctx, order),
            moments=moments,
        )
        incident = replace(incident, next_update_by=changes.promise(session, ctx, incident, now))
        _mind_lone_network(session, ctx, incident)
        alarms.clear_in(session, ctx, refused_key(lead))
        return changes.begin(session, ctx, incident, Telling(NoticeKind.INVESTIGATING, audit.MACHINE, "incident.begin"), now)


def _continued(
    session: Session, ctx: Context, components: Components, symptom: str | None, first_failed_at: datetime, now: datetime
) -> Incident | None:
    """The incident that these failures belong to already: an open one that names them all, or one resolved lately that named any."""
    for incident in incidents.opened(session):
        if not incident.drill and components.keys() <= incident.components.keys():
            kept = incidents.get(session, incident.id, for_change=True)
            if not kept.automatic:
                return kept
            if kept.status is IncidentStatus.MONITORING:
                return _reopen(session, ctx, kept, components, symptom, first_failed_at, now)
            return _extend(session, ctx, kept, components, tell=False, now=now)
    since = now - timedelta(seconds=ctx.settings.incidents.reopen_within_s)
    for incident in incidents.resolved_since(session, since):
        if incident.automatic and not incident.drill and components.keys() & incident.components.keys():
            kept = incidents.get(session, incident.id, for_change=True)
            back = _reopen(session, ctx, kept, components, symptom, first_failed_at, now)
            if back is not None:
                return back
    return None


def _allowed(session: Session, ctx: Context, components: Components, now: datetime) -> dict[str, ComponentStatus]:
    """Those of the components about which the machine may begin an incident now, without those that an open one names.

    Operators are alarmed about what the rules withhold.
    """
    rules = ctx.settings.incidents
    lately = [incident for incident in incidents.begun_since(session, now - DAY) if incident.automatic]
    allowed: dict[str, ComponentStatus] = {}
    withheld: list[str] = []
    named = {slug for incident in incidents.opened(session) if not incident.drill for slug in incident.components}
    for slug, status in components.items():
        if slug in named:
            continue
        begun = [incident.created_at for incident in lately if slug in incident.components]
        enough = not may_begin(begun, now, every_s=rules.new_per_component_s, per_day=rules.new_per_day)
        if not rules.automatic or enough:
            withheld.append(slug)
        else:
            allowed[slug] = status
            alarms.clear_in(session, ctx, f"withheld:{slug}")
    why = "there were enough automatic incidents about it lately" if rules.automatic else "automatic incidents are turned off"
    for slug in withheld:
        text = f"{slug} fails and no incident was begun: {why}. The page shows it; declare an incident if customers should be told."
        alarms.raise_in(session, ctx, f"withheld:{slug}", text)
    return allowed


def _told_nowhere_else(session: Session, incident: Incident, components: Components) -> dict[str, ComponentStatus]:
    """Without what another open incident names: what people declared since the verdict looked is told there, once.

    An open incident keeps what it names itself.
    """
    others = (other for other in incidents.opened(session) if other.id != incident.id and not other.drill)
    elsewhere = {slug for other in others for slug in other.components}
    own = incident.components.keys() if incident.is_open else set()
    return {slug: status for slug, status in components.items() if slug in own or slug not in elsewhere}


def _extend(session: Session, ctx: Context, before: Incident, components: Components, *, tell: bool, now: datetime) -> Incident:
    if before.status not in _TROUBLE:
        return before
    merged = {**before.components, **components}
    if merged == before.components:
        return before
    impact = changes.worst_impact(ctx, before.impact, merged)
    after = symptoms.kept_true(session, ctx, before, replace(before, components=merged, impact=impact), now)
    if not tell:
        return _note_components(session, before, after, now)
    if not after.titles:
        after = replace(after, titles=changes.titles(session, ctx, after))
    after = replace(after, next_update_by=changes.promise(session, ctx, after, now))
    kind = NoticeKind.IDENTIFIED if before.status is IncidentStatus.IDENTIFIED else NoticeKind.INVESTIGATING
    return changes.change(session, ctx, before, after, Telling(kind, audit.MACHINE, "incident.extend"), now)


def _note_components(session: Session, before: Incident, after: Incident, now: datetime) -> Incident:
    """Components change without a statement: the page shows them as they are, the next promised update says it in words."""
    saved = incidents.save(session, replace(after, updated_at=now))
    detail = {"before": before.components, "after": saved.components}
    audit.append(session, at=now, who=audit.MACHINE, what="incident.components", subject=saved.id, detail=detail)
    return saved


def _reopen(
    session: Session, ctx: Context, before: Incident, failing: Components, symptom: str | None, first_failed_at: datetime, now: datetime
) -> Incident | None:
    """None, and nothing happens, if other open incidents tell of all by which this one is known again."""
    components = _told_nowhere_else(session, before, failing)
    if components.keys() != failing.keys() and not components.keys() & before.components.keys():
        return None
    if next(iter(components)) != next(iter(failing)):
        symptom = None  # it was that of the component that led, which is told of elsewhere
    named = _named_now(session, ctx, before, components, symptom)
    merged = {**named.components, **components}
    after = replace(
        named,
        status=IncidentStatus.INVESTIGATING,
        components=merged,
        cause=None,
        impact=changes.worst_impact(ctx, before.impact, merged),
        moments=replace(before.moments, restored_at=None, resolved_at=None, backlog_cleared_at=None),
    )
    if named is before:
        after = symptoms.kept_true(session, ctx, before, after, now)
    if after.symptom != before.symptom or named is not before:
        after = replace(after, titles=changes.titles(session, ctx, after))
    after = replace(after, next_update_by=changes.promise(session, ctx, after, now, back=True))
    telling = Telling(NoticeKind.REOPENED, audit.MACHINE, "incident.reopen", extra={"start": first_failed_at})
    return changes.change(session, ctx, before, after, telling, now)


def _named_now(session: Session, ctx: Context, before: Incident, components: Components, symptom: str | None) -> Incident:
    """Under the name that is true: its own while the component that it is named after fails again, else that of what fails now."""
    named_after = next(iter(subjects.public(ctx, before.components)), None)
    if named_after is None or named_after in components:
        return before
    first = next(iter(subjects.public(ctx, components)), None)
    if first is None:
        return before
    order = {first: components[first], **before.components}
    spoken = true_of(symptom or facts.symptom(ctx, order), components[first])
    return symptoms.not_taken_back(session, ctx, replace(before, components=order, symptom=spoken, scheme=facts.scheme(ctx, components)))


def _mind_lone_network(session: Session, ctx: Context, incident: Incident) -> None:
    """A person is refused this; the machine says what it must say, and tells operators that one network is not enough."""
    statuses: Iterable[ComponentStatus] = incident.components.values()
    only = subjects.lone_network_of(ctx, subjects.of_incident(ctx, incident), statuses)
    if only is None:
        alarms.clear_in(session, ctx, "lone-network")
    else:
        text = f"A major outage is announced on {only} alone. Add a channel on a second network."
        alarms.raise_in(session, ctx, "lone-network", text)
