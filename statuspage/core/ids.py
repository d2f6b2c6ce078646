"""Alphabets of ids and codes; the letters come from the randomness port."""

from __future__ import annotations

import re
import unicodedata

ID_LENGTH = 12
ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"  # ids of the public API: 12 lower-case letters and digits

CODE_LENGTH = 7
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0 O 1 I: customers type codes from a screen

_BETWEEN = frozenset("+=<>~^`´\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2060\u2066\u2067\u2068\u2069\ufeff")
_NEVER_BETWEEN = frozenset("/\\|")  # an address is no code; | is an l that was misread
_PLACE = re.compile(r"\s*(?:/(?:[a-z]{2,3}/)?)?u/", re.IGNORECASE)  # the end of our own address: /u/, /en/u/
_LABEL = re.compile(  # as in "Ref.-Nr. HYNHEEN" and "Code=HYNHEEN", in the languages of messages; without what stands between
    rf"(?:REF|REFERENCE|REFERENCIA|REFERENTIE|REFERENZ|RÉF|RÉFÉRENCE|KENMERK|CODE|CÓDIGO|CODIGO)(?:NR|NO)??(.{{{CODE_LENGTH}}})"
)
_LOOK_ALIKE = str.maketrans("АВЕКМНРСТХУΑΒΕΚΜΗΡΤΧΥΖ1I|0O", "ABEKMHPCTXYABEKMHPTXYZLLLQQ")  # Cyrillic, Greek; what no code has


def typed_code(typed: str) -> str | None:
    """The code that a person meant: in any case, with blanks, hyphens or quotes, with letters of other alphabets that look the same.

    No code has 0, O, 1 or I, so they were misread: the letter that looks most like them is taken. The page that follows shows the exact
    words of that message, to be compared. "Ref" and its like may stand before it, and the end of our own address ("/u/HYNHEEN"). Of
    several words, as in a message, the last may be the code; words with any other address lead nowhere, for it may be that of a fake.
    None for what cannot be a code.
    """
    place = _PLACE.match(typed)
    told = typed[place.end() :].rstrip("/") if place else typed
    words = told.split()
    whole = _code(told)
    return whole if whole or len(words) < 2 or "/" in told else _code(words[-1])


def _code(typed: str) -> str | None:
    letters = "".join(one for one in unicodedata.normalize("NFKC", typed) if not _between(one)).upper()
    labelled = _LABEL.fullmatch(letters)
    found = (labelled[1] if labelled else letters).translate(_LOOK_ALIKE)
    return found if len(found) == CODE_LENGTH and set(found) <= set(CODE_ALPHABET) else None


def _between(letter: str) -> bool:
    """True for what people, and programs that help them, put between letters and around them, seen or unseen.

    Not what turns the direction of letters round (U+202E): what is seen then is not what is there.
    """
    apart = letter in _BETWEEN or letter.isspace() or unicodedata.category(letter)[0] in "PZ"
    return apart and letter not in _NEVER_BETWEEN
