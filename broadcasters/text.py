"""How long a text is, as each network counts it; and the names of records that Bluesky wants.

Source: contracts of the channels, section 3. Words are fitted elsewhere; here they are only measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import regex

from broadcasters.parts import message_parts
from broadcasters.tlds import KNOWN_TO_X
from broadcasters.weighted import weighted_length


class Unit(StrEnum):
    """What is counted."""

    CHARACTERS = "characters"  # code points
    GRAPHEMES = "graphemes"  # what a reader takes for one letter
    UTF16 = "utf16"  # UTF-16 code units
    BYTES = "bytes"  # UTF-8
    WEIGHTED = "characters as X counts"
    PARTS = "message parts"  # of a short message, as phone networks charge it
    EMOJI_BYTES = "characters, emoji by their bytes"  # as Threads counts: code points, but an emoji as its UTF-8 bytes


@dataclass(frozen=True)
class Limits:
    """How much one post may hold.

    maximum        in `unit`
    maximum_bytes  a second limit that must hold too, in UTF-8 bytes
    per_link       what every http(s) address counts for; None: as it is written
    maximum_links  how many different http(s) addresses there may be; None: any number
    wider          letters that count more than once because they are sent escaped: (letter, by how much more)
    """

    unit: Unit
    maximum: int
    maximum_bytes: int | None = None
    per_link: int | None = None
    maximum_links: int | None = None
    wider: tuple[tuple[str, int], ...] = ()


def measure(text: str, limits: Limits) -> int:
    """Length of `text` in the unit of `limits`."""
    return _counted(text, limits) + sum(more * text.count(letter) for letter, more in limits.wider)


def _counted(text: str, limits: Limits) -> int:
    match limits.unit:
        case Unit.CHARACTERS:
            return len(text)
        case Unit.GRAPHEMES:
            return _graphemes(text if limits.per_link is None else _with_short_links(text, limits.per_link))
        case Unit.UTF16:
            return len(text.encode("utf-16-le", "surrogatepass")) // 2
        case Unit.BYTES:
            return _bytes(text)
        case Unit.WEIGHTED:
            return weighted_length(text)
        case Unit.PARTS:
            return message_parts(text)
        case Unit.EMOJI_BYTES:
            return sum(1 if letter in _PLAIN else _with_emoji(letter) for letter in _CLUSTER.findall(text))


def fits(text: str, limits: Limits) -> bool:
    """True if a post with these limits may hold `text`."""
    return all(found.used <= found.allowed for found in _counts(text, limits))


class Counted(NamedTuple):
    """What a text uses of what one limit allows. unit: what is counted."""

    used: int
    allowed: int
    unit: str


def counts(text: str, limits: Limits) -> tuple[Counted, ...]:
    """The length of `text` by every limit, that in the network's own unit first."""
    return tuple(reversed(tuple(_counts(text, limits))))


def _counts(text: str, limits: Limits) -> Iterator[Counted]:
    """The cheap ones first."""
    if limits.maximum_bytes is not None:
        yield Counted(_bytes(text), limits.maximum_bytes, str(Unit.BYTES))
    if limits.maximum_links is not None:
        yield Counted(len({text[start:end] for start, end in web_links(text)}), limits.maximum_links, "links")
    yield Counted(measure(text, limits), limits.maximum, str(limits.unit))


_CLUSTER = regex.compile(r"\X")
_EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Emoji_Presentation}|\p{RI}|[\u20e3\ufe0f]")
_PLAIN = frozenset(chr(number) for number in range(0x20, 0x250) if chr(number) not in "©®")  # letters that are no emoji
_CONJUNCT = regex.compile(r"\p{ccc=9}[\p{M}\u200d]*(?=\p{Lo})")
_LINK = regex.compile(r"https?://(?P<host>[^\s/?#:])[^\s]*", regex.IGNORECASE)
_LINK_END = regex.compile(r"[\p{L}\p{N}=_#/+\-&]")
_MENTION = regex.compile(r"(?<![\w=/])(@\w+)@[\w.-]*\w")


def _graphemes(text: str) -> int:
    """Letters as readers see them. Indic conjuncts count in their parts: servers with tables older than Unicode 15.1 take them apart."""
    return sum(1 + len(_CONJUNCT.findall(cluster)) for cluster in _CLUSTER.findall(text))


def _with_emoji(cluster: str) -> int:
    return _bytes(cluster) if _EMOJI.search(cluster) else len(cluster)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def web_links(text: str) -> list[tuple[int, int]]:
    """Start and end of every http(s) address in a text; a full stop, comma or bracket after it does not belong to it."""
    found = []
    for match in _LINK.finditer(text):
        end = match.end()
        while end > match.start("host") and not _LINK_END.match(text[end - 1]):
            end -= 1
        if end > match.start("host"):
            found.append((match.start(), end))
    return found


def _with_short_links(text: str, per_link: int) -> str:
    """The text with something as long as it counts in place of every address, and of every @user@host.

    An address under a top-level domain that nobody knows may be no link to the server: it counts in full if that is more.
    """
    pieces, at = [], 0
    for start, end in web_links(text):
        link = text[start:end]
        known = link.split("/")[2].partition(":")[0].rpartition(".")[2].lower() in KNOWN_TO_X
        counted = per_link if known else max(per_link, _graphemes(link))
        pieces += [_MENTION.sub(r"\1", text[at:start]), "x" * counted]
        at = end
    return "".join([*pieces, _MENTION.sub(r"\1", text[at:])])


_TID_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def make_tid(at: datetime, clock_id: int) -> str:
    """The name of a Bluesky record: 13 letters that sort by time.

    at        aware; its microseconds since 1970 are the name's first part
    clock_id  0 to 1023, by chance: keeps two writers in the same microsecond apart
    source    AT Protocol, record keys, TID
    """
    if not 0 <= clock_id < 1024:
        raise ValueError(f"The clock id of a record name is from 0 to 1023; found {clock_id}.")
    number = ((at - _EPOCH) // timedelta(microseconds=1)) << 10 | clock_id
    return "".join(_TID_LETTERS[number >> shift & 31] for shift in range(60, -1, -5))
