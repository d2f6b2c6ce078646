"""P8 and P9: wrong clocks, and results that come late, twice or in another order."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statuspage.actions.checks import record
from statuspage.core.arrivals import PATIENCE, ready
from statuspage.core.checks import CheckResult
from statuspage.core.detector import Policy, Streak, observe
from statuspage.core.vocabulary import ComponentStatus, Outcome, Reason
from statuspage.store import checks, counters, detector
from tests.verdict.desk import BAD, GOOD, T0, Desk, bank

SEEN = [GOOD, BAD, (Outcome.DEGRADED, Reason.TOO_SLOW), (Outcome.BLOCKED, Reason.BLOCKED_AS_BOT)]
SKEWS = [1, 4, -1, -4, 6, -6, 60, -60, 7200, -7200, 86_400, -86_400]


@pytest.mark.parametrize("skew_s", SKEWS)
def test_p8_results_are_dated_by_our_clock_when_the_location_is_wrong(database, skew_s):
    desk = Desk(database, bank("login"))
    desk.clock.seconds = 1000.0
    theirs = desk.clock.now() - timedelta(seconds=skew_s)
    results = [desk.result("login-probe", "madrid", BAD, at=theirs - timedelta(seconds=10 - 2 * number)) for number in range(3)]

    record(desk.ctx, results, sent_at=theirs)

    with database.reading() as session:
        kept = checks.after(session, 0, 10)
        counted = {count.name: count.value for count in counters.all(session)}
    wrong = abs(skew_s) > 5
    assert ("clock:madrid" in desk.alarms()) is wrong
    assert counted.get("results_with_wrong_clock", 0) == (3 if wrong else 0)
    assert {row.received_at for row in kept} == {desk.clock.now()}
    expected = [desk.clock.now() - timedelta(seconds=10 - 2 * number) for number in range(3)]
    if not wrong:
        expected = [min(moment - timedelta(seconds=skew_s), desk.clock.now()) for moment in expected]
    assert [row.result.at for row in kept] == expected
    assert [row.result.sequence for row in kept] == [0, 1, 2]

    record(desk.ctx, [desk.result("login-probe", "madrid", GOOD)], sent_at=desk.clock.now())

    assert "clock:madrid" not in desk.alarms()


def test_p8_a_result_from_the_future_is_dated_by_its_arrival_even_if_nobody_said_when_it_was_sent(sqlite_database):
    desk = Desk(sqlite_database, bank("login"))

    record(desk.ctx, [desk.result("login-probe", "madrid", GOOD, at=T0 + timedelta(minutes=2))])

    with sqlite_database.reading() as session:
        assert checks.newest(session, "login-probe")[0].result.at == desk.clock.now()
    assert "clock:madrid" in desk.alarms()


def test_p8_a_result_that_only_waited_long_keeps_its_moment(sqlite_database):
    desk = Desk(sqlite_database, bank("login"))
    desk.clock.seconds = 3600.0

    record(desk.ctx, [desk.result("login-probe", "madrid", GOOD, at=T0 + timedelta(minutes=2))])

    with sqlite_database.reading() as session:
        assert checks.newest(session, "login-probe")[0].result.at == T0 + timedelta(minutes=2)
    assert desk.alarms() == {}


@dataclass(frozen=True)
class Item:
    sequence: int
    received_at: datetime


@settings(max_examples=1000, deadline=None)
@given(outcomes=st.lists(st.sampled_from(SEEN), min_size=1, max_size=12), chance=st.randoms(use_true_random=False))
def test_p9_results_in_any_order_and_number_of_copies_give_the_streak_of_their_sequence(outcomes, chance):
    results = [CheckResult("p", "m", number, T0 + timedelta(seconds=number), *shows) for number, shows in enumerate(outcomes)]
    in_order = Streak()
    for result in results:
        in_order, _ = observe(in_order, result, Policy())
    arriving = [number for number in range(len(results)) for _ in range(chance.randint(1, 3))]
    chance.shuffle(arriving)

    streak, arrived, now = Streak(), [], T0  # all of it arrives within the patience with a gap
    while arriving:
        batch = [arriving.pop() for _ in range(min(len(arriving), chance.randint(1, 5)))]
        arrived += [Item(number, now) for number in batch]
        taken, _ = ready(arrived, streak.last_sequence, now)
        for item in taken:
            streak, _ = observe(streak, results[item.sequence], Policy())
        now += timedelta(milliseconds=1)

    assert streak == in_order


def test_p9_a_result_that_never_comes_is_waited_for_three_seconds_and_no_longer():
    arrived = [Item(number, T0) for number in (0, 1, 3, 4)]

    taken, held = ready(arrived, -1, T0 + PATIENCE - timedelta(milliseconds=1))
    later, none = ready(arrived, 1, T0 + PATIENCE)

    assert ([item.sequence for item in taken], [item.sequence for item in held]) == ([0, 1], [3, 4])
    assert ([item.sequence for item in later], none) == ([3, 4], [])
    assert ready([Item(2, T0 + PATIENCE)], 4, T0 + PATIENCE) == ([], [])


@pytest.mark.parametrize("seed", range(6))
def test_p9_through_the_store_and_the_loop(database, seed):
    draw = random.Random(seed)
    desk = Desk(database, bank("login"))
    results = [desk.result("login-probe", "madrid", shows, at=T0 + timedelta(seconds=n)) for n, shows in enumerate([GOOD] * 3 + [BAD] * 3)]
    arriving = [result for result in results for _ in range(draw.randint(1, 2))]
    draw.shuffle(arriving)

    for result in arriving:
        desk.clock.seconds += 0.2
        record(desk.ctx, [result])
        desk.verdicts.step()

    with database.reading() as session:
        assert checks.count(session, "login-probe", "madrid", T0 - timedelta(days=1), T0 + timedelta(days=1)) == 6
        assert detector.verdicts(session) == {"login": ComponentStatus.MAJOR_OUTAGE}
        assert detector.load(session).streaks["login-probe", "madrid"].last_sequence == 5


def test_p9_a_result_that_is_older_than_the_one_it_follows_begins_nothing_before_that(sqlite_database):
    """A check that waited for a one-time code is dated later than one that began after it: what was still bad then had not ended."""
    desk = Desk(sqlite_database, bank("login"))
    shows = [BAD] * 3 + [BAD, GOOD, GOOD, GOOD]
    moments = [T0 + timedelta(seconds=seconds) for seconds in (0, 2, 4, 24, 8, 26, 28)]
    desk.clock.seconds = 30.0

    record(desk.ctx, [desk.result("login-probe", "madrid", each, at=moment) for each, moment in zip(shows, moments, strict=True)])
    desk.verdicts.step()

    with sqlite_database.reading() as session:
        streak = detector.load(session).streaks["login-probe", "madrid"]
    assert (streak.down.bad, streak.down.changed_at) == (False, moments[3])
    assert streak.seen_at == moments[-1]


def test_p8_no_result_counts_from_a_moment_after_its_arrival_when_the_clock_was_set_back(sqlite_database):
    desk = Desk(sqlite_database, bank("login"))
    desk.clock.seconds = 3600.0
    record(desk.ctx, [desk.result("login-probe", "madrid", GOOD, at=desk.clock.now())])
    desk.verdicts.step()

    desk.clock.seconds = 10.0
    record(desk.ctx, [desk.result("login-probe", "madrid", GOOD, at=T0 + timedelta(seconds=9))])
    desk.verdicts.step()

    with sqlite_database.reading() as session:
        assert detector.load(session).streaks["login-probe", "madrid"].seen_at <= desk.clock.now()
