"""How many parts a short message takes. Source: 3GPP TS 23.038 (the default alphabet and its extension) and TS 23.040 (parts)."""

from __future__ import annotations

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape and a letter: two septets


def message_parts(text: str) -> int:
    """Parts of a text, at least 1: one of 160 septets or several of 153; with any letter outside the alphabet, 70 or 67 UTF-16 units."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in text):
        return _parts([1 if letter in _BASIC else 2 for letter in text], 160, 153)
    return _parts([1 if ord(letter) < 0x10000 else 2 for letter in text], 70, 67)


def _parts(sizes: list[int], alone: int, joined: int) -> int:
    """A letter of two units is never split between two parts."""
    if sum(sizes) <= alone:
        return 1
    parts = filled = 0
    for size in sizes:
        if parts == 0 or filled + size > joined:
            parts, filled = parts + 1, 0
        filled += size
    return parts
