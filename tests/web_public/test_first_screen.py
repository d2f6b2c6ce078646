"""What a worried customer sees without scrolling on a small phone, in words, in every language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from statuspage.publish.page import Pages
from tests.end_to_end.browser import chromium
from tests.publish.samples import LANGUAGES, NOW, PAGE, incident, snapshot, wording
from tests.web_public.looking import page_served, visitor
from tests.web_public.states import STATES, body, partial

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 640}
BOTTOM = "element => element.getBoundingClientRect().bottom"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_answer_stands_on_the_first_screen(browser: Browser, language: str) -> None:
    with page_served(body("partial", language), NOW) as address, visitor(browser, address, NOW, viewport=PHONE) as context:
        page = context.new_page()
        page.goto(address)
        answer = page.locator(".answer")

        expect(page.locator(".answer .count[data-by]")).not_to_be_empty()
        for words in (
            wording().text("headline.partial_outage", language),
            wording().symptom("login", "", language),
            wording().text("answer.since", language),
            wording().text("answer.works", language),
            wording().advice("cards_ok", language),
            wording().text("next_update", language),
            wording().safety(language),
        ):
            expect(answer).to_contain_text(words)
        assert answer.locator(".safety").evaluate(BOTTOM) <= PHONE["height"]


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_told_on_the_first_screen(browser: Browser, state: str) -> None:
    with page_served(body(state, "de"), NOW) as address, visitor(browser, address, NOW, viewport=PHONE) as context:
        page = context.new_page()
        page.goto(address)

        expect(page.locator("#age")).to_have_text("gerade eben")
        assert page.locator(".answer .safety").evaluate(BOTTOM) <= PHONE["height"]


@pytest.mark.parametrize(
    ("seconds_left", "told"),
    [(600, "within 10 min"), (565, "within 10 min"), (95, "within 2 min"), (45, "within 1 min"), (-15, "due now"), (-61, "late by 1 min")],
)  # each with half a minute and more to spare: the page's clock goes on while a busy machine opens it
def test_the_countdown_rounds_so_that_it_is_true(browser: Browser, seconds_left: int, told: str) -> None:
    found = replace(partial(), incidents=(incident(1, 2, next_update_by=NOW + timedelta(seconds=seconds_left)),))

    with page_served(Pages(PAGE, wording()).front(found, "en"), NOW) as address, visitor(browser, address, NOW) as context:
        page = context.new_page()
        page.goto(address)

        expect(page.locator(".answer .count[data-by]")).to_have_text(told)


@pytest.mark.parametrize("clock", [NOW, NOW + timedelta(hours=5), NOW - timedelta(days=1)])
def test_the_countdown_goes_by_the_server_s_clock(browser: Browser, clock: datetime) -> None:
    """The copy is 14 minutes old, the promise 4 minutes late."""
    with page_served(body("partial", "en"), NOW + timedelta(minutes=14)) as address, visitor(browser, address, clock) as context:
        context.add_init_script("addEventListener('DOMContentLoaded', () => document.dispatchEvent(new Event('visibilitychange')))")
        page = context.new_page()
        page.goto(address)

        expect(page.locator("#stale")).to_be_visible(timeout=60_000)
        expect(page.locator(".answer .count[data-by]")).to_have_text("late by 4 min")


def test_without_script_the_moment_stands_alone(browser: Browser) -> None:
    with page_served(body("partial", "en"), NOW) as address, visitor(browser, address, None, script=False) as context:
        page = context.new_page()
        page.goto(address)

        expect(page.locator(".answer dd.next")).to_have_text("Sun 14:45 CET")


def test_a_second_open_incident_is_counted_and_the_gravest_is_told() -> None:
    later = incident(2, 1, started_at=NOW - timedelta(minutes=5))
    found = replace(partial(), incidents=(later, *partial().incidents))

    told = Pages(PAGE, wording()).front(found, "en").decode()

    assert "Logging in does not work. One more message is below." in told
    assert Pages(PAGE, wording()).front(snapshot(), "en").decode().count("more message") == 0
