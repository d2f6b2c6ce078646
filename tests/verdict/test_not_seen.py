"""Nothing is said to work that was not seen to work: gaps in what is known, planned work that still fails, a clock set back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from statuspage.core.grouping import Landscape
from statuspage.core.judgement import Begin, Recover, Resolve
from statuspage.core.status import is_fresh
from statuspage.core.vocabulary import ComponentStatus
from tests.verdict.test_maintenance import work
from tests.verdict.world import BAD, BLIND, GOOD, INTERVAL_S, World, at, flat, looks_for

STABLE_S = 1800.0


@pytest.mark.parametrize("unseen", [None, BLIND], ids=["nobody looked", "the location was blind"])
def test_a_gap_in_what_is_known_does_not_count_as_stable(unseen):
    def truth(probe, place, t):
        return BAD if 40 <= t < 100 else unseen if 300 <= t < 1890 else GOOD

    world = World(looks_for(["card"], ["madrid"]), truth, flat(["card"]))
    world.run(4000)

    ((resolved_at, _),) = world.steps(Resolve)
    assert len(world.steps(Recover)) == 1
    assert 1890 + STABLE_S <= resolved_at <= 1890 + STABLE_S + 3 * INTERVAL_S


def test_what_is_seen_all_the_time_is_resolved_after_the_stable_period():
    world = World(looks_for(["card"], ["madrid"]), lambda probe, place, t: BAD if 40 <= t < 100 else GOOD, flat(["card"]))
    world.run(2500)

    ((resolved_at, _),) = world.steps(Resolve)
    assert 104 + STABLE_S <= resolved_at <= 104 + STABLE_S + INTERVAL_S


def truth_of(login_until):
    def truth(probe, place, t):
        until = 300 if probe == "card-probe" else login_until
        return BAD if 40 <= t < until else GOOD

    return truth


@pytest.mark.parametrize(("login_until", "recovers"), [(1000, True), (450, True), (9999, False)])
def test_an_incident_is_not_over_while_one_of_its_components_still_fails_under_planned_work(login_until, recovers):
    """Both fail; then work on one of them begins (200 to 900), and the other comes back at 300."""
    landscape = Landscape({}, {"card": "g", "login": "g"}, ["card", "login"])
    world = World(looks_for(["card", "login"], ["madrid"]), truth_of(login_until), landscape, works=[work(0, 200, 900, ("login",))])
    world.run(1200)

    ((_, begun),) = world.steps(Begin)
    recovered = [t for t, _ in world.steps(Recover)]
    assert set(begun.components) == {"card", "login"}
    assert len(recovered) == recovers
    assert all(t >= login_until for t in recovered)


@pytest.mark.parametrize(("ahead_s", "fresh"), [(-61, False), (-60, True), (0, True), (60, True), (61, False), (7200, False)])
def test_a_result_from_before_the_clock_was_set_back_is_not_fresh_for_hours(ahead_s, fresh):
    assert is_fresh(at(1000) + timedelta(seconds=ahead_s), at(1000), INTERVAL_S) is fresh


def test_a_component_whose_probe_stops_as_the_clock_is_set_back_becomes_unknown():
    world = World(looks_for(["card"], ["madrid"]), lambda probe, place, t: GOOD, flat(["card"]))
    world.run(100)

    world.judge(100 - 7200)

    assert world.seen.sights["card"].verdict.status is ComponentStatus.UNKNOWN
