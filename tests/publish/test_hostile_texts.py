"""Texts that break parsers and texts that attack readers, in every field and every kind of output."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import PurePosixPath

import feedparser
import pytest
from lxml import etree

from statuspage.publish import feeds, plain
from statuspage.publish.api_v2 import ApiV2
from statuspage.publish.clean import cleaned
from statuspage.publish.feeds import feed_of
from statuspage.publish.page import Pages
from statuspage.publish.snapshot import Permalink, PublicIncident, Snapshot
from tests.publish.samples import PAGE, builder, code, components, groups, identifier, incident, past_incident, snapshot, update, wording

CHARACTERS = ("\x00", "\x07", "\x0b", "\x1b", "\x7f", "\x9f", "\ud800", "\ufffe")
FIELDS: dict[str, Callable[[str], Snapshot]] = {
    "title": lambda bad: snapshot(incidents=(incident(1, titles={"en": f"a{bad}b"}), past_incident(9, 3))),
    "update": lambda bad: snapshot(incidents=(incident(1, updates=(update(1, 5, texts={"en": f"a{bad}b"}),)), past_incident(9, 3))),
    "component": lambda bad: snapshot(components=(replace(components(1)[0], names={"en": f"a{bad}b"}),)),
    "description": lambda bad: snapshot(components=(replace(components(1)[0], descriptions={"en": f"a{bad}b"}),)),
    "group": lambda bad: snapshot(groups=(replace(groups()[0], names={"en": f"a{bad}b"}), *groups()[1:])),
    "page": lambda bad: snapshot(page=replace(PAGE, name=f"a{bad}b", bank=f"a{bad}b")),
}


def files_of(found: Snapshot) -> dict[str, bytes]:
    """The front page, both XML feeds as one output, JSON Feed, and the API: all through the same cleaning."""
    found = cleaned(found)
    feed = feed_of(found, "en", title=found.page.name, description=found.page.bank, warning="w")
    return {
        "html": Pages(found.page, wording()).front(found, "en"),
        "xml": feeds.atom(feed) + b"\x00\x00" + feeds.rss(feed),
        "json feed": feeds.json_feed(feed),
        "api": ApiV2(found).files()["/api/v2/summary.json"],
    }


@pytest.mark.parametrize("field", FIELDS)
def test_a_forbidden_letter_is_stripped_and_one_bad_incident_empties_nothing(field: str) -> None:
    """A13: 8 characters x 6 fields x 4 outputs = 192 over the six runs of this test."""
    looked = 0

    for letter in CHARACTERS:
        for output, body in files_of(FIELDS[field](letter)).items():
            text = body.replace(b"\x00\x00", b"").decode()
            assert letter not in text, (output, letter)
            _readable(output, body)
            looked += 1

    assert looked == 32


def _readable(output: str, body: bytes) -> None:
    if output == "xml":
        for part in body.split(b"\x00\x00"):
            etree.fromstring(part)
            assert feedparser.parse(part).entries
    elif output == "html":
        assert body.rstrip().endswith(b"</html>")
    else:
        json.loads(body)


def test_the_builder_cleans_every_file() -> None:
    files = builder().hot(FIELDS["update"]("\x07\ufffe"), 1)

    assert not [path for path, one in files.items() if "\x07" in one.body.decode() or "\ufffe" in one.body.decode()]


# --- attacks -------------------------------------------------------------------------------------------------------------

_TAGS = ("script", "img", "svg", "iframe", "math", "body", "details", "video", "object", "style")
_SHAPES = (
    "<{tag} onload=alert(1)>",
    "<{tag} src=x onerror=alert(1)>",
    "</title><{tag}>alert(1)</{tag}>",
    '"><{tag} autofocus onfocus=alert(1)>',
    "'><{tag} onmouseover=alert(1)>",
    "<{tag}/onload=alert(1)//",
    "]]><{tag}>alert(1)</{tag}>",
    "--><{tag} onload=alert(1)>",
    "</style></script><{tag} onload=alert(1)>",
    "&lt;{tag}&gt;<{tag} onload=alert(1)>",
)
_LINKS = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    'https://status.example.com/"onmouseover=alert(1)//',
    "https://status.example.com/'onmouseover=alert(1)//",
    "https://status.example.com/<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "{{ 7 * 7 }}{% include 'x' %}",
    "${7*7}#{7*7}",
    "</script><script>alert(1)</script>",
    "\u2028alert(1)//\u2029",
    "<a href='javascript:alert(1)'>x</a>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example>",
    "<form action=//evil.example><button>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
)
PAYLOADS = (*(shape.format(tag=tag) for tag in _TAGS for shape in _SHAPES), *_LINKS)
ALLOWED = {"script": 1, "data": 1, "style": 1, "form": 0, "iframe": 0, "object": 0, "base": 0, "math": 0, "img": 0, "video": 0}


class Elements(HTMLParser):
    """What a browser would build from a page."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.feed(body)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        tag = "data" if ("type", "application/ld+json") in attributes else tag  # which no browser runs
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.handlers += [name for name, _ in attributes if name.startswith("on")]
        self.addresses += [value or "" for name, value in attributes if name in ("href", "src", "action")]


