"""What other sites, networks and machines show of the page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from statuspage.publish.build import Files
from statuspage.publish.headers import RouteClass, headers_for
from statuspage.publish.page import Pages
from statuspage.publish.site import route_class
from statuspage.publish.snapshot import Snapshot
from statuspage.words.interface import load_interface
from statuspage.words.reading import LIMIT, measure
from tests.publish.samples import LANGUAGES, NOW, PAGE, builder, maintenance, outage, snapshot, update, wording

EXAMPLES = Path(__file__).parents[2] / "examples"
CARD = PurePosixPath("en/card.htm")


@pytest.fixture(scope="module")
def files() -> Files:
    return builder().hot(outage(), 1)


def linked(body: bytes) -> Any:
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', body.decode(), re.DOTALL)
    assert len(found) == 1
    return json.loads(found[0])


def test_the_card_tells_the_state_and_may_be_framed_by_anybody(files: Files) -> None:
    body = files[CARD].body.decode()

    headers = headers_for(route_class(CARD), {"style": "sha256-a", "script": "sha256-b"})

    assert "Some of our services are down" in body and "Affected: Logging in, Security codes" in body
    assert "<script" not in body and 'target="_blank"' in body
    assert route_class(CARD) is RouteClass.FRAME and "X-Frame-Options" not in headers
    assert "frame-ancestors *" in headers["Content-Security-Policy"] and "style-src 'sha256-a'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"] and headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_nobody_may_frame_anything_else() -> None:
    for route in set(RouteClass) - {RouteClass.FRAME}:
        assert "frame-ancestors 'none'" in headers_for(route)["Content-Security-Policy"]
        assert headers_for(route)["X-Frame-Options"] == "DENY"


def test_a_shared_link_tells_the_state(files: Files) -> None:
    body = files[PurePosixPath("en/index.html")].body

    assert b'<meta property="og:title" content="Some of our services are down">' in body
    assert b'<meta property="og:url" content="https://status.example.com/en/">' in body
    assert linked(body) | {"@type": "WebPage", "inLanguage": "en"} == linked(body)


def test_an_incident_is_told_to_machines_with_all_that_was_said_and_nothing_breaks_out() -> None:
    evil = outage().incidents[0]
    evil = replace(evil, titles={"en": "</script><b>"}, updates=(update(1, 5, texts={"en": "A & B </script>\u2028"}),))

    told = linked(Pages(PAGE, wording()).subject(snapshot(incidents=(evil,)), evil, "en"))

    assert told["name"] == "</script><b>" and told["@type"] == "LiveBlogPosting"
    assert [one["articleBody"] for one in told["liveBlogUpdate"]] == ["A & B </script>"]


@pytest.mark.parametrize(("cancelled", "status"), [(False, "EventScheduled"), (True, "EventCancelled")])
def test_planned_work_is_an_event_that_is_scheduled_or_cancelled(cancelled: bool, status: str) -> None:
    work = maintenance(1, cancelled=cancelled)

    told = linked(Pages(PAGE, wording()).subject(snapshot(maintenances=(work,)), work, "en"))

    assert (told["@type"], told["eventStatus"]) == ("Event", f"https://schema.org/{status}")


@pytest.mark.parametrize(("automatic", "told"), [(True, "Our own checks saw it."), (False, "Our staff saw it, or customers told us.")])
def test_an_incident_says_how_it_was_noticed(automatic: bool, told: str) -> None:
    incident = replace(outage().incidents[0], automatic=automatic)

    assert told in Pages(PAGE, wording()).subject(snapshot(incidents=(incident,)), incident, "en").decode()


def test_a_lead_over_the_first_report_is_told() -> None:
    incident = replace(outage().incidents[0], automatic=True, lead_s=240.0)

    body = Pages(PAGE, wording()).subject(snapshot(incidents=(incident,)), incident, "en").decode()

    assert "Our own checks saw it. We said so 4 min before the first customer told us." in body


def test_what_machines_read_of_a_statement_keeps_its_lines_apart(files: Files) -> None:
    own = next(body.body for path, body in files.items() if path.match("en/incidents/*/index.html"))

    told = linked(own)["liveBlogUpdate"][0]["articleBody"]

    assert "looking for the cause.\nAffected: Logging in." in told and "<" not in told


def told_to_finders(found: Snapshot) -> str:
    place = PurePosixPath(".well-known/security.txt")
    return builder(found.page).hot(found, 1)[place].body.decode()


def test_finders_of_holes_are_told_where_to_write_for_more_than_half_a_year() -> None:
    page = replace(PAGE, security_contact="mailto:security@example.com")

    text = told_to_finders(snapshot(page=page))

    assert text.startswith("Contact: mailto:security@example.com\nExpires: 2027-07-01T00:00:00Z\n")
    assert told_to_finders(snapshot(page=page, made_at=NOW + timedelta(days=7))) == text
    assert PurePosixPath(".well-known/security.txt") not in builder().hot(snapshot(), 1)


@pytest.mark.parametrize("name", ["demonstration.yaml", "realistic-bank.yaml"])
def test_the_examples_tell_finders_of_holes_where_to_write(name: str) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")

    assert re.search(r"^  security_contact: mailto:\S+@\S+\.example\b", text, re.MULTILINE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_two_sentences_or_more_is_easy_to_read(language: str) -> None:
    found = {key: forms["other"].fill(lambda _slot: "Abc") for key, forms in load_interface(language).items() if key.startswith("public.")}

    longer = {
        key: measure(text).lix for key, text in found.items() if len(re.findall(r"[.!?](?:\s|$)", text)) >= 2 and measure(text).words > 8
    }

    assert len(longer) >= 5
    assert {key: lix for key, lix in longer.items() if lix >= LIMIT} == {}
