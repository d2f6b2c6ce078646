"""P7: planned work silences, ends on time, and hides nothing that outlasts it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from statuspage.core.grouping import Landscape
from statuspage.core.judgement import Begin
from statuspage.core.maintenance import Maintenance
from statuspage.core.vocabulary import ComponentStatus, MaintenanceStatus
from tests.verdict.world import BAD, GOOD, T0, World, at, looks_for

LANDSCAPE = Landscape({"app": ["login"]}, {"login": None, "app": None, "cards": None}, ["login", "app", "cards"])


@dataclass(frozen=True)
class Case:
    """works: (begin, end, components, more) in seconds; fails: from, until, which; begun: when an incident begins, or None."""

    name: str
    works: tuple[tuple[float, float, tuple[str, ...], dict], ...]
    fails: tuple[float, float, str]
    begun: float | None
    first_failed: float | None = None


LOGIN = ("login",)
CASES = [
    Case("fails during the work and works again before its end", ((60, 300, LOGIN, {}),), (100, 280, "login"), None),
    Case("fails from the first second of the work to its last", ((60, 300, LOGIN, {}),), (60, 300, "login"), None),
    Case("fails past the end", ((60, 300, LOGIN, {}),), (100, 500, "login"), 304, 300),
    Case("begins to fail just before the end and goes on", ((60, 300, LOGIN, {}),), (290, 500, "login"), 304, 300),
    Case("begins to fail after the end", ((60, 300, LOGIN, {}),), (330, 500, "login"), 344, 340),
    Case("begins to fail before the work", ((200, 400, LOGIN, {}),), (60, 390, "login"), 64, 60),
    Case("fails before the work, is confirmed in it, and heals in it", ((62, 300, LOGIN, {}),), (60, 280, "login"), None),
    Case("another component fails during the work", ((60, 300, LOGIN, {}),), (100, 280, "cards"), 104, 100),
    Case("what depends on the worked component fails", ((60, 300, LOGIN, {}),), (100, 280, "app"), None),
    Case("what depends on it fails past the end", ((60, 300, LOGIN, {}),), (100, 500, "app"), 304, 300),
    Case("what it depends on is not silenced", ((60, 300, ("app",), {}),), (100, 280, "login"), 104, 100),
    Case("two works overlap", ((60, 200, LOGIN, {}), (150, 300, LOGIN, {})), (100, 290, "login"), None),
    Case("two works overlap and it fails past both", ((60, 200, LOGIN, {}), (150, 300, LOGIN, {})), (100, 500, "login"), 304, 300),
    Case("one work lies within another", ((60, 400, LOGIN, {}), (100, 200, LOGIN, {})), (150, 390, "login"), None),
    Case("works follow each other with a gap", ((60, 150, LOGIN, {}), (250, 350, LOGIN, {})), (100, 340, "login"), 160, 150),
    Case("fails in the time of another work", ((60, 200, LOGIN, {}), (60, 300, ("cards",), {})), (220, 290, "login"), 224, 220),
    Case("cancelled before it began", ((60, 300, LOGIN, {"cancelled": True}),), (100, 280, "login"), 104, 100),
    Case("planned but never begun", ((60, 300, LOGIN, {"started_at": None}),), (100, 280, "login"), 104, 100),
    Case("completed early, then fails", ((60, 300, LOGIN, {"completed_at": at(150)}),), (200, 290, "login"), 204, 200),
    Case("completed early while it fails", ((60, 300, LOGIN, {"completed_at": at(150)}),), (100, 290, "login"), 160, 150),
    Case("extended: silent until the new end", ((60, 400, LOGIN, {}),), (100, 390, "login"), None),
    Case("work on both it and what it depends on", ((60, 300, ("login", "app"), {}),), (100, 280, "app"), None),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_p7_planned_work(case):
    works = [work(number, begin, end, slugs, **more) for number, (begin, end, slugs, more) in enumerate(case.works)]
    start, stop, failing = case.fails
    looks = looks_for(LANDSCAPE.order, ["madrid"])

    world = World(looks, lambda probe, place, t: BAD if probe == f"{failing}-probe" and start <= t < stop else GOOD, LANDSCAPE, works=works)
    world.run(480)

    begun = world.steps(Begin)
    if case.begun is None:
        assert begun == []
    else:
        ((t, step),) = begun
        assert case.begun <= t <= case.begun + 5  # a component waits so long for what it depends on to be looked at
        assert step.first_failed_at == at(case.first_failed)
        assert set(step.components) == {failing}


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_p7_a_night_in_which_the_clocks_change_is_as_long_as_it_is(night):
    """Work planned in local time from 01:30 to 03:30: one hour in spring, three in autumn. The moments are UTC, so nothing is lost."""
    zone = ZoneInfo("Europe/Madrid")
    day = datetime.fromisoformat(night)
    begin = day.replace(hour=1, minute=30, tzinfo=zone).astimezone(UTC)
    end = day.replace(hour=3, minute=30, tzinfo=zone).astimezone(UTC)
    hours = 1 if night == "2026-03-29" else 3
    planned = Maintenance("w", {}, MaintenanceStatus.IN_PROGRESS, LOGIN, "slow", T0, T0, begin, end, started_at=begin)

    silent = [minute for minute in range(6 * 60) if planned.silences("login", begin + timedelta(minutes=minute))]

    assert len(silent) == hours * 60
    assert planned.silences("login", end - timedelta(seconds=1))
    assert not planned.silences("login", end)


def test_an_incident_that_began_before_the_work_goes_on_after_it():
    works = [work(0, 100, 300, LOGIN)]
    looks = looks_for(LANDSCAPE.order, ["madrid"])

    world = World(looks, lambda probe, place, t: BAD if probe == "login-probe" and 40 <= t < 380 else GOOD, LANDSCAPE, works=works)
    world.run(480)

    assert len(world.steps(Begin)) == 1
    assert world.verdict_at("login", 480) is ComponentStatus.OPERATIONAL


def work(number: int, begin: float, end: float, slugs: tuple[str, ...], **more) -> Maintenance:
    values = {"started_at": at(begin), **more}
    return Maintenance(
        f"work-{number}",
        {},
        MaintenanceStatus.IN_PROGRESS,
        slugs,
        "slow",
        T0,
        T0,
        scheduled_for=at(begin),
        scheduled_until=at(end),
        **values,
    )
