from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.status import (
    UPTIME_WEIGHTS,
    Indicator,
    PageSentence,
    component_status,
    group_status,
    impact_of,
    is_fresh,
    page_status,
    uptime,
    worst,
)
from statuspage.core.vocabulary import GRAVITY, ComponentStatus, Impact

MAJOR, PARTIAL, DEGRADED = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE
WORK, UNKNOWN, FINE = ComponentStatus.UNDER_MAINTENANCE, ComponentStatus.UNKNOWN, ComponentStatus.OPERATIONAL
statuses = st.lists(st.sampled_from(ComponentStatus))


@pytest.mark.parametrize(
    ("incidents", "maintenance", "verdict", "shown"),
    [
        ([], False, None, FINE),
        ([], False, FINE, FINE),
        ([], False, UNKNOWN, UNKNOWN),
        ([], False, DEGRADED, DEGRADED),
        ([MAJOR], False, FINE, MAJOR),
        ([PARTIAL], False, MAJOR, MAJOR),
        ([FINE], False, UNKNOWN, UNKNOWN),
        ([DEGRADED, PARTIAL], False, None, PARTIAL),
        ([], True, MAJOR, WORK),  # planned work silences the probes
        ([], True, UNKNOWN, WORK),
        ([MAJOR], True, FINE, MAJOR),  # but never a failure that somebody declared
        ([FINE], True, None, WORK),
    ],
)
def test_a_component_shows_the_gravest_of_its_incidents_planned_work_and_verdict(incidents, maintenance, verdict, shown):
    assert component_status(incidents=incidents, under_maintenance=maintenance, verdict=verdict) is shown


@given(statuses)
def test_the_worst_status_is_one_of_them_and_none_is_graver(found):
    chosen = worst(found)

    assert chosen in found or (not found and chosen is FINE)
    assert all(GRAVITY.index(chosen) <= GRAVITY.index(status) for status in found)
    assert group_status(reversed(found)) is chosen


@pytest.mark.parametrize(
    ("shown", "indicator", "sentence"),
    [
        ([], Indicator.NONE, PageSentence.ALL_OPERATIONAL),
        ([FINE, FINE], Indicator.NONE, PageSentence.ALL_OPERATIONAL),
        ([FINE, UNKNOWN], Indicator.NONE, PageSentence.MONITORING_IMPAIRED),
        ([UNKNOWN], Indicator.NONE, PageSentence.MONITORING_IMPAIRED),
        ([WORK, FINE], Indicator.MAINTENANCE, PageSentence.UNDER_MAINTENANCE),
        ([WORK, FINE, UNKNOWN], Indicator.MAINTENANCE, PageSentence.MONITORING_IMPAIRED),
        ([WORK, DEGRADED, UNKNOWN], Indicator.MINOR, PageSentence.DEGRADED),
        ([WORK, DEGRADED], Indicator.MINOR, PageSentence.DEGRADED),
        ([DEGRADED, DEGRADED], Indicator.MINOR, PageSentence.DEGRADED),
        ([PARTIAL, FINE], Indicator.MINOR, PageSentence.MINOR_OUTAGE),
        ([PARTIAL, PARTIAL], Indicator.MAJOR, PageSentence.PARTIAL_OUTAGE),
        ([MAJOR, FINE], Indicator.MAJOR, PageSentence.PARTIAL_OUTAGE),
        ([MAJOR, PARTIAL], Indicator.MAJOR, PageSentence.PARTIAL_OUTAGE),
        ([MAJOR, WORK], Indicator.MAJOR, PageSentence.PARTIAL_OUTAGE),
        ([MAJOR, MAJOR, UNKNOWN], Indicator.CRITICAL, PageSentence.MAJOR_OUTAGE),
        ([MAJOR], Indicator.CRITICAL, PageSentence.MAJOR_OUTAGE),
    ],
)
def test_the_page_says_how_much_of_it_is_hit(shown, indicator, sentence):
    assert page_status(shown) == (indicator, sentence)


def test_an_incident_that_names_no_component_still_colours_the_page():
    assert page_status([], [Impact.MAJOR]) == (Indicator.MAJOR, PageSentence.PARTIAL_OUTAGE)
    assert page_status([MAJOR], [Impact.MINOR]) == (Indicator.CRITICAL, PageSentence.MAJOR_OUTAGE)
    assert page_status([UNKNOWN], [Impact.NONE]) == (Indicator.NONE, PageSentence.MONITORING_IMPAIRED)


@given(statuses, st.sampled_from(ComponentStatus))
def test_one_more_failing_component_never_makes_the_page_look_healthy(found, extra):
    page = page_status([*found, extra])

    failing = any(status in (MAJOR, PARTIAL, DEGRADED) for status in (*found, extra))
    assert failing == (page.indicator in (Indicator.MINOR, Indicator.MAJOR, Indicator.CRITICAL))


@pytest.mark.parametrize(
    ("status", "impact"),
    [
        (MAJOR, Impact.CRITICAL),
        (PARTIAL, Impact.MAJOR),
        (DEGRADED, Impact.MINOR),
        (WORK, Impact.NONE),
        (UNKNOWN, Impact.NONE),
        (FINE, Impact.NONE),
    ],
)
def test_the_worst_component_decides_the_impact(status, impact):
    assert impact_of({"a": FINE, "b": status}) is impact
    assert impact_of({}) is Impact.NONE


def test_uptime_counts_half_of_a_partial_outage_and_nothing_that_is_unknown():
    seconds = {FINE: 6000.0, PARTIAL: 2000.0, MAJOR: 1000.0, DEGRADED: 1000.0, UNKNOWN: 5000.0}

    assert uptime(seconds) == pytest.approx(1 - (1000 + 1000) / 10_000)
    assert uptime({UNKNOWN: 86_400.0}) is None
    assert uptime(seconds, {**UPTIME_WEIGHTS, PARTIAL: 1.0}) == pytest.approx(1 - 3000 / 10_000)


@given(st.dictionaries(st.sampled_from(ComponentStatus), st.floats(0, 1e6), min_size=1))
def test_uptime_lies_between_nothing_and_all(seconds):
    found = uptime(seconds)

    assert found is None or 0.0 <= found <= 1.0


def test_three_missed_intervals_are_no_data():
    seen = datetime(2026, 3, 1, tzinfo=UTC)

    assert is_fresh(seen, seen + timedelta(seconds=60), interval_s=20)
    assert not is_fresh(seen, seen + timedelta(seconds=60.001), interval_s=20)
    assert not is_fresh(None, seen, interval_s=20)
