"""What a worried customer sees without scrolling on a small phone, in words, in every language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, ViewportSize, expect

from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish.answer import answer
from statuspage.publish.page import Pages
from statuspage.publish.snapshot import Lasting, Snapshot
from statuspage.publish.views import Views
from tests.end_to_end.browser import chromium
from tests.publish.samples import LANGUAGES, NOW, PAGE, component, incident, snapshot, wording
from tests.web_public.looking import page_served, visitor
from tests.web_public.states import STATES, body, partial

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 640}
SMALLEST = {"width": 320, "height": 568}
BANK = yaml.safe_load((Path(__file__).parent.parent.parent / "examples/realistic-bank.yaml").read_text(encoding="utf-8"))
SYMPTOM = "code_late"
ADVICE = ("cards_ok", "no_repeat")
HIDDEN = """height => [...document.querySelectorAll(".answer h1, .answer__lead, .answer dt, .answer dd, .answer .safety")]
    .filter(one => !one.checkVisibility() || one.getBoundingClientRect().bottom > height).map(one => one.textContent)"""
MAJOR = ComponentStatus.MAJOR_OUTAGE
BOTTOM = "element => element.getBoundingClientRect().bottom"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_answer_stands_on_the_first_screen(browser: Browser, language: str) -> None:
    with page_served(body("partial", language), NOW) as address, visitor(browser, address, NOW, viewport=PHONE) as context:
        page = context.new_page()
        page.goto(address)
        answer = page.locator(".answer")

        expect(page.locator(".answer .count[data-by]")).not_to_be_empty()
        for words in (
            wording().text("headline.partial_outage", language),
            wording().symptom("login", "", language),
            wording().text("answer.since", language),
            wording().text("answer.works", language),
            wording().advice("cards_ok", language),
            wording().text("next_update", language),
            wording().safety(language),
        ):
            expect(answer).to_contain_text(words)
        assert answer.locator(".safety").evaluate(BOTTOM) <= PHONE["height"]


def real(language: str) -> Snapshot:
    """A bank with the names that a bank gives, of which the longest are hit: two messages are open, and the promised update is late."""
    names: dict[str, dict[str, str]] = {one["slug"]: one["name"] for one in BANK["components"]}
    longest = sorted(names, key=lambda slug: len(names[slug][language]), reverse=True)
    hit, sound = longest[:4], longest[4:9]
    shown = tuple(
        component(number, MAJOR if slug in hit else ComponentStatus.OPERATIONAL, slug=slug, names=names[slug], group_id=None)
        for number, slug in enumerate(names)
    )
    ids = {one.slug: one.id for one in shown}
    told = incident(1, 2, component_ids=tuple(ids[slug] for slug in hit), next_update_by=NOW - timedelta(minutes=4))
    other = incident(2, 1, component_ids=(ids[hit[-1]],))
    now = Lasting(NOW - timedelta(minutes=30), SYMPTOM, advice=ADVICE, works=tuple(ids[slug] for slug in sound))
    return snapshot(components=shown, incidents=(told, other), lasting={told.id: now})


@pytest.mark.parametrize("screen", [SMALLEST, PHONE], ids=["320", "360"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_of_a_bank_with_long_names_stands_on_the_first_screen_of_the_smallest_phones(
    browser: Browser, language: str, screen: ViewportSize
) -> None:
    found = real(language)
    told, text = answer(Views(found, wording(), language)), wording().text

    with (
        page_served(Pages(found.page, wording()).front(found, language), NOW) as address,
        visitor(browser, address, NOW, viewport=screen) as context,
    ):
        page = context.new_page()
        page.goto(address)

        expect(page.locator(".answer .count[data-by]")).not_to_be_empty()
        assert told.facts[0].text and len(found.components) == len(BANK["components"]) == 40
        wanted = [told.headline, wording().symptom(SYMPTOM, "", language), told.more, wording().safety(language)]
        for fact in told.facts:
            wanted += [fact.label, *([fact.text] if fact.text else [])]
        wanted += [text("answer.affected", language), text("answer.since", language), text("next_update", language)]
        wanted += [text("answer.works", language), *(wording().advice(key, language) for key in ADVICE)]
        for words in wanted:
            expect(page.locator(".answer")).to_contain_text(words)
        hidden = page.evaluate(HIDDEN, screen["height"])
        assert hidden == [], "below the fold"
        assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"]


@pytest.mark.parametrize("screen", [SMALLEST, PHONE], ids=["320", "360"])
@pytest.mark.parametrize("state", STATES)
def test_every_state_is_told_on_the_first_screen(browser: Browser, state: str, screen: ViewportSize) -> None:
    with page_served(body(state, "de"), NOW) as address, visitor(browser, address, NOW, viewport=screen) as context:
        page = context.new_page()
        page.goto(address)

        expect(page.locator("#age")).to_have_text("gerade eben")
        assert page.locator(".answer .safety").evaluate(BOTTOM) <= screen["height"]


def test_three_names_are_shown_or_two_where_they_are_long() -> None:
    short, long = (
        ("Cards", "Codes", "Loans", "Bonds"),
        ("Payments to other banks in Europe", "Orders of shares and funds", "Log in", "Cards"),
    )

    def told(names: tuple[str, ...]) -> str:
        hit = tuple(component(number, MAJOR, names={"en": name}) for number, name in enumerate(names))
        return answer(Views(snapshot(components=hit), wording(), "en")).facts[0].text

    assert told(short[:3]) == "Cards, Codes, Loans"
    assert told(short) == "Cards, Codes, Loans and 1 more"
    assert told(long) == "Payments to other banks in Europe, Orders of shares and funds and 2 more"


def test_the_head_of_a_small_phone_is_one_row_and_languages_keep_their_names_for_screen_readers(browser: Browser) -> None:
    with page_served(body("partial", "de"), NOW) as address, visitor(browser, address, NOW, viewport=SMALLEST) as context:
        page = context.new_page()
        page.goto(address)

        assert page.locator(".band").evaluate("one => one.getBoundingClientRect().height") <= 48
        for name in ("English", "Español", "Nederlands", "Français", "Deutsch"):
            expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("seconds_left", "told"),
    [(600, "within 10 min"), (565, "within 10 min"), (95, "within 2 min"), (45, "within 1 min"), (-15, "due now"), (-61, "late by 1 min")],
)  # each with half a minute and more to spare: the page's clock goes on while a busy machine opens it
def test_the_countdown_rounds_so_that_it_is_true(browser: Browser, seconds_left: int, told: str) -> None:
    found = replace(partial(), incidents=(incident(1, 2, next_update_by=NOW + timedelta(seconds=seconds_left)),))

    with page_served(Pages(PAGE, wording()).front(found, "en"), NOW) as address, visitor(browser, address, NOW) as context:
        page = context.new_page()
        page.goto(address)

        expect(page.locator(".answer .count[data-by]")).to_have_text(told)


@pytest.mark.parametrize("clock", [NOW, NOW + timedelta(hours=5), NOW - timedelta(days=1)])
def test_the_countdown_goes_by_the_server_s_clock(browser: Browser, clock: datetime) -> None:
    """The copy is 14 minutes old, the promise 4 minutes late."""
    with page_served(body("partial", "en"), NOW + timedelta(minutes=14)) as address, visitor(browser, address, clock) as context:
        context.add_init_script("addEventListener('DOMContentLoaded', () => document.dispatchEvent(new Event('visibilitychange')))")
        page = context.new_page()
        page.goto(address)

        expect(page.locator("#stale")).to_be_visible(timeout=60_000)
        expect(page.locator(".answer .count[data-by]")).to_have_text("late by 4 min")


def test_without_script_the_moment_stands_alone(browser: Browser) -> None:
    with page_served(body("partial", "en"), NOW) as address, visitor(browser, address, None, script=False) as context:
        page = context.new_page()
        page.goto(address)

        expect(page.locator(".answer dd.next")).to_have_text("Sun 14:45 CET")


def test_a_second_open_incident_is_counted_and_the_gravest_is_told() -> None:
    later = incident(2, 1, started_at=NOW - timedelta(minutes=5))
    found = replace(partial(), incidents=(later, *partial().incidents))

    told = Pages(PAGE, wording()).front(found, "en").decode()

    assert "Logging in does not work. One more message is below." in told
    assert Pages(PAGE, wording()).front(snapshot(), "en").decode().count("more message") == 0
