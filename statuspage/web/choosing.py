"""What a reader's request headers ask for: language, coding, and whether the copy it has is still good."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

MAX_HEADER = 2000  # letters of one of these headers that are read; the rest says nothing more


def _weighed(header: str) -> Iterator[tuple[str, float]]:
    """The parts of a header such as Accept-Language with their weights, 0 to 1; a part that cannot be read is left out."""
    for part in header[:MAX_HEADER].split(","):
        name, _, rest = part.partition(";")
        weight = 1.0
        if rest:
            key, _, value = rest.strip().partition("=")
            try:
                weight = float(value) if key.strip().lower() == "q" else 1.0
            except ValueError:
                continue
        if name.strip() and 0.0 <= weight <= 1.0:
            yield name.strip().lower(), weight


def language(header: str, offered: Sequence[str], default: str) -> str:
    """The offered language that the reader likes best; the first named of equals; the default if none fits."""
    best, weight = default, 0.0
    for name, wanted in _weighed(header):
        found = name.split("-")[0]
        if found in offered and wanted > weight:
            best, weight = found, wanted
    return best


def coding(header: str, offered: Collection[str]) -> str:
    """br, gzip or identity: what the reader likes best, and the smallest of equals (RFC 9110, 12.5.3)."""
    wanted = dict(_weighed(header))
    best, weight = "identity", wanted.get("identity", 0.0)
    for name in ("gzip", "br"):
        liked = wanted.get(name, wanted.get("*", 0.0))
        if name in offered and liked > 0.0 and liked >= weight:
            best, weight = name, liked
    return best


def unchanged(if_none_match: str | None, if_modified_since: str | None, etag: str, modified: datetime) -> bool:
    """True if the reader's copy is still good. The tags decide alone where they are given (RFC 9110, 13.2.2)."""
    if if_none_match is not None:
        tags = (tag.strip().removeprefix("W/") for tag in if_none_match[:MAX_HEADER].split(","))
        return any(tag in (etag, "*") for tag in tags)
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
        return since.tzinfo is not None and modified <= since
    except (ValueError, TypeError, OverflowError, IndexError):
        return False
