"""Judges what was truly posted, by what the networks keep and by nothing that the product says of itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

CHATS = ("slack", "teams", "discord", "matrix", "ntfy")
PUBLIC = ("mastodon", "bluesky", "x", "facebook", "threads", "instagram", "linkedin", "pinterest", "telegram", *CHATS)
EDITED = ("facebook", "linkedin", "telegram", "discord")  # one post, rewritten with the story so far
THREADED = ("mastodon", "bluesky", "threads", "matrix")  # the first post and replies, each to the one before: on Slack all are to the first


def by_account(posts: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """Posts of the public networks per network and account, oldest first."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for post in posts:
        if post["network"] in PUBLIC:
            found[post["network"], post["account"]].append(post)
    return found


def versions(posts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every text that customers could read on one account, in the order in which it appeared."""
    said = []
    for post in posts:
        for revision in post["revisions"]:
            said.append(revision["text"] if isinstance(revision, Mapping) else revision)
        said.append(post["text"])
    return [text for index, text in enumerate(said) if index == 0 or said[index - 1] != text]


def doubled(posts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Texts that stand more than once on one account in one language."""
    seen = Counter((post["network"], post["account"], post["text"]) for post in posts)
    return [f"{network}: {text[:60]}" for (network, _, text), number in seen.items() if number > 1]


def broken_threads(posts: list[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the threads of one incident on accounts whose network threads: exactly one root per account and language."""
    wrong = []
    groups: dict[tuple[str, str, Any], list[Mapping[str, Any]]] = defaultdict(list)
    for post in posts:
        if post["network"] in THREADED:
            language = post["language"][0] if isinstance(post["language"], list) else post["language"]
            groups[post["network"], post["account"], language].append(post)
    for key, thread in groups.items():
        roots = [post for post in thread if not post["in_reply_to"]]
        if len(roots) != 1:
            wrong.append(f"{key}: {len(roots)} roots")
        before: Mapping[str, Any] | None = None
        for post in thread:
            if before is not None and post["in_reply_to"] != before["id"]:
                wrong.append(f"{key}: {post['id']} replies to {post['in_reply_to']}, not to {before['id']}")
            before = post
    return wrong
