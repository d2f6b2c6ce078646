"""Which posts on an own account no delivery of ours explains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import may_be_out
from statuspage.core.ids import CODE_ALPHABET, CODE_LENGTH

_CODE = re.compile(rf"(?<![A-Za-z0-9])[{CODE_ALPHABET}]{{{CODE_LENGTH}}}(?![A-Za-z0-9])")


class Oddity(StrEnum):
    """What is wrong with a post."""

    UNKNOWN = "unknown"  # nothing of ours says anything like it
    CHANGED = "changed"  # it is ours, and says something else now
    COPY = "copy"  # it carries a code of ours, whose post is another one


@dataclass(frozen=True)
class Seen:
    """One post on an own timeline. id: the network's; at: by the network's clock, None if it does not say."""

    id: str
    text: str
    at: datetime | None
    url: str | None = None


def codes_in(text: str) -> set[str]:
    """Everything in a text that could be a code of ours."""
    return set(_CODE.findall(text))


def unexplained(posts: Iterable[Seen], rows: Sequence[Delivery], since: datetime) -> Mapping[Seen, Oddity]:
    """Posts that need a person, and why.

    posts    as the network shows them; read before `rows`, so that a post is never younger than the row that commits its sending
    rows     deliveries of the account whose remote id or code is among the posts'
    since    older posts concern nobody; counted in whole seconds, as most networks tell their moments

    A post is ours if a delivery has its id and it still carries a code of one of those deliveries (an edited post has several, one
    for each update) or of an edit of the same thread whose answer was lost, or if it carries the code of a delivery that was tried, or
    that a backup knew, and of whose post no id is known (yet).
    """
    by_id: dict[str, list[Delivery]] = {}
    tried = {}
    for row in rows:
        if row.remote_id:
            by_id.setdefault(row.remote_id, []).append(row)
        if may_be_out(row) or row.epoch > 1:
            tried[row.code] = row
    found = {}
    since = since.replace(microsecond=0)
    for post in posts:
        if post.at is not None and post.at < since:
            continue
        codes = codes_in(post.text)
        if post.id in by_id:
            threads = {_thread(row) for row in by_id[post.id]}
            lost = {row.code for row in tried.values() if not row.remote_id and _thread(row) in threads}
            if not codes & ({row.code for row in by_id[post.id]} | lost):
                found[post] = Oddity.CHANGED
            continue
        known = [tried[code] for code in codes if code in tried]
        if not known:
            found[post] = Oddity.UNKNOWN
        elif all(row.remote_id for row in known):
            found[post] = Oddity.COPY
    return found


def _thread(row: Delivery) -> tuple[object, ...]:
    return row.subject_kind, row.subject_id, row.channel
