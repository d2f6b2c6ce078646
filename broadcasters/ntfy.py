"""A topic of an ntfy server: notifications on phones and desks. https://docs.ntfy.sh/publish/

A repeat under the same sequence id takes the place of the first on servers from 2.16 on; older ones show both. So after a lost answer the
topic is read, which the server remembers for half a day.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from broadcasters import text, timeline
from broadcasters.answers import word
from broadcasters.errors import OutcomeClass, Unavailable
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.mapping import by_status
from broadcasters.post import DeliveryClass, Found, Post, Receipt, Remote

KIND = "ntfy"
CLASS = DeliveryClass.BARE
MODES = ("new",)
KEPT = timedelta(hours=11)  # servers keep messages for twelve hours, unless told otherwise


@dataclass(frozen=True)
class Config:
    """A topic, whose name is known to those who listen.

    title      above each notification; "" for the topic's own name
    priority   1 to 5: 3 rings as usual, 4 and 5 go on longer and come first
    """

    topic: str
    access_token: str = field(default="", repr=False)
    base_url: str = "https://ntfy.sh"
    title: str = ""
    priority: int = 3

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[-_A-Za-z0-9]{1,64}", self.topic):
            raise ValueError(f"topic: found {self.topic!r}, allowed are 1 to 64 letters, digits, hyphens and underscores")
        if not 1 <= self.priority <= 5:
            raise ValueError(f"priority: found {self.priority}, allowed are 1 to 5")
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))


def limits(_: Config) -> text.Limits:
    """4,095 bytes: of 4,096, a server (2.27) makes a file, or refuses it. Escapes count, as it takes no JSON of more than twice that."""
    return text.Limits(text.Unit.BYTES, 4095, wider=(('"', 1), ("\\", 1)))


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Publish one notification. Raises Rejected, Unavailable or Uncertain."""
    fields: dict[str, Any] = {"topic": config.topic, "message": post.text, "priority": config.priority, "sequence_id": _sequence(post)}
    if config.title:
        fields["title"] = config.title
    if post.link:
        fields["click"] = post.link
    number = http.send(
        "POST",
        f"{config.base_url}/",
        headers=_headers(config),
        json=fields,
        create=True,
        interpret=_reading,
        read=lambda answer: word(answer["id"]),
    )
    return Receipt(Remote(number))


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The notification that carries `code`; None if it is provably absent. Raises Unavailable if the topic cannot be read so far back."""
    found = timeline.first_with(code, recent(config, http, since))
    if found is None and http.now() - since > KEPT:
        raise Unavailable(OutcomeClass.RETRY, "The server has forgotten what was published so long ago: nothing is proven.")
    return found


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """What was published on the topic since a moment, newest first, by whomever: all of it speaks in our name."""
    lines: list[bytes] = []

    def reading(answer: Answer, parsed: Any) -> Reading | None:
        lines.extend(answer.body.splitlines())  # a message a line, which is no JSON as a whole
        return _reading(answer, parsed)

    def read(_: Any) -> list[Found]:
        messages = [json.loads(line) for line in lines if line.strip()]
        newest: dict[str, Any] = {}
        for one in reversed(messages):  # the newest of a sequence stands in the place of the others, as listeners see it
            if one["event"] == "message":
                newest.setdefault(one.get("sequence_id") or one["id"], one)
        return [_found(one) for one in newest.values()]

    since_s = int((since - timeline.SKEW).timestamp())
    url = f"{config.base_url}/{config.topic}/json?poll=1&since={since_s}"
    return http.send("GET", url, headers=_headers(config), create=False, interpret=reading, read=read)


def verify(config: Config, http: Http) -> str:
    """Who the token belongs to, and whether the topic may be read. Posts nothing."""
    account = f"{config.base_url}/v1/account"
    name = http.send(
        "GET", account, headers=_headers(config), create=False, interpret=_reading, read=lambda answer: str(answer["username"])
    )
    recent(config, http, http.now())
    return f"{f'Signed in as {name}' if name != '*' else 'Without a sign-in'}; the topic {config.topic} may be read."


def _sequence(post: Post) -> str:
    """A name for this one post in the letters that ntfy allows. Not the marker: texts in several languages may share a topic."""
    return hashlib.sha256(post.key.encode()).hexdigest()[:32]


def _headers(config: Config) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {config.access_token}"} if config.access_token else {}


def _found(one: Any) -> Found:
    return Found(Remote(word(one["id"])), str(one["message"]), datetime.fromtimestamp(int(one["time"]), UTC))


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    """The server's own number for an error, beside the usual meaning of the status, which is its first half."""
    code = parsed.get("code") if isinstance(parsed, dict) else None
    if not isinstance(code, int) or answer.status >= 500:
        return None
    return replace(by_status(answer.status), code=str(code))
