"""An open page keeps itself fresh by a small file, and asks for the page only when there is something new to show, in a real browser."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from statuspage.publish.encode import digest
from statuspage.publish.page import Pages
from statuspage.publish.plain import fresh_json
from statuspage.publish.snapshot import Snapshot
from tests.end_to_end.browser import chromium
from tests.publish.samples import NOW, PAGE, incident, outage, snapshot, wording

pytestmark = pytest.mark.browser
WAIT_MS = 60_000  # nobody waits so long; a machine under load may
A_LOOK_MS = 73_000  # a minute and a fifth, which is the most that chance adds
SMALL, PAGE_PATH = "/fresh.json", "/en/"
COUNTED = """
    let pending = 0;
    const real = fetch, count = by => document.documentElement.dataset.pending = pending += by;
    window.fetch = (...what) => (count(1), real(...what).finally(() => count(-1)));
    addEventListener("DOMContentLoaded", () => count(0));
"""
WORKS = "Everything is working"


@dataclass
class Host:
    """What a server has, what its clock says, and what it was asked for: path and status."""

    files: dict[str, bytes]
    at: datetime
    refuses: int = 0
    asked: list[tuple[str, int]] = field(default_factory=list)

    def publish(self, found: Snapshot, language: str = "en") -> None:
        self.at = found.made_at
        self.files = {PAGE_PATH: Pages(PAGE, wording()).front(found, language), SMALL: fresh_json(found, 1, wording())}

    def answer(self, path: str, validator: str | None) -> tuple[int, bytes, str]:
        body = self.files.get(path)
        tag = f'"{digest(body)}"' if body is not None else ""
        status = self.refuses or (404 if body is None else 304 if validator == tag else 200)
        self.asked.append((path, status))
        return status, body if status == 200 and body is not None else b"", tag

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def host_of(found: Snapshot, language: str = "en") -> Iterator[tuple[Host, str]]:
    """A server with one front page and its small file; yields the page's address too."""
    host = Host({}, NOW)
    host.publish(found, language)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # Chromium sends no ETag back to an older one

        def do_GET(self) -> None:
            status, body, tag = host.answer(self.path, self.headers.get("If-None-Match"))
            self.send_response_only(status)
            self.send_header("Date", format_datetime(host.at, usegmt=True))
            self.send_header("Content-Type", "application/json" if self.path == SMALL else "text/html; charset=utf-8")
            if tag:
                self.send_header("ETag", tag)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield host, f"http://127.0.0.1:{server.server_port}{PAGE_PATH}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# Contexts here have no routes: with one, Chromium would keep no copy, and no validator.
def opened(context: BrowserContext, host: Host, address: str) -> Page:
    """A page whose clocks stand still until look() moves them; what it was loaded with is not counted."""
    page = context.new_page()
    page.clock.install(time=host.at - timedelta(hours=1))
    page.clock.pause_at(host.at + timedelta(seconds=1))  # before there is a page: however long that takes to load, no time goes by
    page.goto(address)
    host.asked.clear()
    return page


def look(page: Page, made: str) -> None:
    """The page's next look, over when its stamp says so."""
    page.clock.run_for(A_LOOK_MS)
    expect(page.locator("#made")).to_have_text(made, timeout=WAIT_MS)


def later(found: Snapshot, minutes: float) -> Snapshot:
    return replace(found, made_at=NOW + timedelta(minutes=minutes))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def test_while_nothing_changes_only_the_small_file_is_asked_for_and_the_stamp_goes_on(browser: Browser) -> None:
    with host_of(outage(updates=2)) as (host, address), browser.new_context() as context:
        page = opened(context, host, address)
        page.locator(".earlier summary").click()
        page.evaluate("document.querySelector('h1').dataset.mine = 'kept'")

        for minute in (1, 2, 3):
            host.publish(later(outage(updates=2), minute))
            look(page, f"As of Sun 22 Nov 14:{35 + minute} CET")

        assert host.asked == [(SMALL, 200)] * 3
        assert len(host.files[SMALL]) * 20 < len(host.files[PAGE_PATH])
        expect(page.locator("h1")).to_have_attribute("data-mine", "kept")
        expect(page.locator(".earlier summary")).to_be_focused()
        expect(page.locator("#said")).to_be_empty()
        expect(page.locator("#stale")).to_be_hidden()
        expect(page.locator("#age")).to_have_text("just now")
        expect(page.locator("[data-by]").first).to_have_text("within 7 min")


