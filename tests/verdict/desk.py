"""The real loop over a real database, on a clock that the test moves: locations look, results are recorded, verdicts are drawn."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from statuspage.actions.checks import record
from statuspage.actions.context import Context
from statuspage.core.checks import CheckResult
from statuspage.core.detector import Streak, observe
from statuspage.core.incidents import Incident
from statuspage.core.seal import OneKey
from statuspage.core.timeline import StatusChange
from statuspage.core.vocabulary import NoticeKind, Outcome, Reason, SubjectKind
from statuspage.ports import Ports
from statuspage.settings import Settings
from statuspage.store import alarms, incidents, timeline, updates
from statuspage.store.engine import Database
from statuspage.worker.verdicts import Verdicts
from tests.actions.stage import CHANNELS, Chance, words

T0 = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
GOOD = (Outcome.PASSED, Reason.AS_EXPECTED)
BAD = (Outcome.FAILED, Reason.CONNECT_TIMEOUT)
Shown = tuple[Outcome, Reason]


class Clock:
    """Wall and monotonic time that move together, when they are moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return T0 + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return 1000.0 + self.seconds


def probe(component: str, **changes: Any) -> dict[str, Any]:
    return {"name": f"{component}-probe", "kind": "http", "component": component, "target": {"url": "https://bank.example"}, **changes}


def bank(*probed: str, locations: tuple[str, ...] = ("madrid",), **changes: Any) -> Settings:
    """Some components, some of them probed, each by one probe; the app needs the sign-in."""
    page = {"name": "Example Bank", "bank": "Example Bank", "url": "https://status.example.com", "languages": ["en", "es"]}
    base: dict[str, Any] = {
        "page": page,
        "components": [
            {"slug": "login", "name": {"en": "Log in", "es": "Acceso"}, "symptom": "login"},
            {"slug": "app", "name": {"en": "App", "es": "App"}, "symptom": "login", "depends_on": ["login"]},
            {"slug": "cards", "name": {"en": "Cards", "es": "Tarjetas"}, "symptom": "card"},
        ],
        "locations": [{"name": name} for name in locations],
        "probes": [probe(slug) for slug in probed],
        **changes,
    }
    return Settings.model_validate(base)


@dataclass
class Desk:
    database: Database
    of: Settings
    truth: Callable[[str, str, float], Shown | None] = lambda component, place, t: GOOD
    clock: Clock = field(default_factory=Clock)
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ports: Any = Ports(self.clock, Chance(), None, self.database, None)  # type: ignore[arg-type]
        self.ctx = Context(ports, self.of, words(self.of), OneKey(b"k" * 32), channels={info.channel.name: info for info in CHANNELS})
        self.verdicts = Verdicts(self.ctx)
        self._streaks: dict[tuple[str, str], Streak] = {}
        self._events = [(number * 0.7, probe.name, place) for probe in self.of.probes for number, place in enumerate(self._places(probe))]
        heapq.heapify(self._events)
        self._probes = {probe.name: probe for probe in self.of.probes}

    def _places(self, probe: Any) -> list[str]:
        return list(probe.locations) or [location.name for location in self.of.locations]

    def restart(self) -> None:
        """As a process that begins anew, with nothing in memory."""
        self.verdicts = Verdicts(self.ctx)

    def run(self, until_s: float, *, tick_s: float = 5.0, each: Callable[[], object] | None = None) -> None:
        """Lets time pass: every look at its moment, the loop after it, and once per tick. each: in place of one pass of the loop."""
        tick = self.clock.seconds
        while min(self._events[0][0], tick) <= until_s:
            if tick < self._events[0][0]:
                self.clock.seconds = tick
                tick += tick_s
            else:
                self.clock.seconds = max(self._events[0][0], self.clock.seconds)
                self.look(*heapq.heappop(self._events))
            each() if each is not None else self.verdicts.step()
        self.clock.seconds = until_s

    def look(self, t: float, name: str, place: str) -> None:
        shows = self.truth(self._probes[name].component, place, t)
        doubt = False
        if shows is not None:
            result = self.result(name, place, shows)
            streak, _ = observe(self._streaks.get((name, place), Streak()), result, self.verdicts._policies[name])
            self._streaks[name, place], doubt = streak, streak.in_doubt
            record(self.ctx, [result])
        pause = self._probes[name].recheck_s if doubt else self._probes[name].interval_s
        heapq.heappush(self._events, (t + pause, name, place))

    def result(self, name: str, place: str, shows: Shown, *, at: datetime | None = None, **more: Any) -> CheckResult:
        number = self.sequences[name, place] = self.sequences.get((name, place), -1) + 1
        return CheckResult(name, place, number, at or self.clock.now(), *shows, **more)

    def incidents(self) -> list[Incident]:
        with self.database.reading() as session:
            return incidents.listing(session, limit=None)

    def said(self, incident: Incident) -> list[NoticeKind]:
        with self.database.reading() as session:
            return [entry.kind for entry in updates.of_subject(session, SubjectKind.INCIDENT, incident.id)]

    def shown(self, slug: str) -> list[StatusChange]:
        with self.database.reading() as session:
            return timeline.changes(session, slug)

    def alarms(self) -> dict[str, str]:
        with self.database.reading() as session:
            return {alarm.key: alarm.text for alarm in alarms.listing(session)}
