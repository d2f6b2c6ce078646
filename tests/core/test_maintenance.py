"""What planned work silences, and the day on which it hurts most."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.maintenance import Maintenance, last_working_day, touches_pay_day
from statuspage.core.vocabulary import MaintenanceStatus

T0 = datetime(2026, 11, 23, 13, 35, tzinfo=UTC)
MADRID = ZoneInfo("Europe/Madrid")


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_last_working_day_is_a_weekday_and_no_later_weekday_is_left_in_its_month(day: date) -> None:
    found = last_working_day(day)

    later = [found + timedelta(days=n) for n in range(1, 4)]
    assert found.weekday() < 5 and found.month == day.month
    assert all(other.month != day.month or other.weekday() >= 5 for other in later)


@pytest.mark.parametrize(
    ("start", "end", "pay_day"),
    [
        ("2026-11-29T23:30", "2026-11-30T00:30", date(2026, 11, 30)),  # half past midnight in Madrid
        ("2026-10-31T10:00", "2026-10-31T12:00", None),  # a Saturday: pay day was the 30th
        ("2026-10-29T10:00", "2026-11-02T12:00", date(2026, 10, 30)),
        ("2026-11-29T10:00", "2026-11-29T12:00", None),
        ("2028-02-29T05:00", "2028-02-29T06:00", date(2028, 2, 29)),
    ],
)
def test_work_that_touches_pay_day_by_the_banks_calendar_is_noticed(start: str, end: str, pay_day: date | None) -> None:
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end)]

    assert touches_pay_day(moments[0], moments[1], MADRID) == pay_day


def test_work_silences_from_its_true_start_to_its_end_and_never_longer() -> None:
    begun, end = T0 + timedelta(minutes=1), T0 + timedelta(hours=2)
    work = Maintenance("w", {}, MaintenanceStatus.IN_PROGRESS, ("cards",), "card", T0, T0, T0, end, started_at=begun)

    silent = [minute for minute in range(-1, 125) if work.silences("cards", T0 + timedelta(minutes=minute))]

    assert silent == list(range(1, 120)) and not work.silences("login", T0 + timedelta(hours=1))
