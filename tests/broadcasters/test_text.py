"""Length as each network counts it."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcasters.text import Limits, Unit, fits, make_tid, measure, web_links
from broadcasters.weighted import weighted_length

FAMILY, FLAG, WAVE = "👨‍👩‍👧‍👦", "🇪🇸", "👋🏽"
LINK = "https://status.bank.es/u/K7Q2M3X"  # 32 letters

X = [
    ("", 0),
    ("Pagos con tarjeta", 17),
    ("ñ", 1),
    ("n\u0303", 1),  # NFC makes one letter of it
    ("q\u0303", 2),  # no single letter for this one
    ("…", 2),
    ("€", 2),
    ("“ ”", 3),  # U+201C and U+201D are light
    ("–", 1),  # U+2013
    ("日本", 4),
    ("خدمة", 4),
    (FAMILY, 2),
    (FLAG, 2),
    ("🇽🇾", 4),  # no such country
    (WAVE, 2),
    ("1️⃣", 2),
    ("☺️", 2),
    ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2),
    ("🏳️‍🌈", 2),
    ("👨‍🍕", 5),  # nobody registered this one: two emoji and a joiner
    (LINK, 23),
    (f"Aviso: {LINK}.", 31),
    (f"{LINK} {LINK}", 47),
    ("bank.es", 23),
    ("www.bank.es/aviso, hola", 29),
    ("https://example.com", 23),
    ("example.com", 23),
    ("https://status.demo/u/K7Q2M3X", 29),  # an invented top-level domain: counts as it is written
    ("https://status.bank.example/u/K7Q2M3X", 41),  # X takes https://status.bank for the address, and the rest for words
    ("http://127.0.0.1:8000/u/K7Q2M3X", 31),
    ("bank-help[.]example", 19),
    ("a@bank.es", 9),
    ("15.30", 5),
    ("e.g.this", 8),
    ("Min.Start", 9),
    ("(https://bank.es/a)", 25),
    ("https://bank.es/a?b=c&d=e#f", 23),
    ("xhttps://bank.es", 16),  # glued to a word it is no address
]


@pytest.mark.parametrize(("text", "weight"), X)
def test_x_weighs_letters_emoji_and_addresses(text: str, weight: int) -> None:
    assert weighted_length(text) == weight


MASTODON = Limits(Unit.GRAPHEMES, 500, per_link=23)
BLUESKY = Limits(Unit.GRAPHEMES, 300, maximum_bytes=3000)
TELEGRAM = Limits(Unit.UTF16, 4096)

OTHERS = [
    (MASTODON, "n\u0303q\u0303", 2),
    (MASTODON, FAMILY + FLAG + WAVE, 3),
    (MASTODON, "日本 خدمة", 7),
    (MASTODON, f"Ver {LINK}.", 28),
    (MASTODON, "https://bank.es", 23),  # shorter than it counts
    (MASTODON, "bank.es", 7),  # without scheme as it is written
    (MASTODON, "https://status.bank.example/u/K7Q2M3X", 37),  # may be no link to the server: the longer count
    (MASTODON, "http://127.0.0.1/u/K", 23),
    (MASTODON, "@banco@mastodon.social hola", 11),
    (MASTODON, "a@b@c", 5),
    (BLUESKY, LINK, 32),
    (BLUESKY, FAMILY, 1),
    (BLUESKY, "हिन्दी", 3),  # two letters by the newest tables, three by those of most servers
    (TELEGRAM, "a€日", 3),
    (TELEGRAM, WAVE, 4),
    (Limits(Unit.CHARACTERS, 10), WAVE, 2),
    (Limits(Unit.BYTES, 10), "a€", 4),
    (Limits(Unit.CHARACTERS, 10, wider=(("&", 4), ("<", 3))), "a&b<", 11),
]


@pytest.mark.parametrize(("limits", "text", "length"), OTHERS)
def test_networks_count_letters_bytes_units_and_addresses(limits: Limits, text: str, length: int) -> None:
    assert measure(text, limits) == length


@pytest.mark.parametrize(
    ("limits", "text"),
    [(MASTODON, "x" * 500), (MASTODON, f"{'x' * 476} {LINK}"), (BLUESKY, "x" * 300), (BLUESKY, FAMILY * 120), (TELEGRAM, WAVE * 1024)],
)
def test_a_text_of_exactly_the_limit_fits_and_one_letter_more_does_not(limits: Limits, text: str) -> None:
    one_more = text + FAMILY

    assert fits(text, limits)
    assert not fits(one_more, limits)


def test_bluesky_has_two_limits_and_both_must_hold() -> None:
    """121 families are 121 letters, but 3,025 bytes."""
    assert measure(FAMILY * 121, BLUESKY) == 121
    assert not fits(FAMILY * 121, BLUESKY)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="aé€日ب …👋🏽\u0301\u200d\ufe0f🇪🇸.-/:1#@" + "htps", max_size=60))
def test_counting_never_fails_and_normalising_changes_nothing_for_x(text: str) -> None:
    assert weighted_length(text) == weighted_length(unicodedata.normalize("NFC", text))
    assert all(measure(text, limits) >= 0 for limits in (MASTODON, BLUESKY, TELEGRAM))
    assert weighted_length(text) <= 23 * (len(text) + 1)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="aé日 ", max_size=30), st.text(alphabet="bñ€ ", max_size=30))
def test_a_link_between_words_counts_the_same_wherever_it_stands(before: str, after: str) -> None:
    assert weighted_length(f"{before} {LINK} {after}") == weighted_length(before) + weighted_length(after) + 25
    assert measure(f"{before} {LINK} {after}", MASTODON) == len(before) + len(after) + 25


@pytest.mark.parametrize(
    ("text", "links"),
    [
        (f"Ver {LINK}.", [LINK]),
        (f"({LINK})", [LINK]),
        (f"“{LINK}”, y {LINK}!", [LINK, LINK]),
        ("http://bank.es y https://bank.es/a?b=c", ["http://bank.es", "https://bank.es/a?b=c"]),
        ("https://bank.es. Y https://bank.es…", ["https://bank.es", "https://bank.es"]),
        ("https:// bank.es", []),
        ("https://...", []),
        ("bank.es", []),
    ],
)
def test_addresses_in_a_text_end_before_the_stop_that_follows_them(text: str, links: list[str]) -> None:
    assert [text[start:end] for start, end in web_links(text)] == links


# --- names of records ---------------------------------------------------------------------------------------------------------------

MOMENT = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)


def test_a_record_name_encodes_its_moment_and_writer() -> None:
    name = make_tid(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=1), 33)

    assert name == "2222222222333"  # 1 << 10 | 33 is 32 * 32 + 32 + 1 in letters of 32


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)), st.integers(0, 1023))
def test_a_record_name_has_the_form_that_the_server_demands(at: datetime, clock_id: int) -> None:
    name = make_tid(at, clock_id)

    assert len(name) == 13
    assert set(name) <= set("234567abcdefghijklmnopqrstuvwxyz")
    assert name[0] in "234567abcdefghij"


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 1023), st.integers(0, 1023))
def test_record_names_sort_by_their_moment(first: int, gap: int, one: int, other: int) -> None:
    earlier = make_tid(MOMENT + timedelta(microseconds=first), one)
    later = make_tid(MOMENT + timedelta(microseconds=first + gap), other)

    assert earlier < later


@pytest.mark.parametrize("clock_id", [-1, 1024])
def test_a_clock_id_out_of_range_is_our_own_mistake(clock_id: int) -> None:
    with pytest.raises(ValueError, match="from 0 to 1023"):
        make_tid(MOMENT, clock_id)
