"""A Matrix room: one event per post, under a transaction id of our own. https://spec.matrix.org/latest/client-server-api/

A server answers a transaction id that it remembers with the event that it made then, whatever the body says now. The specification does not
say how long it remembers: Synapse a day, Dendrite half an hour at least. A new sign-in is a new device, which nothing remembers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from broadcasters import text, timeline, waiting
from broadcasters.answers import word
from broadcasters.errors import OutcomeClass, Rejected
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.mapping import by_status
from broadcasters.post import DeliveryClass, Found, Post, Receipt, Remote

KIND = "matrix"
CLASS = DeliveryClass.KEYED
KEY_WINDOW_S = 1800.0
MODES = ("reply", "edit", "new")
PAGE = 50

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """A user who is in one room, in which what is sent is not encrypted.

    base_url      of the user's home server
    room          its internal id (!…), not an alias, which may come to mean another room
    access_token  of one sign-in that is kept for ever
    """

    base_url: str
    room: str
    access_token: str = field(repr=False)
    web_url: str = "https://matrix.to"

    def __post_init__(self) -> None:
        if not self.room.startswith("!"):
            raise ValueError(f"room: found {self.room!r}, allowed is the room's internal id, which begins with an exclamation mark")
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))
        object.__setattr__(self, "web_url", checked_base(self.web_url, "web_url"))


def limits(_: Config) -> text.Limits:
    """30,000 bytes: an edit holds the words twice, and the whole event, with its escapes, must keep below 65,536."""
    return text.Limits(text.Unit.BYTES, 30_000, wider=(('"', 1), ("\\", 1), ("\n", 1)))


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Send one notice. Raises Rejected, Unavailable or Uncertain."""
    content: dict[str, Any] = _words(post.text)
    if post.reply_to is not None:
        content["m.relates_to"] = {
            "rel_type": "m.thread",
            "event_id": (post.root or post.reply_to).id,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": post.reply_to.id},
        }
    number = _put(post, content, config, http, create=True)
    return Receipt(Remote(number), _permalink(number, config))


def edit(post: Post, config: Config, http: Http) -> Receipt:
    """Replace an event's words; repeating it is harmless. Rejected with parent_gone where the event was taken down.

    The event is asked for first: the server takes a replacement of what was taken down without a word, and nobody would see it.
    """
    if post.edit is None:
        raise ValueError("edit() needs post.edit")
    content = {
        **_words(f"* {post.text}"),
        "m.new_content": _words(post.text),
        "m.relates_to": {"rel_type": "m.replace", "event_id": post.edit.id},
    }
    path = f"event/{quote(post.edit.id, safe='')}"
    if _room(http, config, path, lambda event: "redacted_because" in event.get("unsigned", {}), _reading_of_event):
        raise Rejected(OutcomeClass.CONTENT, "The message to rewrite was taken down.", parent_gone=True, code="redacted")
    _put(post, content, config, http, create=False)
    return Receipt(post.edit, _permalink(post.edit.id, config))


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The own event that carries `code`; None if it is provably absent. Raises Unavailable if the room cannot be read."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """Own events since a moment, newest first, each with its present words; what others write in the room is their own affair."""
    own = _user(config, http)
    wanted = json.dumps({"types": ["m.room.message"], "senders": [own]}, separators=(",", ":"))
    first = {"dir": "b", "limit": str(PAGE), "filter": wanted}

    def read(answer: Any) -> tuple[list[Found], str]:
        posts = [_found(event, config) for event in answer["chunk"] if event.get("sender") == own and _is_post(event)]
        return posts, str(answer.get("end") or "")

    def page(query: Mapping[str, str]) -> tuple[Sequence[Found], dict[str, str] | None]:
        posts, end = _room(http, config, f"messages?{urlencode(query)}", read)
        return posts, {**first, "from": end} if end else None

    return timeline.read_back(since, first, page)


def verify(config: Config, http: Http) -> str:
    """Who the token belongs to, and whether this user is in the room. Posts nothing."""
    user = _user(config, http)
    rooms = _ask(http, config, "joined_rooms", lambda answer: [str(room) for room in answer["joined_rooms"]])
    if config.room not in rooms:
        raise Rejected(OutcomeClass.DENIED, f"{user} is signed in, but not in the room {config.room}. Invite this user and let it join.")
    return f"Signed in as {user}, who is in the room."


def _words(words: str) -> dict[str, Any]:
    """Plain words: no sign in them means anything, and every client makes their addresses clickable."""
    return {"msgtype": "m.notice", "body": words}


def _put(post: Post, content: Mapping[str, Any], config: Config, http: Http, *, create: bool) -> str:
    path = f"send/m.room.message/{quote(post.key, safe='')}"
    return http.send(
        "PUT",
        f"{config.base_url}/_matrix/client/v3/rooms/{quote(config.room, safe='')}/{path}",
        headers=_headers(config),
        json=content,
        create=create,
        interpret=_reading,
        read=lambda answer: word(answer["event_id"]),
    )


def _user(config: Config, http: Http) -> str:
    return _ask(http, config, "account/whoami", lambda answer: word(answer["user_id"]))


def _room(
    http: Http, config: Config, path: str, read: Callable[[Any], T], interpret: Callable[[Answer, Any], Reading | None] | None = None
) -> T:
    return _ask(http, config, f"rooms/{quote(config.room, safe='')}/{path}", read, interpret)


def _ask(
    http: Http, config: Config, path: str, read: Callable[[Any], T], interpret: Callable[[Answer, Any], Reading | None] | None = None
) -> T:
    url = f"{config.base_url}/_matrix/client/v3/{path}"
    return http.send("GET", url, headers=_headers(config), create=False, interpret=interpret or _reading, read=read)


def _headers(config: Config) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {config.access_token}"}


def _permalink(event: str, config: Config) -> str:
    return f"{config.web_url}/#/{quote(config.room, safe='!:')}/{quote(event, safe='$')}"


def _is_post(event: Any) -> bool:
    """Neither a replacement of another event nor one that was taken down."""
    content = event.get("content") or {}
    return "body" in content and (content.get("m.relates_to") or {}).get("rel_type") != "m.replace"


def _found(event: Any, config: Config) -> Found:
    """An event with the words that clients show: the server hands along the newest replacement."""
    number, content = word(event["event_id"]), event["content"]
    newest = ((event.get("unsigned") or {}).get("m.relations") or {}).get("m.replace")
    if isinstance(newest, dict) and "m.new_content" in (newest.get("content") or {}):
        content = newest["content"]["m.new_content"]
    at = datetime.fromtimestamp(int(event["origin_server_ts"]) / 1000, UTC)
    return Found(Remote(number), str(content["body"]), at, _permalink(number, config))


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    """The server's own name for an error beside the usual meaning of its status; waits are given in milliseconds."""
    if not isinstance(parsed, dict) or "errcode" not in parsed:
        return None
    usual, name = by_status(answer.status), str(parsed["errcode"])
    if answer.status == 429:
        return Reading(OutcomeClass.THROTTLED, name, waiting.number_s(parsed.get("retry_after_ms"), 0.001))
    return replace(usual, code=name)


def _reading_of_event(answer: Answer, parsed: Any) -> Reading | None:
    return Reading(OutcomeClass.CONTENT, "404", parent_gone=True) if answer.status == 404 else _reading(answer, parsed)
