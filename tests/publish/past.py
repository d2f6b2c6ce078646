"""A past for the publisher: incidents that are over, as many as wanted, each at its own time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from statuspage.actions import incidents
from statuspage.actions.incidents import Change, Resolution
from statuspage.core.incidents import Incident, IncidentUpdate, Moments
from statuspage.core.notices import Facts
from statuspage.core.timeline import StatusChange
from statuspage.core.vocabulary import IncidentStatus, Source, SubjectKind
from statuspage.store import Session, timeline, updates
from statuspage.store import incidents as incident_rows
from statuspage.store.updates import facts_of
from tests.actions.stage import GOOD, PARTLY, T0, declared
from tests.publish.stage import Press


def spread(many: int, span: timedelta, *, end: timedelta = timedelta(days=8)) -> Iterator[timedelta]:
    """So many times at even distances, as spans before the stage's beginning: the last `end` or a little more before it."""
    for number in range(many):
        yield end + span * (many - number) / many


def remember(press: Press, past: Iterable[timedelta]) -> None:
    """Writes an incident for each time: copies of one that was really declared and resolved, on the bank's components in turns."""
    stage, slugs = press.stage, [one.slug for one in press.stage.ctx.settings.components if not one.private]
    press.publisher._sync()
    model = declared(stage, slugs[0])
    incidents.update(stage.ctx, Change(model.id, "Ana"))
    incidents.update(stage.ctx, Change(model.id, "Ana", status=IncidentStatus.MONITORING))
    model = incidents.resolve(stage.ctx, Resolution(model.id, "Ana"))
    with stage.database.writing() as session:
        said = updates.of_subject(session, SubjectKind.INCIDENT, model.id)
        story = [(one, facts_of(session, SubjectKind.INCIDENT, model.id, one.sequence)) for one in said]
        for number, back in enumerate(past):
            _copy(session, model, story, number, slugs[number % len(slugs)], back)
            session.expunge_all()


def _copy(
    session: Session, model: Incident, story: Sequence[tuple[IncidentUpdate, Facts]], number: int, slug: str, back: timedelta
) -> None:
    name, began, over = f"past{number:08d}", T0 - back, T0 - back + timedelta(minutes=40)
    moments = Moments(resolved_at=over)
    same = {"created_at": began, "started_at": began, "updated_at": over}
    incident_rows.add(session, replace(model, id=name, components={slug: GOOD}, moments=moments, version=1, **same))
    for said, facts in story:
        at = began + timedelta(minutes=10 * (said.sequence - 1))
        changes = ((slug, GOOD, PARTLY),)
        copied = replace(said, id=f"{number:08d}{said.sequence:04d}", subject_id=name, created_at=at, display_at=at, affected=changes)
        updates.add(session, copied, facts)
    shown = ((PARTLY, began), (GOOD, over))
    timeline.append(session, [StatusChange(slug, status, Source.INCIDENT, at, at, name) for status, at in shown])
