"""X19 in a real browser: a hostile text runs nowhere, even where no policy forbids it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page

from statuspage.publish.clean import cleaned
from statuspage.publish.page import Pages
from tests.end_to_end.browser import chromium
from tests.publish.samples import wording
from tests.publish.test_hostile_texts import PAYLOADS, attacked

pytestmark = pytest.mark.browser
HOSTILE = PAYLOADS[::6]
HANDLED = ("load", "error", "focus", "mouseover", "toggle", "click")  # events whose handlers the payloads would set


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@dataclass
class Reader:
    """Opens pages that come without any policy, does to each element what a person may do, and notes what ran."""

    page: Page
    ran: list[str] = field(default_factory=list)

    def opens(self, body: bytes) -> None:
        bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", body.decode())
        self.page.route("**/*", lambda route: route.fulfill(body=bare, content_type="text/html; charset=utf-8"))
        self.page.goto("http://status.example.com/")
        self.page.evaluate(
            "events => document.querySelectorAll('*').forEach(one => events.forEach(name => one.dispatchEvent(new Event(name))))",
            list(HANDLED),
        )
        self.ran += self.page.evaluate(
            "[...document.querySelectorAll('[href], [src], [action]')].map(e => e.href || e.src || e.action)"
            ".filter(a => /^(javascript|vbscript|data:text)/i.test(a))"
        )
        self.page.unroute_all()


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    context = browser.new_context()
    found = Reader(context.new_page())
    found.page.on("dialog", lambda dialog: (found.ran.append(dialog.message), dialog.dismiss()))
    yield found
    context.close()


def test_twenty_hostile_texts_run_nowhere(reader: Reader) -> None:
    """X19: a browser run of 20, on the front page, on an incident's own page and on the page of a code."""
    for payload in HOSTILE:
        found = cleaned(attacked(payload))
        pages = Pages(found.page, wording())
        for body in (pages.front(found, "en"), pages.subject(found, found.incidents[0], "en"), pages.code(found.codes[0])):
            reader.opens(body)

    assert len(HOSTILE) == 20
    assert reader.ran == []


@pytest.mark.parametrize("body", ["<img src=x onerror=alert(1)>", "<p onmouseover=alert(1)>x", "<a href='javascript:alert(1)'>x</a>"])
def test_a_page_that_does_not_escape_is_found_out(reader: Reader, body: str) -> None:
    reader.opens(f"<!doctype html><title>x</title>{body}".encode())

    assert reader.ran
