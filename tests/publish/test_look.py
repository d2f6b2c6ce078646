"""Colours that can be read, the product's and the bank's."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from statuspage.core import contrast
from statuspage.core.theme import DARK_PAPERS, LIGHT_PAPERS, LINK, LINK_DARK, Theme
from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish.assets import STATIC, load_assets
from statuspage.publish.logo import MOST_BYTES, inline_logo
from statuspage.publish.page import Pages
from tests.publish.drawing import DAMAGED
from tests.publish.samples import PAGE, snapshot, wording

SHEET = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    {name: "#fff" + "fff" if colour == "#fff" else colour for name, colour in re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", part)}
    for part in SHEET.split("@media (prefers-color-scheme: dark)")
)
COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_the_papers_that_are_measured_are_those_of_the_style_sheet() -> None:
    assert (LIGHT["paper"], LIGHT["card"]) == LIGHT_PAPERS
    assert (DARK["paper"], DARK["card"]) == DARK_PAPERS


@pytest.mark.parametrize("tokens", [LIGHT, DARK])
def test_every_colour_of_words_is_read_on_every_ground_where_it_stands(tokens: dict[str, str]) -> None:
    papers = (tokens["paper"], tokens["card"])

    for status in ComponentStatus:
        assert contrast.worst(tokens[str(status)], (*papers, tokens[f"{status}-soft"])) >= contrast.TEXT, status
        assert contrast.worst(tokens["ink"], (*papers, tokens[f"{status}-soft"])) >= 7
        assert contrast.worst(tokens["muted"], (*papers, tokens[f"{status}-soft"])) >= contrast.TEXT
        assert contrast.worst(LINK if tokens is LIGHT else LINK_DARK, (*papers, tokens[f"{status}-soft"])) >= contrast.TEXT


def test_the_ratio_is_that_of_wcag() -> None:
    assert contrast.ratio("#000000", "#ffffff") == pytest.approx(21)
    assert contrast.ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast.ratio("#ff0000", "#ffffff") == pytest.approx(4.0, abs=0.005)


@given(COLOURS)
def test_letters_on_any_colour_of_a_bank_can_be_read(colour: str) -> None:
    assert contrast.ratio(contrast.readable_on(colour), colour) >= contrast.TEXT


@given(COLOURS, st.sampled_from([LIGHT_PAPERS, DARK_PAPERS]))
def test_the_nearest_colour_would_do_and_is_the_same_where_it_does(colour: str, papers: tuple[str, ...]) -> None:
    found = contrast.nearest(colour, papers)

    assert contrast.worst(found, papers) >= contrast.TEXT
    assert (found == colour) == (contrast.worst(colour, papers) >= contrast.TEXT)


def test_the_bank_s_colours_and_logo_stand_in_its_pages_and_in_the_policy() -> None:
    page = replace(PAGE, theme=Theme("#ffcc00", "#aa0000", "#ffaaaa", "data:image/png;base64,AAAA", 40))

    told = Pages(page, wording(page)).front(snapshot(page=page), "en").decode()

    assert "--band:#ffcc00;--on-band:#000000;--link:#aa0000" in told
    assert '<img src="data:image/png;base64,AAAA" alt="" width="40" height="24">' in told
    assert load_assets(page.theme).hashes["style"] in told
    assert load_assets(page.theme).hashes != load_assets().hashes


@pytest.mark.parametrize("size", [(30, 30), (2000, 300), (40, 900)])
def test_a_logo_is_made_small_enough_to_stand_in_the_page(size: tuple[int, int]) -> None:
    stream = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGBA").save(stream, "PNG")

    address, width = inline_logo(stream.getvalue())

    assert address.startswith("data:image/png;base64,") and len(address) <= MOST_BYTES * 4 / 3 + 30
    assert 1 <= width <= 160


@pytest.mark.parametrize("png", [b"", *DAMAGED])
def test_what_is_no_picture_is_left_out(png: bytes) -> None:
    assert inline_logo(png) == ("", 0)
