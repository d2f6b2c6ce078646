"""X: one post per call, remembered by nobody. API: https://docs.x.com/x-api/posts/creation-of-a-post

X keeps no key. A text equal to an earlier one is refused, which proves that something is there, not what: the own timeline is read.
On the usual plans an account may not reply, not even to itself; a post with an address costs thirteen times as much as one without.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from broadcasters import oauth, text, timeline
from broadcasters.answers import word
from broadcasters.errors import OutcomeClass, Rejected
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Found, Post, Price, Receipt, Remote

KIND = "x"
CLASS = DeliveryClass.BARE
MODES = ("new", "reply")
PAGE = 100
PRICE = Price("USD", plain=0.015, with_link=0.200, as_of="2026-11")  # pay per use; https://docs.x.com/x-api/getting-started/pricing

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """A user's OAuth 2 access.

    user_id, username  of the account; the number is needed to read the own timeline
    access_token       lives 2 hours where the app asked for offline.access; refresh() renews it with refresh_token and client_id
    client_secret      only for a confidential client
    may_reply          True only for accounts that X allows to reply to themselves (enterprise, public utility)
    """

    user_id: str
    username: str
    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    may_reply: bool = False
    base_url: str = "https://api.x.com"
    web_url: str = "https://x.com"

    def __post_init__(self) -> None:
        if not self.user_id.isdecimal():
            raise ValueError(f"user_id: found {self.user_id!r}, allowed is the account's number (quote it: it is text)")
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))
        object.__setattr__(self, "web_url", checked_base(self.web_url, "web_url"))


def limits(_: Config) -> text.Limits:
    """280 as X weighs them."""
    return text.Limits(text.Unit.WEIGHTED, 280)


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Publish one post. A reply that X does not allow is posted alone instead, and the receipt says so."""
    if post.reply_to is None or not config.may_reply:
        return _create(post, config, http, None)
    try:
        return _create(post, config, http, post.reply_to.id)
    except Rejected as error:
        if error.code != REPLY_FORBIDDEN:
            raise
    alone = _create(post, config, http, None)
    return Receipt(alone.remote, alone.url, ("X did not allow the reply: posted alone. Set may_reply: false for this account.",))


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The own post that carries `code`; None if it is provably absent. Raises Unavailable if the timeline cannot be read."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """Own posts since a moment, newest first, with addresses as they were written: X shows short ones instead."""
    start = (since - timeline.SKEW).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = {"max_results": str(PAGE), "start_time": start, "tweet.fields": "created_at,entities"}

    def read(answer: Any) -> tuple[Sequence[Found], str | None]:
        return [_found(one, config) for one in answer.get("data", [])], answer["meta"].get("next_token")

    def page(cursor: str) -> tuple[Sequence[Found], str | None]:
        whole = {**query, **({"pagination_token": cursor} if cursor else {})}
        return _ask(http, config, f"/2/users/{config.user_id}/tweets?{urlencode(whole)}", read)

    return timeline.read_back(since, "", page)


def verify(config: Config, http: Http) -> str:
    """Who the token belongs to, and whether it is the configured account. Posts nothing."""
    number, name = _ask(http, config, "/2/users/me", lambda answer: (str(answer["data"]["id"]), str(answer["data"]["username"])))
    if number == config.user_id:
        return f"Signed in as @{name}."
    return f"Signed in as @{name}, whose user_id is {number}: set it, or lost answers cannot be cleared up."


def refresh(config: Config, http: Http) -> Mapping[str, str]:
    """A new access token. The refresh token changes with it: store both before they are used."""
    if not config.refresh_token or not config.client_id:
        raise Rejected(
            OutcomeClass.REAUTH, "There is no refresh_token and client_id for X: a person must sign in again.", code="NoRefreshToken"
        )
    who = oauth.basic(config.client_id, config.client_secret) if config.client_secret else {}
    own = {"client_id": config.client_id}
    return oauth.renewed(http, f"{config.base_url}/2/oauth2/token", config.refresh_token, form=own, headers=who)


def _create(post: Post, config: Config, http: Http, reply_to: str | None) -> Receipt:
    def receipt(answer: Any) -> Receipt:
        number = word(answer["data"]["id"])
        return Receipt(Remote(number), url=f"{config.web_url}/{config.username}/status/{number}")

    body: dict[str, Any] = {"text": post.text}
    if reply_to is not None:
        body["reply"] = {"in_reply_to_tweet_id": reply_to}
    return http.send(
        "POST", f"{config.base_url}/2/tweets", headers=_headers(config), json=body, create=True, interpret=_reading, read=receipt
    )


def _ask(http: Http, config: Config, path: str, read: Callable[[Any], T]) -> T:
    return http.send("GET", f"{config.base_url}{path}", headers=_headers(config), create=False, interpret=_reading, read=read)


def _headers(config: Config) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {config.access_token}"}


def _found(one: Any, config: Config) -> Found:
    words = str(one["text"])
    for link in one.get("entities", {}).get("urls", []):
        words = words.replace(link["url"], link["expanded_url"])
    number = word(one["id"])
    return Found(Remote(number), words, timeline.moment(one["created_at"]), f"{config.web_url}/{config.username}/status/{number}")


REPLY_FORBIDDEN = "reply-forbidden"
_OF_ACCOUNT = re.compile(r"suspended|locked|not permitted to perform|/client-forbidden|/oauth1-permissions")


def _sentences(parsed: Mapping[str, Any]) -> Iterator[str]:
    """What X says in any of its three shapes: {"detail"}, {"message"}, {"errors": [{"detail"} or {"message"}]}."""
    errors = parsed.get("errors")
    for one in (parsed, *(errors if isinstance(errors, list) else ())):
        if isinstance(one, dict):
            yield from (value for name in ("detail", "message") if isinstance(value := one.get(name), str))


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    """What the status alone does not say. For 403 the sentence in `detail` is the only sign that X gives."""
    if not isinstance(parsed, dict):
        return None
    if str(parsed.get("type", "")).endswith("/usage-capped"):
        return Reading(OutcomeClass.BILLING, "usage-capped")
    if answer.status != 403:
        return None
    if str(parsed.get("type", "")).endswith("/unsupported-authentication"):
        return Reading(OutcomeClass.REAUTH, "unsupported-authentication")  # the token of an app, where one of a user is asked for
    detail = " ".join(_sentences(parsed)).lower()
    if "duplicate content" in detail or "status is a duplicate" in detail:
        return Reading(OutcomeClass.DUPLICATE, "duplicate-content")
    if "reply to a" in detail and ("deleted" in detail or "not visible" in detail):
        return Reading(OutcomeClass.CONTENT, "parent-gone", parent_gone=True)
    if re.search(r"\brepl(y|ies|ying)\b", detail) and re.search(r"\bnot (allowed|permitted)\b", detail):
        return Reading(OutcomeClass.DENIED, REPLY_FORBIDDEN, single=True)
    of_account = _OF_ACCOUNT.search(f"{parsed.get('type', '')} {detail}")
    return Reading(OutcomeClass.DENIED, single=of_account is None)  # what X refuses in words that nobody knows here is about one post
