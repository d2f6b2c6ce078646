"""B10 and B11: roll-ups equal the raw results, and what is removed is what may be."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.actions import automatic
from statuspage.core.checks import CheckResult
from statuspage.core.days import bounds, hours
from statuspage.core.rollups import BOUNDS_MS, COVER_MOST, add_up, cover, quantile, roll_up
from statuspage.core.timeline import StatusChange
from statuspage.core.vocabulary import ComponentStatus, Outcome, Reason, Source
from statuspage.store import checks, rollups, timeline
from statuspage.store.tables import CheckRow, ComponentChangeRow, IncidentRow, RollupRow
from statuspage.worker.cleaner import Cleaner
from tests.verdict.desk import BAD, Desk, bank

ZONES = [ZoneInfo(name) for name in ("Europe/Madrid", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")]
SPECIAL = [
    date(2026, 3, 29),
    date(2026, 10, 25),
    date(2026, 3, 8),
    date(2026, 11, 1),
    date(2028, 2, 29),
    date(2026, 4, 5),
    date(2026, 10, 4),
]


def history(draw: random.Random, start: datetime, end: datetime, interval_s: float) -> list[CheckResult]:
    """Checks with gaps, failures and silence, at odd moments."""
    found, at, number = [], start, 0
    while at < end:
        at += timedelta(seconds=draw.choice((interval_s, interval_s, 2.0, draw.uniform(0.1, 9 * interval_s))))
        outcome = draw.choice(list(Outcome))
        latency = draw.uniform(1, 40_000) if outcome.counts and draw.random() < 0.8 else None
        found.append(CheckResult("p", "madrid", number, at, outcome, Reason.AS_EXPECTED, latency, partial=draw.random() < 0.2))
        number += 1
    return found


def state_at(results: list[CheckResult], moment: datetime, covers: timedelta) -> str:
    """The plain definition: what the newest check before a moment says, if it is not too old."""
    before = [result for result in results if result.at <= moment]
    if not before or moment >= before[-1].at + covers or not before[-1].outcome.counts:
        return "no_data"
    return "down" if before[-1].outcome is Outcome.FAILED and not before[-1].partial else "up"


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_b10_hours_add_up_to_the_day_and_both_equal_the_raw_results(zone):
    for seed in range(60):
        draw = random.Random(f"{zone} {seed}")
        day = draw.choice((*SPECIAL, date(2026, 1, 1) + timedelta(days=draw.randrange(800))))
        start, end = bounds(day, zone)
        interval_s = draw.choice((60.0, 300.0, 1200.0))
        covers = cover(interval_s)
        raw = history(draw, start - timedelta(hours=2), end + timedelta(hours=1), interval_s)

        parts = [roll_up(raw, begin, stop, covers) for begin, stop in hours(day, zone)]
        whole = add_up(parts, int((end - start).total_seconds()))

        assert whole == roll_up(raw, start, end, covers)
        assert whole.up_s + whole.down_s + whole.no_data_s == (end - start).total_seconds()
        assert sum(whole.counts.values()) == sum(start <= result.at < end for result in raw)
        assert sum(whole.histogram) == sum(start <= result.at < end and result.latency_ms is not None for result in raw)


def test_b10_each_second_counts_as_what_the_newest_check_said():
    draw = random.Random(7)
    start = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    end = start + timedelta(hours=1)
    raw = [
        CheckResult(
            "p", "m", number, (start + timedelta(seconds=draw.randrange(-300, 3700))), draw.choice(list(Outcome)), Reason.AS_EXPECTED
        )
        for number in range(60)
    ]
    raw = sorted({result.at: result for result in raw}.values(), key=lambda result: result.at)

    found = roll_up(raw, start, end, cover(60))

    told = [state_at(raw, start + timedelta(seconds=second), cover(60)) for second in range(3600)]
    assert (found.up_s, found.down_s, found.no_data_s) == (told.count("up"), told.count("down"), told.count("no_data"))


def test_b10_what_a_check_says_holds_for_three_intervals_and_for_an_hour_at_most():
    assert [cover(interval_s) for interval_s in (20, 1199, 1200, 3600)] == [timedelta(seconds=s) for s in (60, 3597, 3600, 3600)]


@given(st.lists(st.floats(0.1, 60_000), min_size=1), st.floats(0.01, 1.0))
def test_a_quantile_is_the_bound_of_a_bucket_that_enough_checks_lie_below(latencies, share):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    raw = [CheckResult("p", "m", n, start, Outcome.PASSED, Reason.AS_EXPECTED, latency) for n, latency in enumerate(latencies)]

    bound = quantile(roll_up(raw, start, start + timedelta(hours=1), cover(20)).histogram, share)

    assert bound in (*BOUNDS_MS, float("inf"))
    assert sum(latency <= bound for latency in latencies) >= share * len(latencies)


def everything(database):
    with database.reading() as session:
        return sorted((row.period, row.start, str(row.counts), row.up_s, row.down_s, row.no_data_s) for row in session.query(RollupRow))


def keep(desk, raw):
    with desk.database.writing() as session:
        checks.add(session, raw, desk.clock.now())


def tidy(desk):
    for _ in Cleaner(desk.ctx).work():
        pass


def test_b10_the_cleaner_rolls_up_once_and_removes_raw_results_only_where_they_are_covered(database):
    """The nine days hold the change to summer time of the bank's zone."""
    desk = Desk(database, bank("login"))
    zone = ZoneInfo(desk.of.page.time_zone)
    first, last = date(2026, 3, 25), date(2026, 4, 2)
    begin, end = bounds(first, zone)[0], bounds(last, zone)[1]
    raw = [
        CheckResult("login-probe", "madrid", number, at, *(BAD if number % 5 == 0 else (Outcome.PASSED, Reason.AS_EXPECTED)), 12.0)
        for number, at in enumerate(begin + timedelta(seconds=1 + 977 * n) for n in range(int((end - begin).total_seconds()) // 977))
    ]
    keep(desk, raw)
    desk.clock.seconds = (end + timedelta(hours=6) - desk.clock.now()).total_seconds()

    tidy(desk)
    before = everything(database)
    tidy(desk)

    assert everything(database) == before
    with database.reading() as session:
        days = dict(rollups.listing(session, "login-probe", "madrid", "day", begin, end))
        kept = [row.at for row in session.query(CheckRow).order_by(CheckRow.at)]
    assert len(days) == 9
    for day in (first + timedelta(days=number) for number in range(9)):
        start, stop = bounds(day, zone)
        assert days[start] == roll_up(raw, start, stop, cover(20)), day
    assert days[bounds(date(2026, 3, 29), zone)[0]].no_data_s + days[bounds(date(2026, 3, 29), zone)[0]].up_s < 23 * 3600
    assert kept[0] >= bounds(first + timedelta(days=1), zone)[1] - COVER_MOST  # two days were over the limit of seven
    assert kept[0] < bounds(first + timedelta(days=2), zone)[0]


def test_a_result_that_comes_after_its_day_was_removed_does_not_overwrite_what_is_known_of_the_day(sqlite_database):
    desk = Desk(sqlite_database, bank("login"))
    begin = bounds(date(2026, 3, 3), ZoneInfo(desk.of.page.time_zone))[0]
    keep(
        desk,
        [CheckResult("login-probe", "madrid", n, begin + timedelta(minutes=n), Outcome.PASSED, Reason.AS_EXPECTED) for n in range(1200)],
    )
    desk.clock.seconds = timedelta(days=12).total_seconds()
    tidy(desk)
    before = everything(sqlite_database)

    keep(desk, [CheckResult("login-probe", "madrid", 5000, begin + timedelta(hours=3, seconds=30), *BAD)])
    tidy(desk)

    assert everything(sqlite_database) == before
    with sqlite_database.reading() as session:
        assert [found.sequence for found in checks.after(session, 0, 10)] == [5000]


@pytest.mark.long
def test_b11_two_years_of_checks_keep_their_planned_size_and_lose_no_incident(sqlite_database):
    desk = Desk(sqlite_database, bank("login", retention={"raw_checks_days": 7, "hourly_days": 100, "daily_days": 365}))
    per_day, number, cleaner = 3, 0, Cleaner(desk.ctx)
    for day in range(730):
        now = desk.clock.now()
        with sqlite_database.writing() as session:
            for part in range(per_day):
                at = now + timedelta(hours=8 * part)
                checks.add(session, [CheckResult("login-probe", "madrid", number, at, Outcome.PASSED, Reason.AS_EXPECTED)], at)
                number += 1
            timeline.append(session, [StatusChange("login", ComponentStatus.OPERATIONAL, Source.VERDICT, now, now)])
        desk.clock.seconds += 86_400
        if day in (10, 400):
            automatic.begin_automatic(
                desk.ctx,
                components={"login" if day == 10 else "cards": ComponentStatus.MAJOR_OUTAGE},
                lead="login" if day == 10 else "cards",
                first_failed_at=desk.clock.now(),
            )
        for _ in cleaner.work():
            pass

    with sqlite_database.reading() as session:
        raw, hourly = session.query(CheckRow).count(), session.query(RollupRow).filter_by(period="hour").count()
        daily, shown = session.query(RollupRow).filter_by(period="day").count(), session.query(ComponentChangeRow).count()
        assert session.query(IncidentRow).count() == 2
    assert abs(raw - 8 * per_day) <= per_day  # seven days, and the one that is not over
    assert abs(hourly - 100 * per_day) <= 0.05 * 100 * per_day
    assert abs(daily - 365) <= 0.05 * 365
    assert shown == 730
