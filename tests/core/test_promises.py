"""When the next update is promised, when somebody is reminded, when it is broken, and how long words may be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.promises import Cadence, is_broken, late_s, next_update, remind_at, valid_until, whole_minute
from statuspage.core.vocabulary import Impact, NoticeKind

T0 = datetime(2026, 11, 23, 13, 35, tzinfo=UTC)
CADENCE = Cadence({Impact.CRITICAL: 1200.0, Impact.MAJOR: 1800.0, Impact.MINOR: 1800.0, Impact.NONE: 3600.0}, 7200.0, 3600.0)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
spans = st.timedeltas(timedelta(0), timedelta(days=3))


@given(began=moments, age=spans, impact=st.sampled_from(Impact))
def test_a_promise_is_a_whole_minute_ahead_within_the_interval_and_the_minute_it_is_rounded_by(
    began: datetime, age: timedelta, impact: Impact
) -> None:
    now = began + age

    promised = next_update(now, began_at=began, impact=impact, cadence=CADENCE)

    assert promised == whole_minute(promised)
    assert timedelta(seconds=CADENCE.every_s[impact]) <= promised - now < timedelta(seconds=3600 + 60)


@given(began=moments, earlier=spans, later=spans, impact=st.sampled_from(Impact))
def test_updates_come_no_more_often_as_trouble_grows_older(began: datetime, earlier: timedelta, later: timedelta, impact: Impact) -> None:
    first, second = sorted((whole_minute(began + earlier), whole_minute(began + later)))

    gaps = [next_update(now, began_at=began, impact=impact, cadence=CADENCE) - now for now in (first, second)]

    assert gaps[0] <= gaps[1]


def test_the_slower_rhythm_is_announced_by_the_promise_that_reaches_past_two_hours() -> None:
    at = [next_update(T0 + timedelta(minutes=age), began_at=T0, impact=Impact.CRITICAL, cadence=CADENCE) for age in (0, 100, 101)]

    assert [(promised - T0) / timedelta(minutes=1) for promised in at] == [20, 120, 161]


@given(made=moments, ahead=st.timedeltas(timedelta(minutes=1), timedelta(hours=5)), before=st.floats(1, 4000))
def test_a_reminder_comes_in_the_second_half_and_before_the_moment(made: datetime, ahead: timedelta, before: float) -> None:
    reminder = remind_at(made_at=made, next_update_by=made + ahead, before_s=before)

    assert made + ahead / 2 <= reminder <= made + ahead


def test_a_promise_shown_to_the_minute_is_kept_within_its_minute() -> None:
    assert not is_broken(next_update_by=T0, kept_at=T0 + timedelta(seconds=59.9))
    assert is_broken(next_update_by=T0, kept_at=T0 + timedelta(seconds=60))
    assert late_s(next_update_by=T0, kept_at=T0 + timedelta(seconds=90)) == 90.0
    assert late_s(next_update_by=T0, kept_at=T0 - timedelta(seconds=90)) == 0.0


def test_words_are_valid_until_the_next_update_or_two_hours_and_corrections_and_warnings_a_day() -> None:
    soon = T0 + timedelta(minutes=20)

    assert valid_until(NoticeKind.UPDATE, made_at=T0, next_update_by=soon) == soon
    assert valid_until(NoticeKind.RESOLVED, made_at=T0, next_update_by=None) == T0 + timedelta(hours=2)
    for kind in (NoticeKind.CORRECTION, NoticeKind.FRAUD_WARNING, NoticeKind.POSTMORTEM):
        assert valid_until(kind, made_at=T0, next_update_by=soon) == T0 + timedelta(days=1)
