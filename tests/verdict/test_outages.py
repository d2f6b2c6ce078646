"""P4-P6 and P15: real outages are found in time, flapping is one incident, a part is not the whole, a burst is one thread."""

import bisect
import itertools
import random

import pytest

from statuspage.core.checks import CheckResult
from statuspage.core.detector import Policy, Streak, observe
from statuspage.core.grouping import Landscape
from statuspage.core.judgement import Begin, FailAgain, Recover, Resolve
from statuspage.core.quorum import cast, component_verdict, decide
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, Outcome, Reason
from tests.verdict.test_one_or_none import PLACES, offsets
from tests.verdict.world import BAD, GOOD, INTERVAL_S, World, at, flat, looks_for

DETECTED_WITHIN_S = 90.0


NOISE = (0.0, 0.05, 0.1, 0.15, 0.2)


@pytest.mark.parametrize("noise", NOISE)
def test_p4_an_outage_is_detected_within_90_seconds_and_its_end_too_under_noise(noise):
    detect_under_noise(noise, range(80))


@pytest.mark.long
@pytest.mark.parametrize("noise", NOISE)
def test_p4_two_thousand_outages_under_noise(noise):
    detect_under_noise(noise, range(400))


def detect_under_noise(noise, seeds):
    """Noise: that share of all looks says the opposite of the truth, at every location, before, during and after the outage."""
    for seed in seeds:
        draw = random.Random(f"{seed} {noise}")
        looks = looks_for(["card"], PLACES)
        begins = draw.uniform(20, 60)
        ends = begins + draw.uniform(100, 160)

        def truth(probe, place, t, begins=begins, ends=ends, draw=draw, noise=noise):
            return BAD if (begins <= t < ends) != (draw.random() < noise) else GOOD

        world = World(looks, truth, flat(["card"]), offsets=offsets(draw, looks))
        world.run(ends + DETECTED_WITHIN_S)

        found = min(t for t, _, status in world.shown if status is ComponentStatus.MAJOR_OUTAGE and t >= begins)
        assert found <= begins + DETECTED_WITHIN_S, f"seed {seed}"
        assert any(begins <= t <= begins + DETECTED_WITHIN_S for t, _ in world.steps(Begin)), f"seed {seed}"
        assert world.verdict_at("card", ends + DETECTED_WITHIN_S) is ComponentStatus.OPERATIONAL, f"seed {seed}"
        assert len(world.steps(Begin)) == 1


def test_p4_without_noise_each_location_needs_three_good_checks_and_no_more_than_five():
    looks = looks_for(["card"], ["madrid"])

    world = World(looks, lambda probe, place, t: BAD if 40 <= t < 100 else GOOD, flat(["card"]))
    world.run(200)

    ((_, recovery),) = world.steps(Recover)
    assert recovery.restored_at == at(104)  # the first good look on the grid of the re-checked probe
    assert [status for _, _, status in world.shown][-1] is ComponentStatus.OPERATIONAL
    good_checks = [t for t, _, status in world.shown if status is ComponentStatus.OPERATIONAL and t > 100]
    assert good_checks == [104 + 2 * 2]


def test_p5_hours_of_flapping_are_one_incident():
    flap(range(5))


@pytest.mark.long
def test_p5_a_hundred_times_four_hours_of_flapping():
    flap(range(100))


def flap(seeds):
    for seed in seeds:
        draw = random.Random(seed)
        looks = looks_for(["card"], PLACES)
        turns, t = [], draw.uniform(20, 60)
        while t < 4 * 3600:
            turns.append(t)
            t += draw.uniform(30, 90)

        def truth(probe, place, t, turns=turns):
            return BAD if bisect.bisect_right(turns, t) % 2 else GOOD

        world = World(looks, truth, flat(["card"]), offsets=offsets(draw, looks))
        world.run(4 * 3600)

        assert len(world.steps(Begin)) == 1, f"seed {seed}"
        (incident,) = world.incidents.values()
        assert incident.status in (IncidentStatus.INVESTIGATING, IncidentStatus.MONITORING)
        told = [step for _, step in world.log if isinstance(step, (Recover, FailAgain))]
        assert all(isinstance(one, Recover) != isinstance(other, Recover) for one, other in itertools.pairwise(told))
        assert len(told) <= 6, f"seed {seed}: once it is known to flap, turns of a minute are not told one by one"


PARTIAL = [
    *(
        (Outcome.FAILED, reason, True)
        for reason in (Reason.SOME_ADDRESSES, Reason.TEXT_MISSING, Reason.VALUE_WRONG, Reason.HTTP_STATUS, Reason.READ_TIMEOUT)
    ),
    *((Outcome.DEGRADED, reason, True) for reason in (Reason.SOME_ADDRESSES, Reason.TOO_SLOW)),
    *((Outcome.DEGRADED, reason, False) for reason in (Reason.TOO_SLOW, Reason.TLS_EXPIRES_SOON, Reason.SOME_ADDRESSES)),
]


