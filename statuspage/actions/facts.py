"""What a notice may speak of, gathered from an incident or planned work, the configuration and what the probes see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from statuspage.actions import sight
from statuspage.actions.context import Context
from statuspage.actions.subjects import public, service
from statuspage.core.incidents import Incident
from statuspage.core.maintenance import Maintenance
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import ComponentStatus, MaintenanceStatus, NoticeKind, SubjectKind
from statuspage.store import Session, incidents, maintenance, updates

UNKNOWN_CAUSE = "unknown"
URGENT, NO_CALL, CONTACT = "urgent", "no_call", "contact"
OVER = (NoticeKind.MONITORING, NoticeKind.RESOLVED, NoticeKind.RESOLVED_AUTO)
SHOWN = 2  # sentences of advice, in a page and in the answer above it
_CARDS = frozenset({"card", "contactless", "atm"})
_WAYS_IN = frozenset({"login", "slow", "unreachable", "code_late"})  # no setting says which component is the website and which the app
DISPROVED_BY: Mapping[str, frozenset[str]] = {"cards_ok": _CARDS, "use_web": _WAYS_IN, "use_app": _WAYS_IN}  # by such symptoms elsewhere


def while_it_lasts(session: Session, ctx: Context, incident: Incident, kind: NoticeKind, free_text: Mapping[str, str]) -> Facts:
    """For investigating, update, identified and reopened."""
    named = _named(ctx, incident)
    return Facts(
        kind=kind,
        service=service(ctx, named),
        affected=named,
        works=seen_to_work(session, ctx, besides=incident.components, since=_looked_since(session, incident)),
        symptom=spoken(ctx, incident),
        scheme=incident.scheme,
        cause=incident.cause,
        advice=_something(advice(session, ctx, named)),
        start=since(session, incident),
        next=incident.next_update_by,
        free_text=dict(free_text),
    )


def once_it_works(session: Session, ctx: Context, incident: Incident, kind: NoticeKind, free_text: Mapping[str, str]) -> Facts:
    """For monitoring and both kinds of resolved: what was hit, since when it works, how long it lasted."""
    named = public(ctx, incident.components)
    end = incident.moments.restored_at
    return Facts(
        kind=kind,
        service=service(ctx, named),
        affected=named,
        cause=None if kind in (NoticeKind.MONITORING, NoticeKind.RESOLVED_AUTO) else incident.cause,
        end=end,
        next=incident.next_update_by,
        duration_s=lasted_s(session, incident),
        free_text=dict(free_text),
    )


def still_waiting(session: Session, incident: Incident, now: datetime) -> dict[str, Any]:
    """The sentence on waiting payments carried over from the last update, or {}: late, late_until.

    Not once the time it names has come, or an update that said it was corrected. A correction of something else leaves it as it is.
    """
    said = updates.of_subject(session, SubjectKind.INCIDENT, incident.id)

    def told(sequence: int) -> Facts:
        return updates.facts_of(session, SubjectKind.INCIDENT, incident.id, sequence)

    before = next((told(update.sequence) for update in reversed(said) if update.corrects is None), None)
    if before is None or before.late is None or (before.late_until is not None and before.late_until <= now):
        return {}
    if any(told(update.corrects).late == before.late for update in said if update.corrects is not None):
        return {}
    return {"late": before.late, "late_until": before.late_until}


def planned(session: Session, ctx: Context, work: Maintenance, kind: NoticeKind, free_text: Mapping[str, str]) -> Facts:
    """For planned work before and while it runs."""
    named = public(ctx, work.components)
    return Facts(
        kind=kind,
        service=service(ctx, named),
        affected=named,
        works=seen_to_work(session, ctx, besides=work.components),
        symptom=work.symptom,
        scheme=scheme(ctx, named),
        advice=advice(session, ctx, named),
        start=work.scheduled_for,
        end=work.scheduled_until,
        next=work.next_update_by,
        free_text=dict(free_text),
    )


def since(session: Session, incident: Incident) -> datetime:
    """Start of the trouble that lasts now: that of the last reopening, else of the incident."""
    for update in reversed(updates.of_subject(session, SubjectKind.INCIDENT, incident.id)):
        if update.kind is NoticeKind.REOPENED:
            start = updates.facts_of(session, SubjectKind.INCIDENT, incident.id, update.sequence).start
            return start or incident.started_at
    return incident.started_at


def lasted_s(session: Session, incident: Incident) -> int | None:
    """For how many seconds customers noticed it, without the time for which it worked before it came back; None while it lasts."""
    until = incident.moments.restored_at
    if until is None:
        return None
    begun, worked_at, lasted = incident.started_at, None, timedelta(0)
    for update in updates.of_subject(session, SubjectKind.INCIDENT, incident.id):
        if update.kind not in (*OVER, NoticeKind.REOPENED):
            continue
        told = updates.facts_of(session, SubjectKind.INCIDENT, incident.id, update.sequence)
        if update.kind in OVER:
            worked_at = told.end
        elif worked_at is not None and told.start is not None and told.start > worked_at:  # else the repair failed: it never worked
            lasted += max(worked_at - begun, timedelta(0))
            begun, worked_at = told.start, None
    return int((lasted + max(until - begun, timedelta(0))).total_seconds())


def seen_to_work(session: Session, ctx: Context, besides: Iterable[str], since: datetime | None = None) -> tuple[str, ...]:
    """Public components that fresh checks see working, `besides` those given and all that open incidents and running work name.

    since   what was not seen since then is not said to work; what depends on something that is hit never is
    """
    hit = set(besides) | _troubled(session)
    seen = sight.working(session, ctx) if since is None else sight.working_since(session, ctx, since)
    working = seen - hit - _explained_by(ctx, hit)
    return public(ctx, (component.slug for component in ctx.settings.components if component.slug in working))


def spoken(ctx: Context, incident: Incident) -> str:
    """What customers notice. "Slow" is for what still answers: where the component named first is down, its pages do not open."""
    named = _named(ctx, incident)
    down = bool(named) and incident.components.get(named[0]) is ComponentStatus.MAJOR_OUTAGE
    return "unreachable" if incident.symptom == "slow" and down else incident.symptom


def _named(ctx: Context, incident: Incident) -> tuple[str, ...]:
    """The components that a text names while trouble lasts: those that are hit; when all of them work, those that were."""
    hit = public(ctx, (slug for slug, status in incident.components.items() if status is not ComponentStatus.OPERATIONAL))
    return hit or public(ctx, incident.components)


def _looked_since(session: Session, incident: Incident) -> datetime | None:
    """From when on a check says what still works: the machine has only its checks, a person who declares has looked."""
    return since(session, incident) if incident.automatic else None


def _explained_by(ctx: Context, hit: set[str]) -> set[str]:
    """Components that depend on one of those, in one step or several."""
    parents = {component.slug: component.depends_on for component in ctx.settings.components}
    found: set[str] = set()
    while more := {slug for slug, above in parents.items() if slug not in found and (hit | found) & set(above)}:
        found |= more
    return found


def advice(session: Session, ctx: Context, components: Iterable[str]) -> tuple[str, ...]:
    """Advice that holds whatever of these is hit: what all of them name, in the order of the first.

    Whoever loses a card must know the number in any outage: `urgent` holds as soon as one of them names it, if there is a number, and
    stands among the sentences that are shown. What sends people to something else is left out while that is in trouble, see DISPROVED_BY.
    """
    configured = {component.slug: component.advice for component in ctx.settings.components}
    lists = [configured[slug] for slug in components if slug in configured]
    if not lists:
        return ()
    wrong = _disproved(session, ctx)
    number = bool(ctx.settings.page.phone) and any(URGENT in one for one in lists)
    first = [*lists[0], URGENT] if URGENT not in lists[0] else lists[0]
    shared = [key for key in first if (number if key == URGENT else key not in wrong and all(key in one for one in lists))]
    if URGENT in shared[SHOWN:]:
        shared.remove(URGENT)
        shared.insert(SHOWN - 1, URGENT)
    return tuple(shared)


def _something(told: tuple[str, ...]) -> tuple[str, ...]:
    """The same; where nothing of it is something to do, how to reach the bank."""
    return told if set(told) - {NO_CALL} else (*told, CONTACT)


def _disproved(session: Session, ctx: Context) -> set[str]:
    """Advice that would send people to what fails: known from a public component in trouble that does not give this advice itself."""
    hit = _troubled(session) | sight.red(session)
    sick = [component for component in ctx.settings.components if component.slug in hit and not component.private]
    return {key for key, symptoms in DISPROVED_BY.items() for one in sick if one.symptom in symptoms and key not in one.advice}


def symptom(ctx: Context, components: Iterable[str]) -> str:
    """Symptom of the component hit first, of which the public may hear; of a private one only where there is no other."""
    configured = {component.slug: component.symptom for component in ctx.settings.components}
    hit = list(components)
    return next((configured[slug] for slug in (*public(ctx, hit), *hit) if slug in configured), "slow")


def scheme(ctx: Context, components: Iterable[str]) -> str | None:
    """Payment scheme of the first component that has one."""
    configured = {component.slug: component.scheme for component in ctx.settings.components}
    return next((found for slug in components if (found := configured.get(slug))), None)


def review_by(ctx: Context, now: datetime) -> datetime:
    """The day by which the explanation is promised."""
    return now + timedelta(days=ctx.settings.incidents.review_days)


def _troubled(session: Session) -> set[str]:
    """What open incidents and work that has begun name, drills left out."""
    trouble = [incident.components for incident in incidents.opened(session) if not incident.drill]
    begun = [
        work.components for work in maintenance.unfinished(session) if work.status is not MaintenanceStatus.SCHEDULED and not work.drill
    ]
    return {slug for named in (*trouble, *begun) for slug in named}
