"""Mastodon and compatible servers: one status per post. API: https://docs.joinmastodon.org/methods/statuses/

Mastodon remembers an Idempotency-Key for an hour and answers a repeat with the first status. Other servers may ignore the key and
post twice (snac does), so a server counts as keyed only where the configuration says that it is known to honour keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import Any, TypeVar

from broadcasters import text, timeline
from broadcasters.answers import word
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Found, Post, Receipt, Remote

KIND = "mastodon"
KEY_WINDOW_S = 3600.0
MODES = ("reply", "edit", "new")
PAGE = 40
LEAST_PAGE = 20  # statuses that the API gives where no number is asked: who gives fewer has no more

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """An account on one server.

    honours_keys     True only for a server known to honour Idempotency-Key (Mastodon itself)
    max_characters, characters_per_url   what GET /api/v2/instance says of the server; `verify` tells if they do not agree
    """

    base_url: str
    access_token: str = field(repr=False)
    honours_keys: bool = False
    max_characters: int = 500
    characters_per_url: int = 23
    visibility: str = "public"

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))
        if self.visibility not in ("public", "unlisted"):
            raise ValueError(f"visibility: found {self.visibility!r}, allowed are public and unlisted")


def delivery_class(config: Config) -> DeliveryClass:
    """Keyed where the server is known to honour keys, else bare."""
    return DeliveryClass.KEYED if config.honours_keys else DeliveryClass.BARE


def limits(config: Config) -> text.Limits:
    """Letters as readers see them; every address counts the same."""
    return text.Limits(text.Unit.GRAPHEMES, config.max_characters, per_link=config.characters_per_url)


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Publish one status. Raises Rejected, Unavailable or Uncertain; parent_gone where the post replied to is not there."""
    body = _body(post, config)
    if post.reply_to is not None:
        body["in_reply_to_id"] = post.reply_to.id
    return http.send(
        "POST",
        f"{config.base_url}/api/v1/statuses",
        headers={**_headers(config), "Idempotency-Key": post.key},
        json=body,
        create=True,
        interpret=_reading_of_reply if post.reply_to else None,
        read=_receipt,
    )


def edit(post: Post, config: Config, http: Http) -> Receipt:
    """Rewrite a status; repeating it is harmless. The id in the receipt counts from now on: some servers change it."""
    if post.edit is None:
        raise ValueError("edit() needs post.edit")
    return http.send(
        "PUT",
        f"{config.base_url}/api/v1/statuses/{post.edit.id}",
        headers=_headers(config),
        json=_body(post, config),
        create=False,
        interpret=_reading_of_reply,
        read=_receipt,
    )


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The own status that carries `code`; None if it is provably absent. Raises Unavailable if the timeline cannot be read."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """Own statuses since a moment, newest first. Raises Unavailable where a server gives the same page again and may have more."""
    account = _ask(http, config, "/api/v1/accounts/verify_credentials", lambda answer: str(answer["id"]))

    seen: set[str] = set()

    def page(cursor: str) -> tuple[Sequence[Found], str | None]:
        path = f"/api/v1/accounts/{account}/statuses?limit={PAGE}&exclude_reblogs=true{cursor}"
        found = _ask(http, config, path, lambda answer: [_found(status) for status in answer])
        if seen.issuperset(one.remote.id for one in found) and len(found) < LEAST_PAGE:
            return [], None  # the end; or a small server that knows no max_id (snac) and has no more than this
        new = [one for one in found if one.remote.id not in seen]
        seen.update(one.remote.id for one in new)
        return new, f"&max_id={found[-1].remote.id}"

    return timeline.read_back(since, "", page)


def verify(config: Config, http: Http) -> str:
    """Who the token belongs to, and whether the configured limits are the server's. Posts nothing."""
    name = _ask(http, config, "/api/v1/accounts/verify_credentials", lambda answer: str(answer["acct"]))
    try:
        maximum, per_link = _server_limits(config, http)
    except BroadcastError:
        return f"Signed in as @{name}. The server does not say how long a post may be; {config.max_characters} letters are assumed."
    told = f"The server takes {maximum} letters and counts an address as {per_link}"
    if maximum >= config.max_characters and per_link <= config.characters_per_url:
        return f"Signed in as @{name}. {told}."
    return f"Signed in as @{name}. {told}: set max_characters: {maximum} and characters_per_url: {per_link}, or long posts will be refused."


def _server_limits(config: Config, http: Http) -> tuple[int, int]:
    def read(answer: Any) -> tuple[int, int]:
        found = answer["configuration"]["statuses"]
        return int(found["max_characters"]), int(found["characters_reserved_per_url"])

    try:
        return _ask(http, config, "/api/v2/instance", read)
    except Rejected:
        return _ask(http, config, "/api/v1/instance", read)


def _ask(http: Http, config: Config, path: str, read: Callable[[Any], T]) -> T:
    return http.send("GET", f"{config.base_url}{path}", headers=_headers(config), create=False, read=read)


def _headers(config: Config) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {config.access_token}"}


def _body(post: Post, config: Config) -> dict[str, Any]:
    return {"status": post.text, "language": post.language, "visibility": config.visibility}


def _reading_of_reply(answer: Answer, _: Any) -> Reading | None:
    """404 on a reply or an edit: the post it speaks of is gone."""
    return Reading(OutcomeClass.CONTENT, "404", parent_gone=True) if answer.status == 404 else None


def _receipt(answer: Any) -> Receipt:
    return Receipt(Remote(word(answer["id"])), url=answer.get("url"))


def _found(status: Any) -> Found:
    return Found(Remote(word(status["id"])), plain(status["content"]), timeline.moment(status["created_at"]), status.get("url"))


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "br":
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self.pieces.append("\n\n")


def plain(content: str) -> str:
    """The words of a status, whose content is HTML: addresses come whole, though the page shows them cut."""
    parser = _Plain()
    parser.feed(content)
    parser.close()
    return "".join(parser.pieces).strip()
