"""Counting parts of short messages, and writing letters that cost less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.words import sms


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "gsm", 0, 1),
        ("a" * 160, "gsm", 160, 1),
        ("a" * 161, "gsm", 161, 2),
        ("a" * 306, "gsm", 306, 2),
        ("a" * 307, "gsm", 307, 3),
        ("€" * 80, "gsm", 160, 1),
        ("a" * 159 + "€", "gsm", 161, 2),
        ("a" * 152 + "€" + "a" * 152, "gsm", 306, 3),  # the euro sign would be split between the first two parts
        ("a" * 152 + "€" + "a" * 151, "gsm", 305, 2),
        ("ó", "ucs2", 1, 1),
        ("ó" * 70, "ucs2", 70, 1),
        ("ó" * 71, "ucs2", 71, 2),
        ("ó" * 134, "ucs2", 134, 2),
        ("ó" * 135, "ucs2", 135, 3),
        ("😀" * 35, "ucs2", 70, 1),
        ("😀" * 36, "ucs2", 72, 2),
        ("😀" * 67, "ucs2", 134, 3),  # 33 pairs fill 66 of 67 units: no pair is split
        ("éèùìòàñÑäöüÄÖÜßØøÅåÆæÇ¿¡§£¥", "gsm", 27, 1),
        ("[]{}^~|\\", "gsm", 16, 1),
    ],
)
def test_parts_are_counted_as_networks_count_them(text: str, encoding: str, units: int, parts: int) -> None:
    assert sms.segments(text) == sms.Segments(encoding, units, parts)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Próximo aviso: reparación", "Proximo aviso: reparacion"),
        ("Ñandú ç ê î û â ô ë ï", "Ñandu c e i u a o e i"),
        ("«Œuvre» – l’été…", '"OEuvre" - l\'été...'),
        ("Łódź, Ðakovo, œ", "Lodz, Dakovo, oe"),
        ("10\u00a0€", "10 €"),
        ("e\u0301", "é"),
        ("Ελλάδα", "Ελλάδα"),  # no plain form: stays, and costs more
    ],
)
def test_letters_that_gsm_lacks_are_written_plainly(text: str, plain: str) -> None:
    assert sms.to_gsm(text) == plain


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x17F), max_size=80))
def test_european_latin_text_always_becomes_gsm_or_keeps_what_has_no_plain_form(text: str) -> None:
    plain = sms.to_gsm(text)

    assert sms.to_gsm(plain) == plain
    assert sms.segments(plain).parts <= sms.segments(text).parts + 1


@given(st.text(max_size=700))
def test_more_text_never_takes_fewer_parts(text: str) -> None:
    counts = [sms.segments(text[:length]).parts for length in range(0, len(text) + 1, 50)]

    assert counts == sorted(counts)
