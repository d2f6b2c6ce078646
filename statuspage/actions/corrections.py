"""Taking back what was wrong: a new statement that says so. Nothing that was said is changed or deleted."""

from __future__ import annotations

from collections.abc import Mapping

from statuspage.actions import subjects
from statuspage.actions.context import Context
from statuspage.actions.notices import Statement, announce, check_free_text
from statuspage.actions.subjects import Subject
from statuspage.core.errors import NotAllowed
from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.maintenance import Maintenance
from statuspage.core.notices import Facts
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
) -> IncidentUpdate:
    """Publishes a correction of one update of an incident or planned work; status and promise stay as they are.

    wrong, text   language -> what was wrong, what is right, in whole sentences; a language that lacks one of them is left out
    raises   NotFound; NotAllowed if no language has both texts, or the subject is a warning (publish another one); InvalidText
    """
    check_free_text(ctx, wrong, text)
    if not any(wrong.get(language) and right for language, right in text.items()):
        raise NotAllowed("A correction says what was wrong and what is right, in at least one language. Nothing was changed.")
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        subject, standing = _subject(session, ctx, kind, subject_id)
        facts = Facts(
            NoticeKind.CORRECTION,
            service=subjects.service(ctx, subject.components),
            affected=subject.components,
            was=updates.get(session, kind, subject_id, sequence).display_at,
            next=standing.next_update_by,
            wrong=dict(wrong),
            text=dict(text),
        )
        said = Statement(subject, facts, standing.status.value, who, corrects=sequence, next_update_by=standing.next_update_by)
        update = announce(session, ctx, said, now)
        detail = {"corrects": sequence, "wrong": dict(wrong), "text": dict(text)}
        audit.append(session, at=now, who=who, what="notice.correct", subject=subject_id, detail=detail)
        return update


def _subject(session: Session, ctx: Context, kind: SubjectKind, subject_id: str) -> tuple[Subject, Incident | Maintenance]:
    if kind is SubjectKind.INCIDENT:
        incident = incidents.get(session, subject_id, for_change=True)
        return subjects.of_incident(ctx, incident), incident
    if kind is SubjectKind.MAINTENANCE:
        work = maintenance.get(session, subject_id, for_change=True)
        return subjects.of_maintenance(ctx, work), work
    raise NotAllowed(f"A {kind} cannot be corrected; publish another one. Nothing was changed.")
