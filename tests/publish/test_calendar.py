"""Planned work as iCalendar: valid, stable while nothing is said, and changed or cancelled where a subscriber already has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from statuspage.publish.calendar import calendar, plan_of
from statuspage.publish.snapshot import PublicMaintenance, Snapshot
from statuspage.publish.zones import SINCE, described
from tests.publish.samples import NOW, PAGE, builder, components, identifier, maintenance, snapshot, update

LONG = 'Überweisungen — Prüfung; Wartung, "alles" \\ und\nnoch eine Zeile ' + "sehr lang " * 20 + "\N{BANK}"


def with_work(*works: PublicMaintenance) -> Snapshot:
    return replace(snapshot(incidents=()), maintenances=works, components=components(8))


def read(found: Snapshot, language: str = "en") -> list[Event]:
    parsed = Calendar.from_ical(calendar(plan_of(found, language, title="Planned work")))
    assert isinstance(parsed, Calendar)
    assert str(parsed["version"]) == "2.0" and parsed["prodid"]
    return [one for one in parsed.walk("VEVENT") if isinstance(one, Event)]


def test_a_calendar_without_work_is_valid_and_no_invitation() -> None:
    """RFC 5545, 3.6: at least one component. RFC 5546, 3.2.1: METHOD:PUBLISH only with an ORGANIZER."""
    raw = calendar(plan_of(with_work(), "en", title="Planned work"))
    parsed = Calendar.from_ical(raw)

    assert [one.name for one in parsed.subcomponents] == ["VTIMEZONE"]
    assert [str(one["tzid"]) for one in parsed.subcomponents] == [PAGE.time_zone]
    assert b"METHOD" not in raw
    assert raw == calendar(plan_of(with_work(), "en", title="Planned work"))


@pytest.mark.parametrize("name", ["Europe/Madrid", "Europe/Dublin", "America/Sao_Paulo", "Africa/Casablanca", "Australia/Lord_Howe", "UTC"])
@given(minutes=st.integers(0, 17 * 365 * 1440))
@example(minutes=6 * 365 * 1440)
def test_the_zone_of_a_calendar_shows_what_its_clocks_show(name: str, minutes: int) -> None:
    """As a program reads it: the newest change counts whose moment, by the clocks before it, is past."""
    at = SINCE + timedelta(minutes=minutes)
    onsets = []
    for part in described(name).subcomponents:
        listed = [part["dtstart"].dt, *(one.dt for one in getattr(part.get("rdate"), "dts", []))]
        onsets += [((local - part["tzoffsetfrom"].td).replace(tzinfo=UTC), part["tzoffsetto"].td, str(part["tzname"])) for local in listed]

    _, offset, letters = max(one for one in onsets if one[0] <= at)

    local = at.astimezone(ZoneInfo(name))
    assert (offset, letters) == (local.utcoffset(), local.tzname())


def test_work_is_an_event_with_its_times_address_and_newest_words() -> None:
    (event,) = read(with_work(maintenance(1)))

    assert event["uid"] == f"{identifier('ma', 1)}@status.example.com"
    assert (event.start, event.end) == (NOW + timedelta(days=3), NOW + timedelta(days=3, hours=3))
    assert event["summary"] == "Transfers: planned work"
    assert event["url"] == f"https://status.example.com/en/maintenance/{identifier('ma', 1)}/"
    assert (event["sequence"], event["status"]) == (1, "CONFIRMED")


def test_new_times_and_a_cancellation_replace_what_a_subscriber_has() -> None:
    planned, later = maintenance(1), NOW + timedelta(days=3, hours=5)
    updates = (update(2, 10, "scheduled", kind="planned_extended"), *planned.updates)

    (extended,) = read(with_work(replace(planned, scheduled_until=later, updates=updates)))
    (cancelled,) = read(with_work(replace(planned, cancelled=True, completed_at=NOW, updates=updates)))

    (before,) = read(with_work(planned))
    assert extended["uid"] == cancelled["uid"] == before["uid"]
    assert extended["sequence"] == cancelled["sequence"] > before["sequence"]
    assert extended.end == later and extended["dtstamp"].dt > before["dtstamp"].dt
    assert cancelled["status"] == "CANCELLED" and (cancelled.start, cancelled.end) == (before.start, before.end)


def test_the_calendar_of_a_component_has_only_its_own_work() -> None:
    one, other = maintenance(1), maintenance(2, component_ids=(identifier("cp", 6),))
    found = with_work(one, other)

    made = builder().hot(found, 1)

    uids = {
        slug: made[PurePosixPath(f"en/components/{slug}/calendar.ics")].body.decode().count("BEGIN:VEVENT")
        for slug in (component.slug for component in found.components)
    }
    touched = {component.slug: sum(component.id in work.component_ids for work in (one, other)) for component in found.components}
    assert uids == touched and sorted(touched.values())[-2:] == [1, 1]
    assert made[PurePosixPath("de/calendar.ics")].body.decode().count("BEGIN:VEVENT") == 2


def test_lines_are_folded_escaped_and_read_back_whole_in_another_language() -> None:
    (event,) = read(
        with_work(maintenance(1, titles={"en": "x", "de": LONG}, updates=(update(1, 5, "scheduled", texts={"de": LONG}),))), "de"
    )
    raw = calendar(plan_of(with_work(maintenance(1, titles={"en": LONG})), "en", title=LONG))

    assert str(event["summary"]) == str(event["description"]) == LONG
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_nothing_changes_with_time_or_when_posts_get_their_addresses() -> None:
    found = with_work(maintenance(1))
    later = replace(found, made_at=found.made_at + timedelta(minutes=5))
    linked = with_work(replace(maintenance(1), permalinks=snapshot().incidents[0].permalinks, updated_at=NOW))

    first, second, third = (calendar(plan_of(one, "en", title="Planned work")) for one in (found, later, linked))

    assert first == second == third


def test_work_that_ended_before_it_lasted_a_minute_still_has_an_end_after_its_start() -> None:
    start = NOW - timedelta(hours=1)

    (event,) = read(with_work(maintenance(1, started_at=start, completed_at=start)))

    assert event.end > event.start
