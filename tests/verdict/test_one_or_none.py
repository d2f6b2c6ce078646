"""P1-P3: what may not turn the page red, and what may not leave it green."""

import itertools
import random

import pytest

from statuspage.core.checks import CheckResult
from statuspage.core.detector import Level, Policy, Streak, observe
from statuspage.core.judgement import Begin
from statuspage.core.quorum import cast, decide
from statuspage.core.status import PageSentence, page_status
from statuspage.core.vocabulary import ComponentStatus
from tests.verdict.world import BAD, BLIND, GOOD, INTERVAL_S, SLOW, World, at, flat, looks_for

PLACES = ("madrid", "utrecht", "lyon")


def offsets(draw, looks):
    return {(item.probe, place): draw.uniform(0, INTERVAL_S) for item in looks for place in item.locations}


def test_p1_a_failure_that_one_of_three_locations_sees_begins_no_incident():
    counted = 0
    for seed in range(2000):
        draw = random.Random(seed)
        looks = looks_for(["card"], PLACES)
        alone = draw.choice(PLACES)
        changes = sorted(draw.uniform(0, 100) for _ in range(draw.randint(1, 6)))
        ill = draw.choice((BAD, SLOW))

        def truth(probe, place, t, alone=alone, changes=changes, ill=ill):
            return ill if place == alone and sum(change <= t for change in changes) % 2 else GOOD

        world = World(looks, truth, flat(["card"]), offsets=offsets(draw, looks))
        world.run(120)
        counted += 1
        assert world.steps(Begin) == [], f"seed {seed}"
        assert all(status in (ComponentStatus.OPERATIONAL, ComponentStatus.UNKNOWN) for _, _, status in world.shown), f"seed {seed}"
    assert counted == 2000


@pytest.mark.parametrize("targets", list(itertools.product((True, False), repeat=3)))
@pytest.mark.parametrize("references", list(itertools.product((True, False), repeat=3)))
def test_p2_a_location_whose_own_network_fails_has_no_vote(targets, references):
    votes = []
    for place, target, reference in zip(PLACES, targets, references, strict=True):
        streak = Streak()
        for number in range(6):
            shows = (GOOD if target else BAD) if reference else BLIND
            streak, _ = observe(streak, CheckResult("card-probe", place, number, at(number * 2), *shows), Policy())
        votes.append(cast(place, streak, now=at(12), interval_s=INTERVAL_S))

    verdict = decide(votes)

    seeing = [target for target, reference in zip(targets, references, strict=True) if reference]
    assert verdict.seeing == len(seeing)
    if len(seeing) < 2:
        assert verdict.level is None
    else:
        assert verdict.level is (Level.DOWN if 2 * seeing.count(False) > len(seeing) else Level.FINE)


def test_p2_trouble_of_our_own_network_never_begins_an_incident():
    """Before the references tell that the location is blind, up to two looks at the target may fail."""
    for seed in range(2000):
        draw = random.Random(seed)
        looks = looks_for(["card"], PLACES)
        cuts = {
            place: [(start := draw.uniform(0, 100), start + draw.uniform(5, 80)) for _ in range(draw.randint(0, 2))] for place in PLACES
        }
        unnoticed = {(place, cut): draw.randint(0, 2) for place in PLACES for cut in cuts[place]}
        met: dict[object, int] = {}

        def truth(probe, place, t, cuts=cuts, unnoticed=unnoticed, met=met):
            for cut in cuts[place]:
                if cut[0] <= t < cut[1]:
                    met[place, cut] = met.get((place, cut), 0) + 1
                    return BAD if met[place, cut] <= unnoticed[place, cut] else BLIND
            return GOOD

        world = World(looks, truth, flat(["card"]), offsets=offsets(draw, looks))
        world.run(120)
        assert world.steps(Begin) == [], f"seed {seed}"
        assert all(status in (ComponentStatus.OPERATIONAL, ComponentStatus.UNKNOWN) for _, _, status in world.shown), f"seed {seed}"


def test_p3_with_too_few_seeing_locations_the_page_says_that_monitoring_is_impaired():
    for seed in range(100):
        draw = random.Random(seed)
        looks = looks_for(["card", "login"], PLACES)
        seeing = draw.choice((*PLACES, None))
        silent = {place: draw.random() < 0.5 for place in PLACES}
        begins = draw.uniform(30, 60)
        down = draw.random() < 0.5

        def truth(probe, place, t, seeing=seeing, silent=silent, begins=begins, down=down):
            if t < begins:
                return GOOD
            if place == seeing:
                return BAD if down else GOOD
            return None if silent[place] else BLIND

        world = World(looks, truth, flat(["card", "login"]), offsets=offsets(draw, looks))
        world.run(begins + 4 * INTERVAL_S)

        statuses = [world.seen.sights[slug].verdict.status for slug in ("card", "login")]
        assert statuses == [ComponentStatus.UNKNOWN] * 2, f"seed {seed}"
        assert page_status(statuses).sentence is PageSentence.MONITORING_IMPAIRED
        assert world.seen.unseen == ("card", "login")
        assert world.steps(Begin) == [], f"seed {seed}"


def test_a_single_configured_location_may_speak_alone():
    looks = looks_for(["card"], ["madrid"])

    world = World(looks, lambda probe, place, t: BAD if t > 40 else GOOD, flat(["card"]))
    world.run(120)

    ((t, step),) = world.steps(Begin)
    assert t == 60 + 2 * 2
    assert step == Begin({"card": ComponentStatus.MAJOR_OUTAGE}, "card", first_failed_at=at(60), detected_at=at(64))
