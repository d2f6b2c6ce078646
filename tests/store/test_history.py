"""Timeline and counters in the store."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from statuspage.core.timeline import StatusChange
from statuspage.core.vocabulary import ComponentStatus, Source
from statuspage.store import counters, timeline

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
FINE, DOWN, UNKNOWN = ComponentStatus.OPERATIONAL, ComponentStatus.MAJOR_OUTAGE, ComponentStatus.UNKNOWN


def change(slug, hours, status, subject_id=None):
    at = T0 + timedelta(hours=hours)
    return StatusChange(slug, status, Source.INCIDENT if subject_id else Source.VERDICT, at, at, subject_id)


def test_the_newest_change_counts_and_the_one_written_later_of_two_at_one_moment(database):
    with database.writing() as session:
        timeline.append(
            session, [change("card", 0, FINE), change("app", 0, FINE), change("card", 5, DOWN, "abc"), change("card", 2, UNKNOWN)]
        )
        timeline.append(session, [change("app", 0, DOWN), change("card", 7, UNKNOWN)])

    with database.reading() as session:
        assert timeline.latest(session) == {"card": UNKNOWN, "app": DOWN}
        assert timeline.last_known(session) == {"card": DOWN, "app": DOWN}
        assert timeline.current(session)["card"] == change("card", 7, UNKNOWN)
        assert [entry.status for entry in timeline.changes(session, "card")] == [FINE, UNKNOWN, DOWN, UNKNOWN]
        part = timeline.changes(session, "card", since=T0 + timedelta(hours=3), until=T0 + timedelta(hours=6))
        assert [entry.status for entry in part] == [UNKNOWN, DOWN]


def test_bars_say_what_held_at_the_beginning_of_the_first_day_and_a_past_can_be_added(database):
    zone, now = ZoneInfo("UTC"), T0 + timedelta(days=3)
    with database.writing() as session:
        timeline.append(session, [change("card", -48, FINE)])
        timeline.backfill(session, slug="card", status=DOWN, start=T0 + timedelta(hours=1), end=T0 + timedelta(hours=2), now=now)

    with database.reading() as session:
        bars = timeline.day_bars(session, ["card", "app"], first=date(2026, 3, 1), last=date(2026, 3, 2), zone=zone, now=now)

    assert [day.seconds for day in bars["card"]] == [{FINE: 23 * 3600, DOWN: 3600}, {FINE: 24 * 3600}]
    assert [day.seconds for day in bars["app"]] == [{UNKNOWN: 24 * 3600}] * 2


def test_counters_add_up_by_name_and_labels(database):
    for value in (1, 2.5):
        with database.writing() as session:
            counters.add(session, "late_checks", {"location": "madrid", "kind": "http"}, value)
            counters.add(session, "late_checks", {"kind": "http", "location": "lyon"})
            counters.add(session, "starts")

    with database.reading() as session:
        found = [(count.name, dict(count.labels), count.value) for count in counters.all(session)]
    assert found == [
        ("late_checks", {"kind": "http", "location": "lyon"}, 2.0),
        ("late_checks", {"kind": "http", "location": "madrid"}, 3.5),
        ("starts", {}, 2.0),
    ]


def test_a_counter_never_falls(sqlite_database):
    with pytest.raises(ValueError, match="only rise"), sqlite_database.writing() as session:
        counters.add(session, "starts", {}, -1)
