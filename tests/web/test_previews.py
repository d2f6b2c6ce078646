"""The step before something is said, in the console: without script, with the same words as the deed itself."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from statuspage.core.vocabulary import Role, SubjectKind
from statuspage.store import deliveries, incidents, updates
from tests.web.conftest import CONFIGURATION, Console, open_console, send

CHANNELS = """\
accounts:
  - {name: chirp, kind: mastodon, config: {base_url: "http://127.0.0.1:9", access_token: "${TOKEN}"}}
  - {name: pictures, kind: pinterest, config: {base_url: "http://127.0.0.1:9", access_token: "${TOKEN}", board_id: "1"}}
channels:
  - {name: chirp-en, account: chirp, language: en}
  - {name: chirp-es, account: chirp, language: es}
  - {name: pictures-en, account: pictures, language: en}
"""


@pytest.fixture
def told(tmp_path: Path, sqlite_url: str) -> Console:
    """A console of a bank with channels."""
    console = open_console(tmp_path, sqlite_url, CONFIGURATION + CHANNELS, {"TOKEN": "canary-token"})
    console.clock.stand()
    return console


def page(answer) -> str:  # type: ignore[no-untyped-def]
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return html.unescape(answer.get_data(as_text=True))


def kept(text: str) -> dict[str, str]:
    """Everything that the form of a preview sends on."""
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text))
    areas = dict(re.findall(r'<textarea name="([^"]+)"[^>]*>([^<]*)</textarea>', text))
    return {name: value for name, value in {**hidden, **areas}.items() if name != "csrf_token"}


def test_a_declaration_is_shown_first_and_then_declared_with_the_very_form_of_the_preview(told: Console) -> None:
    browser = told.signed_in(Role.RESPONDER)

    shown = page(send(browser, "/console/incidents/new/preview", **{"component-login": "major_outage", "text-en": "Cards work."}))
    with told.ctx.ports.store.reading() as session:
        nothing = incidents.listing(session)
    done = send(browser, "/console/incidents/new", **kept(shown))

    assert nothing == [] and done.status_code == 303
    with told.ctx.ports.store.reading() as session:
        (begun,) = incidents.listing(session)
        (said,) = updates.of_subject(session, SubjectKind.INCIDENT, begun.id)
        rows = deliveries.of_subject(session, SubjectKind.INCIDENT, begun.id)
    assert all(text.split("\n")[0] in shown for text in said.texts.values()) and begun.titles["es"] in shown
    assert {row.channel for row in rows} == {"chirp-en", "chirp-es", "pictures-en"}
    for row in rows:
        assert row.text_alone.partition(" http")[0] in shown
    assert "characters" in shown and "of 500" in shown and "begins the thread" in shown
    assert shown.count("data:image/jpeg;base64,") == 1


def test_an_update_a_correction_and_the_end_are_shown_first(told: Console) -> None:
    browser = told.signed_in(Role.RESPONDER)
    where = send(browser, "/console/incidents/new", **{"component-login": "major_outage"}).headers["Location"].split("?")[0]
    one = where.rpartition("/")[2]

    update = page(send(browser, f"{where}/update/preview", version="1", status="identified", cause="change"))
    end = page(send(browser, f"{where}/resolve/preview", version="1"))
    words = {"wrong-en": "We said all.", "right-en": "It is only the app."}
    correction = page(send(browser, f"/console/corrections/incident/{one}/1/preview", **words))

    assert "A change in our own systems caused this." in update and kept(update)["cause"] == "change"
    assert "Resolve and tell customers" in end
    assert "It is only the app." in correction and "Nothing would be said in: es" in correction
    with told.ctx.ports.store.reading() as session:
        assert len(updates.of_subject(session, SubjectKind.INCIDENT, one)) == 1


def test_what_would_be_refused_says_so_in_each_language_and_keeps_the_words(told: Console) -> None:
    browser = told.signed_in(Role.RESPONDER)
    words = {"text-en": "Call 0900 123 987", "text-es": "Vaya a evil.example/login", "component-login": "major_outage"}

    shown = page(send(browser, "/console/incidents/new/preview", **words))

    assert "This would be refused" in shown and "en: " in shown and "es: " in shown
    assert "Declare and tell customers" not in shown, "no button for what is refused"
    assert {name: value for name, value in kept(shown).items() if value} == words


def test_a_preview_of_what_somebody_else_changed_says_so(told: Console) -> None:
    browser = told.signed_in(Role.RESPONDER)
    where = send(browser, "/console/incidents/new", **{"component-login": "major_outage"}).headers["Location"].split("?")[0]
    send(browser, f"{where}/update", version="1")

    shown = page(send(browser, f"{where}/update/preview", version="1"))

    assert "was changed meanwhile" in shown


def test_every_form_that_speaks_to_customers_offers_the_preview(told: Console) -> None:
    browser = told.signed_in(Role.RESPONDER)
    where = send(browser, "/console/incidents/new", **{"component-login": "major_outage"}).headers["Location"].split("?")[0]
    one = where.rpartition("/")[2]

    pages = {path: page(browser.get(path)) for path in ("/console/incidents/new", where, f"/console/corrections/incident/{one}/1")}

    assert 'formaction="/console/incidents/new/preview"' in pages["/console/incidents/new"]
    assert f'formaction="{where}/update/preview"' in pages[where] and f'formaction="{where}/resolve/preview"' in pages[where]
    assert f'formaction="/console/corrections/incident/{one}/1/preview"' in pages[f"/console/corrections/incident/{one}/1"]


def test_words_that_look_like_markup_are_shown_as_typed(told: Console) -> None:
    browser = told.signed_in(Role.RESPONDER)

    answer = send(
        browser, "/console/incidents/new/preview", **{"component-login": "major_outage", "text-en": 'Fees < 5 & "fine" <b>bold</b>'}
    )

    assert "<b>bold" not in answer.get_data(as_text=True)


def test_what_is_over_is_previewed_before_it_is_explained_or_reopened(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)
    where = send(browser, "/console/incidents/new", **{"component-login": "major_outage"}).headers["Location"].split("?")[0]
    send(browser, f"{where}/resolve", version="1")

    again = page(send(browser, f"{where}/reopen/preview", version="2"))
    explained = page(send(browser, f"{where}/explain/preview", version="2", **{"text-en": "A disk was full."}))

    assert f'action="{where}/reopen"' in again and "Reopen and tell customers" in again
    assert f'action="{where}/explain"' in explained and "A disk was full." in explained
