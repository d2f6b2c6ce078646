"""An old copy says that it is old, whatever the visitor's clock says, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Route, expect

from statuspage.publish.page import Pages
from tests.end_to_end.browser import chromium
from tests.publish.samples import NOW, PAGE, outage, wording
from tests.web_public.looking import page_served, visitor

pytestmark = pytest.mark.browser
DAY = 86_400_000
CLOCKS = {"right": 0, "a day ahead": DAY, "a day behind": -DAY}
AGES = (1, 4, 6, 60)
WAIT_MS = 60_000  # nobody waits so long; a machine under load may


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@contextmanager
def copy_served(at: datetime) -> Iterator[str]:
    """One front page made at NOW, from a server whose own clock says `at`."""
    with page_served(Pages(PAGE, wording()).front(outage(), "en"), at) as address:
        yield address


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("minutes", AGES)
def test_a_copy_tells_its_age_by_the_server_s_clock(browser: Browser, minutes: int, clock: str) -> None:
    """A3: 12 of 16"""
    at = NOW + timedelta(minutes=minutes)
    shown_by_visitor = at + timedelta(milliseconds=CLOCKS[clock])

    with copy_served(at) as address, visitor(browser, address, shown_by_visitor) as context:
        page = context.new_page()
        page.goto(address)
        if minutes > 1 or clock != "right":  # else the copy looks fresh, and the first look is a minute away
            expect(page.locator("#stale")).to_have_attribute("data-age", re.compile(r"\d+"), timeout=WAIT_MS)

        banner = page.locator("#stale")
        if minutes > 5:
            expect(banner).to_be_visible()
            expect(banner).to_contain_text("This copy of the page is old.")
            expect(banner).to_contain_text("Its age: 1 h." if minutes == 60 else "6 min")
        else:
            expect(banner).to_be_hidden()


@pytest.mark.parametrize("minutes", AGES)
def test_without_script_a_fixed_sentence_tells_the_limit(browser: Browser, minutes: int) -> None:
    """A3: 4 of 16"""
    with copy_served(NOW + timedelta(minutes=minutes)) as address, visitor(browser, address, None, script=False) as context:
        page = context.new_page()
        page.goto(address)

        expect(page.locator("#made")).to_have_text("As of Sun 22 Nov 14:35 CET")
        expect(page.locator("footer")).to_contain_text("more than 5 minutes ago, this copy is old")
        expect(page.locator("#stale")).to_be_hidden()


def test_the_page_is_whole_with_one_request_and_the_script_breaks_no_policy(browser: Browser) -> None:
    """A5"""
    with copy_served(NOW) as address, visitor(browser, address, NOW) as context:
        page = context.new_page()
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)

        expect(page.locator("h1")).to_have_text("Some of our services are down")
        assert [url for url in asked if not url.startswith("data:")] == [address]
        assert complaints == []


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_nothing_reaches_beyond_the_edge_of_the_screen(browser: Browser, width: int) -> None:
    with copy_served(NOW) as address:
        page = browser.new_page(viewport={"width": width, "height": 700})
        page.goto(address)

        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()


def test_a_newer_page_takes_the_place_of_the_old_one_and_keeps_what_the_reader_opened(browser: Browser) -> None:
    with copy_served(NOW) as address, visitor(browser, address, NOW + timedelta(days=1)) as context:
        page = context.new_page()
        old = Pages(PAGE, wording()).front(outage(updates=2), "en").decode()
        stamp, older = "2026-11-22T13:35:10Z", "2026-11-22T13:30:00Z"
        served = iter([old.replace(stamp, older).replace("Some of our services are down", "Before")])
        context.route(address, lambda route: _first_then_real(route, served))
        page.goto(address)
        page.locator(".earlier summary").click()

        expect(page.locator("h1")).to_have_text("Some of our services are down", timeout=WAIT_MS)
        expect(page.locator(".earlier")).to_have_attribute("open", "")
        expect(page.locator(".earlier summary")).to_be_focused()
        expect(page.locator("#said")).to_have_count(1)


def _first_then_real(route: Route, served: Iterator[str]) -> None:
    body = next(served, None)
    if body is None:
        route.continue_()
    else:
        route.fulfill(status=200, content_type="text/html; charset=utf-8", body=body)


def test_an_age_that_ends_in_a_full_stop_of_its_own_gets_no_second(browser: Browser) -> None:
    with (
        page_served(Pages(PAGE, wording()).front(outage(), "de"), NOW + timedelta(minutes=7)) as address,
        visitor(browser, address, NOW) as context,
    ):
        context.add_init_script("addEventListener('DOMContentLoaded', () => document.dispatchEvent(new Event('visibilitychange')))")
        page = context.new_page()
        page.goto(address)

        expect(page.locator("#stale")).to_contain_text("Alter: 7 Min. Seitdem", timeout=60_000)
