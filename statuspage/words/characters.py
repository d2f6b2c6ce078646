"""Which characters a text may have: an allow-list, so that whatever is invisible, turned around or looks like another letter
is refused without being known.

Allowed are the Latin letters of European languages, digits, the signs of a keyboard and the usual typographic ones. A language
written in another alphabet adds its letters to LETTERS, together with a rule against mixing alphabets inside one word.
"""

from __future__ import annotations

import unicodedata

from statuspage.core.errors import InvalidText

# Letters inside these ranges that pass for another one: dotless i, kra, n with apostrophe, long s.
_LOOK_ALIKES = frozenset("ıĸŉſ")
_RANGES = ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x17F), (0x218, 0x21B), (0x1E9E, 0x1E9E))

LETTERS = frozenset(chr(code) for first, last in _RANGES for code in range(first, last + 1)) - _LOOK_ALIKES
SIGNS = frozenset(" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡¿«»‹›‘’‚“”„–—…·•§°ºª€£×²³½¼¾\u00a0\u202f")
ALLOWED = LETTERS | SIGNS | frozenset("0123456789")

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MOST = "Use letters of European languages written in Latin script, digits and ordinary punctuation"


def check_characters(text: str, where: str) -> None:
    """Raises InvalidText for the first character that is not allowed, naming it and its place."""
    for place, letter in enumerate(unicodedata.normalize("NFC", text), start=1):
        if letter not in ALLOWED:
            raise InvalidText(f"{where}: {_named(letter)} found at place {place}. {_MOST}. The text was not taken.")


def _named(letter: str) -> str:
    code = f"U+{ord(letter):04X}"
    category = unicodedata.category(letter)
    if category == "Cs":
        return f"half of a surrogate pair ({code})"
    if ord(letter) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(letter) <= 0xFDEF:
        return f"the non-character {code}"
    if letter in _BIDI:
        return f"a sign that turns the direction of writing ({code})"
    if category == "Cc":
        return f"the control character {code}"
    name = unicodedata.name(letter, "unnamed")
    if category.startswith("L") or category in ("Nl", "Nd", "No"):
        return f"a letter or digit that can be taken for another ({code} {name})"
    if category.startswith("M"):
        return f"a mark on top of a letter ({code} {name})"
    return f"the character {code} {name}"


def skeleton(text: str) -> str:
    """The text as a reader in a hurry sees it: lower case, no accents, digits and signs that stand for letters read as letters."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return bare.casefold().translate(_AS_LETTERS)


_AS_LETTERS = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "€": "e", "|": "l", "ø": "o", "ł": "l"}
)
