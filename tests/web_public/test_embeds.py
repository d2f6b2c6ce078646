"""What the bank's own sites show of it, in a real browser, from another origin than the page's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish import plain
from statuspage.publish.preview import draw, preview_of
from statuspage.publish.snapshot import Snapshot
from statuspage.publish.views import Views
from tests.end_to_end.browser import chromium
from tests.publish.samples import NOW, builder, components, outage, snapshot, wording
from tests.web_public.looking import page_served
from tests.web_public.serving import publish, served

pytestmark = pytest.mark.browser
HOST = """<!doctype html><html lang="{language}"><head><script async src="{script}"{more}></script></head>
<body><h1>Sign in</h1><p id="end">The bank's own page</p></body></html>"""

TWICE = '></script><script async src="{}banner.js"'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@contextmanager
def bank(script: str, language: str = "de", more: str = "") -> Iterator[str]:
    """The bank's sign-in page, which allows the status host's script and words and nothing else of it, not even a style."""
    body = HOST.format(script=script, language=language, more=more).encode()
    origin = script.removesuffix("banner.js")
    policy = f"default-src 'none'; style-src 'self'; script-src {origin}; connect-src {origin}"

    class SignIn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), SignIn)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def status_page(folder: Path, found: Snapshot) -> Iterator[str]:
    """A published page at the address that it says it has."""
    with served(folder) as port:
        address = f"http://127.0.0.1:{port}"
        publish(folder, replace(found, page=replace(found.page, url=address)))
        yield f"{address}/"


def opened(browser: Browser, address: str, status: str) -> tuple[Page, list[str]]:
    """The bank's page after all that it asked for was answered, and whom else it asked."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script("AbortController.prototype.abort = () => {}")  # a machine under load may need more than three seconds
    page.goto(address, wait_until="networkidle")
    expect(page.locator("#end")).to_be_visible()
    return page, [url for url in asked if not url.startswith((address, status)) and not url.endswith("favicon.ico")]


def test_the_script_has_at_most_two_kilobytes() -> None:
    assert len(builder().hot(outage(), 1)[PurePosixPath("banner.js")].body) <= 2048


@pytest.mark.parametrize(
    ("status", "shown"),
    [(status, status in ("degraded_performance", "partial_outage", "major_outage", "under_maintenance")) for status in ComponentStatus],
)
def test_words_are_there_only_when_customers_need_them(status: ComponentStatus, shown: bool) -> None:
    """Not when all is well, and not when only our own sight is impaired: that is no news of the bank's."""
    found = replace(snapshot(incidents=()), components=components(12, {3: status}))

    for language in found.page.languages:
        told = json.loads(builder().hot(found, 1)[PurePosixPath(f"{language}/banner.json")].body)
        assert bool(told["text"]) is shown
        assert told["language"] == language and told["url"].endswith(f"/{language}/")


def test_trouble_stands_in_one_line_in_the_host_page_s_language(browser: Browser, tmp_path: Path) -> None:
    with status_page(tmp_path, outage()) as status, bank(f"{status}banner.js") as address:
        page, strangers = opened(browser, address, status)

        line = page.locator("body > div[role=status]")
        expect(line).to_be_visible()
        box, heading = line.bounding_box(), page.locator("h1").bounding_box()
        assert box and heading and box["height"] > 30 and box["y"] + box["height"] <= heading["y"]
        assert not strangers
        page.close()


def test_included_twice_it_shows_one_line(browser: Browser, tmp_path: Path) -> None:
    with status_page(tmp_path, outage()) as status, bank(f"{status}banner.js", more=TWICE.format(status)) as address:
        page, _ = opened(browser, address, status)

        expect(page.locator("body > div[role=status]")).to_have_count(1)
        page.close()


@pytest.mark.parametrize("more", [' type="module" data-language="es"', ' type="module" data-language="es" crossorigin'])
def test_as_a_module_it_finds_its_own_address_and_language(browser: Browser, tmp_path: Path, more: str) -> None:
    with status_page(tmp_path, outage()) as status, bank(f"{status}banner.js", more=more) as address:
        asked: list[str] = []
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address, wait_until="networkidle")

        expect(page.locator("body > div[role=status]")).to_have_count(1)
        assert f"{status}es/banner.json" in asked
        page.close()


