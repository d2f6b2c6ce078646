"""What a network shows beside a shared link: the page's own words, and a picture that is true however long it is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest

from statuspage.publish.build import Files
from statuspage.publish.page import Pages
from statuspage.publish.snapshot import Month, PublicCode
from tests.publish.samples import LANGUAGES, NOW, PAGE, builder, code, outage, wording

OWN = "https://status.example.com"
CODE_PAGE = PurePosixPath("u/K7Q2MXP/index.html")
ABOUT = ("en/incidents/in0000000001/index.html", "en/maintenance/ma0000000001/index.html", "u/K7Q2MXP/index.html", "en/index.html")


class Head(HTMLParser):
    """What a network reads: the properties and names of <meta>."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.told: dict[str, str] = {}
        self.feed(body.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        name = found.get("property") or found.get("name")
        if tag == "meta" and name:
            assert name not in self.told, f"{name} stands there twice"
            self.told[name] = found.get("content") or ""


@pytest.fixture(scope="module")
def files() -> Files:
    return builder().hot(outage(), 1)


def told(files: Files, path: str) -> dict[str, str]:
    return Head(files[PurePosixPath(path)].body).told


def code_told(found: PublicCode) -> dict[str, str]:
    return Head(Pages(PAGE, wording()).code(found)).told


@pytest.mark.parametrize("path", ABOUT)
def test_every_page_that_people_share_has_all_that_a_network_shows(files: Files, path: str) -> None:
    found = told(files, path)

    for name in ("og:title", "og:description", "og:site_name", "og:type", "og:image:alt", "description"):
        assert found[name], name
    assert found["og:url"] == f"{OWN}/{path.removesuffix('index.html')}"
    assert found["og:image"].startswith(f"{OWN}/en/") and found["og:image"].endswith(".jpg")
    assert (found["og:image:width"], found["og:image:height"], found["twitter:card"]) == ("1200", "630", "summary_large_image")


def test_an_incident_tells_its_title_and_where_it_stands(files: Files) -> None:
    found = told(files, ABOUT[0])

    assert found["og:title"] == "Logging in: Logging in does not work."
    assert found["og:description"] == "Cause found: Logging in"
    assert found["og:image"] == f"{OWN}/en/page.jpg"


def test_a_code_tells_whose_words_of_which_moment_they_are_and_the_words_themselves() -> None:
    found = code_told(code())

    assert found["og:title"] == "Example Bank, Sun 22 Nov 2026 14:06 CET: our exact words"
    assert found["og:description"] == found["description"] == code().text
    assert found["og:image"] == f"{OWN}/en/page.jpg"
    assert found["og:image:alt"].startswith("Example Bank. Service status. We never ask for your password")


def test_nothing_beside_the_link_calls_genuine_what_a_stranger_may_have_written_above_it() -> None:
    """Anybody may post a fake with the address of a real message: the preview then shows other words, and no seal."""
    assert not [value for value in code_told(code()).values() if "genuine" in value.lower()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_is_told_in_the_language_of_its_message(language: str) -> None:
    found = code_told(replace(code(), language=language))

    assert found["og:image"] == f"{OWN}/{language}/page.jpg"
    assert wording().safety(language).rstrip(".") in found["og:image:alt"]
    assert (
        wording().text("code.words", language, bank=PAGE.bank, moment=wording().moment(code().at, language, year=True)) == found["og:title"]
    )


def test_letters_of_a_message_cannot_leave_their_place() -> None:
    evil = '"><script>alert(1)</script>\n& more'

    assert code_told(replace(code(), text=evil))["og:description"] == evil


def test_a_code_s_page_says_the_same_long_after(files: Files) -> None:
    over = replace(outage(), made_at=NOW + timedelta(days=30), incidents=())
    month = Month(2026, 11, (), (replace(code(), subject_id="x"),))

    late = builder().archive(over, month, {"x"})

    assert late[CODE_PAGE].body == files[CODE_PAGE].body


def test_networks_may_fetch_the_page_of_a_code_and_search_engines_do_not_list_it(files: Files) -> None:
    assert files[PurePosixPath("robots.txt")].body == b"User-agent: *\nDisallow:\n"
    assert told(files, "u/K7Q2MXP/index.html")["robots"] == "noindex"
    assert told(files, "u/unknown/index.html")["robots"] == "noindex"
    assert "robots" not in told(files, "u/index.html") and "robots" not in told(files, ABOUT[0])
