"""The small file that an open page asks for: the age of the copy, and whether the front page says anything else than before."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest

from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish.page import Pages
from statuspage.publish.snapshot import Permalink, Snapshot
from tests.publish.samples import (
    LANGUAGES,
    NOW,
    PAGE,
    builder,
    code,
    component,
    components,
    days,
    incident,
    outage,
    update,
    warning,
    wording,
)

SMALL = PurePosixPath("fresh.json")
BASE = outage()
NEWS = {
    "an update": replace(BASE, incidents=(incident(1, 7), *BASE.incidents[1:])),
    "a translation": replace(BASE, incidents=(incident(1, updates=(update(1, 5, texts={"en": "So", "nl": "Zo"}),)),)),
    "a state": replace(BASE, components=components(12, {0: ComponentStatus.PARTIAL_OUTAGE})),
    "a promise": replace(BASE, incidents=(incident(1, 6, next_update_by=NOW + timedelta(hours=1)), *BASE.incidents[1:])),
    "a post": replace(BASE, incidents=(incident(1, 6, permalinks=(Permalink("x", "x-en", "en", "https://x.example/1"),)),)),
    "a warning": replace(BASE, warnings=(warning(),)),
    "impaired": replace(BASE, impaired=True),
    "a new day": replace(BASE, made_at=NOW + timedelta(hours=11)),
    "a new phone number": replace(BASE, page=replace(PAGE, phone="900 654 321")),
}
SAME = {
    "a heartbeat": replace(BASE, made_at=NOW + timedelta(minutes=1)),
    "more seconds of today": replace(
        BASE, components=(replace(BASE.components[0], days=days({0: (ComponentStatus.MAJOR_OUTAGE, 60)})), *BASE.components[1:])
    ),
    "another response time": replace(BASE, components=(replace(BASE.components[0], answers_s=0.3), *BASE.components[1:])),
    "a code": replace(BASE, codes=(*BASE.codes, replace(code(), code="ABCDEFG"))),
}


def small(found: Snapshot) -> Any:
    return json.loads(builder(found.page).hot(found, 1)[SMALL].body)


@pytest.mark.parametrize("news", NEWS)
def test_another_content_of_the_front_page_is_another_version(news: str) -> None:
    assert NEWS[news].version != BASE.version


@pytest.mark.parametrize("nothing", SAME)
def test_figures_that_move_by_themselves_are_no_other_version(nothing: str) -> None:
    assert SAME[nothing].version == BASE.version


def test_equal_snapshots_are_of_one_version_and_different_ones_are_not() -> None:
    assert outage().version == outage().version
    assert len({one.version for one in NEWS.values()}) == len(NEWS)
    assert replace(BASE, components=(component(0),)).version != BASE.version


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_small_file_names_the_version_of_the_page_and_has_the_words_of_its_stamp(language: str) -> None:
    body = Pages(PAGE, wording()).front(BASE, language).decode()

    told = small(BASE)

    stamp = f'<time id="made" datetime="{told["made_at"]}" data-page="{told["page"]}">{told["made"][language]}</time>'
    assert stamp in body
    assert re.search(r'id="said"[^>]* data-fresh="/fresh.json"', body)


def test_under_a_path_the_small_file_is_asked_for_there() -> None:
    page = replace(PAGE, url="https://bank.example/status")

    body = Pages(page, wording(page)).front(replace(BASE, page=page), "en").decode()

    assert 'data-fresh="/status/fresh.json"' in body


def test_it_is_small() -> None:
    assert len(builder().hot(BASE, 1)[SMALL].body) < 700
