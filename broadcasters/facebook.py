"""A Facebook Page: one post per subject, rewritten with each update. API: https://developers.facebook.com/docs/graph-api/reference/page/feed

No key is remembered, but an edit can be repeated freely.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from broadcasters import meta, text, timeline
from broadcasters.answers import word
from broadcasters.errors import BroadcastError, Rejected
from broadcasters.http import Http, checked_base
from broadcasters.post import DeliveryClass, Found, Post, Receipt, Remote

KIND = "facebook"
CLASS = DeliveryClass.BARE
MODES = ("edit", "new")
PAGE = 25
PERMALINK_DEADLINE_S = 5.0

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """A Page and its token.

    page_token  of a system user of the business, best; does not expire, but dies with a password or role
    app_secret  only where the app demands a proof with each call
    version     of the Graph API; one lives about two years
    """

    page_id: str
    page_token: str = field(repr=False)
    app_secret: str = field(default="", repr=False)
    base_url: str = "https://graph.facebook.com"
    version: str = "v26.0"

    def __post_init__(self) -> None:
        if not self.page_id.isdecimal():
            raise ValueError(f"page_id: found {self.page_id!r}, allowed is the Page's number (quote it: it is text)")
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))


def limits(_: Config) -> text.Limits:
    return text.Limits(text.Unit.CHARACTERS, 63206)


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Publish one post. Facebook fetches the address in it at once: if it cannot, the post goes out without a preview."""
    form = {"message": post.text, **({"link": post.link} if post.link else {})}
    notes: tuple[str, ...] = ()
    try:
        number = _create(form, config, http)
    except Rejected as error:
        if not post.link or LINK_NOT_FETCHED not in error.code.split("/"):
            raise
        number = _create({"message": post.text}, config, http)
        notes = ("Facebook could not fetch the address: posted without a preview.",)
    url = _permalink(number, config, http)
    return Receipt(Remote(number, {"url": url}), url, notes)


def edit(post: Post, config: Config, http: Http) -> Receipt:
    """Rewrite a post; repeating it is harmless. Raises Rejected with parent_gone where the post is not there any more."""
    if post.edit is None:
        raise ValueError("edit() needs post.edit")

    def read(answer: Any) -> None:
        if answer["success"] is not True:
            raise ValueError("not a success")

    _send(http, config, "POST", post.edit.id, form={"message": post.text}, create=False, read=read)
    return Receipt(post.edit, post.edit.extra.get("url"))


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The Page's post that carries `code`; None if it is provably absent. Raises Unavailable if the feed cannot be read."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """The Page's posts since a moment, newest first. What visitors wrote on it stands in the same feed, and is left out."""
    first = {
        "fields": "id,message,created_time,permalink_url,from",
        "since": str(int((since - timeline.SKEW).timestamp())),
        "limit": str(PAGE),
    }

    def read(answer: Any) -> tuple[list[Found], dict[str, str]]:
        own = [one for one in answer["data"] if str(one.get("from", {}).get("id", config.page_id)) == config.page_id]
        return meta.page({**answer, "data": own}, _found)

    def page(query: dict[str, str]) -> tuple[Sequence[Found], dict[str, str] | None]:
        path = f"{config.page_id}/feed?{urlencode(query)}"
        posts, onward = _send(http, config, "GET", path, create=False, read=read)
        return posts, {**first, **onward} if onward else None

    return timeline.read_back(since, first, page)


def verify(config: Config, http: Http) -> str:
    """Which Page the token opens. Posts nothing."""
    name = _send(http, config, "GET", f"{config.page_id}?fields=name", create=False, read=lambda answer: str(answer["name"]))
    return f"The token opens the Page “{name}”."


def _create(form: Mapping[str, str], config: Config, http: Http) -> str:
    return _send(http, config, "POST", f"{config.page_id}/feed", form=form, create=True, read=lambda answer: word(answer["id"]))


def _permalink(number: str, config: Config, http: Http) -> str:
    """The post's address; the post is published, so a fault here only means the plainer form of it."""
    try:
        path = f"{number}?fields=permalink_url"
        return _send(
            http, config, "GET", path, create=False, read=lambda answer: str(answer["permalink_url"]), deadline_s=PERMALINK_DEADLINE_S
        )
    except BroadcastError:
        return f"https://www.facebook.com/{number}"


def _send(
    http: Http,
    config: Config,
    method: str,
    path: str,
    *,
    form: Mapping[str, str] | None = None,
    create: bool,
    read: Callable[[Any], T],
    deadline_s: float | None = None,
) -> T:
    if config.app_secret:
        proof = hmac.new(config.app_secret.encode(), config.page_token.encode(), hashlib.sha256).hexdigest()
        if form is not None:
            form = {**form, "appsecret_proof": proof}
        else:
            path += f"{'&' if '?' in path else '?'}appsecret_proof={proof}"
    return http.send(
        method,
        f"{config.base_url}/{config.version}/{path}",
        headers={"Authorization": f"Bearer {config.page_token}"},  # a header, so that no address holds the token
        form=form,
        create=create,
        interpret=meta.reading,
        read=read,
        deadline_s=deadline_s,
    )


def _found(one: Any) -> Found:
    url = str(one.get("permalink_url") or f"https://www.facebook.com/{one['id']}")
    return Found(Remote(word(one["id"]), {"url": url}), str(one.get("message", "")), timeline.moment(one["created_time"]), url)


LINK_NOT_FETCHED = "1609005"
