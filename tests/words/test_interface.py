"""The page's own words: complete in five languages, with the plural forms of each."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.errors import DomainError
from statuspage.words import Interface, InterfaceError, check
from statuspage.words.interface import LANGUAGES, differences, load_interface, parse_interface

EN = b'a: "x {name}"\nb: {one: "{n} day", other: "{n} days"}\n'


def test_all_languages_have_the_same_keys_slots_and_plural_forms() -> None:
    assert differences({language: load_interface(language) for language in LANGUAGES}) == []


def test_the_check_finds_the_words_complete(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main() == 0
    assert re.match(r"Words complete: \d{3} texts of notices and \d+ of the interface in en, es, nl, fr, de\.", capsys.readouterr().out)


@pytest.mark.parametrize("name", ["missing text", "missing catalogue"])
def test_the_check_names_what_is_missing_and_fails(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    if name == "missing text":
        lacking = {language: parse_interface(EN if language != "fr" else b'a: "x {name}"', language) for language in LANGUAGES}
        monkeypatch.setattr(check, "load_interface", lambda language: lacking[language])
        expected = "data/locale: b is missing in 'fr'\n"
    else:

        def broken() -> None:
            raise DomainError("the catalogue is broken")

        monkeypatch.setattr(check, "load_catalogue", broken)
        expected = "the catalogue is broken\n"

    assert check.main() == 1
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize(
    ("other", "language", "fault"),
    [
        (b'a: "y {name}"\n', "nl", "b is missing in 'nl'"),
        (b'a: "y {nom}"\nb: {one: "{n} dag", other: "{n} dagen"}\n', "nl", "a has the slots ['nom'] in 'nl' and ['name'] elsewhere"),
        (EN + b'c: "z"\n', "nl", "c is missing in 'en'"),
        (b'a: "y {name}"\nb: {few: "{n}", other: "{n} dni"}\n', "pl", "b lacks the plural forms ['one'] in 'pl'"),
    ],
)
def test_differences_between_languages_are_named(other: bytes, language: str, fault: str) -> None:
    assert differences({"en": parse_interface(EN, "en"), language: parse_interface(other, language)}) == [fault]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a: 5", "a: 5 found"),
        (b'a: ""', "a: '' found"),
        (b"a: [x]", "a: "),
        (b"a: {}", "a: {} found"),
        (b'a: {few: "x", other: "y"}', "plural forms one, other"),
        (b'a: {one: 3, other: "y"}', "a.one: 3 found"),
        (b'a: "{x"', "a: a brace"),
        (b"- x", "a mapping of sections"),
        (b'a: "x"\na: "y"', "twice"),
    ],
)
def test_a_wrong_file_says_where(raw: bytes, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        parse_interface(raw, "en")


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [
        ("en", "1 day", "2 days"),
        ("es", "1 día", "2 días"),
        ("nl", "1 dag", "2 dagen"),
        ("fr", "1 jour", "2 jours"),
        ("de", "1 Tag", "2 Tage"),
    ],
)
def test_numbers_choose_the_form_of_their_language(language: str, one: str, two: str) -> None:
    interface = Interface(language)

    assert interface.text("duration.short.day", n=1) == one
    assert interface.text("duration.short.day", n=2) == two


def test_zero_is_singular_in_french_and_plural_in_the_others() -> None:
    assert Interface("fr").text("duration.short.day", n=0) == "0 jour"
    assert Interface("en").text("duration.short.day", n=0) == "0 days"


@given(st.sampled_from(LANGUAGES), st.integers(min_value=0, max_value=10**9))
def test_every_number_has_a_form_in_every_language(language: str, number: int) -> None:
    interface = Interface(language)

    assert interface.number(number) in interface.text("duration.spoken.minute", n=number)


@pytest.mark.parametrize(
    ("share", "shown"), [(1.0, "100.00%"), (0.99999, "99.99%"), (0.9, "90.00%"), (0.99953, "99.95%"), (0.57, "57.00%"), (0.0, "0.00%")]
)
def test_percentages_are_cut_and_never_rounded_up(share: float, shown: str) -> None:
    assert Interface("en").percent(share) == shown


@pytest.mark.parametrize(("language", "shown"), [("es", "99,95 %"), ("nl", "99,95%"), ("fr", "99,95 %"), ("de", "99,95 %")])
def test_percentages_are_written_as_the_language_writes_them(language: str, shown: str) -> None:
    assert " ".join(Interface(language).percent(0.99953).split()) == shown


def test_an_unknown_key_a_missing_value_and_an_unknown_language_are_named() -> None:
    with pytest.raises(InterfaceError, match="no interface text 'nothing' in 'en'"):
        Interface("en").text("nothing")
    with pytest.raises(InterfaceError, match="needs the number 'n'"):
        Interface("en").text("duration.short.day")
    with pytest.raises(InterfaceError, match="needs a value for 'n'; given: m"):
        Interface("en").text("duration.short.hour", m=1)
    with pytest.raises(InterfaceError, match="no interface words in 'it'"):
        Interface("it")
