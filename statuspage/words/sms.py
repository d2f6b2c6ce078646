"""Short messages: the letters a phone network carries cheaply, and how many parts a text costs.

Rule: 3GPP TS 23.038 (default alphabet and its extension table) and TS 23.040 (parts): one part of 160 letters or parts of 153;
a single letter outside the alphabet makes it UCS-2: one part of 70 units or parts of 67.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

MAX_PARTS = 2

GSM_LETTERS = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")  # two units each

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚`´‹›", "'"),
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("–—‑−•", "-"),
        **dict.fromkeys("\u00a0\u202f\u2009", " "),
        **dict(zip("·łŁđĐðÐħĦŧŦŋŊıºª°", ".lLdDdDhHtTnNioao", strict=True)),
        "…": "...",
        "œ": "oe",
        "Œ": "OE",
        "þ": "th",
        "Þ": "Th",
    }
)


@dataclass(frozen=True)
class Segments:
    """What a text costs. encoding: "gsm" or "ucs2"; units: septets or 16-bit units; parts: messages that are charged."""

    encoding: str
    units: int
    parts: int


def to_gsm(text: str) -> str:
    """The text with letters that GSM lacks written without accent or in plain signs; what has no plain form stays as it is."""
    return "".join(_plain(letter) for letter in unicodedata.normalize("NFC", text))


def is_gsm(text: str) -> bool:
    """True if every letter is in the GSM alphabet or its extension table."""
    return all(letter in GSM_LETTERS or letter in GSM_EXTENSION for letter in text)


def segments(text: str) -> Segments:
    """Count the parts of a text. A letter of two units is never split between two parts."""
    if is_gsm(text):
        return _pack("gsm", [2 if letter in GSM_EXTENSION else 1 for letter in text], alone=160, joined=153)
    return _pack("ucs2", [2 if ord(letter) > 0xFFFF else 1 for letter in text], alone=70, joined=67)


def fits(text: str) -> bool:
    """True if the text takes at most two parts."""
    return segments(text).parts <= MAX_PARTS


def _plain(letter: str) -> str:
    if letter in GSM_LETTERS or letter in GSM_EXTENSION:
        return letter
    if ord(letter) in _PLAIN:
        return letter.translate(_PLAIN)
    bare = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return bare if bare and is_gsm(bare) else letter


def _pack(encoding: str, sizes: list[int], *, alone: int, joined: int) -> Segments:
    units = sum(sizes)
    if units <= alone:
        return Segments(encoding, units, 1)
    parts, room = 1, joined
    for size in sizes:
        if size > room:
            parts, room = parts + 1, joined
        room -= size
    return Segments(encoding, units, parts)
