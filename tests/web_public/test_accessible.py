"""axe finds nothing on any page, and what no rule can see: the order of the keyboard, and what is read out when the page renews itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from statuspage.publish.page import Pages
from tests.end_to_end.browser import chromium
from tests.publish.samples import LANGUAGES, NOW, PAGE, crowded, incident, maintenance, past_incident, warning, wording
from tests.web_public.looking import page_served, visitor
from tests.web_public.states import STATES, body, other_pages, partial

pytestmark = pytest.mark.browser
RULES = {"rules": {"target-size": {"enabled": True}}}  # WCAG 2.2 AA, which axe leaves out unless asked
STOPS = """[...document.querySelectorAll("a[href], button, summary, input, select")].filter(one => one.checkVisibility()
    && !one.closest("details:not([open]) > :not(summary)")).length"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def findings(browser: Browser, html: bytes, *, scheme: str = "light", minutes: int = 0, width: int = 360) -> list[str]:
    """What axe objects to with everything unfolded, on a phone or a wider screen."""
    at = NOW + timedelta(minutes=minutes)
    with (
        page_served(html, at) as address,
        visitor(browser, address, at, color_scheme=scheme, viewport={"width": width, "height": 640}) as context,
    ):
        page = context.new_page()
        page.goto(address)
        if minutes:
            expect(page.locator("#stale")).to_be_visible(timeout=60_000)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = Axe().run(page, options=RULES).response["violations"]
        return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def test_nothing_is_found_on_the_usual_bad_day(browser: Browser) -> None:
    assert (
        findings(browser, Pages(replace(PAGE, demonstration=True), wording()).front(replace(partial(), warnings=(warning(),)), "en")) == []
    )


@pytest.mark.parametrize("width", [360, 1280])
def test_what_is_pressed_is_large_enough_or_far_enough_from_the_next(browser: Browser, width: int) -> None:
    """Thirteen posts of one incident stand close together."""
    found = partial()
    pages = Pages(PAGE, wording())

    assert findings(browser, pages.front(found, "de"), width=width) == []
    assert findings(browser, pages.subject(found, found.incidents[0], "de"), width=width) == []


@pytest.mark.parametrize("going_on", [1, 2, 3, 5])
def test_the_keyboard_stops_eighty_times_at_most(browser: Browser, going_on: int) -> None:
    """Forty services with bad days, thirteen posts of each incident, ten past ones, planned work."""
    open_ones = tuple(incident(number + 1, 6) for number in range(going_on))
    past = tuple(past_incident(20 + number, 2 + 2 * number) for number in range(10))
    found = replace(crowded(), incidents=(*open_ones, *past), maintenances=(maintenance(),))
    stops = {}

    for language in LANGUAGES:
        with page_served(Pages(PAGE, wording()).front(found, language), NOW) as address, visitor(browser, address, NOW) as context:
            page = context.new_page()
            page.goto(address)
            stops[language] = page.evaluate(STOPS)
            page.locator(".skip").focus()
            walked = 1
            while page.evaluate("document.activeElement !== document.body") and language == "de":
                page.keyboard.press("Tab")
                walked += 1

        assert language != "de" or walked - 1 == stops[language], "what is counted is where the keyboard stops"
    assert len(open_ones[0].permalinks) == 13
    assert max(stops.values()) <= 80, stops


@pytest.mark.long
@pytest.mark.parametrize("state", [*STATES, "stale"])
def test_nothing_is_found_in_any_state(browser: Browser, state: str) -> None:
    if state == "stale":
        assert findings(browser, body("partial", "en"), minutes=6) == []
    else:
        assert findings(browser, body(state, "en")) == []


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_found_in_any_language_by_day_or_night(browser: Browser, language: str, scheme: str) -> None:
    assert findings(browser, body("partial", language), scheme=scheme) == []


@pytest.mark.long
def test_nothing_is_found_on_the_other_pages(browser: Browser) -> None:
    pages = other_pages("en")

    assert {name: findings(browser, html) for name, html in pages.items()} == {name: [] for name in pages}


def _tab(page: Page) -> str:
    page.keyboard.press("Tab")
    return str(page.evaluate("document.activeElement.textContent").strip())


def test_the_keyboard_goes_in_the_order_of_the_page_and_opens_what_is_folded(browser: Browser) -> None:
    with page_served(body("partial", "en"), NOW) as address, visitor(browser, address, NOW) as context:
        page = context.new_page()
        page.goto(address)

        walked = [_tab(page)]
        while "earlier updates" not in walked[-1] and len(walked) < 30:
            walked.append(_tab(page))
        page.keyboard.press("Enter")

        expect(page.locator(".earlier")).to_have_attribute("open", "")
        assert walked[:3] == ["Skip to the content", "Example Bank Service status", "English"]
        assert "Deutsch" in walked[:7] and walked[7:9] == ["I have this problem too", "Help needed?"]
        assert walked[9] == "Logging in: Logging in does not work."


def test_what_changed_is_read_out_once_the_page_renews_itself(browser: Browser) -> None:
    before = body("fine", "en").decode().replace("2026-11-22T13:35:10Z", "2026-11-22T13:30:00Z").replace("Everything is working", "Before")
    with page_served(body("fine", "en"), NOW) as address, visitor(browser, address, NOW + timedelta(days=1)) as context:
        first = iter([before])

        def answer(route: Route) -> None:
            old = next(first, None)
            route.continue_() if old is None else route.fulfill(status=200, content_type="text/html; charset=utf-8", body=old)

        context.route(address, answer)
        page = context.new_page()
        page.goto(address)

        expect(page.locator("#said")).to_have_text("Everything is working", timeout=60_000)
        assert page.locator("#said").get_attribute("role") == "status"
