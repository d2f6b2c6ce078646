"""The front page in every state that it may show, for the tests that look at it and for its pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from statuspage.core.vocabulary import ComponentStatus, Impact, MaintenanceStatus
from statuspage.publish.page import Pages
from statuspage.publish.snapshot import Lasting, Snapshot
from tests.publish.samples import NOW, components, identifier, incident, maintenance, outage, past_incident, snapshot, update, wording

START = NOW - timedelta(minutes=30)
PAST = (past_incident(8, 9.2), past_incident(9, 17.4, 2.5))


def _works(*numbers: int) -> tuple[str, ...]:
    return tuple(identifier("cp", number) for number in numbers)


def partial(count: int = 12) -> Snapshot:
    """The usual bad day: one service down, another slow, the rest works."""
    now = Lasting(START, "login", advice=("cards_ok", "no_call"), works=_works(1, 2, 5, 8, 9, 10))
    return replace(outage(count), lasting={identifier("in", 1): now})


def degraded() -> Snapshot:
    slow = incident(1, 1, impact=Impact.MINOR, component_ids=_works(5))
    now = Lasting(START, "slow", advice=("no_repeat",), works=_works(0, 1, 8))
    return snapshot(components=components(12, {5: ComponentStatus.DEGRADED_PERFORMANCE}), incidents=(slow, *PAST), lasting={slow.id: now})


def major() -> Snapshot:
    """Everything is down, the update is late, and there is planned work besides."""
    down = dict.fromkeys(range(12), ComponentStatus.MAJOR_OUTAGE)
    told = incident(1, 3, impact=Impact.CRITICAL, component_ids=_works(*down), next_update_by=NOW - timedelta(minutes=4))
    now = Lasting(START, "unreachable", advice=("no_call", "urgent"))
    return snapshot(components=components(12, down), incidents=(told, *PAST), maintenances=(maintenance(),), lasting={told.id: now})


def planned() -> Snapshot:
    began = NOW - timedelta(hours=1)
    running = maintenance(
        1,
        -timedelta(hours=1),
        status=MaintenanceStatus.IN_PROGRESS,
        started_at=began,
        next_update_by=NOW + timedelta(hours=2),
    )
    at_work = components(12, {5: ComponentStatus.UNDER_MAINTENANCE})
    return snapshot(components=at_work, maintenances=(running, maintenance(2)), incidents=PAST)


def watched() -> Snapshot:
    """It works again, and is watched."""
    told = incident(1, updates=(update(2, 4, "monitoring"), update(1, 29)))
    return snapshot(incidents=(replace(told, monitoring_at=NOW - timedelta(minutes=4)), *PAST))


def impaired() -> Snapshot:
    return snapshot(components=components(12, {3: ComponentStatus.UNKNOWN, 4: ComponentStatus.UNKNOWN}), impaired=True)


def no_data() -> Snapshot:
    """A page that was put up just now: nobody has seen anything."""
    unseen = tuple(replace(one, days=(), since=None) for one in components(12, dict.fromkeys(range(12), ComponentStatus.UNKNOWN)))
    return snapshot(components=unseen, incidents=(), impaired=True, months=())


def fine() -> Snapshot:
    return snapshot(maintenances=(maintenance(1, timedelta(days=2)),))


STATES: Mapping[str, Callable[[], Snapshot]] = {
    "fine": fine,
    "degraded": degraded,
    "partial": partial,
    "major": major,
    "planned": planned,
    "watched": watched,
    "impaired": impaired,
    "no_data": no_data,
}


def body(state: str, language: str) -> bytes:
    """The front page in one state, made at NOW."""
    found = STATES[state]()
    return Pages(found.page, wording()).front(found, language)
