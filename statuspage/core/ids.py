"""Alphabets of ids and codes; the letters come from the randomness port."""

from __future__ import annotations

import re
import unicodedata

ID_LENGTH = 12
ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"  # ids of the public API: 12 lower-case letters and digits

CODE_LENGTH = 7
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0 O 1 I: customers type codes from a screen

_BETWEEN = re.compile(r"[\s\-‐‑–—.,·:_]+")  # what people, and programs that help them, put between letters
_LOOK_ALIKE = str.maketrans("АВЕКМНРСТХУΑΒΕΚΜΗΡΤΧΥΖ1I|0O", "ABEKMHPCTXYABEKMHPTXYZLLLQQ")  # Cyrillic, Greek; what no code has


def typed_code(typed: str) -> str | None:
    """The code that a person meant: in any case, with blanks or hyphens, with letters of other alphabets that look the same.

    No code has 0, O, 1 or I, so they were misread: the letter that looks most like them is taken. The page that follows shows the exact
    words of that message, to be compared. Of several words, as in a message ("Ref HYNHEEN"), the last may be the code; words with an
    address lead nowhere, for it may be that of a fake. None for what cannot be a code.
    """
    words = typed.split()
    whole = _code(typed)
    return whole if whole or len(words) < 2 or "/" in typed else _code(words[-1])


def _code(typed: str) -> str | None:
    found = _BETWEEN.sub("", unicodedata.normalize("NFKC", typed)).upper().translate(_LOOK_ALIKE)
    return found if len(found) == CODE_LENGTH and set(found) <= set(CODE_ALPHABET) else None
