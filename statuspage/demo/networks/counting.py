"""How the demonstration networks count a text. Written apart from broadcasters/text.py, so that the two can disagree."""

from __future__ import annotations

import re
import unicodedata

_LINK = re.compile(r"https?://[^\s]*[^\s.,;:!?)\]}>»”\"']")
_ZWJ, _KEYCAP = "\u200d", "\u20e3"
_KNOWN_END = re.compile(r"\.(com|org|net|info|es|nl|fr|de|be|uk|eu|io|co|bank|test)(:[0-9]+)?$", re.IGNORECASE)


def clusters(text: str) -> list[str]:
    """What a reader takes for single letters: the rules of Unicode annex 29 that text of this century meets."""
    found: list[str] = []
    for letter in text:
        if found and _joins(found[-1], letter):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _joins(before: str, letter: str) -> bool:
    last = before[-1]
    if (last, letter) == ("\r", "\n"):
        return True
    if unicodedata.category(last) == "Cc" or unicodedata.category(letter) == "Cc":
        return False
    if _extends(letter) or letter == _ZWJ:
        return True
    if last == _ZWJ and _pictures(letter) and _pictures(before[0]):
        return True
    if _indicates(letter):  # two of them are a flag
        return len(before) == 1 and _indicates(before)
    return _hangul(last, letter)


def _extends(letter: str) -> bool:
    return (
        unicodedata.category(letter) in ("Mn", "Me", "Mc")
        or "\U0001f3fb" <= letter <= "\U0001f3ff"
        or "\U000e0020" <= letter <= "\U000e007f"
    )


def _pictures(letter: str) -> bool:
    return unicodedata.category(letter) == "So" or letter in "‼⁉↔↕⤴⤵〰〽"


def _indicates(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"


def _hangul(last: str, letter: str) -> bool:
    leading, vowel, trailing = "\u1100" <= last <= "\u115f", "\u1160" <= last <= "\u11a7", "\u11a8" <= last <= "\u11ff"
    syllable = "\uac00" <= last <= "\ud7a3"
    if "\u1160" <= letter <= "\u11a7":
        return leading or vowel or (syllable and (ord(last) - 0xAC00) % 28 == 0)
    if "\u11a8" <= letter <= "\u11ff":
        return vowel or trailing or syllable
    return leading and ("\u1100" <= letter <= "\u115f" or "\uac00" <= letter <= "\ud7a3")


def mastodon_length(text: str, per_link: int) -> int:
    """Letters, every http(s) address counting as `per_link`."""
    return len(clusters(_LINK.sub("l" * per_link, text)))


def x_links(text: str) -> list[str]:
    """Addresses with a scheme and a name that X knows."""
    return [link for link in _LINK.findall(text) if _KNOWN_END.search(link.split("/")[2])]


def x_length(text: str) -> int:
    """Weighted length: addresses 23, an emoji 2, the light ranges 1, all else 2."""
    text = unicodedata.normalize("NFC", text)
    total = 0
    for link in x_links(text):
        total += 23
        text = text.replace(link, "", 1)
    for cluster in clusters(text):
        emoji = _pictures(cluster[0]) or _indicates(cluster[0]) or cluster[-1] == _KEYCAP
        total += 2 if emoji else sum(_weight(letter) for letter in cluster)
    return total


def _weight(letter: str) -> int:
    code = ord(letter)
    light = code <= 0x10FF or 0x2000 <= code <= 0x200D or 0x2010 <= code <= 0x201F or 0x2032 <= code <= 0x2037
    return 1 if light else 2


def links(text: str) -> set[str]:
    """Different http(s) addresses in a text."""
    return set(_LINK.findall(text))


def threads_length(text: str) -> int:
    """Letters as code points, but those that are pictures, and what belongs to them, as their UTF-8 bytes."""
    return sum(len(letter.encode()) if _in_emoji(letter) else 1 for letter in text)


def _in_emoji(letter: str) -> bool:
    return _pictures(letter) or _indicates(letter) or letter in (_ZWJ, _KEYCAP, "\ufe0f") or "\U0001f3fb" <= letter <= "\U0001f3ff"
