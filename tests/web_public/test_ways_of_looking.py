"""Other ways of looking: narrow, zoomed to 400 %, printed, in forced colours, with less motion, without script or style, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from statuspage.core.theme import Theme
from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish.page import Pages
from tests.end_to_end.browser import chromium
from tests.publish.samples import LANGUAGES, NOW, PAGE, components, maintenance, outage, snapshot, warning, wording
from tests.web_public.looking import page_served, visitor
from tests.web_public.states import STATES, body, other_pages, partial

pytestmark = pytest.mark.browser
ZOOMED = {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4}  # what 1280 x 1024 leaves at 400 % (WCAG 1.4.10)
WIDE = """[...document.querySelectorAll('body *')]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 200))"""
OUT_OF_CARD = """[...document.querySelectorAll('.card *, .answer *')].filter(one => !(one instanceof SVGElement)
    && one.getBoundingClientRect().right > one.closest('.card, .answer').getBoundingClientRect().right + 1)
    .map(one => one.outerHTML.slice(0, 200))"""
COLOURS = """[...document.querySelectorAll("html, body, body *")].map(one => getComputedStyle(one))
    .map(one => [one.color, one.backgroundColor, one.borderLeftColor, one.stroke, one.fill, one.colorScheme].join())"""
STOP = "(one => one === document.body ? null : [one.outerHTML.slice(0, 120), getComputedStyle(one).outlineStyle])(document.activeElement)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@contextmanager
def shown(browser: Browser, html: bytes, **how: Any) -> Iterator[Page]:
    """The page, everything on it unfolded."""
    with page_served(html, NOW) as address, visitor(browser, address, NOW, **how) as context:
        page = context.new_page()
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        yield page


def test_nothing_scrolls_sideways_at_400_percent(browser: Browser) -> None:
    everything = {state: body(state, "de") for state in STATES} | other_pages("de")
    everything["warned"] = Pages(PAGE, wording()).front(replace(partial(), warnings=(warning(),)), "de")
    wide: dict[str, list[str]] = {}

    for name, html in everything.items():
        with shown(browser, html, **ZOOMED) as page:
            if found := page.evaluate(WIDE) or page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide[name] = found

    assert wide == {}


@pytest.mark.parametrize("name", ["A" * 57, "Wertpapierverrechnungskontenabstimmungsdienststelle Nr 00"])
@pytest.mark.parametrize("width", [320, 1280])
def test_names_without_a_blank_stay_on_the_screen(browser: Browser, name: str, width: int) -> None:
    longer = tuple(replace(one, names={"de": name}, descriptions={"de": name}) for one in partial().components)
    found, pages = replace(partial(), components=longer, maintenances=(maintenance(),)), Pages(PAGE, wording())
    everything = {
        "front": pages.front(found, "de"),
        "work": pages.subject(found, found.maintenances[0], "de"),
        "follow": pages.stay(longer, "de"),
        "report": pages.report(longer, "de"),
    }
    wide: dict[str, list[str]] = {}

    for place, html in everything.items():
        with shown(browser, html, viewport={"width": width, "height": 640}) as page:
            if outside := page.evaluate(WIDE) or page.evaluate(OUT_OF_CARD):
                wide[place] = outside

    assert wide == {}


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_scrolls_sideways_at_320_pixels_or_on_a_desktop_with_letters_twice_as_large(browser: Browser, language: str) -> None:
    for state in ("partial", "planned"):
        with shown(browser, body(state, language), viewport={"width": 320, "height": 640}) as page:
            assert page.evaluate(WIDE) == []
            page.set_viewport_size({"width": 1024, "height": 640})
            page.evaluate("document.documentElement.style.fontSize = '200%'")  # as a reader's own setting
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_in_forced_colours_states_keep_their_shapes_words_and_heights(browser: Browser) -> None:
    every = snapshot(components=components(12, dict(enumerate(ComponentStatus))))

    with shown(browser, Pages(PAGE, wording()).front(every, "en"), forced_colors="active") as page:
        assert page.evaluate("matchMedia('(forced-colors: active)').matches")
        for status in ComponentStatus:
            line = page.locator(f".status.{status}").first
            expect(line).to_have_text(wording().state(status, "en"))
            expect(line.locator("use")).to_have_attribute("href", f"#{status}")
        drawn = page.locator(".bar path").evaluate_all("all => new Set(all.map(one => getComputedStyle(one).stroke)).size")
        borders = page.locator(".answer, .card").evaluate_all("all => all.every(one => getComputedStyle(one).borderTopStyle === 'solid')")
    assert drawn == 1 and borders


def test_printed_it_is_whole_and_has_no_forms(browser: Browser) -> None:
    with shown(browser, Pages(PAGE, wording()).front(partial(), "en")) as page:
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = false)")
        page.emulate_media(media="print")

        bad_days = page.locator(".component details li")
        heights = bad_days.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
        for gone in (".tongues", ".follow", ".deeds", ".skip"):
            expect(page.locator(gone)).to_be_hidden()
        for there in (".answer", ".safety >> nth=0", "#services", "#made"):
            expect(page.locator(there)).to_be_visible()
    assert len(heights) > 3 and all(height > 0 for height in heights)


@pytest.mark.parametrize("name", ["front", "incident"])
def test_printed_from_a_dark_screen_every_colour_is_that_of_a_light_one(browser: Browser, name: str) -> None:
    found = partial()
    pages = Pages(replace(PAGE, theme=Theme(link="#0a4f8f", link_dark="#9fd0ff")), wording())
    html = pages.front(found, "en") if name == "front" else pages.subject(found, found.incidents[0], "en")
    seen = []

    for scheme in ("light", "dark"):
        with shown(browser, html, color_scheme=scheme) as page:
            page.emulate_media(media="print", color_scheme=scheme)
            seen.append(page.evaluate(COLOURS))

    assert seen[0] == seen[1]


@pytest.mark.parametrize(("motion", "behaviour"), [("reduce", "auto"), ("no-preference", "smooth")])
def test_nothing_moves_for_who_wants_less_motion(browser: Browser, motion: str, behaviour: str) -> None:
    moving = "[...document.querySelectorAll('*')].filter(one => getComputedStyle(one).animationName !== 'none')"

    with shown(browser, body("partial", "en"), reduced_motion=motion) as page:
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == behaviour
        assert page.evaluate(f"{moving}.length") == 0
        if motion == "reduce":
            lasting = "[...document.querySelectorAll('*')].filter(one => parseFloat(getComputedStyle(one).transitionDuration) > 0).length"
            assert page.evaluate(lasting) == 0


def test_without_style_and_script_it_reads_like_a_letter(browser: Browser) -> None:
    plain = re.sub(r"<style>.*?</style>", "", body("partial", "en").decode(), flags=re.DOTALL).encode()

    with page_served(plain, NOW) as address, visitor(browser, address, None, script=False) as context:
        page = context.new_page()
        page.goto(address)
        told = page.locator("body").inner_text()

    order = [
        "Example Bank Service status",
        "Some of our services are down",
        "Logging in does not work.",
        "Affected",
        "Since",
        "Still working",
        "What to do",
        "Next update",
        "We never ask",
        "As of",
        "I have this problem too",
        "What is happening now",
        "Planned work",
        "Services",
        "Recent past",
        "Stay informed",
        "This page is made anew every minute",
    ]
    places = [told.find(words) for words in order]
    assert -1 not in places and places == sorted(places), list(zip(order, places, strict=True))
    assert "Logging in Down" in " ".join(told.split())


def test_the_keyboard_alone_reaches_every_stop_and_sees_where_it_is(browser: Browser) -> None:
    """At most 80 stops on the page of forty services, every one with a visible outline, and nothing holds the focus."""
    html = Pages(PAGE, wording()).front(outage(count=40, updates=6), "en")

    with page_served(html, NOW) as address, visitor(browser, address, NOW) as context:
        page = context.new_page()
        page.goto(address)
        seen: list[str] = []
        bare: list[str] = []
        for _ in range(90):
            page.keyboard.press("Tab")
            stop = page.evaluate(STOP)
            if stop is None:
                break
            seen.append(stop[0])
            bare += [stop[0]] if stop[1] == "none" else []

    assert 20 < len(seen) <= 80 and bare == []
    assert sum("<summary" in one for one in seen) > 20