def test_the_words_of_a_badge_stay_in_their_halves(browser: Browser) -> None:
    wide = ("WWWWWWWWWWWW MMMMMMMM", "iiiiiiiiiiiiiiiiiiii", "Überweisungen", "\u9280\u884c\u632f\u8fbc", "\U0001f3e6 App")
    html = "".join(plain.badge(name, name, ComponentStatus.OPERATIONAL).decode() for name in wide)
    boxes = """[...document.querySelectorAll("svg")].map(svg => {
        const [name, label] = [...svg.querySelectorAll("text")].map(one => one.getBBox()), half = svg.querySelector("path").getBBox().x;
        return name.x + name.width <= half && label.x >= half && label.x + label.width <= svg.width.baseVal.value; })"""

    with page_served(f"<!doctype html><title>Badges</title>{html}".encode(), NOW) as address:
        page = browser.new_page()
        page.goto(address)

        assert page.evaluate(boxes) == [True] * len(wide)
        page.close()


def test_nothing_is_shown_while_all_is_well(browser: Browser, tmp_path: Path) -> None:
    with status_page(tmp_path, snapshot(incidents=())) as status, bank(f"{status}banner.js") as address:
        page, _ = opened(browser, address, status)

        assert page.locator("body").evaluate("body => body.children.length") == 2
        page.close()


@pytest.mark.parametrize("language", ["it", "", "de-CH", "../u"])
def test_a_language_that_the_page_has_not_gets_the_default_one(browser: Browser, tmp_path: Path, language: str) -> None:
    with status_page(tmp_path, outage()) as status, bank(f"{status}banner.js", language) as address:
        page, _ = opened(browser, address, status)

        expect(page.locator("body > div[role=status]")).to_be_visible()
        page.close()


NONSENSE = ["<html>", "null", '{"text": "Log in again", "url": "https://elsewhere.example/", "language": "en"}', '{"text": 7}']


@pytest.mark.parametrize("body", [None, *NONSENSE])
def test_a_status_host_that_is_gone_or_answers_nonsense_leaves_the_host_page_as_it_is(
    browser: Browser, tmp_path: Path, body: str | None
) -> None:
    def answer(route: Route) -> None:
        route.abort() if body is None else route.fulfill(body=body, headers={"Access-Control-Allow-Origin": "*"})

    with status_page(tmp_path, outage()) as status, bank(f"{status}banner.js") as address:
        page = browser.new_page()
        errors: list[object] = []
        page.on("pageerror", lambda error: errors.append(error))
        page.route("**/banner.json", answer)
        page.goto(address, wait_until="networkidle")

        assert page.locator("body").evaluate("body => body.children.length") == 2
        assert not errors
        page.close()


def test_badge_card_and_preview_are_shown_by_a_page_of_another_origin_and_the_front_page_is_not(browser: Browser, tmp_path: Path) -> None:
    with status_page(tmp_path, outage()) as status:
        (tmp_path / "en" / "preview.jpg").write_bytes(draw(preview_of(Views(outage(), wording(), "en"))))
        pictures = "".join(f'<img src="{status}en/{path}">' for path in ("badges/component-0.svg", "preview.jpg"))
        frames = "".join(f'<iframe name="{name}" src="{status}en/{path}"></iframe>' for name, path in (("card", "card.htm"), ("front", "")))
        with page_served(f"<!doctype html><title>A shop</title>{pictures}{frames}".encode(), NOW) as address:
            page = browser.new_page()
            page.goto(address, wait_until="networkidle")

            expect(page.frame_locator("[name=card]").locator("h1")).to_have_text("Some of our services are down")
            assert page.locator("img").evaluate_all("all => all.map(one => one.complete && one.naturalWidth > 50)") == [True, True]
            assert page.frame_locator("[name=front]").locator(".answer").count() == 0
            page.close()
