"""The main job, watched from outside: break the bank's sign-in, then only look at what customers see."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.browser import chromium
from tests.end_to_end.product import Product, running_product
from tests.end_to_end.truth import PUBLIC, broken_threads, by_account, doubled, versions
from tests.processes import until

CODE = re.compile(r"/u/([0-9A-Z]{5,12})\b")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("demonstration")) as running:
        yield running


def networks_reached(product: Product) -> set[str]:
    return {post["network"] for post in product.truth()} & set(PUBLIC)


def open_incident(product: Product) -> Any:
    return next((i for i in product.incidents() if i["status"] in ("investigating", "identified", "monitoring")), None)


def settled(product: Product) -> bool:
    """No public post is still on its way."""
    rows = product.command("deliveries", "list", "--limit", "500")
    return all(row["state"] in ("delivered", "superseded", "withdrawn") for row in rows)


@dataclass(frozen=True)
class Outage:
    """One outage of the demonstration, as it was seen from outside."""

    before: dict[str, Any] | None
    began: dict[str, Any]
    front: str
    ended: dict[str, Any]
    posts: list[dict[str, Any]]


@pytest.fixture(scope="module")
def outage(product: Product) -> Outage:
    """Breaks the sign-in, waits for the promised update, mends it, and waits until every thread has said that it is over."""
    before = open_incident(product)
    product.fault("sign_in_stopped")
    until(lambda: open_incident(product))
    began = open_incident(product)
    until(lambda: networks_reached(product) == set(PUBLIC))
    front = product.get("page", "/en/")[1].decode()
    until(lambda: len(open_incident(product)["incident_updates"]) >= 2)  # the promised update came by itself
    product.mend("sign_in_stopped")
    until(lambda: open_incident(product)["status"] == "monitoring")
    until(lambda: open_incident(product) is None, patience_s=240)
    until(lambda: settled(product))
    ended = next(incident for incident in product.incidents() if incident["id"] == began["id"])
    return Outage(before, began, front, ended, product.truth())


def test_an_outage_is_told_from_break_to_resolved_on_every_network_by_itself(outage: Outage) -> None:
    assert outage.before is None
    assert outage.began["impact"] in ("major", "critical")
    assert "Log in" in outage.began["name"]
    assert "Log in" in outage.front
    assert outage.ended["status"] == "resolved"
    assert outage.ended["incident_updates"][-1]["status"] == "investigating"
    assert set(by_account(outage.posts)) >= {("mastodon", "demobank")}
    assert doubled(outage.posts) == []
    assert broken_threads(outage.posts) == []
    for said in by_account(outage.posts).values():
        assert len(versions(said)) >= 3  # the outage, its end, and that it is over


@pytest.mark.parametrize(("network", "subject"), [("email", True), ("sms", False)])
def test_everybody_on_a_list_reads_the_whole_outage_in_their_own_language(network: str, subject: bool, outage: Outage) -> None:
    told: dict[str, list[Any]] = {}
    for post in outage.posts:
        if post["network"] == network:
            told.setdefault(post["account"], []).append(post)

    assert len(told) == 5 and all(len({post["text"] for post in posts}) == len(posts) >= 3 for posts in told.values())
    assert len({posts[0]["text"].split("\n")[0] for posts in told.values()}) == 5  # a language each
    if subject:
        assert {posts[0]["language"] for posts in told.values()} == {"en", "es", "nl", "fr", "de"}
        for posts in told.values():
            assert {post["in_reply_to"] for post in posts[1:]} == {posts[0]["id"]} and posts[0]["in_reply_to"] is None
            assert len({post["text"].split("\n")[0] for post in posts}) == 1  # one subject


def test_every_post_can_be_checked_on_the_page(product: Product, outage: Outage) -> None:
    codes = {code for post in outage.posts if post["network"] in PUBLIC for code in CODE.findall(post["text"])}

    answers = {code: product.get("page", f"/u/{code}") for code in codes}
    unknown = product.get("page", "/u/ZZZZZZZ")

    assert codes
    assert {status for status, _ in answers.values()} == {200}
    assert unknown[0] == 404


def test_feeds_and_json_tell_the_same_incident(product: Product, outage: Outage) -> None:
    feeds = [product.get("page", path) for path in ("/en/feed.rss", "/en/feed.atom", "/en/feed.json")]

    assert {status for status, _ in feeds} == {200}
    for _, body in feeds:
        assert outage.began["id"] in body.decode()


def test_health_and_metrics_prove_that_every_part_works(product: Product) -> None:
    until(lambda: product.get("page", "/health")[0] == 200)

    metrics = product.get("page", "/metrics")[1].decode()

    assert "statuspage_verdict_seconds_count" in metrics
    assert "statuspage_loop_age_seconds" in metrics


def children(product: Product, role: str) -> list[int]:
    """Process ids of one role under the supervisor."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if int(stat[1]) == product.process.pid and role.encode() in arguments:
                found.append(int(entry.name))
    return found


@pytest.mark.long
def test_the_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    with running_product(tmp_path / "killed") as product:
        product.misbehave("mastodon", fault="timeout", applied=True, times=1)
        product.misbehave("x", fault="5xx", applied=True, times=1)
        product.fault("sign_in_stopped")
        until(lambda: networks_reached(product))
        for _ in range(3):
            worker = children(product, "worker")[0]
            os.kill(worker, signal.SIGKILL)
            until(lambda gone=worker: children(product, "worker") not in ([], [gone]))
        until(lambda: networks_reached(product) == set(PUBLIC), patience_s=180)
        product.mend("sign_in_stopped")
        until(lambda: open_incident(product) is None, patience_s=300)
        until(lambda: settled(product), patience_s=300)
        posts = product.truth()

    assert doubled(posts) == []
    assert broken_threads(posts) == []


@pytest.mark.long
def test_ctrl_c_stops_everything_in_five_seconds_and_a_second_run_keeps_the_data(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with running_product(data) as first:
        declared = first.command("incident", "declare", "cards", "--symptom", "card")
        until(lambda: open_incident(first))
        begun = time.monotonic()
        os.killpg(first.process.pid, signal.SIGINT)
        status = first.process.wait(30)
        took = time.monotonic() - begun
        left = [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit() and _group(entry) == first.process.pid]
    with running_product(data) as second:
        until(lambda: open_incident(second))
        kept = open_incident(second)

    assert status == 0
    assert took <= 5.0  # the promise itself is a time
    assert left == []
    assert kept["id"] == declared["id"]


def _group(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rsplit(")", 1)[1].split()[2])
    except OSError:
        return None


@pytest.mark.browser
def test_an_engineer_signs_in_with_the_printed_link_and_pauses_posting_in_a_browser(product: Product) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(product.addresses["sign_in"])
        with page.expect_navigation():
            page.get_by_role("button", name="Sign in now").click()
        headings = page.get_by_role("heading").all_inner_texts()
        page.locator("form", has_text="All automatic posting").get_by_label("Why").fill("trying the switch")
        with page.expect_navigation():
            page.locator("form", has_text="All automatic posting").get_by_role("button").click()
        shown = page.inner_text("main")
        with page.expect_navigation():
            page.locator("form", has_text="All automatic posting").get_by_role("button", name="Turn on").click()
        after = page.inner_text("main")

    assert "Overview" in headings
    assert "All automatic posting is switched off by administrator" in shown
    assert "switched off" not in after
