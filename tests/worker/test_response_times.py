"""How fast a service usually answers: only where the configuration shows it, from fresh checks that got an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from statuspage.actions.checks import record
from statuspage.publish.views import tenths
from statuspage.store.engine import Database
from tests.publish.stage import Press, probed


def timed(database: Database, folder: Path) -> Press:
    """A bank that shows how fast its cards answer, and not how fast one logs in."""
    of = probed("cards", "login")
    cards, login = of.probes
    shown = of.model_copy(update={"probes": [cards.model_copy(update={"show_response_time": True}), login]})
    return Press(database, folder, of=shown)


def checked(press: Press, slug: str, latency_ms: float | None, *, good: bool = True) -> None:
    record(press.stage.ctx, [replace(press.check(slug, good=good), latency_ms=latency_ms)])


def test_the_middle_of_the_answers_stands_beside_the_service_in_the_reader_s_language(database: Database, tmp_path: Path) -> None:
    press = timed(database, tmp_path)
    for latency_ms in (250.0, 310.0, 9000.0):
        checked(press, "cards", latency_ms)
        checked(press, "login", 100.0)
    checked(press, "cards", 30_000.0, good=False)
    checked(press, "cards", None)

    press.publish()

    english = press.text("en/index.html")
    assert english.count("usually answers in") == 1 and "usually answers in 0.4 s" in english
    assert "the middle value of our checks in the last 15 minutes" in english
    assert "suele responder en 0,4 s" in press.text("es/index.html")
    assert "answers" not in press.text("api/v2/components.json")


def test_a_service_without_a_bar_shows_it_too(sqlite_database: Database, tmp_path: Path) -> None:
    press = timed(sqlite_database, tmp_path)
    bare = [one.model_copy(update={"showcase": False}) for one in press.of.components]
    press = Press(sqlite_database, tmp_path, of=press.of.model_copy(update={"components": bare}))
    checked(press, "cards", 250.0)

    press.publish()

    page = press.text("en/index.html")
    assert '<svg class="bar"' not in page and "available" not in page.partition("<main")[2].partition("usually answers")[0]
    assert page.count("usually answers in 0.3 s") == 1


def test_old_answers_count_no_more(sqlite_database: Database, tmp_path: Path) -> None:
    press = timed(sqlite_database, tmp_path)
    checked(press, "cards", 250.0)
    press.publish()
    before = press.text("en/index.html")

    press.publish(timedelta(minutes=16).total_seconds())

    assert "usually answers in 0.3 s" in before
    assert "usually answers" not in press.text("en/index.html") and "middle value" not in press.text("en/index.html")


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, 0.1), (0.004, 0.1), (0.1, 0.1), (0.3, 0.3), (0.301, 0.4), (0.7, 0.7), (12.0, 12.0)])
def test_times_are_rounded_up_to_a_tenth(seconds: float, shown: float) -> None:
    assert tenths(seconds) == shown