@pytest.mark.parametrize(("language", "stamp"), [("en", "As of Sun 22 Nov 14:36 CET"), ("de", "Stand: So. 22. Nov. 14:36 MEZ")])
def test_the_stamp_is_renewed_in_the_page_s_own_words(browser: Browser, language: str, stamp: str) -> None:
    with host_of(outage(), language) as (host, address), browser.new_context() as context:
        page = opened(context, host, address)
        host.publish(later(outage(), 1), language)
        whole = host.files.pop(PAGE_PATH)

        page.clock.run_for(A_LOOK_MS)

        expect(page.locator("#made")).to_have_attribute("datetime", "2026-11-22T13:36:10Z", timeout=WAIT_MS)
        expect(page.locator("#made")).to_have_text(stamp)
        assert page.locator("#made").inner_text() in whole.decode()
        assert host.paths == [SMALL]


def test_an_unchanged_small_file_costs_a_validator(browser: Browser) -> None:
    with host_of(outage()) as (host, address), browser.new_context() as context:
        page = opened(context, host, address)
        host.publish(later(outage(), 1))
        look(page, "As of Sun 22 Nov 14:36 CET")

        host.at += timedelta(minutes=1)
        page.clock.run_for(A_LOOK_MS)

        expect(page.locator("#age")).to_have_text("1 min ago", timeout=WAIT_MS)
        assert host.asked == [(SMALL, 200), (SMALL, 304)]


def test_a_change_is_taken_up_and_told_and_what_the_reader_opened_and_focused_stays(browser: Browser) -> None:
    with host_of(outage(updates=2)) as (host, address), browser.new_context() as context:
        page = opened(context, host, address)
        page.locator(".earlier summary").click()
        more = replace(outage(updates=2), incidents=(incident(1, 4), *outage().incidents[1:]))
        host.publish(later(more, 1))

        look(page, "As of Sun 22 Nov 14:36 CET")

        assert host.paths == [SMALL, PAGE_PATH]
        expect(page.locator(".earlier summary")).to_have_text("3 earlier updates")
        expect(page.locator(".earlier")).to_have_attribute("open", "")
        expect(page.locator(".earlier summary")).to_be_focused()


def test_an_outage_that_begins_is_told_to_a_screen_reader(browser: Browser) -> None:
    with host_of(snapshot()) as (host, address), browser.new_context() as context:
        page = opened(context, host, address)
        host.publish(later(outage(), 1))

        look(page, "As of Sun 22 Nov 14:36 CET")

        expect(page.locator("#said")).to_contain_text("Some of our services are down")
        assert page.title().startswith("Some of our services are down")
        host.publish(later(outage(), 2))
        look(page, "As of Sun 22 Nov 14:37 CET")
        assert host.paths == [SMALL, PAGE_PATH, SMALL]


def test_the_page_is_asked_for_every_ten_minutes_for_its_figures(browser: Browser) -> None:
    with host_of(snapshot()) as (host, address), browser.new_context() as context:
        page = opened(context, host, address)

        for minute in range(1, 13):
            host.publish(later(snapshot(), minute))
            look(page, f"As of Sun 22 Nov 14:{35 + minute} CET")

        assert host.paths.count(SMALL) == 12
        assert host.paths.count(PAGE_PATH) == 1