def attacked(payload: str) -> Snapshot:
    """The payload wherever a person or a target could have put it."""
    hostile: PublicIncident = incident(
        1,
        titles={"en": payload},
        updates=(update(1, 5, texts={"en": f"before {payload} after"}),),
        permalinks=(Permalink("mastodon", payload, "en", payload), Permalink(payload, "x", "en", "https://social.example.com/1")),
    )
    named = replace(components(1)[0], names={"en": payload}, descriptions={"en": payload})
    group = replace(groups()[0], names={"en": payload})
    return snapshot(components=(named,), groups=(group,), incidents=(hostile,), codes=(replace(code(payload), url=payload),))


@pytest.mark.parametrize("payloads", [PAYLOADS[number::6] for number in range(6)], ids=range(6))
def test_a_hostile_text_stays_a_text_in_every_output(payloads: tuple[str, ...]) -> None:
    """X19: 120 payloads x 6 outputs (front page, code page, badge, Atom, RSS with JSON Feed, API) over the six runs of this test."""
    assert len(PAYLOADS) == 120

    for payload in payloads:
        found = cleaned(attacked(payload))
        feed = feed_of(found, "en", title="t", description="d", warning="w")
        pages = Pages(found.page, wording())
        harmless(pages.front(found, "en").decode(), payload)
        harmless(pages.code(found.codes[0]).decode(), payload)
        harmless_badge(plain.badge(payload, payload, found.components[0].status), payload)
        harmless_entry(feeds.atom(feed), payload)
        assert b"<script" not in feeds.rss(feed).lower() and b"<script" not in feeds.json_feed(feed).lower()
        assert b"<" not in ApiV2(found).files()["/api/v2/summary.json"]


def harmless(html: str, payload: str) -> None:
    page = Elements(html)
    assert page.handlers == [], payload
    assert all(page.counts.get(tag, 0) <= most for tag, most in ALLOWED.items()), payload
    assert all(re.match(r"(https?://(status|social)\.example\.com|/|#|data:,$)", address) for address in page.addresses), payload
    assert "49" not in "".join(re.findall(r"before (.*?) after", html, re.DOTALL)), payload
    for data in re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL):
        assert json.loads(data)["@context"] == "https://schema.org" and "<" not in data, payload


def harmless_badge(svg: bytes, payload: str) -> None:
    root = etree.fromstring(svg)
    assert {etree.QName(element).localname for element in root.iter()} == {"svg", "rect", "path", "g", "text"}, payload


def harmless_entry(atom: bytes, payload: str) -> None:
    entry = feedparser.parse(atom, sanitize_html=False).entries[0]
    page = Elements(entry.content[0].value)
    assert set(page.counts) <= {"p", "time", "br"} and page.handlers == [], payload


def test_the_ids_in_links_come_from_our_own_alphabet() -> None:
    assert re.fullmatch(r"[a-z0-9]{12}", identifier("in", 1))
    assert PurePosixPath("en/incidents/in0000000001/index.html") in builder().hot(snapshot(incidents=(incident(1),)), 1)
