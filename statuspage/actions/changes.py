"""What every change of an incident has in common, whoever makes it: the row, the statement and the audit line, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from statuspage.actions import alarms, facts, subjects, symptoms
from statuspage.actions.context import Context
from statuspage.actions.notices import Statement, announce, nothing_was_posted
from statuspage.core.errors import Conflict, NotAllowed
from statuspage.core.incidents import Incident, check_transition
from statuspage.core.notices import Facts
from statuspage.core.promises import Cadence, next_update, whole_minute
from statuspage.core.vocabulary import ComponentStatus, Impact, IncidentStatus, NoticeKind, SubjectKind
from statuspage.store import Session, audit, incidents, updates

LONGEST_PROMISE = timedelta(days=31)
_BY_GRAVITY = tuple(Impact)


@dataclass(frozen=True)
class Telling:
    """How a change is told. what: name of the deed in the audit log; extra: further values of the facts."""

    kind: NoticeKind
    who: str
    what: str
    reason: str = ""
    free_text: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    posts: bool = True


def begin(session: Session, ctx: Context, incident: Incident, telling: Telling, now: datetime) -> Incident:
    """A new incident with its first statement. Its titles are made here, from the catalogue."""
    told = facts.while_it_lasts(session, ctx, incident, telling.kind, telling.free_text)
    incident = replace(incident, titles=titles(session, ctx, incident))
    incidents.add(session, incident)
    _say(session, ctx, incident, told, telling, now)
    return incident


def change(session: Session, ctx: Context, before: Incident, after: Incident, telling: Telling, now: datetime) -> Incident:
    """Writes a changed incident and says so. Raises NotAllowed if its new status may not follow the old one; Conflict."""
    check_transition(before.status, after.status)
    if not after.titles:  # it began among private components, and now the public may hear of it
        if after.symptom == before.symptom:
            after = replace(after, symptom=symptoms.first_said(ctx, after.components), scheme=facts.scheme(ctx, after.components))
        after = replace(after, titles=titles(session, ctx, after))
    saved = incidents.save(session, replace(after, updated_at=now))
    if telling.kind in facts.OVER:
        told = facts.once_it_works(session, ctx, saved, telling.kind, telling.free_text)
        quiet = nothing_was_posted(session, subjects.of_incident(ctx, saved), now)
        telling = replace(telling, posts=telling.posts and not quiet)
    else:
        told = facts.while_it_lasts(session, ctx, saved, telling.kind, telling.free_text)
    _say(session, ctx, saved, replace(told, **telling.extra), telling, now)
    return saved


def titles(session: Session, ctx: Context, incident: Incident) -> dict[str, str]:
    """Its name in each language that has the words; none for an incident that is not public."""
    if subjects.of_incident(ctx, incident).private:
        return {}
    told = facts.while_it_lasts(session, ctx, incident, NoticeKind.INVESTIGATING, {})
    blocked = ctx.words.blocked_languages(told)
    return {lang: ctx.words.title(told, lang) for lang in ctx.settings.page.languages if lang not in blocked}


def current(session: Session, incident_id: str, version: int | None) -> Incident:
    """The incident, kept for this transaction. Raises NotFound; Conflict if `version` is given and no longer the newest."""
    incident = incidents.get(session, incident_id, for_change=True)
    if version is not None and version != incident.version:
        raise Conflict(
            f"Incident {incident_id} was changed meanwhile: you saw version {version}, it is at version {incident.version} "
            f"and {incident.status} now. Look at it again, then decide. Nothing was changed.",
            incident,
        )
    return incident


def promise(
    session: Session, ctx: Context, incident: Incident, now: datetime, wish: datetime | None = None, *, back: bool = False
) -> datetime:
    """By when the next update is promised: as the person wishes, else by the rules. Raises NotAllowed for a past moment or a far one.

    back   that it is back is about to be said
    """
    if wish is not None:
        if wish <= now:
            raise NotAllowed(
                f"The next update cannot be promised for {wish:%H:%M} UTC: that is past. Give a later time. Nothing was changed."
            )
        if wish > now + LONGEST_PROMISE:
            raise NotAllowed(
                f"The next update cannot be promised for {wish:%Y-%m-%d}: customers wait {LONGEST_PROMISE.days} days at most. "
                "Give a sooner time. Nothing was changed."
            )
        return whole_minute(wish)
    rules = ctx.settings.incidents
    cadence = Cadence(rules.next_update_s, rules.slow_after_s, rules.slow_update_s)
    return next_update(now, began_at=now if back else _news_since(session, incident), impact=incident.impact, cadence=cadence)


def _news_since(session: Session, incident: Incident) -> datetime:
    """Since when people hear of this trouble: what was found late, or came back, is news all the same, and is spoken of often."""
    for update in reversed(updates.of_subject(session, SubjectKind.INCIDENT, incident.id)):
        if update.kind is NoticeKind.REOPENED:
            return update.created_at
    return max(incident.started_at, incident.created_at)


def worst_impact(ctx: Context, before: Impact, components: Mapping[str, ComponentStatus]) -> Impact:
    """An incident's impact is the worst that it ever had."""
    return max(before, subjects.public_impact(ctx, components), key=_BY_GRAVITY.index)


