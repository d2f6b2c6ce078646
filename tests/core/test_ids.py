"""A code that somebody typed is the code that they meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.ids import CODE_ALPHABET, CODE_LENGTH, typed_code

CODES = st.text(CODE_ALPHABET, min_size=CODE_LENGTH, max_size=CODE_LENGTH)
WIDE = str.maketrans({chr(number): chr(number + 0xFEE0) for number in range(0x21, 0x7F)})


@given(CODES, st.lists(st.sampled_from(["", " ", "-", "\u00a0", "–", ". "]), min_size=8, max_size=8), st.booleans(), st.booleans())
def test_case_blanks_and_hyphens_change_nothing(code: str, between: list[str], small: bool, wide: bool) -> None:
    typed = "".join(gap + letter for gap, letter in zip(between, code + " ", strict=True))
    typed = typed.lower() if small else typed

    assert typed_code(typed.translate(WIDE) if wide else typed) == code


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("К7Q2МХР", "K7Q2MXP"),  # Cyrillic
        ("Κ7Q2ΜΧΡ", "K7Q2MXP"),  # Greek
        ("a1b2c3d", "ALB2C3D"),
        ("AIB2C3D", "ALB2C3D"),
        ("A0B2COD", "AQB2CQD"),
    ],
)
def test_letters_that_look_the_same_are_taken_for_them(typed: str, meant: str) -> None:
    assert typed_code(typed) == meant


@pytest.mark.parametrize("before", ["Ref", "Ref.", "Kenmerk", "Réf.", "Ref.-Nr.", "We never ask for your codes. Ref"])
def test_the_reference_at_the_end_of_a_message_is_its_code(before: str) -> None:
    assert typed_code(f"{before} HYNHEEN") == "HYNHEEN"
    assert typed_code(f" {before}\u00a0hynheen. ") == "HYNHEEN"


@pytest.mark.parametrize(
    "typed",
    [
        "(KVADXNX)",
        "\u201cKVADXNX\u201d",
        "«\u00a0KVADXNX\u00a0»",
        "KVADXNX!",
        "#KVADXNX",
        "<KVADXNX>",
        "Code=KVADXNX",
        "Code: kvadxnx",
        "Ref:KVADXNX",
        "Ref.-Nr.KVADXNX",
        "Réf.:KVADXNX",
        "ref kva dxnx",
        "Kenmerk KVA-DXNX",
        "KVA\u200bDXNX",
        "\ufeffKVADXNX",
        "\u200eKVADXNX\u200f",
        "\u2068KVADXNX\u2069",
        "KVA\u00adDXNX",
        "/u/KVADXNX",
        "u/kvadxnx/",
        "/de/u/KVADXNX",
    ],
)
def test_what_stands_around_a_code_and_in_it_changes_nothing(typed: str) -> None:
    assert typed_code(typed) == "KVADXNX"


@pytest.mark.parametrize("code", ["REFABCD", "CQDE234", "NR23456"])
def test_a_code_that_begins_like_a_label_is_taken_whole(code: str) -> None:
    assert typed_code(code) == typed_code(f"Ref {code}") == typed_code(f"{code[:3]}-{code[3:]}") == code


@pytest.mark.parametrize(
    "typed", ["http://bank.example/u/HYNHEEN", "See http://bank.example HYNHEEN", "HYNHEEN please", "//u/HYNHEEN", "bank.example/u/HYNHEEN"]
)
def test_an_address_or_a_code_among_other_words_is_no_code(typed: str) -> None:
    assert typed_code(typed) is None


@pytest.mark.parametrize(
    "typed", ["", "   ", "K7Q2MX", "K7Q2MXPP", "K7Q2MX!", "../../x", "\x00K7Q2MXP", "ßßßßß22", "K7Q2MX字", "\u202eK7Q2MXP", "/u/", "Ref"]
)
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert typed_code(typed) is None


@given(st.text())
def test_anything_typed_is_a_code_or_nothing(typed: str) -> None:
    found = typed_code(typed)

    assert found is None or (len(found) == CODE_LENGTH and set(found) <= set(CODE_ALPHABET))
