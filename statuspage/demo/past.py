"""A plausible past for an empty database: about 90 days of incidents and planned work, told by the very actions that tell real ones.

Everything in it is invented: settings.demonstration marks the page, and the author of each human statement is DEMONSTRATION.
No delivery is made: the past is on the page, and was never posted anywhere.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from statuspage.actions import automatic, components, incidents, maintenance
from statuspage.actions.context import Context
from statuspage.actions.incidents import Change, Declaration, Resolution
from statuspage.actions.maintenance import Plan
from statuspage.core.errors import NotAllowed
from statuspage.core.incidents import Incident
from statuspage.core.timeline import StatusChange
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, Source
from statuspage.demo.stories import STORIES, WORKS, Story, Work
from statuspage.settings.models import Incidents
from statuspage.store import Session, timeline
from statuspage.store import incidents as incident_rows
from statuspage.store import maintenance as maintenance_rows
from statuspage.store.within import Within

DEMONSTRATION = "Demonstration"
DAYS = 90
PROBES_NEED = timedelta(seconds=24)  # from the first failed check to the verdict
PEOPLE_NEED = timedelta(minutes=7)  # until somebody declares what no probe sees

Act = Callable[[Incident], Incident]


def tell(ctx: Context, *, seed: str = "demonstration") -> bool:
    """Write the past into an empty database, whole or not at all. False, and nothing changed, if anything was told there before.

    The same seed at the same moment gives the same past, ids included. Components are those of examples/demonstration.yaml.
    """
    with ctx.ports.store.writing() as session:
        if incident_rows.listing(session, limit=1) or maintenance_rows.listing(session, limit=1):
            return False
        _Teller(ctx, session, seed).tell()
        return True


class _Moving:
    """A clock that shows the moment that is being told."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def boottime(self) -> float:
        return self.at.timestamp()

    def process_id(self) -> str:
        return "past"

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class _Seeded:
    """Chance that repeats itself: SHA-256 of a seed and a counter."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def _number(self) -> int:
        self._count += 1
        return int.from_bytes(hashlib.sha256(f"{self._seed} {self._count}".encode()).digest())

    def token(self, length: int, alphabet: str) -> str:
        return "".join(alphabet[self._number() % len(alphabet)] for _ in range(length))

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * (self._number() % 10**9) / 10**9


class _Teller:
    """Tells every story in the order in which it happened; the audit log then reads like one that was written day by day."""

    def __init__(self, ctx: Context, session: Session, seed: str) -> None:
        self._today = ctx.now()
        self._zone = ZoneInfo(ctx.settings.page.time_zone)
        self._session = session
        self._clock = _Moving(self._today - timedelta(days=DAYS))
        self._chance = _Seeded(seed)
        ports = replace(ctx.ports, clock=self._clock, random=self._chance, store=Within(session))
        rules = ctx.settings.model_copy(update={"incidents": Incidents()})  # the demonstration's own are far too short for a real past
        self._ctx = replace(ctx, ports=ports, settings=rules, channels={})

    def tell(self) -> None:
        components.sync(self._ctx)
        self._first_day()
        telling = [*map(self._incident, STORIES), *map(self._work, WORKS)]
        coming = [(next(acts), number) for number, acts in enumerate(telling)]
        while coming:
            moment, number = heapq.heappop(coming)
            if moment > self._today:
                continue  # has not happened yet; planned work goes on by itself when its time comes
            self._clock.at = moment
            for following in telling[number]:
                heapq.heappush(coming, (following, number))
                break

    def _show(self, statuses: Mapping[str, ComponentStatus], source: Source, *, since: datetime, subject_id: str | None = None) -> None:
        told = self._clock.at
        timeline.append(self._session, (StatusChange(slug, status, source, since, told, subject_id) for slug, status in statuses.items()))

    def _first_day(self) -> None:
        """Everything works: so say the probes, and a person of what no probe sees."""
        probed = {probe.component for probe in self._ctx.settings.probes}
        for component in self._ctx.settings.components:
            source = Source.VERDICT if component.slug in probed else Source.PERSON
            self._show({component.slug: ComponentStatus.OPERATIONAL}, source, since=self._clock.at)

    def _moment(self, days_ago: int, at: str) -> datetime:
        """That local time so many days ago, and some seconds: things break when they like."""
        hour, minute = map(int, at.split(":"))
        day = self._today.astimezone(self._zone).replace(hour=hour, minute=minute, second=0, microsecond=0) - timedelta(days=days_ago)
        return day.astimezone(UTC) + timedelta(seconds=round(self._chance.uniform(0, 59)))

    # Each story is a generator: it yields the moment of its next act, and acts when the clock shows it.

    def _incident(self, story: Story) -> Iterator[datetime]:
        begin = self._moment(story.days_ago, story.at)
        yield begin + (PROBES_NEED if story.seen_by_probes else PEOPLE_NEED)
        if story.seen_by_probes:
            self._show(story.hit, Source.VERDICT, since=begin)
        incident = self._begin(story, begin)
        if not story.seen_by_probes:
            self._show(story.hit, Source.INCIDENT, since=begin, subject_id=incident.id)
        for minutes, act in self._acts(story):
            moment = begin + timedelta(minutes=minutes)
            while incident.is_open and incident.next_update_by and incident.next_update_by <= moment:
                yield incident.next_update_by
                incident = incidents.keep_promise(self._ctx, incident_id=incident.id, promised=incident.next_update_by)
            yield moment
            incident = act(incident)

    def _begin(self, story: Story, begin: datetime) -> Incident:
        incident: Incident | None
        if story.seen_by_probes:
            incident = automatic.begin_automatic(
                self._ctx, components=story.hit, lead=next(iter(story.hit)), first_failed_at=begin, symptom=story.symptom
            )
        else:
            incident = incidents.declare(self._ctx, Declaration(story.hit, DEMONSTRATION, symptom=story.symptom, started_at=begin))
        if incident is None:
            raise NotAllowed(f"The demonstration's past cannot tell of {', '.join(story.hit)}: the rules withhold it. Nothing was changed.")
        incident_rows.note_first_published(self._session, [incident.id], self._clock.at)
        return incident

    def _acts(self, story: Story) -> Iterator[tuple[float, Act]]:
        """Minutes after the beginning, and what happens then, in order."""
        acts: list[tuple[float, Act]] = [
            (story.works_again, partial(self._works_again, story)),
            (story.resolved, partial(self._over, story)),
        ]
        if story.identified:
            acts.append((story.identified[0], partial(self._identified, story.identified[1])))
        if story.fails_again:
            acts.append((story.fails_again[0], partial(self._fails_again, story)))
            acts.append((story.fails_again[1], partial(self._works_again, story)))
        if story.explained_after_days:
            acts.append((story.explained_after_days * 1440.0, partial(self._explained, story)))
        yield from sorted(acts, key=lambda act: act[0])

    def _identified(self, cause: str, incident: Incident) -> Incident:
        return incidents.update(self._ctx, Change(incident.id, DEMONSTRATION, status=IncidentStatus.IDENTIFIED, cause=cause))

    def _works_again(self, story: Story, incident: Incident) -> Incident:
        good, now = dict.fromkeys(story.hit, ComponentStatus.OPERATIONAL), self._clock.at
        if story.seen_by_probes:
            self._show(good, Source.VERDICT, since=now)
            return automatic.recover(self._ctx, incident_id=incident.id, restored_at=now)
        self._show(good, Source.INCIDENT, since=now, subject_id=incident.id)
        waiting = "waiting_open" if story.late else None
        return incidents.update(self._ctx, Change(incident.id, DEMONSTRATION, status=IncidentStatus.MONITORING, late=waiting))

    def _fails_again(self, story: Story, incident: Incident) -> Incident:
        self._show(story.hit, Source.VERDICT, since=self._clock.at)
        return automatic.fail_again(self._ctx, incident_id=incident.id, components=story.hit, first_failed_at=self._clock.at)

    def _over(self, story: Story, incident: Incident) -> Incident:
        if not story.by_person:
            return automatic.resolve_automatic(self._ctx, incident_id=incident.id)
        return incidents.resolve(self._ctx, Resolution(incident.id, DEMONSTRATION, late=story.late))

    def _explained(self, story: Story, incident: Incident) -> Incident:
        return incidents.explain(self._ctx, incident_id=incident.id, who=DEMONSTRATION, free_text=story.explanation or {})

    def _work(self, work: Work) -> Iterator[datetime]:
        begin = self._moment(work.days_ago, work.at).replace(second=0)
        yield begin - timedelta(days=work.announced_days, hours=-9)  # in the morning
        plan = Plan(work.components, begin, begin + timedelta(minutes=work.minutes), DEMONSTRATION, symptom=work.symptom)
        planned = maintenance.plan(self._ctx, plan).work
        if work.cancelled is not None:
            yield begin - timedelta(days=work.cancelled, hours=-14)
            maintenance.cancel(self._ctx, work_id=planned.id, who=DEMONSTRATION)
            return
        yield begin
        maintenance.start_due(self._ctx, work_id=planned.id)
        self._while(work, planned.id, ComponentStatus.UNDER_MAINTENANCE)
        end = begin + timedelta(minutes=work.minutes)
        if work.longer:
            yield end - timedelta(minutes=12)
            end += timedelta(minutes=work.longer)
            maintenance.extend(self._ctx, work_id=planned.id, until=end, who=DEMONSTRATION)
        yield end - timedelta(minutes=4)
        maintenance.complete(self._ctx, work_id=planned.id, who=DEMONSTRATION)
        self._while(work, planned.id, ComponentStatus.OPERATIONAL)

    def _while(self, work: Work, work_id: str, status: ComponentStatus) -> None:
        self._show(dict.fromkeys(work.components, status), Source.MAINTENANCE, since=self._clock.at, subject_id=work_id)
