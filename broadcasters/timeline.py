"""Finding a post again on an own timeline: by the marker that it carries, never by its whole text, which networks rewrite."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from broadcasters.errors import OutcomeClass, Unavailable
from broadcasters.post import Found

SKEW = timedelta(minutes=5)  # the network's clock and ours may differ by so much; the marker is unique, so looking further back is harmless
MOST_PAGES = 10

Cursor = TypeVar("Cursor")


def carries(text: str, code: str) -> bool:
    """True if `code` stands in the text as a word of its own."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(code)}(?![A-Za-z0-9])", text) is not None


def first_with(code: str, posts: Sequence[Found]) -> Found | None:
    """The post that carries the marker, or None."""
    return next((post for post in posts if carries(post.text, code)), None)


def read_back(since: datetime, first: Cursor, page: Callable[[Cursor], tuple[Sequence[Found], Cursor | None]]) -> list[Found]:
    """Own posts, newest first, back to `since` (and a margin): page(cursor) gives posts and the next cursor, None at the end.

    raises Unavailable if so many pages do not reach back so far: then absence is not proven
    """
    until = since - SKEW
    found: list[Found] = []
    cursor: Cursor | None = first
    for _ in range(MOST_PAGES):
        if cursor is None:
            return found
        posts, cursor = page(cursor)
        found += [post for post in posts if post.at is None or post.at >= until]
        if any(post.at is not None and post.at < until for post in posts):
            return found
    if cursor is None:
        return found
    raise Unavailable(
        OutcomeClass.RETRY, f"The timeline holds more than {MOST_PAGES} pages since {until:%Y-%m-%d %H:%M}: nothing is proven."
    )


def moment(text: str) -> datetime:
    """An ISO 8601 moment; one without zone is UTC. ValueError for anything else."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