@pytest.mark.parametrize(
    "small",
    [
        None,
        b"<!doctype html><p>Some server answers everything with a page.",
        b"{}",
        json.dumps({"made_at": "2026-11-22T13:36:10Z", "generation": 7}).encode(),
        json.dumps({"made_at": "2026-11-22T13:36:10Z", "made": {"en": "As of"}}).encode(),
    ],
)
def test_without_the_small_file_the_page_itself_is_asked_for(browser: Browser, small: bytes | None) -> None:
    with host_of(outage()) as (host, address), browser.new_context() as context:
        page = opened(context, host, address)
        host.publish(later(snapshot(), 1))
        del host.files[SMALL]
        host.files |= {SMALL: small} if small is not None else {}

        look(page, "As of Sun 22 Nov 14:36 CET")

        assert host.paths == [SMALL, PAGE_PATH]
        expect(page.locator("h1")).to_have_text(WORKS)


def test_when_everything_behind_the_server_stopped_the_page_says_so_after_five_minutes(browser: Browser) -> None:
    with host_of(outage()) as (host, address), browser.new_context() as context:
        page = opened(context, host, address)
        host.publish(later(outage(), 1))
        look(page, "As of Sun 22 Nov 14:36 CET")

        for minutes in (2, 4, 6):
            expect(page.locator("#stale")).to_be_hidden()
            host.at = NOW + timedelta(minutes=1 + minutes)
            page.clock.run_for(A_LOOK_MS)
            expect(page.locator("#age")).to_have_text(f"{minutes} min ago", timeout=WAIT_MS)

        expect(page.locator("#stale")).to_contain_text("Its age: 6 min.")
        expect(page.locator("#said")).to_contain_text("This copy of the page is old.")
        assert host.asked[1:] == [(SMALL, 304)] * 3


def test_a_small_file_that_is_older_than_the_page_turns_nothing_back(browser: Browser) -> None:
    with host_of(later(outage(), 2)) as (host, address), browser.new_context() as context:
        page = opened(context, host, address)
        host.files[SMALL] = fresh_json(later(outage(), 1), 1, wording())
        host.at = NOW + timedelta(minutes=5)

        page.clock.run_for(A_LOOK_MS)

        expect(page.locator("#age")).to_have_text("3 min ago", timeout=WAIT_MS)
        expect(page.locator("#made")).to_have_text("As of Sun 22 Nov 14:37 CET")


def test_a_server_in_trouble_is_asked_ever_less_often_and_never_for_the_page(browser: Browser) -> None:
    with host_of(outage()) as (host, address), browser.new_context() as context:
        context.add_init_script(COUNTED)
        page = opened(context, host, address)
        host.refuses = 503

        for _ in range(60):
            page.clock.run_for(60_000)
            expect(page.locator("html")).to_have_attribute("data-pending", "0", timeout=WAIT_MS)

        assert 4 <= len(host.asked) <= 9  # after about 1, 3, 7, 15, 31, 47 and 63 minutes
        assert set(host.asked) == {(SMALL, 503)}
        expect(page.locator("#stale")).to_contain_text("This copy of the page is old.")


def test_a_tab_that_nobody_sees_asks_for_nothing_until_it_is_seen(browser: Browser) -> None:
    with host_of(outage()) as (host, address), browser.new_context() as context:
        context.add_init_script("window.unseen = true; Object.defineProperty(document, 'hidden', { get: () => window.unseen });")
        page = opened(context, host, address)

        page.clock.run_for(20 * 60_000)
        assert host.asked == []
        host.publish(later(outage(), 20))
        page.evaluate("window.unseen = false; document.dispatchEvent(new Event('visibilitychange'))")
        page.clock.run_for(1_000)

        expect(page.locator("#made")).to_have_text("As of Sun 22 Nov 14:55 CET", timeout=WAIT_MS)
        assert host.paths == [SMALL, PAGE_PATH]
