"""Taking back what was wrong: a new statement that says so. Nothing that was said is changed or deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from statuspage.actions import changes, rules, subjects, symptoms
from statuspage.actions import facts as gathering
from statuspage.actions.context import Context
from statuspage.actions.notices import Statement, announce, check_free_text
from statuspage.actions.subjects import Subject
from statuspage.core.errors import NotAllowed
from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.maintenance import Maintenance
from statuspage.core.notices import Facts
from statuspage.core.symptoms import TROUBLE
from statuspage.core.vocabulary import NoticeKind, SubjectKind
from statuspage.store import Session, audit, incidents, maintenance, updates


def correct(
    ctx: Context,
    *,
    kind: SubjectKind,
    subject_id: str,
    sequence: int,
    wrong: Mapping[str, str],
    text: Mapping[str, str],
    who: str,
    symptom: str | None = None,
) -> IncidentUpdate:
    """Publishes a correction of one update of an incident or planned work; status and promise stay as they are.

    Every later text would repeat the sentence on what customers notice. So once that is called wrong, they have another one, and a title
    that told it is made anew. Nothing else of the incident or the work changes.

    wrong, text   language -> what was wrong, what is right, in whole sentences; a language that lacks one of them is left out
    symptom  what customers notice instead, a key of the catalogue; None: as it is, or nothing in particular where that is called wrong
    raises   NotFound; NotAllowed if no language has both texts, if the public never heard that update, if the sentence that is named is
             called wrong at the same time, or the subject is a warning (publish another one); InvalidText
    """
    check_free_text(ctx, wrong, text)
    rules.check_keys(ctx, symptom, None, None)
    if not any(wrong.get(language) and right for language, right in text.items()):
        raise NotAllowed("A correction says what was wrong and what is right, in at least one language. Nothing was changed.")
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        subject, standing = _subject(session, ctx, kind, subject_id)
        wrongly_said = updates.get(session, kind, subject_id, sequence)
        if not subject.private and not wrongly_said.texts:
            raise NotAllowed(
                f"Update {sequence} has no words on the page (it was said while this was private, or could not be said): the public heard "
                "nothing that could be wrong. Say what is right as an update. Nothing was changed."
            )
        told = _told_instead(ctx, standing, wrong, text, symptom)
        after = _told_otherwise(session, ctx, standing, told, wrong, text)
        facts = Facts(
            NoticeKind.CORRECTION,
            service=subjects.service(ctx, subject.components),
            affected=subject.components,
            symptom=told,
            scheme=_scheme(ctx, after),
            was=wrongly_said.display_at,
            next=standing.next_update_by,
            wrong=dict(wrong),
            text=dict(text),
        )
        said = Statement(subject, facts, standing.status.value, who, corrects=sequence, next_update_by=standing.next_update_by)
        update = announce(session, ctx, said, now)
        detail = {"corrects": sequence, "wrong": dict(wrong), "text": dict(text), "symptom": told}
        audit.append(session, at=now, who=who, what="notice.correct", subject=subject_id, detail=detail)
        return update


def _told_instead(
    ctx: Context, standing: Incident | Maintenance, wrong: Mapping[str, str], right: Mapping[str, str], symptom: str | None
) -> str | None:
    """What customers notice from now on; None: what stands was not called wrong."""
    taken = symptoms.wrong_in(ctx, wrong, right, _scheme(ctx, standing))
    told = symptom or (TROUBLE if _spoken(ctx, standing) in taken else None)
    if told is not None and _spoken(ctx, replace(standing, symptom=told)) in taken:
        others = ", ".join(key for key in ctx.words.symptoms if key not in taken)
        raise NotAllowed(
            f"The sentence {told!r} is what this correction calls wrong, and every later text would say it again. "
            f"Name what customers notice instead: {others}. Nothing was changed."
        )
    return None if told == standing.symptom else told


def _told_otherwise(
    session: Session, ctx: Context, before: Incident | Maintenance, told: str | None, wrong: Mapping[str, str], right: Mapping[str, str]
) -> Incident | Maintenance:
    """What stands after the correction. A title that says what was wrong is made anew; that of planned work names no symptom."""
    if isinstance(before, Maintenance):
        if told == "scheme" and not _scheme(ctx, before):
            raise NotAllowed("The symptom 'scheme' names a payment scheme, and none of these components has one. Nothing was changed.")
        return before if told is None else maintenance.save(session, replace(before, symptom=told))
    after = before if told is None else symptoms.chosen(ctx, before, told)
    untrue = symptoms.wrong_in(ctx, wrong, right, before.scheme) & ctx.words.symptoms_in(before.titles, before.scheme)
    if told is not None or untrue:
        after = replace(after, titles=changes.titles(session, ctx, after))
    return before if after == before else incidents.save(session, after)


def _spoken(ctx: Context, standing: Incident | Maintenance) -> str:
    return gathering.spoken(ctx, standing) if isinstance(standing, Incident) else standing.symptom


def _scheme(ctx: Context, standing: Incident | Maintenance) -> str | None:
    return standing.scheme if isinstance(standing, Incident) else gathering.scheme(ctx, standing.components)


def _subject(session: Session, ctx: Context, kind: SubjectKind, subject_id: str) -> tuple[Subject, Incident | Maintenance]:
    if kind is SubjectKind.INCIDENT:
        incident = incidents.get(session, subject_id, for_change=True)
        return subjects.of_incident(ctx, incident), incident
    if kind is SubjectKind.MAINTENANCE:
        work = maintenance.get(session, subject_id, for_change=True)
        return subjects.of_maintenance(ctx, work), work
    raise NotAllowed(f"A {kind} cannot be corrected; publish another one. Nothing was changed.")
