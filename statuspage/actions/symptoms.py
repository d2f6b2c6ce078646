"""Which sentence an incident tells of what customers notice: that of the component that its text names, as badly as that one fails.

What a person chose stays with its component. What a correction took back is said again only where a person names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from statuspage.actions import facts
from statuspage.actions.context import Context
from statuspage.actions.subjects import public
from statuspage.core.errors import NotAllowed
from statuspage.core.incidents import Incident
from statuspage.core.quorum import FAILING, cast, decide, shown_for
from statuspage.core.symptoms import SLOW, TROUBLE, Noticed, told_by, true_of
from statuspage.core.vocabulary import ComponentStatus, NoticeKind, SubjectKind
from statuspage.store import Session, detector, updates

Components = Mapping[str, ComponentStatus]
_GOOD = ComponentStatus.OPERATIONAL


def first_said(ctx: Context, components: Components, symptom: str | None = None) -> str:
    """That with which an incident begins of which no person named one. symptom: what the probes say; None: the configuration's."""
    return true_of(symptom or facts.symptom(ctx, components), components[named(ctx, components) or next(iter(components))])


def chosen(ctx: Context, incident: Incident, symptom: str) -> Incident:
    """With the one that a person names. Raises NotAllowed where its sentence needs a payment scheme and there is none."""
    scheme = incident.scheme or facts.scheme(ctx, incident.components)
    if symptom == "scheme" and not scheme:
        raise NotAllowed("The symptom 'scheme' needs the name of a payment scheme. Give one, e.g. Bizum. Nothing was changed.")
    return replace(incident, symptom=symptom, scheme=scheme)


def kept_true(session: Session, ctx: Context, before: Incident, after: Incident, now: datetime) -> Incident:
    """With the symptom of the component that the next text names, as it fails now. What a person chose for that one is left alone."""
    old = named(ctx, before.components) or next(iter(public(ctx, before.components)), None)
    new = named(ctx, after.components)
    if new is None or (old == new and before.components[new] is after.components[new]):
        return after
    own = facts.symptom(ctx, [new])
    kept = old == new and before.symptom != true_of(own, before.components[new])
    if old == new and before.symptom not in _own(ctx, new):
        return after
    found = _noticed(session, ctx, new, now) or (before.symptom if kept else own)
    after = replace(after, symptom=true_of(found, after.components[new]), scheme=facts.scheme(ctx, [new]) or after.scheme)
    return after if after.symptom == before.symptom else not_taken_back(session, ctx, after)


def not_taken_back(session: Session, ctx: Context, incident: Incident) -> Incident:
    """With nothing in particular, where a correction took back the sentence that it has."""
    again = facts.spoken(ctx, incident) in taken_back(session, ctx, SubjectKind.INCIDENT, incident.id, incident.scheme)
    return replace(incident, symptom=TROUBLE) if again else incident


def taken_back(session: Session, ctx: Context, kind: SubjectKind, subject_id: str, scheme: str | None) -> set[str]:
    """Those whose sentences corrections took back."""
    found: set[str] = set()
    for update in updates.of_subject(session, kind, subject_id):
        if update.kind is NoticeKind.CORRECTION:
            said = updates.facts_of(session, kind, subject_id, update.sequence)
            found |= wrong_in(ctx, said.wrong, said.text, scheme)
            if said.symptom and update.corrects:  # a person named another one, and called the old one wrong in words of their own
                found |= {updates.facts_of(session, kind, subject_id, update.corrects).symptom or said.symptom} - {said.symptom}
    return found


def wrong_in(ctx: Context, wrong: Mapping[str, str], right: Mapping[str, str], scheme: str | None) -> frozenset[str]:
    """Those that a correction with these texts takes back: what it calls wrong in a language and does not call right there."""
    both = wrong.keys() & right.keys()
    named = [ctx.words.symptoms_in({one: texts[one] for one in both}, scheme) for texts in (wrong, right)]
    return named[0] - named[1]


def named(ctx: Context, components: Components) -> str | None:
    """The component that a text names while trouble lasts: the first, of which the public may hear, that does not work."""
    return next(iter(public(ctx, (slug for slug, status in components.items() if status is not _GOOD))), None)


def _noticed(session: Session, ctx: Context, slug: str, now: datetime) -> str | None:
    """What the probes that see a component fail say that customers notice; None if none of them sees it fail."""
    streaks, everywhere = detector.load(session).streaks, [place.name for place in ctx.settings.locations]
    failing = []
    for probe in ctx.settings.probes:
        if probe.component != slug:
            continue
        places = probe.locations or everywhere
        verdict = decide([cast(place, streaks.get((probe.name, place)), now=now, interval_s=probe.interval_s) for place in places])
        status = shown_for(verdict, probe.status)
        if status in FAILING:
            failing.append(Noticed(status, verdict.reasons, probe.symptom))
    return (told_by(failing) or facts.symptom(ctx, [slug])) if failing else None


def _own(ctx: Context, slug: str) -> set[str]:
    """What the configuration may say of a component: anything else was a person's choice."""
    probes = {probe.symptom for probe in ctx.settings.probes if probe.component == slug and probe.symptom}
    return {SLOW, TROUBLE, facts.symptom(ctx, [slug]), *probes}
