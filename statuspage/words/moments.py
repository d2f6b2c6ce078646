"""Moments and durations in words: always the bank's time zone, weekday, 24-hour clock and the zone's letters.

Mon 14:35 CET                    written
Sun 29 Nov 02:00 CET             more than six days away, or where a date is always given
29 Nov 02:00 CET                 the same where there is little room
Mon 29 Nov 2027 02:00 CET        more than half a year away, or where it is read for years
Monday 14:35                     spoken: full words, no zone
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_skeleton

from statuspage.core.errors import InvalidText
from statuspage.words.interface import Interface, locale_of

WEEK_DAYS = 6  # a weekday alone is clear up to so many days away
YEAR_DAYS = 182  # a date alone is clear up to so many

# The tz database gives the letters that most of Europe uses. German speakers have their own, as CLDR lists them.
_ZONE_LETTERS = {"de": {"CET": "MEZ", "CEST": "MESZ", "WET": "WEZ", "WEST": "WESZ", "EET": "OEZ", "EEST": "OESZ"}}

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def zone(name: str) -> ZoneInfo:
    """The bank's time zone. Raises InvalidText for a name that the tz database does not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidText(
            f"page.time_zone: {name!r} is not a time zone. Use a name of the tz database, e.g. Europe/Madrid. "
            "No notice is made until this is changed."
        ) from None


def moment(
    at: datetime,
    language: str,
    tz: ZoneInfo,
    *,
    now: datetime,
    with_date: bool = False,
    with_year: bool = False,
    spoken: bool = False,
    weekday: bool = True,
) -> str:
    """A moment in words. `at` and `now` are aware; with_date, with_year: give them even if it is near; weekday: beside a date, too."""
    local, today = at.astimezone(tz), now.astimezone(tz)
    locale = locale_of(language)
    days = _days_between(local, today)
    in_year = with_year or days > YEAR_DAYS
    dated = with_date or in_year or days > WEEK_DAYS
    words = [_weekday(local, locale, spoken)] if weekday or not dated else []
    if dated:
        words.append(_date(local, locale, spoken, in_year=in_year))
    words.append(local.strftime("%H:%M"))
    if not spoken:
        words.append(zone_letters(local, language))
    return " ".join(words)


def day(at: datetime, language: str, tz: ZoneInfo, *, spoken: bool = False) -> str:
    """A day in words: "Mon 30 Nov"."""
    local, locale = at.astimezone(tz), locale_of(language)
    return f"{_weekday(local, locale, spoken)} {_date(local, locale, spoken)}"


def is_far(at: datetime, tz: ZoneInfo, now: datetime) -> bool:
    """True if a date without its year could be taken for another one."""
    return _days_between(at.astimezone(tz), now.astimezone(tz)) > YEAR_DAYS


def _days_between(one: datetime, other: datetime) -> int:
    return abs((one.date() - other.date()).days)


def zone_letters(local: datetime, language: str) -> str:
    """CET or CEST, MEZ or MESZ in German; UTC-3 or UTC+5:30 where the zone has no letters. `local` carries its zone."""
    name = local.tzname() or ""
    if name.isalpha():
        return _ZONE_LETTERS.get(language, {}).get(name, name)
    offset = local.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


def duration(seconds: float, language: str, *, spoken: bool = False) -> str:
    """A duration by its two largest units: "1 h 15 min"; spoken in full words. Whole minutes from one minute up.

    Raises ValueError if it is negative.
    """
    if seconds < 0:
        raise ValueError(f"a duration of {seconds} s cannot be told; it must not be negative")
    whole = round(seconds) if seconds < 59.5 else round(seconds / 60) * 60
    counts = []
    for unit, size in _UNITS:
        count, whole = divmod(whole, size)
        counts.append((unit, count))
    first = next((place for place, (_, count) in enumerate(counts) if count), len(counts) - 1)
    told = [(unit, count) for unit, count in counts[first : first + 2] if count] or [counts[-1]]
    interface = Interface(language)
    length = "spoken" if spoken else "short"
    return " ".join(interface.text(f"duration.{length}.{unit}", n=count) for unit, count in told)


def _weekday(local: datetime, locale: Locale, spoken: bool) -> str:
    return _plain(format_date(local.date(), "EEEE" if spoken else "EEE", locale=locale))


def _date(local: datetime, locale: Locale, spoken: bool, *, in_year: bool = False) -> str:
    if in_year and spoken:
        return _plain(format_date(local.date(), "long", locale=locale))
    skeleton = "MMMMd" if spoken else "yMMMd" if in_year else "MMMd"
    return _plain(format_skeleton(skeleton, local.replace(tzinfo=None), locale=locale))


@lru_cache(maxsize=1024)
def _plain(text: str) -> str:
    """Ordinary spaces: a narrow or a fixed one weighs double on X and is not in the GSM alphabet."""
    return re.sub(r"\s+", " ", text)
