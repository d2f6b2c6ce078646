"""Moments in the bank's time zone: weekday, 24-hour clock, zone; with the date when it is needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.errors import InvalidText
from statuspage.words import moments
from tests.words.samples import LANGUAGES, words

MADRID = moments.zone("Europe/Madrid")
MONDAY = datetime(2026, 11, 23, 13, 35, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "near", "far", "spoken", "day"),
    [
        ("en", "Mon 14:35 CET", "Mon 30 Nov 14:35 CET", "Monday 14:35", "Mon 30 Nov"),
        ("es", "lun 14:35 CET", "lun 30 nov 14:35 CET", "lunes 14:35", "lun 30 nov"),
        ("nl", "ma 14:35 CET", "ma 30 nov 14:35 CET", "maandag 14:35", "ma 30 nov"),
        ("fr", "lun. 14:35 CET", "lun. 30 nov. 14:35 CET", "lundi 14:35", "lun. 30 nov."),
        ("de", "Mo. 14:35 MEZ", "Mo. 30. Nov. 14:35 MEZ", "Montag 14:35", "Mo. 30. Nov."),
    ],
)
def test_a_moment_is_told_as_each_language_tells_it(language: str, near: str, far: str, spoken: str, day: str) -> None:
    week_later = MONDAY + timedelta(days=7)

    assert moments.moment(MONDAY, language, MADRID, now=MONDAY) == near
    assert moments.moment(week_later, language, MADRID, now=MONDAY) == far
    assert moments.moment(MONDAY, language, MADRID, now=MONDAY, spoken=True) == spoken
    assert moments.day(week_later, language, MADRID) == day


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Sunday 29 November 02:00"),
        ("es", "domingo 29 de noviembre 02:00"),
        ("nl", "zondag 29 november 02:00"),
        ("fr", "dimanche 29 novembre 02:00"),
        ("de", "Sonntag 29. November 02:00"),
    ],
)
def test_a_spoken_date_is_in_full_words_and_without_zone(language: str, expected: str) -> None:
    at = datetime(2026, 11, 29, 1, 0, tzinfo=UTC)

    assert moments.moment(at, language, MADRID, now=MONDAY, with_date=True, spoken=True) == expected


@pytest.mark.parametrize(
    ("language", "far", "spoken"),
    [
        ("en", "Sun 31 Oct 2027 02:00 CEST", "Sunday 31 October 2027 02:00"),
        ("es", "dom 31 oct 2027 02:00 CEST", "domingo 31 de octubre de 2027 02:00"),
        ("nl", "zo 31 okt 2027 02:00 CEST", "zondag 31 oktober 2027 02:00"),
        ("fr", "dim. 31 oct. 2027 02:00 CEST", "dimanche 31 octobre 2027 02:00"),
        ("de", "So. 31. Okt. 2027 02:00 MESZ", "Sonntag 31. Oktober 2027 02:00"),
    ],
)
def test_a_moment_more_than_half_a_year_away_has_its_year(language: str, far: str, spoken: str) -> None:
    at = datetime(2027, 10, 31, 0, 0, tzinfo=UTC)

    assert moments.moment(at, language, MADRID, now=MONDAY) == far
    assert moments.moment(at, language, MADRID, now=MONDAY, spoken=True) == spoken
    assert moments.moment(at, language, MADRID, now=at, with_year=True) == far
    assert moments.is_far(at, MADRID, MONDAY) and moments.is_far(MONDAY, MADRID, at)


@pytest.mark.parametrize("days", [0, 181, 182, 183, 184, 365])
@pytest.mark.parametrize("hours", [-14, -1, 0, 1, 9])
def test_the_year_is_told_where_a_date_could_be_taken_for_another_one_and_nowhere_else(days: int, hours: int) -> None:
    at = MONDAY + timedelta(days=days, hours=hours)

    assert moments.is_far(at, MADRID, MONDAY) == (str(at.astimezone(MADRID).year) in moments.moment(at, "en", MADRID, now=MONDAY))


@pytest.mark.parametrize(
    ("days", "dated"), [(-7, True), (-6, False), (-1, False), (0, False), (1, False), (6, False), (7, True), (300, True)]
)
def test_the_date_comes_when_the_weekday_alone_could_be_another_week(days: int, dated: bool) -> None:
    told = moments.moment(MONDAY + timedelta(days=days), "en", MADRID, now=MONDAY)

    assert (len(told.split()) > 3) is dated


def test_days_are_counted_in_the_banks_zone() -> None:
    """23:30 in Madrid on Monday is Tuesday in no other sense: six days later is the next Sunday, though 6.04 days in hours."""
    late_monday = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)  # 23:30 CET
    sunday = datetime(2026, 11, 29, 22, 45, tzinfo=UTC)  # Sunday 23:45 CET

    assert moments.moment(sunday, "en", MADRID, now=late_monday) == "Sun 23:45 CET"
    assert moments.moment(sunday + timedelta(minutes=15), "en", MADRID, now=late_monday) == "Mon 30 Nov 00:00 CET"


@pytest.mark.parametrize(
    ("at", "zone", "language", "letters"),
    [
        ("2026-03-29T00:59:59", "Europe/Madrid", "en", "01:59 CET"),
        ("2026-03-29T01:00:00", "Europe/Madrid", "en", "03:00 CEST"),
        ("2026-10-25T00:30:00", "Europe/Madrid", "en", "02:30 CEST"),
        ("2026-10-25T01:30:00", "Europe/Madrid", "en", "02:30 CET"),
        ("2026-03-29T01:00:00", "Europe/Berlin", "de", "03:00 MESZ"),
        ("2026-10-25T01:30:00", "Europe/Berlin", "de", "02:30 MEZ"),
        ("2026-07-01T12:00:00", "Europe/Brussels", "fr", "14:00 CEST"),
        ("2026-07-01T12:00:00", "Europe/Amsterdam", "nl", "14:00 CEST"),
        ("2026-07-01T12:00:00", "Europe/Madrid", "es", "14:00 CEST"),
        ("2026-07-01T12:00:00", "Europe/London", "en", "13:00 BST"),
        ("2026-01-01T12:00:00", "Europe/London", "de", "12:00 GMT"),
        ("2026-07-01T12:00:00", "Atlantic/Canary", "es", "13:00 WEST"),
        ("2026-07-01T12:00:00", "Atlantic/Canary", "de", "13:00 WESZ"),
        ("2026-01-01T12:00:00", "Europe/Athens", "de", "14:00 OEZ"),
        ("2026-01-01T12:00:00", "UTC", "fr", "12:00 UTC"),
        ("2026-01-01T12:00:00", "America/Sao_Paulo", "en", "09:00 UTC-3"),
        ("2026-01-01T12:00:00", "Asia/Kathmandu", "en", "17:45 UTC+5:45"),
        ("2026-01-01T12:00:00", "America/New_York", "en", "07:00 EST"),
    ],
)
def test_the_letters_of_the_zone_follow_summer_time(at: str, zone: str, language: str, letters: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)

    assert moments.moment(moment, language, moments.zone(zone), now=moment).endswith(letters)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "", "/etc/passwd", "../UTC", "CET DST"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidText, match="is not a time zone"):
        words(time_zone=name)


@pytest.mark.parametrize(
    ("seconds", "language", "short", "spoken"),
    [
        (4500, "en", "1 h 15 min", "1 hour 15 minutes"),
        (4500, "es", "1 h 15 min", "1 hora 15 minutos"),
        (4500, "nl", "1 uur 15 min", "1 uur 15 minuten"),
        (4500, "fr", "1 h 15 min", "1 heure 15 minutes"),
        (4500, "de", "1 Std. 15 Min.", "1 Stunde 15 Minuten"),
        (0, "en", "0 s", "0 seconds"),
        (45, "en", "45 s", "45 seconds"),
        (59.4, "en", "59 s", "59 seconds"),
        (59.6, "en", "1 min", "1 minute"),
        (61, "en", "1 min", "1 minute"),
        (3600, "en", "1 h", "1 hour"),
        (3599.9, "en", "1 h", "1 hour"),
        (86400 + 7200 + 300, "en", "1 day 2 h", "1 day 2 hours"),
        (86400 + 300, "en", "1 day", "1 day"),
        (2 * 86400, "de", "2 Tage", "2 Tage"),
        (90, "fr", "2 min", "2 minutes"),
    ],
)
def test_a_duration_is_told_by_its_two_largest_units(seconds: float, language: str, short: str, spoken: str) -> None:
    assert moments.duration(seconds, language) == short
    assert moments.duration(seconds, language, spoken=True) == spoken


def test_a_negative_duration_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        moments.duration(-1, "en")


@given(
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(LANGUAGES),
    st.booleans(),
)
def test_a_moment_is_one_line_of_plain_spaces_with_the_local_clock(at: datetime, language: str, spoken: bool) -> None:
    told = moments.moment(at, language, MADRID, now=MONDAY, spoken=spoken)

    assert f"{at.astimezone(MADRID):%H:%M}" in told
    assert " ".join(told.split()) == told
    assert told.split(" ")[-1] in ({"CET", "CEST", "MEZ", "MESZ"} if not spoken else {f"{at.astimezone(MADRID):%H:%M}"})


@given(st.floats(min_value=0, max_value=1e7), st.sampled_from(LANGUAGES))
def test_a_duration_has_at_most_two_parts_and_no_odd_spaces(seconds: float, language: str) -> None:
    told = moments.duration(seconds, language)

    assert len(told.split()) in (2, 4)
    assert " ".join(told.split()) == told
