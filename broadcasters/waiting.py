"""How long a network asks to wait, read from the many forms in which networks say it. Nothing here sleeps.

Sources: RFC 9110 section 10.2.3 (Retry-After: seconds or an HTTP date); X and Bluesky (…-Reset as epoch seconds),
Mastodon (X-RateLimit-Reset as an ISO 8601 time), others (…-Reset as seconds from now).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 366 * 86400.0  # what claims to be longer is cut to this, so that sums of moments stay legal
RESET_HEADERS = ("x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset")
DAILY = ("x-app-limit-24hour", "x-user-limit-24hour")  # X names these beside the usual one; each has -remaining and -reset

_SECONDS = re.compile(r"[0-9]{1,400}(\.[0-9]{1,20})?", re.ASCII)
_EPOCH_FROM = 1_000_000_000.0  # a larger number is a moment, a smaller one a span: no network asks to wait 31 years


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header.

    value    the header's text; None where there was none
    now      the moment from which a date counts; best the answer's own Date, so that our clock does not matter
    returns  0 or more, at most LONGEST_S; 0 for a date gone by; None if the value says nothing (missing, negative, garbage)
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return _bounded(float(text))
    moment = _http_date(text)
    return None if moment is None else _bounded((moment - now).total_seconds())


def reset_s(value: str | None, now: datetime) -> float | None:
    """Seconds until a rate limit starts anew: epoch seconds, an ISO 8601 time, or seconds from now. As retry_after_s otherwise."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        number = float(text)
        return _bounded(number - now.timestamp() if number >= _EPOCH_FROM else number)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _bounded((_aware(moment) - now).total_seconds())


def resets_s(headers: Iterable[tuple[str, str]], now: datetime) -> float | None:
    """The longest wait that the rate limits of a refused answer ask for; a daily limit counts only once nothing of it remains."""
    told = {name.lower(): value for name, value in headers}
    spent = [f"{limit}-reset" for limit in DAILY if told.get(f"{limit}-remaining", "").strip() == "0"]
    return longest(*(reset_s(told.get(name), now) for name in (*RESET_HEADERS, *spent)))


def number_s(value: object, unit_s: float = 1.0) -> float | None:
    """Seconds from a number in a JSON body, given in units of `unit_s`. None for anything that is not a number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    return _bounded(min(value, LONGEST_S / unit_s) * unit_s)


def longest(*hints: float | None) -> float | None:
    """The largest of several hints; None if none says anything."""
    return max((hint for hint in hints if hint is not None), default=None)


def moment_of(headers: Iterable[tuple[str, str]], now: datetime) -> datetime:
    """The answer's own Date where it has a readable one, else `now`."""
    text = next((value for key, value in headers if key.lower() == "date"), "")
    return _http_date(text.strip()) or now


def _http_date(text: str) -> datetime | None:
    try:
        return _aware(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):  # what the parser raises on hostile input
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bounded(seconds: float) -> float | None:
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_S)
