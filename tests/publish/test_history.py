"""Ninety days: what a day is drawn as, the paths of the bar, the list of bad days, the share that was up."""

from __future__ import annotations

import re
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish.history import BAD, STEP, bad_days, bar, history, shade, share_up, window
from statuspage.publish.snapshot import Day

TODAY = date(2026, 11, 22)
GOOD, DOWN, SLOW, BLIND = (
    ComponentStatus.OPERATIONAL,
    ComponentStatus.MAJOR_OUTAGE,
    ComponentStatus.DEGRADED_PERFORMANCE,
    ComponentStatus.UNKNOWN,
)


def test_one_bad_second_colours_the_day() -> None:
    assert shade({GOOD: 86399, SLOW: 1}) is SLOW
    assert shade({GOOD: 80000, SLOW: 6000, DOWN: 400}) is DOWN
    assert shade({BLIND: 86000, DOWN: 400}) is DOWN


def test_a_day_that_was_mostly_not_seen_is_unknown_and_never_green() -> None:
    assert shade({GOOD: 400, BLIND: 86000}) is BLIND
    assert shade({GOOD: 86000, BLIND: 400}) is GOOD
    assert shade({}) is BLIND


def test_days_before_the_first_record_are_unknown() -> None:
    shown = window([Day(TODAY, {GOOD: 100})], TODAY)

    assert shown == [BLIND] * 89 + [GOOD]


@given(st.lists(st.sampled_from(ComponentStatus), min_size=90, max_size=90))
def test_the_paths_draw_every_day_once_in_its_status(statuses: list[ComponentStatus]) -> None:
    drawn: dict[int, ComponentStatus] = {}

    for path in bar(statuses):
        for start, length in re.findall(r"M(\d+) [\d.]+h(\d+)", path.d):
            first, count = int(start) // STEP, (int(length) + 1) // STEP
            assert int(start) % STEP == 0 and (int(length) + 1) % STEP == 0
            for place in range(first, first + count):
                assert place not in drawn
                drawn[place] = path.status

    assert drawn == dict(enumerate(statuses))
    assert len(bar(statuses)) == len(set(statuses))


def test_bad_days_come_newest_first_with_the_gravest_status_first() -> None:
    days = [
        Day(TODAY - timedelta(days=90), {DOWN: 5}),
        Day(TODAY - timedelta(days=3), {GOOD: 1, SLOW: 60, DOWN: 30}),
        Day(TODAY, {SLOW: 10}),
    ]

    found = bad_days(days, TODAY)

    assert [bad.day for bad in found] == [TODAY, TODAY - timedelta(days=3)]
    assert found[1].seconds == ((DOWN, 30), (SLOW, 60))


def test_the_share_leaves_out_what_was_not_seen() -> None:
    days = [Day(TODAY, {GOOD: 300, DOWN: 100, BLIND: 5000})]

    assert share_up(days, TODAY) == 0.75
    assert share_up([], TODAY) is None
    assert history(days, TODAY).up == 0.75


@given(st.dictionaries(st.sampled_from(ComponentStatus), st.integers(0, 86400)))
def test_a_day_with_anything_bad_is_drawn_bad_and_listed(seconds: dict[ComponentStatus, int]) -> None:
    bad = any(seconds.get(status, 0) for status in BAD)

    assert (shade(seconds) in BAD) == bad
    assert bool(bad_days([Day(TODAY, seconds)], TODAY)) == bad
