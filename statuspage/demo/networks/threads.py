"""The part of the Threads API that a broadcaster meets: 500 characters in which an emoji counts as its bytes, five addresses, replies."""

from __future__ import annotations

from typing import Any

from statuspage.demo.networks import containers, meta
from statuspage.demo.networks.accounts import Account
from statuspage.demo.networks.counting import links, threads_length
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import Container, World

NAME, TITLE = "threads", "Threads"
API = ("/v1.0/", "/refresh_access_token")
PREPARES = ("/threads",)
MAXIMUM, MOST_LINKS = 500, 5


def answer(call: Call, world: World) -> Reply:
    return containers.answer(_KIND, call, world)


refusal = meta.refusal


def _draft(fields: dict[str, Any], world: World, owner: Account) -> Container | Reply:
    text, parent = fields.get("text"), fields.get("reply_to_id")
    if fields.get("media_type") != "TEXT" or not isinstance(text, str) or not text.strip():
        return meta.error(400, 100, "Param text must be a non-empty string")
    if threads_length(text) > MAXIMUM:
        return meta.error(400, 100, f"Param text must be at most {MAXIMUM} characters long")
    if len(links(text)) > MOST_LINKS:
        return meta.error(400, 100, "THREADS_API__LINK_LIMIT_EXCEEDED")
    if parent is not None and world.truth.get(NAME, parent) is None:
        return meta.error(400, 100, "The requested resource does not exist", subcode=33)
    return Container(owner.name, text, world.now(), reply_to=parent)


_KIND = containers.Kind(
    name=NAME,
    version="v1.0",
    makes="threads",
    publishes="threads_publish",
    limit="threads_publishing_limit",
    lists={"threads": lambda entry: entry.in_reply_to is None, "replies": lambda entry: entry.in_reply_to is not None},
    state="status",
    why="error_message",
    words="text",
    quota=250,
    draft=_draft,
)
