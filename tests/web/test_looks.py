"""The console in a real browser: readable by machine rules in both colour schemes, no scrolling sideways, and true while it is open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from statuspage.actions import people
from statuspage.actions.incidents import Declaration, declare
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, Role
from statuspage.store import deliveries
from tests.end_to_end.browser import chromium
from tests.web.conftest import CONFIGURATION, Console, open_console
from tests.web.test_operators import delivery
from tests.web.test_previews import CHANNELS

PATIENCE_MS = 60_000
EVERY_MS = 5_000  # so often an open page looks, see static/js/console.js


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@contextmanager
def served(console: Console) -> Iterator[str]:
    """The address of the console on a port of its own."""
    server = make_server("127.0.0.1", 0, console.app, threaded=True)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def signed_in(console: Console, browser: Browser, url: str, **look: object) -> Page:
    person = people.add_person(console.ctx, name=f"Ana {console.ctx.new_id()}", role=Role.ADMINISTRATOR, who="test")
    page = browser.new_context(**look).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url + people.sign_in_path(console.ctx, person))
    page.click("text=Sign in now")
    return page


def trouble(console: Console, component: str = "login") -> tuple[str, str]:
    """An open incident and a post that needs a person: their ids."""
    begun = declare(console.ctx, Declaration(components={component: ComponentStatus.MAJOR_OUTAGE}, who="Ana"))
    with console.ctx.ports.store.writing() as session:
        deliveries.accept_first(session, begun.id, "google_business", console.ctx.now())
    return begun.id, delivery(console, begun.id, DeliveryState.STUCK).id


def test_the_page_of_posts_that_wait_can_be_read_by_everybody_with_its_forms(tmp_path: Path, sqlite_url: str, browser: Browser) -> None:
    told = open_console(tmp_path, sqlite_url, CONFIGURATION + CHANNELS, {"TOKEN": "canary-token"})
    incident = declare(told.ctx, Declaration(components={"login": ComponentStatus.MAJOR_OUTAGE}, who="Ana"))

    with served(told) as url:
        page = signed_in(told, browser, url, viewport={"width": 320, "height": 640})
        page.goto(f"{url}/console/waiting/incident/{incident.id}/1")

        assert page.locator("button").all_inner_texts()[-2:] == ["Stop these posts", "Reword page and posts"]
        assert faults_of(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def faults_of(page: Page) -> list[str]:
    """What axe finds, in words."""
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:150]}" for fault in Axe().run(page).response["violations"]]


def test_the_main_pages_can_be_read_by_everybody_light_and_dark_and_none_scrolls_sideways(console: Console, browser: Browser) -> None:
    incident, post = trouble(console)
    main = ("", f"incidents/{incident}", "incidents/new", f"deliveries/{post}", "people/", "accounts/", "sign-in")
    others = (
        "incidents/",
        "deliveries/",
        "probes/",
        "maintenance/new",
        "warnings/",
        f"corrections/incident/{incident}/1",
        f"waiting/incident/{incident}/1",
        "nowhere",
    )
    faults, wide = {}, {}

    with served(console) as url:
        page = signed_in(console, browser, url, viewport={"width": 320, "height": 640})
        for place, path in enumerate(main + others):
            page.emulate_media(color_scheme=("light", "dark")[place % 2])
            page.goto(f"{url}/console/{path}")
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            if path in main and (found := faults_of(page)):
                faults[path] = found
            if (width := page.evaluate("document.documentElement.scrollWidth")) > 320:
                wide[path] = width
        page.context.close()

    assert faults == {}
    assert wide == {}


def test_an_open_page_shows_what_happened_since_but_never_under_a_hand_that_types(console: Console, browser: Browser) -> None:
    with served(console) as url:
        page = signed_in(console, browser, url)
        page.clock.install()
        page.goto(f"{url}/console/")
        before = page.inner_text("#incidents")
        trouble(console)
        page.clock.fast_forward(EVERY_MS)
        page.wait_for_selector("#incidents h3")
        shown = page.inner_text("#incidents h3")
        page.fill("input[name=reason] >> nth=0", "a false notice went out")
        trouble(console, "vault")
        page.clock.fast_forward(EVERY_MS)
        page.wait_for_selector("#said:not([hidden])")
        told, kept = page.inner_text("#said"), page.input_value("input[name=reason] >> nth=0")
        cards = page.locator("#incidents h3").count()
        page.context.close()

    assert "None." in before
    assert "Log in" in shown
    assert "Something changed" in told
    assert (kept, cards) == ("a false notice went out", 1)
