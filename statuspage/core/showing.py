"""When what a component shows to the public changes, and from which moment on the change counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from statuspage.core.incidents import Incident
from statuspage.core.judgement import Sight
from statuspage.core.maintenance import Maintenance
from statuspage.core.status import component_status
from statuspage.core.timeline import StatusChange
from statuspage.core.vocabulary import ComponentStatus, Source

JUST_NOW = timedelta(seconds=10)  # an incident begun so lately dates its components' trouble; later they join when they join


@dataclass(frozen=True)
class Shown:
    """The sources of what components show, drills left out, and the newest change of each on the timeline."""

    sights: Mapping[str, Sight]
    opened: Sequence[Incident]
    works: Sequence[Maintenance]
    current: Mapping[str, StatusChange]


def changes_due(shown: Shown, slugs: Iterable[str], now: datetime) -> list[StatusChange]:
    """The changes to add to the timeline now: one for each component that shows something else than was recorded last."""
    found = []
    for slug in slugs:
        status, source, subject, since = _showing(shown, slug, now)
        before = shown.current.get(slug)
        if before is None or before.status is not status:
            found.append(StatusChange(slug, status, source, _effective(since, before, now), now, subject))
    return found


def _showing(shown: Shown, slug: str, now: datetime) -> tuple[ComponentStatus, Source, str | None, datetime | None]:
    """Status, where it comes from, and since when it holds, as far as that is known."""
    claims = {incident.id: incident.components[slug] for incident in shown.opened if slug in incident.components}
    work = next((work for work in shown.works if work.silences(slug, now)), None)
    sight = shown.sights.get(slug)
    status = component_status(
        incidents=claims.values(), under_maintenance=work is not None, verdict=sight.verdict.status if sight else None
    )
    if work is not None and status is ComponentStatus.UNDER_MAINTENANCE:
        return status, Source.MAINTENANCE, work.id, work.started_at
    if work is None and sight is not None and status is sight.verdict.status:
        return status, Source.VERDICT, None, _after_work(shown, slug, sight.verdict.since, now)
    for incident in shown.opened:
        if claims.get(incident.id) is status:
            return status, Source.INCIDENT, incident.id, incident.started_at if now - incident.created_at <= JUST_NOW else None
    before = shown.current.get(slug)  # nothing speaks of it any more: what spoke last is over
    source = before.source if before is not None else Source.PERSON
    return status, source, before.subject_id if before is not None else None, _after_work(shown, slug, None, now)


def _after_work(shown: Shown, slug: str, since: datetime | None, now: datetime) -> datetime | None:
    """What outlasts planned work dates from its end; what began nobody knows when does so only if the work is what was shown until now."""
    before = shown.current.get(slug)
    if since is None and (before is None or before.status is not ComponentStatus.UNDER_MAINTENANCE):
        return None
    ended = [work.completed_at or work.scheduled_until for work in shown.works if slug in work.components and work.started_at is not None]
    return max((moment for moment in (since, *ended) if moment is not None and moment <= now), default=None)


def _effective(since: datetime | None, before: StatusChange | None, now: datetime) -> datetime:
    """`since`, unless something else was shown after it: then the change counts from now on."""
    if since is None or since > now or (before is not None and since <= before.effective_at):
        return now
    return since
