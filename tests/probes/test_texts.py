"""X27 and X28: what a page may do to those who read it. And the small tools: inputs of forms, numbers, cookies, masks."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes import findings, journey, values
from statuspage.probes.cookies import CookieJar
from statuspage.probes.engine import Engine
from statuspage.probes.findings import EVIDENCE_LENGTH, Mask, clean
from statuspage.probes.journey import Target
from statuspage.probes.look import Look
from statuspage.probes.place import parse_place
from statuspage.probes.steps import Capture, Expect, JsonRule, Step
from statuspage.probes.texts import check_texts, pattern
from statuspage.probes.values import Unreadable, as_number, fill, input_value, read_json
from tests.probes.servers import page, serving

# Patterns for which backtracking engines need time that grows with the square, the cube or the power of the text.
CATASTROPHIC = [
    "(a+)+$", "(a*)*$", "(a|a)*$", "(a|aa)+$", "(.*a){10}$", "(a+){10}$", "([a-z]+)*$", "(a?){20}a{20}$", "^(a+)+b", "^(a|b|ab)*c$",
    "(x+x+)+y", "(.*)*z", "(.+)+z", r"(\w+\s?)*$!", r"(\d+)*!", "((a+)b?)*c", "(a*a*)*b", "^(([a-z])+.)+[A-Z]$", r"^(\w|\w\w)+$!",
    "(a|b|c|d|aa)*e", "(aa|aab?)*c", "((a{1,3})*)*z", "(ab?a?)*z", "(a.*a.*a.*a.*)b", ".*.*.*.*.*b", ".*a.*a.*a.*a.*b",
    "(?:a|a|a|a)*b", "a*a*a*a*a*a*a*b", "a+a+a+a+a+a+b", "(?i)(A+)+b", "(a+)(a+)(a+)b", "^a*?a*?a*?b", "(a{2,})*b", "(a{1,50}){1,5}b",
    "(aaa|aa|a)*b", "[a-a]*[a-a]*[a-a]*b", "(?:(?:a*)*)*b", "((((a*)*)*)*)*b", "(a|[^b])*b", "(?s)(.|a)*b", r"(\S+)*\s", r"([^@]+)*@",
    "(a+|a*)+b", "(|a)+b", "(a||a)*b", r"(\ba+)*b", "(a$|a)*b", "(^a|a)*b", "(.a|a.)*b", "(?:.*?)*?b",
]  # fmt: skip


@pytest.mark.parametrize("text", CATASTROPHIC)
def test_a_pattern_that_ruins_backtracking_engines_is_matched_by_one_that_walks_the_text_once(text: str) -> None:
    page_of_100_kb = "a" * 100_000

    compiled = pattern(text)
    found = check_texts(page_of_100_kb, [], [], [text], [])

    assert type(compiled).__module__.partition(".")[0] == "re2"  # RE2: time is linear in the text whatever the pattern
    assert (found is None) is bool(compiled.search(page_of_100_kb))


def test_there_are_fifty_of_them() -> None:
    assert len(set(CATASTROPHIC)) == 50


def test_no_module_of_the_probes_gives_a_persons_pattern_to_a_backtracking_engine() -> None:
    users = {name: module for name, module in sys.modules.items() if name.startswith("statuspage.probes.") and hasattr(module, "re")}

    for name, module in users.items():
        compiled = {key: value for key, value in vars(module).items() if type(value).__name__ == "Pattern"}
        assert compiled, f"{name} imports re but keeps no pattern of its own"
    assert set(users) == {"statuspage.probes.place", "statuspage.probes.values"}


@pytest.mark.parametrize("text", ["(?=a)", "(?<!a)b", r"(a)\1", "(?>a+)", "a++", "(", "[", "*", "a{2000}", "x" * 600])
def test_what_re2_does_not_take_is_refused_when_the_configuration_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"RE2 does not take|longer than"):
        Expect(matches=(text,))


# --- XML and JSON (X27) ----------------------------------------------------------------------------------------------

XML = [
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "{canary}">]><r>&x;</r>',
    '<?xml version="1.0"?><!DOCTYPE r SYSTEM "{canary}"><r/>',
    '<!DOCTYPE r [<!ENTITY % p SYSTEM "{canary}"> %p;]><r/>',
    '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><r>&b;</r>',
    '<r xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{canary}"/></r>',
]


@pytest.mark.parametrize("form", XML)
def test_xml_is_text_to_us_and_nothing_outside_is_fetched(form: str, engine: Engine, look: Look) -> None:
    with serving(page()) as canary, serving(lambda c: c.answer(200, form.replace("{canary}", canary.url).encode())) as server:
        wanted = Target(server.url, (Step("read", "/", capture={"token": Capture(input="token")}),))
        finding = engine.run(journey.probe(wanted, look))

        assert (finding.outcome, finding.reason, canary.accepted) == (Outcome.FAILED, Reason.VALUE_MISSING, 0)


JSON = [
    "[" * 100_000,
    '{"a":' * 1000 + "1" + "}" * 1000,
    "[" * 65 + "]" * 65,
    "[" + "[]," * 200_000 + "1]",
    "{'a': 1}",
]


@pytest.mark.parametrize("text", JSON)
def test_json_that_is_too_deep_or_none_at_all_is_refused(text: str, engine: Engine, look: Look) -> None:
    with serving(page(text.encode())) as server:
        wanted = Target(server.url, (Step("read", "/", expect=Expect(json=(JsonRule("$.a"),))),))
        finding = engine.run(journey.probe(wanted, look))

    assert (finding.outcome, finding.reason) == (Outcome.FAILED, Reason.BODY_UNREADABLE)


@pytest.mark.parametrize(
    "rule",
    [
        {"expect": {"json": [{"path": "$.a", "matches": "x+"}]}},
        {"capture": {"a": {"json": "$.a"}}},
        {"expect": {"rows": [{"json": "$.a"}]}},
    ],
)
def test_half_a_letter_in_json_is_the_targets_fault_and_not_ours(rule: dict[str, Any], engine: Engine, look: Look) -> None:
    steps = [{"name": "read", "url": "/", **rule}, {"name": "use", "url": "/?a={unique}"}]
    with serving(page(b'{"a": "x\\ud800y"}')) as server:
        wanted = TypeAdapter(Target).validate_python({"url": server.url, "steps": steps})
        finding = engine.run(journey.probe(wanted, look))

    assert finding.outcome is (Outcome.FAILED if "matches" in str(rule) else Outcome.PASSED)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(json_values)
def test_json_of_any_shape_is_read_as_it_was_written(value: Any) -> None:
    assert read_json(json.dumps(value)) == value


@given(st.text())
def test_any_text_is_either_json_or_unreadable(text: str) -> None:
    try:
        read_json(text)
    except Unreadable:
        return


@pytest.mark.parametrize("piece", ['\\"', '\\\\\\"', "a", '\\\n\\"'])
def test_a_string_that_never_ends_is_gone_through_once(piece: str) -> None:
    """Else it would be gone through again from each quotation mark in it: a page of 1 MiB would hold up the prober for hours."""
    assert [len(token) for token in values._STRING_OR_BRACKET.findall('"' + piece * 50)] == [1 + 50 * len(piece)]

    with pytest.raises(Unreadable):
        read_json('"' + piece * (1_000_000 // len(piece)))


@pytest.mark.parametrize("depth", [64, 65])
def test_sixty_four_levels_are_enough_for_everybody(depth: int) -> None:
    if depth == 64:
        assert read_json("[" * depth + "]" * depth)
    else:
        with pytest.raises(Unreadable):
            read_json("[" * depth + "]" * depth)
    assert read_json(json.dumps("[" * 500)) == "[" * 500  # brackets in a string are no nesting


# --- forms -----------------------------------------------------------------------------------------------------------

FORMS = [
    ('<input type="hidden" name="token" value="abc">', "abc"),
    ("<INPUT NAME='token' VALUE='a\"b>c'/>", 'a"b>c'),
    ("<input value=abc name=token>", "abc"),
    ('<input\n  name = "token"\n  value = "a&amp;b">', "a&b"),
    ('<input name="token">', ""),
    ('<input name="other" value="x"><input name="token" value="y">', "y"),
    ('<!-- <input name="token" value="old"> --><input name="token" value="new">', "new"),
    ('<inputs name="token" value="x">', None),
    ('<input data-name="token" value="x">', None),
    ("no form at all", None),
    ('<input name="token" value="never ends', None),
    ("<input " * 50_000, None),
    ("<input '" * 50_000 + '<input name="token" value="late">', None),
    ("\u0130" * 50 + '<input name="token" value="Istanbul">', "Istanbul"),  # whose small letter is two characters
    ("\u0130" * 50 + '<!-- <input name="token" value="old"> --><INPUT NAME="token" VALUE="new">', "new"),
]


@pytest.mark.parametrize(("text", "value"), FORMS, ids=range(len(FORMS)))
def test_the_value_of_an_input_is_found_by_its_name(text: str, value: str | None) -> None:
    assert input_value(text, "token") == value


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=50))
def test_whatever_a_page_hides_in_an_input_comes_out_as_it_was(value: str) -> None:
    from html import escape

    assert input_value(f'<p><input name="token" type=hidden value="{escape(value)}"></p>', "token") == value


NUMBERS = [
    ("1,234.50", ".", "1234.50"), ("1.234,50", ",", "1234.50"), ("1 234,50", ",", "1234.50"), ("1'234.50", ".", "1234.50"),
    ("1\u00a0234,5", ",", "1234.5"), ("\u2212 3.00", ".", "-3"), ("12", ".", "12"), ("---", ".", None), ("", ".", None),
    ("NaN", ".", None), ("Infinity", ".", None), ("1.2.3", ".", None), ("EUR 5", ".", None), ("1e400000000", ".", "1e400000000"),
    ("1.234,56", ".", None), ("1,234.56", ",", None), ("12,34", ".", None), ("12.34", ",", None), ("1,5", ".", None), ("0,123", ".", None),
    ("1,234,5", ".", None), ("1.234 567,00", ",", None), ("1,234.567,8", ".", None), ("1.234,567,8", ",", None), ("1,2345", ".", None),
    ("1,234", ".", "1234"), ("1.234", ",", "1234"), ("1.234.567,8", ",", "1234567.8"), ("1\u202f234\u202f567,00", ",", "1234567"),
    ("1\u2019234.5", ".", "1234.5"), (" +12,50 ", ",", "12.5"), ("-.5", ".", "-0.5"), ("5.", ".", "5"), ("1234567.8", ".", "1234567.8"),
    (".", ".", None), ("-", ".", None), ("", ",", None), ("e5", ".", None), ("1e" + "9" * 30, ".", None), ("12 3", ".", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "decimal", "number"), NUMBERS)
def test_numbers_are_read_as_the_country_writes_them(text: str, decimal: str, number: str | None) -> None:
    assert as_number(text, decimal) == (None if number is None else Decimal(number))


PLACES = [(",", "."), (".", ","), (",", "."), (",", "\u00a0"), (".", "\u2019"), (".", ""), (",", "")]  # decimal sign, sign of thousands


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**15), max_value=10**15), st.sampled_from(PLACES))
def test_a_number_is_read_as_it_was_written_or_not_at_all(number: Decimal, place: tuple[str, str]) -> None:
    decimal, thousands = place
    written = f"{number:,.2f}".replace(",", "T").replace(".", "D").replace("T", thousands).replace("D", decimal)
    other = "." if decimal == "," else ","

    assert as_number(written, decimal) == number
    assert as_number(written, other) is None  # it has cents, which the other country would take for something else


@given(st.text("0123456789.,' +-e", max_size=12), st.sampled_from([".", ","]))
def test_what_is_read_has_the_digits_that_were_written(text: str, decimal: str) -> None:
    number = as_number(text, decimal)

    if number is not None and "e" not in text:
        digits = "".join(letter for letter in text if letter.isdecimal())
        assert digits.strip("0") == "".join(map(str, number.as_tuple().digits)).strip("0")


@given(st.text(), st.dictionaries(st.sampled_from(["a", "b"]), st.text(), min_size=2))
def test_what_is_filled_in_is_not_looked_at_again(text: str, values: dict[str, str]) -> None:
    assert fill("{a}", {**values, "a": "{b}"}) == "{b}"
    assert fill(text.replace("{", "").replace("}", ""), values) == text.replace("{", "").replace("}", "")


# --- cookies ---------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 2, tzinfo=UTC)
COOKIES = [
    ("https://bank.test/a/b", "s=1; Path=/", "https://bank.test/", "s=1"),
    ("https://bank.test/a/b", "s=1", "https://bank.test/a/c", "s=1"),
    ("https://bank.test/a/b", "s=1", "https://bank.test/", ""),
    ("https://bank.test/", "s=1; Path=/in", "https://bank.test/inner", ""),
    ("https://bank.test/", "s=1", "https://other.test/", ""),
    ("https://bank.test/", "s=1", "https://www.bank.test/", ""),
    ("https://bank.test/", "s=1; Domain=bank.test", "https://www.bank.test/", "s=1"),
    ("https://www.bank.test/", "s=1; Domain=.bank.test", "https://bank.test/", "s=1"),
    ("https://www.bank.test/", "s=1; Domain=test", "https://www.bank.test/", ""),
    ("https://bank.test/", "s=1; Domain=evil.test", "https://evil.test/", ""),
    ("https://bank.test/", "s=1; Domain=evilbank.test", "https://evilbank.test/", ""),
    ("https://bank.test/", "s=1; Secure", "http://bank.test/", ""),
    ("http://bank.test/", "s=1; Secure", "https://bank.test/", ""),
    ("http://bank.test/", "__Secure-s=1", "http://bank.test/", ""),
    ("https://bank.test/", "s=1; Max-Age=0", "https://bank.test/", ""),
    ("https://bank.test/", "s=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://bank.test/", ""),
    ("https://bank.test/", "s=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT", "https://bank.test/", "s=1"),
    ("https://bank.test/", "no equals sign", "https://bank.test/", ""),
    ("https://bank.test/", "=nameless", "https://bank.test/", ""),
    ("https://bank.test/", "s=" + "x" * 9000, "https://bank.test/", ""),
]


@pytest.mark.parametrize(("here", "line", "there", "sent"), COOKIES)
def test_a_cookie_goes_back_only_where_it_belongs(here: str, line: str, there: str, sent: str) -> None:
    jar = CookieJar()

    jar.learn(parse_place(here), [line], NOW)

    assert jar.header(parse_place(there)) == sent


def test_a_cookie_can_be_changed_and_taken_away() -> None:
    jar, place = CookieJar(), parse_place("https://bank.test/")

    jar.learn(place, ["s=1; Path=/", "t=2; Path=/"], NOW)
    jar.learn(place, ["s=3; Path=/", "t=; Path=/; Max-Age=0"], NOW)

    assert (jar.header(place), jar.get("s"), jar.get("t")) == ("s=3", "3", None)


# --- what is told ----------------------------------------------------------------------------------------------------


@given(st.text(min_size=3), st.text(), st.text())
def test_a_hidden_word_is_never_shown(secret: str, before: str, after: str) -> None:
    from urllib.parse import quote

    mask = Mask([secret])

    for form in (secret, quote(secret.encode("utf-8", "replace"), safe="")):
        assert form not in mask(f"{before} {form} {after}").replace("***", "") or form in "***"
    assert secret not in repr(mask)


@given(st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=3, max_size=12), st.data())
def test_a_hidden_word_is_never_shown_whichever_of_its_letters_are_encoded(secret: str, data: st.DataObject) -> None:
    """As servers do in the Location of a redirect: each its own letters, in large or small hexadecimal digits."""
    from html import escape

    def upper(letter: str) -> str:
        return "".join(f"%{byte:02X}" for byte in letter.encode())

    ways = (str, upper, lambda letter: upper(letter).lower(), escape, lambda letter: "+" if letter == " " else letter)
    spelt = "".join(data.draw(st.sampled_from(ways))(letter) for letter in secret)

    assert spelt not in Mask([secret])(f"ended at https://bank.test/{spelt}/c")


@pytest.mark.parametrize("length", [1_000, 1_001, 100_000])
def test_a_long_secret_is_hidden_and_nothing_is_said_of_it_anywhere(length: int, capfd: pytest.CaptureFixture[str]) -> None:
    """A token of a megabyte, captured from a page: a pattern of it would be refused by RE2, which writes it to the log as it does so."""
    from html import escape
    from urllib.parse import quote, quote_plus

    secret = ("Geheim/ 'ñ' & <7> " * length)[:length].strip()
    lower = re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quote(secret, safe=""))

    shown = [
        Mask([secret])(f"a {form} b") for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), lower, escape(secret))
    ]

    assert shown == ["a *** b"] * 6
    assert "".join(capfd.readouterr()) == ""


def test_the_library_of_patterns_writes_no_secret_to_the_log(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "LONGEST_PATTERN", 10**6)
    with pytest.raises(re2.error):
        Mask(["geheim" * 20_000])

    assert "".join(capfd.readouterr()) == ""


@given(st.text(max_size=3000))
def test_evidence_is_one_printable_line_of_limited_length(text: str) -> None:
    shown = clean(text)

    assert shown.isprintable() and len(shown) <= EVIDENCE_LENGTH
    assert clean(shown) == shown


def test_a_pattern_works_in_a_probe_as_it_does_here(engine: Engine, look: Look) -> None:
    with serving(page(b"Balance 12.50")) as server:
        wanted = Target(server.url, (Step("read", "/", expect=Expect(matches=(r"Balance \d+\.\d\d",))),))

        assert engine.run(journey.probe(wanted, replace(look, name="x"))).outcome is Outcome.PASSED
    assert re2.compile("a")
