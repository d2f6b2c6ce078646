"""The page of a message checks its signature by itself: right, wrong, or not to be checked here. In a real browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from statuspage.outside import Folder
from statuspage.publish.build import Builder
from statuspage.publish.page import Pages
from statuspage.publish.signing import Signer, keys_file, message_file
from statuspage.publish.snapshot import PublicCode
from statuspage.publish.writer import Edition, Writer
from tests.end_to_end.browser import chromium
from tests.publish.samples import LANGUAGES, NOW, PAGE, code, outage, wording
from tests.web_public.serving import served
from tests.web_public.test_outlasting import any_static_server

pytestmark = pytest.mark.browser
WAIT_MS = 60_000
OURS, STRANGER = Signer((b"n" * 32, b"o" * 32)), Signer((b"x" * 32,))
BEFORE = Signer(OURS.seeds[1:])  # as it signed before the newest key was made
TEXT = "Anmelden geht nicht.\n\n  Ab 14:05 <MEZ> & länger \U0001f6d1\nWir fragen nie nach Codes."
CODES = {one: replace(code(TEXT), code=f"K7Q2MX{letter}", language=one) for one, letter in zip(LANGUAGES, "ABCDE", strict=True)}
GERMAN = CODES["de"]
SIGNED, KEYS, SHOWN = f"u/{GERMAN.code}/signed.json", ".well-known/statuspage-keys.json", f"u/{GERMAN.code}/index.html"
ALARM = "Trauen Sie dieser Nachricht nicht"
AT_ONCE = """
    const real = setTimeout;
    window.waited = [];
    window.setTimeout = (what, ms) => { waited.push(ms); return real(what, 0); };
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only to be read."""
    found = replace(outage(), codes=tuple(CODES.values()))
    place = tmp_path_factory.mktemp("signed")
    for _ in Writer(Folder(place)).write(Edition(PAGE, 1, NOW, Builder(wording(), lambda: OURS).hot(found, 1))):
        pass
    return place


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """In which nobody waits."""
    with browser.new_context() as made:
        made.add_init_script(AT_ONCE)
        yield made


def opened(context: BrowserContext, port: int, found: PublicCode = GERMAN) -> Page:
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/u/{found.code}/")
    return page


def is_genuine(page: Page) -> None:
    """It says so, as it does without a script."""
    expect(page.locator("h1")).to_have_text("Echt: Diese Nachricht ist von uns")
    expect(page.locator(".answer")).to_have_class("answer operational")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_right_signature_is_told_in_the_language_of_the_message(context: BrowserContext, folder: Path, language: str) -> None:
    """From our own server, under its policy."""
    asked: list[str] = []
    complaints: list[str] = []
    context.on("request", lambda request: asked.append(request.url.partition("/")[2].partition("/")[2].partition("/")[2]))
    context.on("console", lambda message: complaints.append(message.text))

    with served(folder) as port:
        page = opened(context, port, CODES[language])

        expect(page.locator("#check")).to_have_text(wording().text("code.checked", language, page=PAGE.url), timeout=WAIT_MS)
        expect(page.locator(".answer")).to_have_class("answer operational")
        assert page.locator("#check").get_attribute("role") == "status"
        own = f"u/{CODES[language].code}/"
        assert sorted(url for url in asked if url) == sorted([own, f"{own}signed.json", KEYS])
        assert (complaints, page.evaluate("waited")) == ([], [])


def test_a_signature_of_the_key_before_this_one_counts(context: BrowserContext, folder: Path, tmp_path: Path) -> None:
    with changed(folder, tmp_path, {SIGNED: lambda _: message_file(PAGE, GERMAN, BEFORE)}) as place, any_static_server(place) as port:
        page = opened(context, port)

        expect(page.locator("#check")).to_contain_text("hat genau diese Worte signiert", timeout=WAIT_MS)
        is_genuine(page)


Change = Callable[[bytes], bytes]


class changed:
    """A copy of the folder with some files as somebody changed them."""

    def __init__(self, folder: Path, tmp_path: Path, changes: dict[str, Change]) -> None:
        self.place, self.changes = tmp_path / "copy", changes
        shutil.copytree(folder, self.place)

    def __enter__(self) -> Path:
        for path, change in self.changes.items():
            place = self.place / path
            found = change(place.read_bytes())
            assert found != place.read_bytes()
            place.write_bytes(found)
        return self.place

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.place)


def swapped(old: str, new: str) -> Change:
    return lambda body: body.replace(old.encode(), new.encode())


def notice(**changes: Any) -> Change:
    """The signed file with another value in its notice."""

    def change(body: bytes) -> bytes:
        told = json.loads(body)
        return json.dumps({**told, "notices": [{**told["notices"][0], **changes}]}).encode()

    return change


def of_stranger(body: bytes) -> bytes:
    """A key of a stranger's under the name of ours."""
    told, theirs = json.loads(body), json.loads(keys_file(PAGE, STRANGER))["keys"][0]
    return json.dumps({**told, "keys": [{**theirs, "id": one["id"]} for one in told["keys"]]}).encode()


