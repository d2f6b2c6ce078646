"""The story so far, as one post that is edited shows it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from statuspage.core.errors import CannotFit
from statuspage.core.vocabulary import NoticeKind
from tests.words.samples import CODE, LANGUAGES, NOW, facts, fits_x, words

STAGES = (NoticeKind.INVESTIGATING, NoticeKind.IDENTIFIED, NoticeKind.MONITORING, NoticeKind.RESOLVED)


def entries(language: str, *, link: bool = True) -> list[tuple[datetime, str]]:
    """One post per stage, 20 minutes apart, as they were written at the time."""
    return [
        (
            NOW + timedelta(minutes=20 * step),
            words().short(facts(kind), language, code=f"{CODE[:-1]}{step + 2}", link=link, fits=fits_x, now=NOW),
        )
        for step, kind in enumerate(STAGES)
    ]


def tell(language: str, most: int, *, link: bool = True) -> str:
    return words().story(language, entries(language, link=link), fits=lambda text: len(text) <= most, now=NOW)


def test_the_newest_state_comes_first_and_whole_then_the_earlier_ones_with_their_moments() -> None:
    told = tell("en", 4096).split("\n")

    assert told[0] == entries("en")[-1][1]
    assert told[1:3] == ["", "Earlier:"]
    assert [line.split(": ")[0] for line in told[3:]] == ["Mon 15:15 CET", "Mon 14:55 CET", "Mon 14:35 CET"]
    assert told[3].startswith("Mon 15:15 CET: Card payments: working again since Mon 14:35 CET.")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("link", [True, False])
def test_the_safety_line_and_the_code_are_those_of_the_newest_only(language: str, link: bool) -> None:
    told = tell(language, 4096, link=link)

    assert told.count(CODE[:-1]) == 1
    assert told.split("\n")[0].endswith(f"{CODE[:-1]}5")
    assert (
        words().story(language, entries(language, link=link)[-1:], fits=lambda text: True, now=NOW) == entries(language, link=link)[-1][1]
    )
    assert "  " not in told


def test_the_oldest_entries_are_dropped_first_and_the_newest_never() -> None:
    sizes = [len(tell("en", most)) for most in (4096, 700, 500, 300)]

    assert sizes == sorted(sizes, reverse=True)
    assert tell("en", 300) == entries("en")[-1][1]
    assert "Mon 14:35 CET: Card payments: Card payments" not in tell("en", 700)
    with pytest.raises(CannotFit, match="newest state alone"):
        tell("en", 100)


def test_the_same_entries_tell_the_same_story() -> None:
    assert tell("de", 900) == tell("de", 900)
