"""From the store to a Snapshot: the one place that decides what the public may see.

Private components, drills, sandbox and operators' channels, authors and reasons stop here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from statuspage.actions.context import Context
from statuspage.core.components import ComponentRecord
from statuspage.core.days import midnight
from statuspage.core.deliveries import Delivery
from statuspage.core.detector import Streak
from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.maintenance import Maintenance
from statuspage.core.status import component_status, is_fresh
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, SubjectKind
from statuspage.publish.build import HOT_FOR
from statuspage.publish.snapshot import (
    HISTORY_DAYS,
    Day,
    Month,
    PublicCode,
    PublicComponent,
    PublicGroup,
    PublicIncident,
    PublicMaintenance,
    PublicUpdate,
    PublicWarning,
    Snapshot,
    Subject,
)
from statuspage.store import Session, components, deliveries, detector, incidents, maintenance, notices, publications, timeline, updates
from statuspage.store.publications import Mark
from statuspage.worker.lasting import lasted_s, lasting, lead_s
from statuspage.worker.public_page import public_page
from statuspage.worker.public_posts import Posts
from statuspage.worker.response_times import response_times
from statuspage.worker.spoken import spoken

S = TypeVar("S", Incident, Maintenance)
Shown = Mapping[str, ComponentStatus]  # slug of a public component -> what it shows
Records = Mapping[str, ComponentRecord]
LATEST = 50
WARNED_ON_PAGE = timedelta(days=7)
WARNED_FOR = timedelta(days=90)  # so long the codes of a fraud warning are kept up; their files stay


class Seen(NamedTuple):
    """What each public component shows right now. impaired: nobody sees one that has probes, whatever it shows for other reasons."""

    shown: Shown
    impaired: bool


@dataclass(frozen=True)
class Look:
    """What decides whether there is anything new: where the store stands, and what is seen."""

    mark: Mark
    seen: Seen


@dataclass(frozen=True)
class Told:
    """Subjects with their codes. void: codes of messages that were never sent and never will be."""

    incidents: tuple[PublicIncident, ...]
    maintenances: tuple[PublicMaintenance, ...]
    codes: tuple[PublicCode, ...]
    void: tuple[str, ...]

    @property
    def newest_first(self) -> tuple[Subject, ...]:
        """Incidents and works together, by the moment at which they began or are to begin."""
        return tuple(sorted((*self.incidents, *self.maintenances), key=_public_began, reverse=True))


@dataclass(frozen=True)
class Reading:
    """A snapshot, and which codes must not be called genuine any more."""

    snapshot: Snapshot
    void: tuple[str, ...]


class Reader:
    """Reads for one configuration. Its methods take an open session and hold nothing of it."""

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._settings, self._words = ctx, ctx.settings, ctx.words
        self.page = public_page(ctx.settings, ctx.logo)
        self._zone = ZoneInfo(ctx.settings.page.time_zone)
        self._public = [component for component in ctx.settings.components if not component.private]
        self._probes = {one.slug: [probe for probe in ctx.settings.probes if probe.component == one.slug] for one in self._public}
        self._former = ctx.former
        self._slugs = self._probes.keys() | ctx.former.keys()
        self._posts = Posts({name for name, info in ctx.channels.items() if info.channel.sandbox or info.channel.operators})

    # --- what is shown now ----------------------------------------------------------------------------------------------

    def look(self, session: Session, now: datetime) -> Look:
        """What an edition made now would show, and where the store stands at that."""
        return Look(publications.mark(session), self.seen(session, now))

    def seen(self, session: Session, now: datetime) -> Seen:
        """What components show: incidents, planned work, probes; unknown when their probes have no fresh data."""
        memory = detector.load(session)
        said = detector.verdicts(session)
        opened = [incident for incident in incidents.opened(session) if not incident.drill]
        works = [work for work in maintenance.unfinished(session) if not work.drill]
        shown, impaired = {}, False
        for slug, probes in self._probes.items():
            fresh = any(is_fresh(_newest(memory.streaks, probe.name), now, probe.interval_s) for probe in probes)
            verdict = (said.get(slug, ComponentStatus.UNKNOWN) if fresh else ComponentStatus.UNKNOWN) if probes else None
            impaired = impaired or verdict is ComponentStatus.UNKNOWN
            shown[slug] = component_status(
                incidents=[incident.components[slug] for incident in opened if slug in incident.components],
                under_maintenance=any(work.silences(slug, now) for work in works),
                verdict=verdict,
            )
        return Seen(shown, impaired)

    def days(self, session: Session, now: datetime) -> dict[str, tuple[Day, ...]]:
        """slug -> the last 90 local days, today last."""
        today = now.astimezone(self._zone).date()
        first = today - timedelta(days=HISTORY_DAYS - 1)
        bars = timeline.day_bars(session, sorted(self._probes), first=first, last=today, zone=self._zone, now=now)
        return {slug: tuple(Day(one.day, one.seconds) for one in found) for slug, found in bars.items()}

    # --- everything -----------------------------------------------------------------------------------------------------

    def snapshot(self, session: Session, now: datetime, seen: Seen, days: Mapping[str, tuple[Day, ...]]) -> Reading:
        """All that the public may see. seen, days: from look() and days()."""
        records = components.all(session)
        found = self._public_incidents([*incidents.opened(session), *incidents.listing(session, limit=2 * LATEST)])
        works = self._public_works([*maintenance.unfinished(session), *maintenance.listing(session, limit=2 * LATEST)])
        told = self._tell(session, _newest_first(found), _newest_first(works), records, posts_since=now - HOT_FOR)
        listed = self._components(session, records, seen.shown, days, response_times(session, self._probes, now))
        groups = self._groups(records, listed)
        moments = [*(one.updated_at for one in listed), *(one.updated_at for one in groups)]
        moments += [one.updated_at for one in told.newest_first]
        warnings, warned = self._warnings(session, now, records)
        moments += [one.created_at for warning in warnings for one in warning.updates]
        made = Snapshot(
            page=self.page,
            groups=groups,
            components=listed,
            incidents=told.incidents,
            maintenances=told.maintenances,
            months=self._months(session, now),
            codes=(*told.codes, *warned),
            impaired=seen.impaired,
            content_at=max(moments, default=now),
            made_at=now,
            warnings=warnings,
            lasting=lasting(session, self._ctx, found, records),
            spoken=spoken(session, self._words, (*told.incidents, *told.maintenances), warnings),
            former=self._gone(session),
        )
        return Reading(made, told.void)

    def month(self, session: Session, year: int, month: int) -> Month:
        """What began in one month."""
        start, end = self._bounds(year, month)
        found = self._public_incidents(publications.incidents_begun(session, start, end))
        works = self._public_works(publications.maintenance_begun(session, start, end))
        told = self._tell(session, found, works, components.all(session), posts_since=None)
        return Month(year, month, told.newest_first, told.codes)

    def _public_incidents(self, found: Iterable[Incident]) -> list[Incident]:
        """Each once; without drills, without those that touch nothing public, and without those of which nothing was said in public.

        The last are those of components that were private: what makes a component public tells no story of it.
        """
        return list({one.id: one for one in found if one.titles and not one.drill and self._slugs & one.components.keys()}.values())

    def _public_works(self, found: Iterable[Maintenance]) -> list[Maintenance]:
        """The same."""
        return list({one.id: one for one in found if one.titles and not one.drill and self._slugs.intersection(one.components)}.values())

    def _tell(
        self,
        session: Session,
        found: Sequence[Incident],
        works: Sequence[Maintenance],
        records: Records,
        *,
        posts_since: datetime | None,
    ) -> Told:
        """posts_since: posts and codes only of what goes on or changed later; None: of all."""
        said = updates.of_subjects(session, SubjectKind.INCIDENT, [one.id for one in found])
        said_of_works = updates.of_subjects(session, SubjectKind.MAINTENANCE, [one.id for one in works])
        hot = [one.id for one in found if posts_since is None or one.is_open or _changed(one, said.get(one.id, [])) >= posts_since]
        hot_works = [
            one.id
            for one in works
            if posts_since is None or one.completed_at is None or _changed(one, said_of_works.get(one.id, [])) >= posts_since
        ]
        sent = deliveries.of_subjects(session, SubjectKind.INCIDENT, hot)
        sent_of_works = deliveries.of_subjects(session, SubjectKind.MAINTENANCE, hot_works)
        codes = [self._posts.codes(rows, f"/{{language}}/incidents/{one}/") for one, rows in sent.items()]
        codes += [self._posts.codes(rows, f"/{{language}}/maintenance/{one}/") for one, rows in sent_of_works.items()]
        lasted = {one.id: lasted_s(session, one, said.get(one.id, [])) for one in found}
        shown = (self._incident(one, said.get(one.id, []), sent.get(one.id, []), records) for one in found)
        return Told(
            incidents=tuple(replace(one, lasted_s=lasted[one.id]) for one in shown),
            maintenances=tuple(
                self._maintenance(one, said_of_works.get(one.id, []), sent_of_works.get(one.id, []), records) for one in works
            ),
            codes=tuple(code for part, _ in codes for code in part),
            void=tuple(code for _, part in codes for code in part),
        )

    def _bounds(self, year: int, month: int) -> tuple[datetime, datetime]:
        first = datetime(year, month, 1, tzinfo=self._zone).date()
        after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=self._zone).date()
        return midnight(first, self._zone), midnight(after, self._zone)

    def _months(self, session: Session, now: datetime) -> tuple[tuple[int, int], ...]:
        """Every month from the first event to the present one, newest first."""
        first = publications.first_began_at(session)
        if first is None:
            return ()
        start, end = min(first, now).astimezone(self._zone), now.astimezone(self._zone)
        count = (end.year - start.year) * 12 + end.month - start.month
        numbers = (end.year * 12 + end.month - 1 - back for back in range(count + 1))
        return tuple((number // 12, number % 12 + 1) for number in numbers)

    # --- parts ----------------------------------------------------------------------------------------------------------

    def _components(
        self,
        session: Session,
        records: Records,
        shown: Shown,
        days: Mapping[str, tuple[Day, ...]],
        answers_s: Mapping[str, float],
    ) -> tuple[PublicComponent, ...]:
        current = timeline.current(session)
        blind = any(status is ComponentStatus.UNKNOWN for status in shown.values())
        known = timeline.last_known(session) if blind else {}
        found = []
        for position, component in enumerate(self._public, 1):
            record, status, change = records[component.slug], shown[component.slug], current.get(component.slug)
            since = change.effective_at if change and change.status is status else None
            group = records.get(component.group) if component.group else None
            unknown = status is ComponentStatus.UNKNOWN
            found.append(
                PublicComponent(
                    id=record.id,
                    slug=component.slug,
                    names=component.name,
                    descriptions=component.description or {},
                    group_id=group.id if group else None,
                    position=position,
                    status=status,
                    last_known=known.get(component.slug, ComponentStatus.OPERATIONAL) if unknown else status,
                    since=since,
                    created_at=record.created_at,
                    updated_at=max(record.updated_at, since) if since else record.updated_at,
                    start_date=record.created_at.astimezone(self._zone).date(),
                    showcase=component.showcase,
                    days=days.get(component.slug, ()),
                    answers_s=answers_s.get(component.slug),
                )
            )
        return tuple(found)

    def _gone(self, session: Session) -> tuple[PublicComponent, ...]:
        """Those that the configuration has no more. Nobody sees them: each shows what open incidents say of it."""
        opened = [incident for incident in incidents.opened(session) if not incident.drill] if self._former else []
        found = []
        for position, (slug, record) in enumerate(sorted(self._former.items()), len(self._public) + 1):
            status = component_status(incidents=[incident.components[slug] for incident in opened if slug in incident.components])
            found.append(
                PublicComponent(
                    id=record.id,
                    slug=slug,
                    names=record.names,
                    descriptions={},
                    group_id=None,
                    position=position,
                    status=status,
                    last_known=status,
                    since=None,
                    created_at=record.created_at,
                    updated_at=record.updated_at,
                    start_date=record.created_at.astimezone(self._zone).date(),
                    showcase=False,
                )
            )
        return tuple(found)

    def _groups(self, records: Records, listed: Iterable[PublicComponent]) -> tuple[PublicGroup, ...]:
        """Groups that have a public component."""
        used = {component.group_id for component in listed}
        known = [(group, records[group.slug]) for group in self._settings.groups if group.slug in records]
        return tuple(
            PublicGroup(record.id, group.slug, group.name, record.created_at, record.updated_at)
            for group, record in known
            if record.id in used
        )

    def _incident(self, one: Incident, said: Sequence[IncidentUpdate], sent: Sequence[Delivery], records: Records) -> PublicIncident:
        watched = [update.display_at for update in said if update.status == IncidentStatus.MONITORING]
        return PublicIncident(
            id=one.id,
            titles=one.titles,
            status=one.status,
            impact=one.impact,
            component_ids=self._ids(one.components, records),
            created_at=one.created_at,
            updated_at=_changed(one, said),
            started_at=one.started_at,
            updates=self._updates(said, records, sent),
            monitoring_at=watched[-1] if watched else None,
            restored_at=None if one.is_open else one.moments.restored_at,
            resolved_at=None if one.is_open else one.moments.resolved_at,
            automatic=one.automatic,
            lead_s=lead_s(one.moments),
            next_update_by=one.next_update_by if one.is_open else None,
            permalinks=self._posts.permalinks(sent),
        )

    def _maintenance(
        self, one: Maintenance, said: Sequence[IncidentUpdate], sent: Sequence[Delivery], records: Records
    ) -> PublicMaintenance:
        return PublicMaintenance(
            id=one.id,
            titles=one.titles,
            status=one.status,
            component_ids=self._ids(one.components, records),
            created_at=one.created_at,
            updated_at=_changed(one, said),
            scheduled_for=one.scheduled_for,
            scheduled_until=one.scheduled_until,
            updates=self._updates(said, records, sent),
            started_at=one.started_at,
            completed_at=one.completed_at,
            cancelled=one.cancelled,
            next_update_by=one.next_update_by if one.completed_at is None else None,
            permalinks=self._posts.permalinks(sent),
        )

    def _ids(self, slugs: Iterable[str], records: Records) -> tuple[str, ...]:
        return tuple(records[slug].id for slug in slugs if slug in self._slugs and slug in records)

    def _updates(self, said: Iterable[IncidentUpdate], records: Records, sent: Sequence[Delivery]) -> tuple[PublicUpdate, ...]:
        """Newest first; what was said while it was not public has no words and is left out."""
        posts = self._posts.on_x(sent, self.page.default_language)
        return tuple(
            PublicUpdate(
                id=one.id,
                sequence=one.sequence,
                kind=one.kind.value,
                status=one.status,
                texts=one.texts,
                created_at=one.created_at,
                display_at=one.display_at,
                affected=tuple((records[slug].id, old, new) for slug, old, new in one.affected if slug in self._slugs and slug in records),
                corrects=one.corrects,
                next_update_by=one.next_update_by,
                x_post=posts.get(one.sequence),
            )
            for one in sorted(said, key=lambda update: update.sequence, reverse=True)
            if one.texts
        )

    # --- warnings -----------------------------------------------------------------------------------------------------------

    def _warnings(self, session: Session, now: datetime, records: Records) -> tuple[tuple[PublicWarning, ...], list[PublicCode]]:
        """Those of the last days, newest first, drills left out; and the codes of the posts about them, for longer."""
        recent = {one.subject_id: one.created_at for one in updates.warnings(session, since=now - WARNED_FOR)}
        real = [one for one in recent if not any(notice.drill for notice in notices.of_subject(session, SubjectKind.WARNING, one))]
        said = updates.of_subjects(session, SubjectKind.WARNING, real)
        sent = deliveries.of_subjects(session, SubjectKind.WARNING, real)
        shown = [one for one in real if now - recent[one] <= WARNED_ON_PAGE]
        codes, _ = self._posts.codes([row for rows in sent.values() for row in rows], "")
        return tuple(PublicWarning(one, self._updates(said.get(one, []), records, sent.get(one, []))) for one in shown), codes


def _newest(streaks: Mapping[tuple[str, str], Streak], probe: str) -> datetime | None:
    """The newest moment at which any location saw the probe's target."""
    return max((streak.seen_at for (name, _), streak in streaks.items() if name == probe and streak.seen_at), default=None)


def _newest_first(found: Sequence[S]) -> list[S]:
    """All that go on and, up to LATEST, the newest of the others."""
    ordered = sorted(found, key=_began, reverse=True)
    return [one for number, one in enumerate(ordered) if number < LATEST or _goes_on(one)]


def _changed(one: Incident | Maintenance, said: Iterable[IncidentUpdate]) -> datetime:
    """When anything of it changed last, for the public: a correction says something new and leaves the subject itself as it was."""
    return max([one.updated_at, *(update.created_at for update in said if update.texts)])


def _began(one: Incident | Maintenance) -> datetime:
    return one.started_at if isinstance(one, Incident) else one.scheduled_for


def _public_began(one: Subject) -> datetime:
    return one.started_at if isinstance(one, PublicIncident) else one.scheduled_for


def _goes_on(one: Incident | Maintenance) -> bool:
    return one.is_open if isinstance(one, Incident) else one.completed_at is None
