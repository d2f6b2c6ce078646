"""A small world on virtual time: locations look at targets, the pure rules judge, incidents are plain values."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from statuspage.core.checks import CheckResult
from statuspage.core.detector import Policy, Streak, observe
from statuspage.core.grouping import Landscape
from statuspage.core.incidents import Incident, Moments
from statuspage.core.judgement import Begin, Extend, FailAgain, Recover, Resolve, Rules, Situation, Step, decide
from statuspage.core.maintenance import Maintenance
from statuspage.core.sights import Look, Memory, Seen, look
from statuspage.core.status import impact_of
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, Outcome, Reason

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INTERVAL_S, RECHECK_S = 20.0, 2.0

Shown = tuple[Outcome, Reason]
GOOD: Shown = (Outcome.PASSED, Reason.AS_EXPECTED)
BAD: Shown = (Outcome.FAILED, Reason.CONNECT_TIMEOUT)
SLOW: Shown = (Outcome.DEGRADED, Reason.TOO_SLOW)
BLIND: Shown = (Outcome.NO_DATA, Reason.LOCATION_BLIND)
Truth = Callable[[str, str, float], Shown | None]  # (probe, location, seconds since T0) -> what a look shows; None: no result comes


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def looks_for(components: Iterable[str], locations: Sequence[str], interval_s: float = INTERVAL_S) -> list[Look]:
    return [Look(f"{slug}-probe", slug, tuple(locations), interval_s, Policy()) for slug in components]


def flat(components: Iterable[str]) -> Landscape:
    """Components that have nothing to do with each other."""
    slugs = list(components)
    return Landscape(depends_on={}, groups=dict.fromkeys(slugs), order=slugs)


@dataclass
class World:
    looks: Sequence[Look]
    truth: Truth
    landscape: Landscape
    rules: Rules = field(default_factory=Rules)
    works: Sequence[Maintenance] = ()
    offsets: Mapping[tuple[str, str], float] = field(default_factory=dict)
    streaks: dict[tuple[str, str], Streak] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    begun: dict[str, list[datetime]] = field(default_factory=dict)
    log: list[tuple[float, Step]] = field(default_factory=list)
    shown: list[tuple[float, str, ComponentStatus]] = field(default_factory=list)  # verdicts as they changed
    checks: dict[tuple[str, str], int] = field(default_factory=dict)
    seen: Seen | None = None

    def run(self, until_s: float) -> None:
        events = [(self.offsets.get((item.probe, place), 0.0), item.probe, place) for item in self.looks for place in item.locations]
        heapq.heapify(events)
        by_name = {item.probe: item for item in self.looks}
        tick = 0.0
        while events and min(events[0][0], tick) <= until_s:
            if tick < events[0][0]:
                self.judge(tick)
                tick += 1.0 if self.restless else INTERVAL_S / 2
                continue
            t, probe, place = heapq.heappop(events)
            before = self.streaks.get((probe, place))
            doubt = self.check(by_name[probe], place, t)
            heapq.heappush(events, (t + (RECHECK_S if doubt else by_name[probe].interval_s), probe, place))
            if standing(before) != standing(self.streaks.get((probe, place))):
                self.judge(t)
                tick = min(tick, t + 1.0)

    @property
    def restless(self) -> bool:
        """True while a failure waits to be named: then the judge is asked each second."""
        assert self.seen is not None
        named = {slug for incident in self.incidents.values() if incident.is_open for slug in incident.components}
        return any(sight.verdict.failing and slug not in named for slug, sight in self.seen.sights.items())

    def check(self, probe: Look, place: str, t: float) -> bool:
        key = (probe.probe, place)
        streak = self.streaks.get(key, Streak())
        shows = self.truth(probe.probe, place, t)
        if shows is None:
            return False
        number = self.checks[key] = self.checks.get(key, 0) + 1
        result = CheckResult(probe.probe, place, number, at(t), *shows)
        self.streaks[key], _ = observe(streak, result, probe.policy)
        return self.streaks[key].in_doubt

    def judge(self, t: float) -> list[Step]:
        now = at(t)
        self.seen = look(now, self.looks, self.streaks, self.memories, self.works, self.landscape)
        for slug, memory in self.seen.memories.items():
            if slug not in self.memories or self.memories[slug].status is not memory.status:
                self.shown.append((t, slug, memory.status))
        self.memories = dict(self.seen.memories)
        steps = decide(self.situation(now))
        for step in steps:
            self.log.append((t, step))
            self.apply(step, now)
        return steps

    def situation(self, now: datetime) -> Situation:
        assert self.seen is not None
        return Situation(
            now=now,
            sights=self.seen.sights,
            opened=[incident for incident in self.incidents.values() if incident.is_open],
            resolved=[incident for incident in self.incidents.values() if not incident.is_open],
            begun=self.begun,
            landscape=self.landscape,
            rules=self.rules,
        )

    def apply(self, step: Step, now: datetime) -> None:
        if isinstance(step, Begin):
            number = f"incident-{len(self.incidents) + 1}"
            self.incidents[number] = begun(number, step, now)
            for slug in step.components:
                self.begun.setdefault(slug, []).append(now)
        elif isinstance(step, Extend):
            incident = self.incidents[step.incident_id]
            self.incidents[incident.id] = replace(incident, components={**incident.components, **step.components})
        elif isinstance(step, FailAgain):
            incident = self.incidents[step.incident_id]
            moments = replace(incident.moments, restored_at=None, resolved_at=None)
            components = {**incident.components, **step.components}
            self.incidents[incident.id] = replace(incident, status=IncidentStatus.INVESTIGATING, components=components, moments=moments)
        elif isinstance(step, Recover):
            incident = self.incidents[step.incident_id]
            works = dict.fromkeys(incident.components, ComponentStatus.OPERATIONAL)
            moments = replace(incident.moments, restored_at=step.restored_at)
            self.incidents[incident.id] = replace(incident, status=IncidentStatus.MONITORING, components=works, moments=moments)
        elif isinstance(step, Resolve) and not step.ask:
            incident = self.incidents[step.incident_id]
            moments = replace(incident.moments, resolved_at=now)
            self.incidents[incident.id] = replace(incident, status=IncidentStatus.RESOLVED, moments=moments)

    def steps(self, kind: type) -> list[tuple[float, Step]]:
        return [(t, step) for t, step in self.log if isinstance(step, kind)]

    def verdict_at(self, slug: str, t: float) -> ComponentStatus:
        return [status for moment, name, status in self.shown if name == slug and moment <= t][-1]


def standing(streak: Streak | None) -> object:
    """What of a streak may change a verdict; that the same was seen once more does not."""
    return streak and (streak.level, streak.worsening, streak.sure, streak.blind)


def begun(number: str, step: Begin, now: datetime) -> Incident:
    return Incident(
        id=number,
        titles={"en": step.lead},
        status=IncidentStatus.INVESTIGATING,
        impact=impact_of(step.components),
        components=dict(step.components),
        automatic=True,
        drill=False,
        created_at=now,
        updated_at=now,
        started_at=step.first_failed_at,
        symptom="slow",
        moments=Moments(first_failed_at=step.first_failed_at, confirmed_at=now),
    )
