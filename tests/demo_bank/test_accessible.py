"""The invented bank, its switchboard and the networks in a real browser: axe finds nothing on any page, and none scrolls sideways."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from statuspage.demo.bank import CUSTOMERS, FAULTS, running_bank
from statuspage.demo.networks import running_networks
from tests.end_to_end.browser import chromium

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
WIDTH = 320
TOOT = {"status": "Logging in does not work. https://status.example/u/K7Q2M3X", "language": "en"}


class Visit:
    """Somebody with a narrow phone, by day and by night in turn; keeps what is wrong with each page that they looked at."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: dict[str, list[str]] = {}
        self.looked: list[str] = []

    def look(self, name: str) -> None:
        self.page.emulate_media(color_scheme=("light", "dark")[len(self.looked) % 2])  # type: ignore[arg-type]
        self.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = Axe().run(self.page).response["violations"]
        wrong = [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]
        width = self.page.evaluate("document.documentElement.scrollWidth")
        wrong += [f"{width} wide"] if width > WIDTH else []
        self.looked.append(f"{name}: {self.page.inner_text('h1')}")
        if wrong:
            self.wrong[name] = wrong

    def go(self, name: str, address: str) -> None:
        self.page.goto(address)
        self.look(name)

    def press(self, name: str, button: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).click()
        self.look(name)


def bank_walk(visit: Visit, url: str) -> None:
    """From the front page to a transfer that was cancelled and one that was sent."""
    page = visit.page
    visit.go("front", f"{url}/")
    visit.go("nowhere", f"{url}/nowhere")
    visit.go("refused", f"{url}/sign-in?failed=1")
    page.fill("#user", "anna")
    page.fill("#password", CUSTOMERS["anna"].password)
    visit.press("code", "Continue")
    page.fill("#code", page.locator("section code").first.inner_text())
    visit.press("accounts", "Sign in")
    visit.go("history", f"{url}/history")
    for button, name in (("Cancel", "cancelled"), ("Sign and send", "paid")):
        visit.go("transfer", f"{url}/transfers/new")
        page.fill("#name", "Somebody Else")
        page.fill("#iban", page.locator("section li code").first.inner_text())
        page.fill("#amount", "0.01")
        visit.press("confirm", "Check")
        visit.press(name, button)


def test_axe_finds_nothing_on_any_page_of_the_demonstration(tmp_path: Path) -> None:
    with running_bank(tmp_path / "bank") as bank, running_networks(tmp_path / "networks") as networks, chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": 640})
        page.set_default_timeout(PATIENCE_MS)
        visit = Visit(page)

        bank_walk(visit, bank.url)
        visit.go("switchboard", bank.switchboard)
        for name in FAULTS:
            bank.fault(name)
        visit.go("everything broken", bank.switchboard)
        visit.go("no posts", networks.url)
        post_and_edit(networks.url)
        networks.misbehave("mastodon", "lag", seconds=0)
        visit.go("posts", networks.url)
        visit.go("one network", f"{networks.url}/mastodon/")

    assert visit.wrong == {}
    assert "paid: The transfer was sent" in visit.looked and "cancelled: The transfer was cancelled" in visit.looked
    assert len(visit.looked) == 17


def post_and_edit(url: str) -> None:
    """A thread with an edit, as the status page makes them."""
    import requests

    from statuspage.demo.networks.accounts import ACCOUNTS

    token = next(one.token for one in ACCOUNTS if one.network == "mastodon")
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        made = session.post(f"{url}/mastodon/api/v1/statuses", json=TOOT, timeout=10).json()
        session.post(f"{url}/mastodon/api/v1/statuses", json={**TOOT, "in_reply_to_id": made["id"]}, timeout=10).raise_for_status()
        session.put(
            f"{url}/mastodon/api/v1/statuses/{made['id']}", json={**TOOT, "status": "It works again."}, timeout=10
        ).raise_for_status()
