"""Slots are names in braces; what is put in is shown as it is (X21)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.errors import InvalidText
from statuspage.core.vocabulary import NoticeKind
from statuspage.words.slots import parse
from tests.words.samples import INCIDENT_URL, NOW, facts, page, words

PAYLOADS = [
    "{bank}",
    "{service}",
    "{safety}",
    "{url}",
    "{{bank}}",
    "{{{bank}}}",
    "{bank!r}",
    "{bank.__class__}",
    "{0}",
    "{}",
    "{:>100}",
    "{bank:>100}",
    "{bank[0]}",
    "{__import__}",
    "%s",
    "%(bank)s",
    "%n%n%n",
    "$bank",
    "${bank}",
    "$(id)",
    "`id`",
    "{{7*7}}",
    "{% if 1 %}",
    "{% for x in () %}",
    "{# remark #}",
    "<%= 7*7 %>",
    "#{7*7}",
    "${7*7}",
    "*{7*7}",
    "{{config}}",
    "{{request}}",
    "{{''|attr('x')}}",
    "{{self}}",
    "{php}phpinfo();{/php}",
    "{{constructor('x')()}}",
    "[[7*7]]",
    "<#assign x=1>",
    "{next}",
    "{works_line} {advice}",
    "\\{bank\\}",
    "{bank",
    "bank}",
    "{{",
    "}}",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
    "{a}{b}{c}",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_persons_text_is_shown_literally_whatever_it_looks_like(payload: str) -> None:
    """X21"""
    correction = facts(NoticeKind.CORRECTION, text={"en": f"A {payload} B."}, wrong={"en": f"C {payload} D."})

    text = words().page(correction, "en", url=INCIDENT_URL, now=NOW)

    assert f"\nCorrect: A {payload} B.\n" in text
    assert f"\nWrong: C {payload} D.\n" in text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_name_is_shown_literally_whatever_it_looks_like(payload: str) -> None:
    """X21"""
    named = words(names={"cards": {"en": payload}})
    plain = words(names={"cards": {"en": "Cards"}})
    done = facts(NoticeKind.PLANNED_DONE)

    text = named.page(done, "en", url=INCIDENT_URL, now=NOW)

    assert text == plain.page(done, "en", url=INCIDENT_URL, now=NOW).replace("Cards", payload)


def test_there_are_at_least_forty_payloads() -> None:
    assert len(set(PAYLOADS)) >= 40


@given(st.text(min_size=1))
def test_a_value_is_never_parsed_again(value: str) -> None:
    template = parse("a {x} b", "test")

    assert template.fill(lambda _: value) == f"a {value} b"


@pytest.mark.parametrize("text", ["{", "}", "a { b", "{A}", "{a b}", "{a.b}", "{a!r}", "{}", "{1}", "{{a}}"])
def test_a_template_with_anything_else_in_braces_is_refused(text: str) -> None:
    with pytest.raises(InvalidText, match="here: a brace"):
        parse(text, "here")


@pytest.mark.parametrize(
    ("template", "empty", "expected"),
    [
        ("A. {x} B.", {"x"}, "A. B."),
        ("{x} B.", {"x"}, "B."),
        ("A. {x}", {"x"}, "A."),
        ("A. {x} {y} B.", {"x", "y"}, "A. B."),
        ("{x} {y}", {"x"}, "y"),
        ("{x} {y}", {"y"}, "x"),
        ("{x} {y} {z} B.", {"x", "z"}, "y B."),
        ("A.\n{x}\nB.", {"x"}, "A.\nB."),
        ("A.\n{x} {y}\nB.", {"x", "y"}, "A.\nB."),
        ("A. {x}\nB.", {"x"}, "A.\nB."),
        ("{x}", {"x"}, ""),
    ],
)
def test_an_empty_slot_goes_with_its_space_and_an_empty_line_with_its_break(template: str, empty: set[str], expected: str) -> None:
    assert parse(template, "test").fill(lambda name: "" if name in empty else name) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("15 Min.", "Dauer: 15 Min. Ende."), ("1 Std.", "Dauer: 1 Std. Ende."), ("15 min", "Dauer: 15 min. Ende.")]
)
def test_two_full_stops_in_a_row_are_written_as_one(value: str, expected: str) -> None:
    assert parse("Dauer: {x}. Ende.", "test").fill(lambda _: value) == expected


@given(st.lists(st.sampled_from(["Text. ", "{a}", "{b} ", "\n", "x: {c}. "]), max_size=12).map("".join))
def test_a_template_gives_back_its_source(text: str) -> None:
    assert parse(text, "test").source() == text


def test_names_of_components_come_from_the_page_and_unknown_ones_are_refused() -> None:
    with pytest.raises(InvalidText, match="no component 'nothing'"):
        page().name("nothing", "en")
