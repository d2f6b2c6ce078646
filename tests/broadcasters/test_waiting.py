"""How long to wait, in all the forms in which networks say it (D16, X44)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcasters import waiting
from broadcasters.errors import Unavailable
from broadcasters.http import Answer, Http
from tests.broadcasters.bench import Scripted, failure

NOW = datetime(2026, 11, 22, 14, 35, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
LONGEST = waiting.LONGEST_S

RETRY_AFTER: list[tuple[str | None, float | None]] = [
    ("0", 0.0),
    ("1", 1.0),
    ("120", 120.0),
    (" 30 ", 30.0),
    ("1.5", 1.5),
    ("86400", 86400.0),
    ("99999999999999999999", LONGEST),
    ("9" * 400, LONGEST),
    ("-1", None),
    ("-120", None),
    ("+5", None),
    ("1e3", None),
    ("inf", None),
    ("nan", None),
    ("٣٠", None),
    ("soon", None),
    ("", None),
    (None, None),
    ("10, 20", None),
    ("Sun, 22 Nov 2026 14:36:00 GMT", 60.0),
    ("Sun, 22 Nov 2026 14:34:00 GMT", 0.0),
    ("Sunday, 22-Nov-26 14:37:00 GMT", 120.0),
    ("Sun Nov 22 14:35:10 2026", 10.0),
    ("Sun, 22 Nov 9999 14:36:00 GMT", LONGEST),
    ("Sun, 31 Feb 2026 14:36:00 GMT", None),
    ("Sun, 22 Nov 2026 15:36:30 +0100", 90.0),
]


@pytest.mark.parametrize(("value", "seconds"), RETRY_AFTER)
def test_retry_after_is_read_in_seconds_and_as_a_date_and_nothing_is_made_up(value: str | None, seconds: float | None) -> None:
    """D16"""
    assert waiting.retry_after_s(value, NOW) == seconds


@pytest.mark.parametrize(("value", "seconds"), RETRY_AFTER)
def test_an_error_carries_what_its_answer_asked_for(value: str | None, seconds: float | None) -> None:
    """D16"""
    headers = [("retry-after", value)] if value is not None else []
    http = Http(Scripted(Answer(429, headers, b"{}")), now=lambda: NOW)

    error = failure(lambda: http.send("POST", "https://network.test/posts", json={}, create=True))

    assert isinstance(error, Unavailable)
    assert error.retry_after_s == seconds


RESETS = [
    (str(EPOCH + 90), 90.0),
    (f"{EPOCH + 90}.5", 90.5),
    (str(EPOCH - 90), 0.0),
    ("2026-11-22T14:36:00.000Z", 60.0),
    ("2026-11-22T14:36:00", 60.0),
    ("2026-11-22T15:36:00+01:00", 60.0),
    ("45", 45.0),
    ("later", None),
    ("", None),
    (None, None),
    ("-3", None),
]


@pytest.mark.parametrize(("value", "seconds"), RESETS)
def test_the_reset_of_a_rate_limit_is_read_as_epoch_iso_time_or_span(value: str | None, seconds: float | None) -> None:
    assert waiting.reset_s(value, NOW) == seconds


@pytest.mark.parametrize("name", ["x-rate-limit-reset", "X-RateLimit-Reset", "RateLimit-Reset"])
def test_a_refusal_for_rate_waits_for_the_longer_of_retry_after_and_reset(name: str) -> None:
    answer = Answer(429, [("Retry-After", "5"), (name, str(EPOCH + 300))], b"{}")
    http = Http(Scripted(answer), now=lambda: NOW)

    error = failure(lambda: http.send("POST", "https://network.test/posts", json={}, create=True))

    assert error.retry_after_s == 300.0


@pytest.mark.parametrize(("remaining", "seconds"), [("0", 40_000.0), ("17", 60.0), (None, 60.0)])
def test_a_daily_limit_of_x_counts_only_once_it_is_spent(remaining: str | None, seconds: float) -> None:
    headers = [("x-rate-limit-reset", str(EPOCH + 60)), ("x-user-limit-24hour-reset", str(EPOCH + 40_000))]
    told = [*headers, *([("X-User-Limit-24hour-Remaining", remaining)] if remaining is not None else [])]
    http = Http(Scripted(Answer(429, told, b"{}")), now=lambda: NOW)

    error = failure(lambda: http.send("POST", "https://network.test/posts", json={}, create=True))

    assert error.retry_after_s == seconds


def test_a_reset_header_on_another_error_is_no_reason_to_wait() -> None:
    http = Http(Scripted(Answer(400, [("X-RateLimit-Reset", str(EPOCH + 300))], b"{}")), now=lambda: NOW)

    error = failure(lambda: http.send("POST", "https://network.test/posts", json={}, create=True))

    assert error.retry_after_s is None


def test_a_date_counts_from_the_servers_own_clock() -> None:
    """Our clock is an hour wrong; the network's Date and Retry-After belong together."""
    answer = Answer(429, [("Date", "Sun, 22 Nov 2026 15:35:00 GMT"), ("Retry-After", "Sun, 22 Nov 2026 15:35:30 GMT")], b"{}")
    http = Http(Scripted(answer), now=lambda: NOW)

    error = failure(lambda: http.send("POST", "https://network.test/posts", json={}, create=True))

    assert error.retry_after_s == 30.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(3, 3.0), (0.4, 0.4), (-1, None), (True, None), ("3", None), (None, None), (float("nan"), None), (10**400, LONGEST)],
)
def test_numbers_in_bodies_count_only_if_they_are_numbers(value: object, seconds: float | None) -> None:
    assert waiting.number_s(value) == seconds


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(max_size=40), st.text(alphabet="0123456789 :,+-.SunNovGMT", max_size=40)))
def test_no_header_breaks_the_reader(value: str) -> None:
    """X44"""
    for seconds in (waiting.retry_after_s(value, NOW), waiting.reset_s(value, NOW)):
        assert seconds is None or 0 <= seconds <= LONGEST
    assert waiting.moment_of([("Date", value)], NOW).tzinfo is not None
