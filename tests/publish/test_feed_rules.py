"""What the specifications of the feeds demand, beyond what a lenient reader accepts: RFC 4287, RSS 2.0, JSON Feed 1.1."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from statuspage.publish.build import Files
from tests.publish.samples import LANGUAGES, PAGE, builder, outage, warning

ATOM = "{http://www.w3.org/2005/Atom}"
PLACES = [f"{language}/{folder}feed" for language in LANGUAGES for folder in ("", "components/component-0/", "components/component-7/")]


@pytest.fixture(scope="module")
def files() -> Files:
    page = replace(PAGE, hubs=("https://hub.example.com/",))
    return builder(page).hot(replace(outage(), page=page, warnings=(warning(),)), 1)


def one(parent: Element, name: str) -> str:
    """The text of the one child of that name."""
    found = parent.findall(name)
    assert len(found) == 1, f"{name}: {len(found)} in {parent.tag}"
    return found[0].text or ""


def rfc3339(text: str) -> datetime:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text), text
    return datetime.fromisoformat(text)


def absolute(address: str) -> str:
    parts = urlsplit(address)
    assert parts.scheme == "https" and parts.netloc and " " not in address, address
    return address


@pytest.mark.parametrize("place", PLACES)
def test_atom_has_what_rfc_4287_demands(files: Files, place: str) -> None:
    feed = ElementTree.fromstring(files[PurePosixPath(f"{place}.atom")].body)
    entries = feed.findall(f"{ATOM}entry")

    ids = [absolute(one(node, f"{ATOM}id")) for node in (feed, *entries)]
    newest = max([rfc3339(one(entry, f"{ATOM}updated")) for entry in entries])
    links = {(link.get("rel"), link.get("href")) for link in feed.findall(f"{ATOM}link")}
    assert feed.tag == f"{ATOM}feed" and len(set(ids)) == len(ids) > 0
    assert all(one(node, f"{ATOM}title") for node in (feed, *entries))
    assert rfc3339(one(feed, f"{ATOM}updated")) == newest
    assert ("self", f"https://status.example.com/{place}.atom") in links and ("hub", "https://hub.example.com/") in links
    assert all(one(author, f"{ATOM}name") for author in feed.findall(f"{ATOM}author")) and feed.findall(f"{ATOM}author")
    for entry in entries:
        assert entry.find(f"{ATOM}content") is not None
        assert any(link.get("rel", "alternate") == "alternate" and link.get("href") for link in entry.findall(f"{ATOM}link"))
        assert rfc3339(one(entry, f"{ATOM}published")) <= rfc3339(one(entry, f"{ATOM}updated"))


@pytest.mark.parametrize("place", PLACES)
def test_rss_has_what_its_specification_demands(files: Files, place: str) -> None:
    root = ElementTree.fromstring(files[PurePosixPath(f"{place}.rss")].body)
    channel = root.find("channel")
    assert channel is not None and root.get("version") == "2.0"
    items = channel.findall("item")

    guids = [absolute(one(item, "guid")) for item in items]
    assert one(channel, "title") and one(channel, "description") and absolute(one(channel, "link"))
    assert len(set(guids)) == len(guids) > 0
    assert all(item.find("guid").get("isPermaLink") == "true" and one(item, "link") == one(item, "guid") for item in items)  # type: ignore[union-attr]
    assert int(one(channel, "ttl")) > 0 and one(channel, "language") in LANGUAGES
    assert {(link.get("rel"), link.get("href")) for link in channel.findall(f"{ATOM}link")} == {
        ("self", f"https://status.example.com/{place}.rss"),
        ("hub", "https://hub.example.com/"),
    }
    moments = [parsedate_to_datetime(one(item, "pubDate")) for item in items]
    assert moments == sorted(moments, reverse=True) and all(moment.tzinfo for moment in moments)
    assert parsedate_to_datetime(one(channel, "lastBuildDate")) >= moments[0]
    assert all(one(item, "title") and one(item, "description") for item in items)


@pytest.mark.parametrize("place", PLACES)
def test_json_feed_has_what_version_1_1_demands(files: Files, place: str) -> None:
    feed: dict[str, Any] = json.loads(files[PurePosixPath(f"{place}.json")].body)
    items = feed["items"]

    assert feed["version"] == "https://jsonfeed.org/version/1.1" and feed["title"]
    assert feed["feed_url"] == f"https://status.example.com/{place}.json" and absolute(feed["home_page_url"])
    assert feed["hubs"] == [{"type": "WebSub", "url": "https://hub.example.com/"}]
    assert feed["language"] in LANGUAGES and all(author["name"] for author in feed["authors"])
    assert len({item["id"] for item in items}) == len(items) > 0
    for item in items:
        assert isinstance(item["id"], str) and absolute(item["url"]) and item["content_html"] and item["title"]
        assert rfc3339(item["date_published"]) <= rfc3339(item["date_modified"])