@pytest.mark.parametrize("configured", [1, 3])
@pytest.mark.parametrize(("outcome", "reason", "partial"), PARTIAL)
def test_p6_a_failing_part_is_degraded_and_never_an_outage(outcome, reason, partial, configured):
    votes = []
    for place in PLACES[:configured]:
        streak = Streak()
        for number in range(8):
            streak, _ = observe(streak, CheckResult("p", place, number, at(number * 2), outcome, reason, partial=partial), Policy())
        votes.append(cast(place, streak, now=at(16), interval_s=INTERVAL_S))

    verdict = component_verdict("login", [(decide(votes), ComponentStatus.MAJOR_OUTAGE)])

    assert verdict.status is ComponentStatus.DEGRADED_PERFORMANCE
    assert verdict.failing_since == at(0)
    assert verdict.reasons == {reason}


def bank(draw) -> Landscape:
    """Twenty components under some headings, half of them in chains of dependency."""
    slugs = [f"c{number}" for number in range(20)]
    depends_on = {slug: [draw.choice(slugs[:place])] for place, slug in enumerate(slugs) if place and draw.random() < 0.5}
    return Landscape(depends_on, {slug: draw.choice(("cards", "web", None)) for slug in slugs}, slugs)


def test_p15_twenty_components_that_fail_at_once_are_one_thread():
    burst(range(15))


@pytest.mark.long
def test_p15_two_hundred_bursts():
    burst(range(200))


def burst(seeds):
    family = (Reason.CONNECT_TIMEOUT, Reason.CONNECT_REFUSED, Reason.READ_TIMEOUT)
    for seed in seeds:
        draw = random.Random(seed)
        landscape = bank(draw)
        looks = looks_for(landscape.order, ["madrid"])
        begins, lasts, pause = draw.uniform(20, 40), draw.uniform(40, 60), draw.uniform(30, 120)
        shows = {item.probe: (Outcome.FAILED, draw.choice(family)) for item in looks}

        def truth(probe, place, t, begins=begins, lasts=lasts, pause=pause, shows=shows):
            again = begins + lasts + pause
            return shows[probe] if begins <= t < begins + lasts or again <= t < again + lasts else GOOD

        world = World(looks, truth, landscape, offsets=offsets(draw, looks))
        world.run(begins + 2 * lasts + pause + 60)

        ((_, first),) = world.steps(Begin)
        assert len(first.components) > 1, f"seed {seed}: the first post names what fails together"
        assert first.lead == next(iter(first.components)), f"seed {seed}"
        assert not landscape.ancestors(first.lead) & first.components.keys(), f"seed {seed}: what explains others names it"
        (incident,) = world.incidents.values()
        assert set(incident.components) == set(landscape.order), f"seed {seed}"
        assert len(world.steps(FailAgain)) == 1, f"seed {seed}: the same failure goes on in the same thread"
        assert len(world.steps(Recover)) == 2, f"seed {seed}"


def test_private_components_that_fail_together_with_public_ones_are_an_incident_of_their_own():
    slugs = ["web", "login", "servers", "ledger"]
    landscape = Landscape({"web": ["servers"], "login": ["web"]}, dict.fromkeys(slugs), slugs, private=frozenset({"servers", "ledger"}))

    world = World(looks_for(slugs, ["madrid"]), lambda probe, place, t: BAD if 40 <= t < 100 else GOOD, landscape)
    world.run(200)

    begun = [(step.lead, set(step.components)) for _, step in world.steps(Begin)]
    assert sorted(begun) == [("servers", {"servers", "ledger"}), ("web", {"web", "login"})]
    assert len(world.steps(Recover)) == 2


def test_after_the_stable_period_the_incident_is_over_and_a_failure_within_half_an_hour_reopens_it():
    def truth(probe, place, t):
        return BAD if 40 <= t < 100 or 3500 <= t < 3560 else GOOD

    world = World(looks_for(["card"], ["madrid"]), truth, flat(["card"]))
    world.run(4000)

    kinds = [type(step) for _, step in world.log]
    assert kinds == [Begin, Recover, Resolve, FailAgain, Recover]
    resolved_at = next(t for t, step in world.log if isinstance(step, Resolve))
    assert 1800 <= resolved_at - 104 <= 1801 + INTERVAL_S


@pytest.mark.parametrize("again_s", [300, 3500], ids=["while it is watched", "after it was resolved"])
@pytest.mark.parametrize("hit_before", [("card", "login"), ("card",)], ids=["both were hit", "one was hit"])
def test_what_fails_again_waits_for_its_companions_and_is_told_once(again_s, hit_before):
    def truth(probe, place, t):
        first = 40 <= t < 100 and probe.removesuffix("-probe") in hit_before
        return BAD if first or again_s <= t < again_s + 60 else GOOD

    looks = looks_for(["card", "login"], ["madrid"], interval_s=3.0)  # shorter than the three looks that confirm
    world = World(looks, truth, flat(["card", "login"]), offsets={("login-probe", "madrid"): 1.0})
    world.run(again_s + 50)

    told = [step for t, step in world.log if t >= again_s]
    assert [(type(step), set(step.components)) for step in told] == [(FailAgain, {"card", "login"})]


def test_a_failure_long_after_the_end_is_a_new_incident():
    def truth(probe, place, t):
        return BAD if 40 <= t < 100 or 4500 <= t < 4560 else GOOD

    world = World(looks_for(["card"], ["madrid"]), truth, flat(["card"]))
    world.run(4600)

    assert len(world.steps(Begin)) == 2
