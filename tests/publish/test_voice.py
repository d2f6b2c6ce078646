"""The phone line: what callers hear in each language, as text and as TwiML."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import pytest

from statuspage.actions import incidents
from statuspage.actions.incidents import Change
from statuspage.core.vocabulary import ComponentStatus, Impact, MaintenanceStatus
from statuspage.publish import voice
from statuspage.publish.headers import RouteClass
from statuspage.publish.site import media_type, route_class
from statuspage.publish.snapshot import Snapshot
from statuspage.publish.voice import AT_ONCE, Speech, speech_of
from statuspage.store.engine import Database
from statuspage.words import load_catalogue
from tests.actions.stage import declared
from tests.publish.samples import LANGUAGES, NOW, PAGE, builder, components, identifier, incident, maintenance, snapshot, warning, wording
from tests.publish.stage import Press

HOSTILE = 'Cards: <Hangup/> & "50 %" ]]>\x07 don\'t work.'


def speech(found: Snapshot, language: str = "en") -> Speech:
    return speech_of(found, wording(found.page), language)


def told(found: Snapshot, language: str = "en") -> list[str]:
    """The statements, without the first and the last sentence."""
    return voice.text(speech(found, language)).decode().splitlines()[1:-1]


def said(number: int, text: str = "Cards do not work.") -> dict[str, dict[str, str]]:
    return {identifier("in", number): {language: f"{language}: {text}" for language in LANGUAGES}}


@pytest.mark.parametrize("language", LANGUAGES)
def test_when_nothing_is_wrong_the_line_says_so_between_the_key_for_fraud_and_the_safety_line(language: str) -> None:
    begin, end = load_catalogue().voice_frame(language)

    assert voice.text(speech(snapshot(), language)).decode().splitlines() == [
        begin,
        wording().text("headline.all_operational", language) + ".",
        end,
    ]


def test_trouble_that_nobody_announced_yet_is_never_spoken_as_all_well() -> None:
    blind = snapshot(impaired=True)
    broken = snapshot(components=components(1, {0: ComponentStatus.MAJOR_OUTAGE}))

    assert told(blind) == ["We cannot see everything right now."]
    assert told(broken) == ["Our services are down."]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_open_incident_is_spoken_in_the_callers_language(language: str) -> None:
    assert told(snapshot(incidents=(incident(1),), spoken=said(1)), language) == [f"{language}: Cards do not work."]


def test_a_statement_that_lacks_the_language_is_spoken_in_the_pages_own_and_one_without_words_by_its_title() -> None:
    found = snapshot(incidents=(incident(1), incident(2)), spoken={identifier("in", 1): {"en": "Cards do not work."}})
    root = ElementTree.fromstring(voice.twiml(speech(found, "de")))

    assert [(one.get("language"), one.text) for one in root.iter("Say")][:2] == [
        ("en-GB", "Cards do not work."),
        ("de-DE", "Anmeldung im Online-Banking: Das Anmelden funktioniert nicht."),
    ]
    assert [one.get("language") for one in root.iter("Say")][-1] == "de-DE"


def test_the_gravest_comes_first_then_work_then_warnings_and_the_rest_is_counted() -> None:
    works = maintenance(5, timedelta(0), status=MaintenanceStatus.IN_PROGRESS)
    found = snapshot(
        incidents=(incident(1, impact=Impact.MINOR), incident(2, impact=Impact.CRITICAL)),
        maintenances=(works, maintenance(6)),
        warnings=(warning(7),),
        spoken={**said(1, "slow"), **said(2, "dead"), works.id: {"en": "work"}, identifier("wa", 7): {"en": "fake"}},
    )

    assert told(found) == ["en: dead", "en: slow", "work", "1 more message is on our status page."]
    assert len(told(found)) == AT_ONCE + 1


def test_twiml_without_a_menu_offers_no_key_and_with_one_hands_key_and_call_over() -> None:
    found = snapshot(incidents=(incident(1),), spoken=said(1))
    plain = ElementTree.fromstring(voice.twiml(speech(found)))
    menu = "https://phone.example.com/menu?a=1&b=2"
    whole = ElementTree.fromstring(voice.twiml(speech(replace(found, page=replace(PAGE, phone_menu=menu)))))
    begin, end = load_catalogue().voice_frame("en")

    assert [(one.tag, one.text) for one in plain] == [("Say", "en: Cards do not work."), ("Say", end)]
    assert [one.tag for one in whole] == ["Gather", "Redirect"]
    assert (whole[0].get("action"), whole[0].get("numDigits"), whole[1].text) == (menu, "1", menu)
    assert [one.text for one in whole[0]] == [begin, "en: Cards do not work.", end]


def test_a_warning_comes_after_the_state_and_is_not_spoken_where_nobody_takes_the_key_that_it_names() -> None:
    found = snapshot(warnings=(warning(7),), spoken={identifier("wa", 7): {"en": "Beware. Press 1 now."}})

    assert told(found) == ["Everything is working.", "Beware. Press 1 now."]
    assert b"Press 1" not in voice.twiml(speech(found))
    assert b"Press 1 now" in voice.twiml(speech(replace(found, page=replace(PAGE, phone_menu="https://phone.example.com/menu"))))


def test_hostile_words_stay_words() -> None:
    found = snapshot(incidents=(incident(1),), spoken={identifier("in", 1): {"en": HOSTILE}})
    body = builder().hot(found, 1)[PurePosixPath("en/voice.xml")].body
    root = ElementTree.fromstring(body)

    assert {one.tag for one in root.iter()} == {"Response", "Say"}
    assert root[0].text == HOSTILE.replace("\x07", "")


def test_the_files_stand_in_the_hot_set_of_every_language_and_carry_no_heartbeat() -> None:
    first = snapshot(incidents=(incident(1),), spoken=said(1))
    later = replace(first, made_at=NOW + timedelta(minutes=7))
    names = {PurePosixPath(f"{language}/voice.{kind}") for language in LANGUAGES for kind in ("txt", "xml")}
    before, after = builder().hot(first, 1), builder().hot(later, 2)

    assert names <= before.keys()
    assert {name: before[name].digests for name in names} == {name: after[name].digests for name in names}


def test_media_types_and_headers() -> None:
    text, xml = PurePosixPath("en/voice.txt"), PurePosixPath("en/voice.xml")

    assert media_type(text) == "text/plain; charset=utf-8"
    assert media_type(xml) == "text/xml; charset=utf-8"
    assert route_class(text) is route_class(xml) is RouteClass.MACHINE


# --- from the store ----------------------------------------------------------------------------------------------------------


def test_callers_hear_an_incident_from_its_first_statement_to_its_end(database: Database, tmp_path: Path) -> None:
    press = Press(database, tmp_path)
    press.publish()
    well = press.text("en/voice.txt")
    trouble = declared(press.stage, "cards")
    press.publish()
    first = press.text("en/voice.txt")
    press.publish(70)

    assert "Everything is working." in well
    assert first.startswith("Lost card or fraud? Press 1.\nCard payments are refused. We know, and we are working on it.")
    assert first.endswith("\nWe never ask for your password or codes.\n")
    assert "http" not in first
    assert press.text("es/voice.txt").startswith("¿Tarjeta perdida o fraude? Pulse 1.\n")
    assert press.text("en/voice.txt") == first

    incidents.update(press.stage.ctx, Change(trouble.id, "Ana"))
    press.publish()

    assert "Still the case: Card payments are refused." in press.text("en/voice.txt")
    assert "We know, and" not in press.text("en/voice.txt")
    assert "Still the case" in press.text("en/voice.xml")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_spoken_text_of_the_catalogue_stands_in_the_frame_that_is_said_once(language: str) -> None:
    catalogue = load_catalogue()
    forms = [path for path in catalogue.texts if path[0] == "notice" and path[-1] == "voice"]

    assert forms
    for path in forms:
        source = catalogue.template(path, language).source()
        assert source.startswith("{fraud_voice} "), path
        assert source.endswith(" {safety_voice}"), path
