"""The forms of the public pages, filled in and sent by a real browser: it decides what it says of where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from statuspage.store import reports
from statuspage.web import reports as form
from tests.end_to_end.browser import chromium
from tests.publish.samples import outage
from tests.web.conftest import Console, open_console
from tests.web_public.serving import publish, running

pytestmark = pytest.mark.browser
CONFIGURATION = """\
page: {name: Canary Bank, bank: Canary, url: "https://status.canary.example", languages: [en, de]}
components: [{slug: component-0, name: {en: Log in, de: Anmeldung}, symptom: login}]
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def console(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Console:
    """The application behind, which has heard of no report."""
    monkeypatch.setattr(form, "CROWD", form.Crowd())
    monkeypatch.setattr(form, "TALLY", form.Tally())
    return open_console(tmp_path, sqlite_url, CONFIGURATION)


@pytest.fixture
def address(console: Console, tmp_path: Path) -> Iterator[str]:
    """Of the published pages with the application behind them, both on one port."""
    publish(tmp_path / "public", outage())
    with running(tmp_path / "public", console.app) as server:  # type: ignore[arg-type]
        yield f"http://127.0.0.1:{server.port}"


def fill_in_and_send(page: Page) -> None:
    page.select_option("#component", "component-0")
    page.check("input[value=login]")
    page.click("form button")


@pytest.mark.parametrize("script", [True, False])
def test_a_report_that_a_browser_sends_is_counted_with_and_without_script(
    console: Console, address: str, browser: Browser, script: bool
) -> None:
    page = browser.new_context(java_script_enabled=script).new_page()

    page.goto(f"{address}/de/report/")
    fill_in_and_send(page)

    expect(page).to_have_url(f"{address}/de/report/thanks/")
    with console.ctx.ports.store.reading() as session:
        assert [(one.component, one.number) for one in reports.since(session, console.ctx.now() - timedelta(hours=1))] == [
            ("component-0", 1)
        ]
    page.context.close()


def test_a_report_from_another_site_leads_to_a_page_that_says_what_became_of_it(console: Console, address: str, browser: Browser) -> None:
    page = browser.new_context().new_page()
    foreign = f'<form method="post" action="{address}/report/send"><input name="language" value="de"><button>Send</button></form>'
    page.route("http://elsewhere.example/", lambda route: route.fulfill(body=foreign, content_type="text/html"))

    page.goto("http://elsewhere.example/")
    page.click("button")

    expect(page).to_have_url(f"{address}/de/report/failed/")
    expect(page.locator("h1")).to_have_text("Ihre Meldung kam nicht an")
    page.context.close()
