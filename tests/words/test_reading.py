"""LIX: words per sentence, and the share of words with more than six letters."""

from __future__ import annotations

import pytest

from statuspage.words import reading


@pytest.mark.parametrize(
    ("text", "lix", "longest"),
    [
        ("", 0.0, 0),
        ("https://status.example.com/incidents", 0.0, 0),
        ("We are sorry.", 3.0, 3),
        ("We are sorry. It works again.", 3.0, 3),
        ("Overboekingen werken.", 2 + 50, 2),
        ("Start: Mon 14:35 CET.", 5 / 2, 4),
        ("Normal: 1234567890", 1.0, 1),
        ("one two three four five six seven eight nine paragraph", 10 + 10, 10),
        ("Line one\nline two", 2.0, 2),
    ],
)
def test_lix_is_counted_as_it_is_defined(text: str, lix: float, longest: int) -> None:
    measured = reading.measure(text)

    assert measured.lix == pytest.approx(lix)
    assert measured.longest == longest


def test_a_statute_is_not_plain_and_a_notice_is() -> None:
    statute = (
        "Notwithstanding subparagraph two, institutions established outside the territory shall communicate significant "
        "operational incidents affecting authentication procedures immediately following classification"
    )

    assert not reading.measure(statute).plain
    assert reading.measure("Card payments are refused. We are looking for the cause.").plain
