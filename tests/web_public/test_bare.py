"""The folder copied to a server that knows nothing of us, and everything else stopped: the page is read, and it says how old it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.browser import chromium
from tests.publish.samples import NOW, outage
from tests.web_public.looking import page_served
from tests.web_public.serving import publish
from tests.web_public.test_outlasting import any_static_server

pytestmark = pytest.mark.browser
WAIT_MS = 60_000


class Copy(NamedTuple):
    """Where a copy is, and how many minutes old."""

    address: str
    minutes: int


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(params=[6, 0], ids=["six minutes old", "fresh"])
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Copy]:
    """What was published is copied elsewhere, and the original is gone."""
    made = datetime.now(UTC) - timedelta(minutes=request.param)
    publish(tmp_path / "public", replace(outage(), made_at=made))
    shutil.copytree(tmp_path / "public", tmp_path / "bucket")
    shutil.rmtree(tmp_path / "public")
    with any_static_server(tmp_path / "bucket") as port:
        yield Copy(f"http://127.0.0.1:{port}", request.param)


def test_the_page_is_read_its_script_runs_and_its_age_is_told_after_five_minutes(browser: Browser, copy: Copy) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{copy.address}/en/")

    expect(page.locator("h1")).to_have_text("Some of our services are down")
    if copy.minutes > 5:
        expect(page.locator("#stale")).to_be_visible(timeout=WAIT_MS)
        expect(page.locator("#stale")).to_contain_text("This copy of the page is old.")
    else:
        expect(page.locator("#stale")).to_be_hidden()
    for path in ("/de/", "/en/history/", "/en/u/", "/u/K7Q2MXP/", "/status.txt", "/en/feed.atom", "/api/v2/summary.json"):
        answer = page.request.get(f"{copy.address}{path}")
        assert answer.ok, path
    assert [text for text in complaints if "favicon" not in text] == []
    page.close()


def test_badge_and_card_are_shown_by_pages_of_other_origins(browser: Browser, copy: Copy) -> None:
    """Without a header, for such a server sends none: what the card may show stands in the card."""
    parts = f'<img src="{copy.address}/en/badges/component-0.svg"><iframe name="card" src="{copy.address}/en/card.htm"></iframe>'
    with page_served(f"<!doctype html><title>A shop</title>{parts}".encode(), NOW) as address:
        page = browser.new_page()
        page.goto(address, wait_until="networkidle")

        expect(page.frame_locator("[name=card]").locator("h1")).to_have_text("Some of our services are down")
        assert page.locator("img").evaluate("one => one.complete && one.naturalWidth > 50")
        page.close()
