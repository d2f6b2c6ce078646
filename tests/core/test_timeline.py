import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statuspage.core.days import bounds, hours
from statuspage.core.timeline import StatusChange, backfill, by_day, in_order, spans
from statuspage.core.vocabulary import ComponentStatus, Source

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
FINE, DOWN, UNKNOWN = ComponentStatus.OPERATIONAL, ComponentStatus.MAJOR_OUTAGE, ComponentStatus.UNKNOWN
MADRID = ZoneInfo("Europe/Madrid")


def change(minutes: float, status: ComponentStatus) -> StatusChange:
    at = T0 + timedelta(minutes=minutes)
    return StatusChange("card", status, Source.VERDICT, at, at)


histories = st.lists(st.tuples(st.integers(0, 5000), st.sampled_from(ComponentStatus))).map(
    lambda found: in_order(change(minutes, status) for minutes, status in found)
)


def status_at(changes, moment):
    before = [entry for entry in changes if entry.effective_at <= moment]
    return before[-1].status if before else UNKNOWN


@settings(deadline=None)
@given(histories, st.integers(0, 5000), st.integers(1, 2000))
def test_spans_cover_a_period_without_gap_and_say_what_held(changes, begin, length):
    start = T0 + timedelta(minutes=begin)
    end = start + timedelta(minutes=length)

    found = spans(changes, start, end)

    assert [found[0].start, found[-1].end] == [start, end]
    assert all(one.end == other.start and one.status is not other.status for one, other in itertools.pairwise(found))
    assert all(status_at(changes, span.start) is span.status for span in found)


@settings(deadline=None)
@given(histories, st.integers(1, 9000))
def test_the_seconds_of_days_add_up_to_what_has_passed_of_them(changes, minutes):
    now = T0 + timedelta(minutes=minutes)
    first, last = date(2026, 2, 28), date(2026, 3, 8)

    found = by_day(changes, first, last, MADRID, now)

    assert [day.day for day in found] == [first + timedelta(days=number) for number in range(9)]
    for day in found:
        start, end = bounds(day.day, MADRID)
        assert sum(day.seconds.values()) == max(0, (min(end, now) - start).total_seconds())


@pytest.mark.parametrize(
    ("day", "length_h"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2028, 2, 29), 24), (date(2026, 6, 1), 24)]
)
def test_a_day_is_as_long_as_its_clock_says(day, length_h):
    (found,) = by_day([change(0, FINE)], day, day, MADRID, datetime(2030, 1, 1, tzinfo=UTC))

    assert found.seconds == {FINE: length_h * 3600}
    assert len(hours(day, MADRID)) == length_h


@settings(deadline=None)
@given(histories, st.sampled_from(ComponentStatus), st.integers(0, 4000), st.integers(1, 900))
def test_a_past_that_is_added_shows_in_its_time_and_nowhere_else(changes, status, begin, length):
    start = T0 + timedelta(minutes=begin)
    end, now = start + timedelta(minutes=length), T0 + timedelta(days=30)

    added = backfill(changes, slug="card", status=status, start=start, end=end, now=now)

    together = in_order([*changes, *added])
    for minute in range(-5, 5005, 31):
        moment = T0 + timedelta(minutes=minute)
        expected = status if start <= moment < end else status_at(changes, moment)
        assert status_at(together, moment) is expected


def test_a_past_must_end_before_now():
    with pytest.raises(ValueError, match="must begin before it ends"):
        backfill([], slug="card", status=DOWN, start=T0, end=T0, now=T0)
