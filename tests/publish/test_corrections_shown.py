"""A correction stands on the page with what was wrong, struck out where it was said, and what is right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from statuspage.core.vocabulary import NoticeKind
from statuspage.publish import feeds
from statuspage.publish.page import Pages
from statuspage.publish.snapshot import PublicUpdate, Snapshot
from statuspage.publish.views import Mark, Views, marked
from tests.publish.samples import LANGUAGES, PAGE, incident, outage, snapshot, update, wording
from tests.words.samples import NOW, facts, words

WRONG, RIGHT = "Card payments do not work.", "Card payments work. Only transfers & standing orders wait."


def correction(language: str, right: str = RIGHT) -> PublicUpdate:
    """Worded as the product does it."""
    said = facts(NoticeKind.CORRECTION, wrong={language: WRONG}, text={language: right})
    text = words().page(said, language, url=PAGE.url, now=NOW)
    return update(2, 5, kind="correction", texts={language: text}, corrects=1)


def corrected(language: str, first: str = f"Logging in fails. {WRONG} We look for the cause.", right: str = RIGHT) -> Snapshot:
    told = (correction(language, right), update(1, 25, texts={language: first}))
    return snapshot(page=replace(PAGE, default_language=language), incidents=(incident(1, updates=told, permalinks=()),))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_wrong_is_struck_out_in_both_and_what_is_right_is_marked(language: str) -> None:
    newest, first = Views(corrected(language), wording(), language).updates(corrected(language).incidents[0].updates)

    assert f"<del>{WRONG}</del>" in newest.html
    assert "<ins>Card payments work. Only transfers &amp; standing orders wait.</ins>" in newest.html
    assert first.html == f"Logging in fails. <del>{WRONG}</del> We look for the cause."
    assert first.corrected and newest.corrects_at == first.at


def test_a_text_that_did_not_say_it_in_these_words_is_left_as_it_was() -> None:
    found = corrected("en", "No card works anywhere.")

    newest, first = Views(found, wording(), "en").updates(found.incidents[0].updates)

    assert first.html == "No card works anywhere." and first.corrected
    assert f"<del>{WRONG}</del>" in newest.html


def test_page_incident_page_and_feed_all_show_the_old_text() -> None:
    found = corrected("en")
    pages, feed = Pages(found.page, wording()), feeds.feed_of(found, "en", title="t", description="d", warning="w")

    front, own = pages.front(found, "en").decode(), pages.subject(found, found.incidents[0], "en").decode()

    for body in (front, own):
        assert body.count(f"<del>{WRONG}</del>") == 2 and "Corrected later, see above." in body
    assert feeds.atom(feed).decode().count(f"Wrong: {WRONG}") == 1


def test_an_ordinary_update_with_such_a_line_is_not_taken_for_a_correction() -> None:
    text = "Wrong: this\nCorrect: that"

    (only,) = Views(outage(), wording(), "en").updates((update(1, 5, texts={"en": text}),))

    assert only.html == "Wrong: this<br>Correct: that"


def test_marks_that_overlap_are_told_once_and_links_stay_links() -> None:
    text = "a https://status.example.com/en/ b"

    told = marked(text, "https://status.example.com", [Mark(0, 34, "del"), Mark(2, 10, "ins")])

    assert told == '<del>a <a href="https://status.example.com/en/">https://status.example.com/en/</a> b</del>'