FORGED = json.loads(message_file(PAGE, GERMAN, STRANGER))["notices"][0]["signature"]
OFTEN = swapped("Wir fragen nie", "Wir fragen oft")
WRONG: dict[str, dict[str, Change]] = {
    "other words are shown": {SHOWN: OFTEN},
    "other words are signed": {SIGNED: OFTEN},
    "the same other words in both": {
        SHOWN: OFTEN,
        SIGNED: OFTEN,
    },
    "another signature": {SIGNED: notice(signature=FORGED)},
    "a signature that is none": {SIGNED: notice(signature="%%%")},
    "half a signature": {SIGNED: notice(signature=FORGED[:40])},
    "a message of ours with another code": {SIGNED: lambda _: message_file(PAGE, CODES["en"], OURS)},
    "a stranger's key under our name": {SIGNED: notice(signature=FORGED), KEYS: of_stranger},
    "keys of another page": {KEYS: lambda _: keys_file(replace(PAGE, url="https://status.example.org"), OURS)},
    "no notice in it": {SIGNED: lambda _: b'{"notices": []}'},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_match_is_an_alarm(context: BrowserContext, folder: Path, tmp_path: Path, what: str) -> None:
    with changed(folder, tmp_path, WRONG[what]) as place, any_static_server(place) as port:
        page = opened(context, port)

        expect(page.locator("h1")).to_have_text(ALARM, timeout=WAIT_MS)
        expect(page.locator("#check")).to_have_text("In Ihrem Browser geprüft: Die Signatur passt nicht zum Text, der hier steht.")
        expect(page.locator(".answer")).to_have_class("answer major_outage")
        expect(page.locator(".answer use")).to_have_attribute("href", "#major_outage")
        expect(page.locator("h2")).to_have_count(0)
        assert (page.title(), page.evaluate("waited")) == (ALARM, [20000])


def test_a_signature_that_comes_some_seconds_after_the_page_raises_no_alarm(context: BrowserContext, folder: Path) -> None:
    early = iter([message_file(PAGE, replace(GERMAN, text="As it stood before."), OURS).decode()])

    with served(folder) as port:
        context.route("**/signed.json", lambda route: route.fulfill(body=old) if (old := next(early, None)) else route.continue_())
        page = opened(context, port)

        expect(page.locator("#check")).to_contain_text("hat genau diese Worte signiert", timeout=WAIT_MS)
        is_genuine(page)
        assert page.evaluate("waited") == [20000]


UNABLE = {
    "no WebCrypto": "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });",
    "no Ed25519": "SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('unknown', 'NotSupportedError'));",
    "no answer": "window.fetch = () => Promise.reject(new TypeError('offline'));",
    "no such file": "window.fetch = () => Promise.resolve(new Response('', { status: 404 }));",
    "another page instead": "window.fetch = () => Promise.resolve(new Response('<!doctype html>'));",
}


@pytest.mark.parametrize("what", UNABLE)
def test_what_cannot_be_checked_here_is_said_and_is_no_alarm(context: BrowserContext, folder: Path, what: str) -> None:
    context.add_init_script(UNABLE[what])

    with served(folder) as port:
        page = opened(context, port)

        expect(page.locator("#check")).to_contain_text("Die Signatur war hier nicht zu prüfen.", timeout=WAIT_MS)
        expect(page.locator("#check")).to_contain_text("„So prüfen Sie es“")
        expect(page.get_by_role("link", name="So prüfen Sie es")).to_be_visible()
        is_genuine(page)


def test_a_key_that_was_retired_since_is_no_alarm(context: BrowserContext, folder: Path, tmp_path: Path) -> None:
    with (
        changed(folder, tmp_path, {SIGNED: lambda _: message_file(PAGE, GERMAN, STRANGER)}) as place,
        any_static_server(place) as port,
    ):
        page = opened(context, port)

        expect(page.locator("#check")).to_contain_text("Die Signatur war hier nicht zu prüfen.", timeout=WAIT_MS)
        is_genuine(page)


def test_a_signature_that_is_not_there_yet_is_looked_for_again(context: BrowserContext, folder: Path) -> None:
    early = iter([404])

    with served(folder) as port:
        context.route("**/signed.json", lambda route: route.fulfill(status=404) if next(early, None) else route.continue_())
        page = opened(context, port)

        expect(page.locator("#check")).to_contain_text("hat genau diese Worte signiert", timeout=WAIT_MS)
        assert page.evaluate("waited") == [20000]


def test_without_script_the_page_is_as_it_was(browser: Browser, folder: Path) -> None:
    with served(folder) as port, browser.new_context(java_script_enabled=False) as context:
        page = opened(context, port)

        is_genuine(page)
        expect(page.locator("#check")).to_be_empty()
        expect(page.locator("blockquote")).to_have_text(TEXT)


def test_where_nothing_is_signed_nothing_is_checked() -> None:
    body = Pages(PAGE, wording()).code(GERMAN, signed=False)

    assert b"<script" not in body and b'id="check"' not in body


def test_a_page_that_is_older_than_the_words_is_looked_at_anew_instead_of_alarming(context: BrowserContext, folder: Path) -> None:
    """A network was given other words in the end: shorter ones, or those of a post that stands alone."""
    seen: list[str] = []

    def old_at_first(route: Route) -> None:
        seen.append(route.request.url)
        answer = route.fetch()
        route.fulfill(response=answer, body=OFTEN(answer.body()) if len(seen) == 1 else answer.body())

    context.route(f"**/u/{GERMAN.code}/", old_at_first)
    with any_static_server(folder) as port:
        page = opened(context, port)

        expect(page.locator("#check")).to_contain_text("hat genau diese Worte signiert", timeout=WAIT_MS)
        is_genuine(page)
        assert len(seen) == 3, "the old page, a look at the new one, and the new one itself"
