"""Length as X counts it: letters weigh 1 or 2, an emoji 2, an address 23.

Source: twitter-text 3, configuration v3. Where this counts otherwise it counts more, so that nothing is refused: an address ends
for us before a bracket; an emoji sequence is one only if it is of a registered kind. (Names of hosts in other scripts than the
Latin one are taken for plain words unless a scheme stands before them: no bank's notice holds one.)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

from broadcasters.tlds import KNOWN_TO_X

LINK_WEIGHT = 23
_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))  # code points that weigh 1; all others 2

_LABEL = r"[a-z0-9_\u00c0-\u024f](?:[a-z0-9_\u00c0-\u024f-]*[a-z0-9_\u00c0-\u024f])?"
_PATH = r"/(?:[a-z0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&\u00c0-\u024f\u0400-\u04ff]*[a-z0-9+\-=_#/\u00c0-\u024f\u0400-\u04ff])?"
_QUERY = r"\?[a-z0-9!?*'@;:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/]"
_ADDRESS = regex.compile(
    rf"(?<![a-z0-9@＠$#＃])(?P<scheme>https?://)?(?P<host>{_LABEL}(?:\.{_LABEL})+)(?![a-z0-9@+\-])(?P<rest>(?::[0-9]+)?(?:{_PATH})?(?:{_QUERY})?)",
    regex.IGNORECASE,
)

# Registered emoji sequences: a person, or one of a few other signs, joined with hearts, signs of gender, trades, hair...
_JOINS = "👁🏳🏴❤🐕🐈🐻🐦😮😵😶🧞🧟👯🤼"
_JOINED_SIGN = "❤♀♂⚧⚕⚖✈🗨☠❄"  # these are text signs; the variation selector makes them emoji
_JOINED = "💋👨👩👦👧🧑🧒🤝🌾🍳🍼🎓🎤🎨🏫🏭💻💼🔧🔬🚀🚒🦯🦼🦽🎄🦰🦱🦲🦳🌈🦺🔥🩹"
_TAGS = "|".join("".join(chr(0xE0000 + ord(letter)) for letter in code) for code in ("gbeng", "gbsct", "gbwls"))
_EMOJI = regex.compile(
    rf"(?P<flag>\p{{RI}}\p{{RI}})|[0-9#*]\ufe0f?\u20e3|🏴(?:{_TAGS})\U000e007f"
    rf"|(?:\p{{Emoji_Modifier_Base}}\p{{Emoji_Modifier}}?|[{_JOINS}]\ufe0f?)(?:\u200d(?:[{_JOINED}]\p{{Emoji_Modifier}}?|[{_JOINED_SIGN}]\ufe0f?))+"
    r"|\p{Emoji_Modifier_Base}\p{Emoji_Modifier}|\p{Emoji_Presentation}|(?![0-9#*])\p{Emoji}\ufe0f?"
)
_ASCII = regex.compile(r"[a-z0-9-]+", regex.IGNORECASE)
_ACCENTS = "".join(map(chr, range(0xC0, 0x250)))
_NO_FLAGS = frozenset({"uk", "su", "an", "tp", "yu"})  # country domains without a flag of that code


def weighted_length(text: str) -> int:
    """What X would count for `text`; at most 280 are accepted."""
    text = unicodedata.normalize("NFC", text)
    total, end = 0, 0
    for start, stop, weight in _links(text):
        total += _letters(text[end:start]) + weight
        end = stop
    return total + _letters(text[end:])


def _links(text: str) -> Iterator[tuple[int, int, int]]:
    """Start, end and weight of every address that X takes, or may take, for a link."""
    for match in _ADDRESS.finditer(text):
        known = _known_part(match["host"])
        if not known:
            continue
        start, end = match.start(), match.start("host") + len(known)
        if known == match["host"]:
            end = match.end()
        if match["scheme"]:
            yield start, end, LINK_WEIGHT
        elif not text[:start].endswith(("-", "_", ".", "/")):
            accents = len(known) - len(known.lstrip(_ACCENTS))  # X may begin the address after them
            yield start, end, LINK_WEIGHT + accents
        elif not text[max(start - 2, 0)].isascii():  # X may begin the address further left
            yield start, end, max(LINK_WEIGHT, _letters(text[start:end]))


def _known_part(host: str) -> str:
    """The longest beginning of a host that ends in a known top-level domain; "" if there is none. A letter that is not ASCII ends it."""
    labels = host.split(".")
    for count in range(len(labels), 1, -1):
        last = _ASCII.match(labels[count - 1])
        if last and (last[0].lower() in KNOWN_TO_X or last[0].lower().startswith("xn--")):
            return ".".join([*labels[: count - 1], last[0]])
    return ""


def _letters(text: str) -> int:
    total, end = 0, 0
    for match in _EMOJI.finditer(text):
        flag = match["flag"]
        weight = 2 if flag is None or _is_flag(flag) else 4
        total += _plain(text[end : match.start()]) + weight
        end = match.end()
    return total + _plain(text[end:])


def _is_flag(pair: str) -> bool:
    code = "".join(chr(ord(letter) - 0x1F1E6 + ord("a")) for letter in pair)
    return code in KNOWN_TO_X and code not in _NO_FLAGS


def _plain(text: str) -> int:
    return sum(1 if any(low <= ord(letter) <= high for low, high in _LIGHT) else 2 for letter in text)