def all_working(incident: Incident) -> dict[str, ComponentStatus]:
    return dict.fromkeys(incident.components, ComponentStatus.OPERATIONAL)


def reminder_key(incident_id: str) -> str:
    """Alarm: the promised moment comes near."""
    return f"promise:{incident_id}"


def unkept_key(incident_id: str) -> str:
    """Alarm: the promised moment came and no person had written."""
    return f"promise-unkept:{incident_id}"


def unseen_key(incident_id: str) -> str:
    """Alarm: the promised moment came, no person had written, and no check could say what is the case."""
    return f"promise-unseen:{incident_id}"


def decision_key(incident_id: str) -> str:
    """Alarm: a person is asked whether the incident is over."""
    return f"resolve:{incident_id}"


def unwatched_key(incident_id: str) -> str:
    """Alarm: it names a component that the configuration has no more, so only a person can end it."""
    return f"unwatched:{incident_id}"


def private_key(incident_id: str) -> str:
    """Alarm: trouble that the public is not told about."""
    return f"private:{incident_id}"


def _say(session: Session, ctx: Context, incident: Incident, told: Facts, telling: Telling, now: datetime) -> None:
    subject = subjects.of_incident(ctx, incident)
    announce(
        session,
        ctx,
        Statement(
            subject=subject,
            facts=told,
            status=incident.status.value,
            who=telling.who,
            reason=telling.reason,
            next_update_by=incident.next_update_by,
            affected=_affected(session, incident, subject.components),
            posts=telling.posts,
        ),
        now,
    )
    detail = {"status": incident.status, "components": incident.components, "cause": incident.cause, "reason": telling.reason}
    audit.append(session, at=now, who=telling.who, what=telling.what, subject=incident.id, detail=detail)
    _alarms(session, ctx, incident, telling, private=subject.private)


def _affected(session: Session, incident: Incident, shown: tuple[str, ...]) -> tuple[tuple[str, ComponentStatus, ComponentStatus], ...]:
    """What changed since the last statement, also what changed without one."""
    said = {slug: new for update in updates.of_subject(session, SubjectKind.INCIDENT, incident.id) for slug, _, new in update.affected}
    changes = ((slug, said.get(slug, ComponentStatus.OPERATIONAL), incident.components[slug]) for slug in shown)
    return tuple((slug, old, new) for slug, old, new in changes if old is not new)


def _alarms(session: Session, ctx: Context, incident: Incident, telling: Telling, *, private: bool) -> None:
    """Ends the alarms that this statement answers; tells operators of trouble that the public is not told about."""
    alarms.clear_in(session, ctx, reminder_key(incident.id))
    alarms.clear_in(session, ctx, unseen_key(incident.id))
    if telling.who != audit.MACHINE or not incident.is_open:
        alarms.clear_in(session, ctx, unkept_key(incident.id))
    if incident.status is not IncidentStatus.MONITORING:
        alarms.clear_in(session, ctx, decision_key(incident.id))
    if private and incident.is_open and not incident.drill:
        hit = ", ".join(f"{slug}: {status}" for slug, status in incident.components.items())
        alarms.raise_in(session, ctx, private_key(incident.id), f"Trouble that is not public: {hit}. Incident {incident.id}.")
    elif not incident.is_open:
        alarms.clear_in(session, ctx, private_key(incident.id))
    if not incident.is_open:
        alarms.clear_in(session, ctx, unwatched_key(incident.id))
