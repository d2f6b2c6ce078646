"""Threads: a container is made, then published; updates hang on each other. API: https://developers.facebook.com/docs/threads/posts

There is no edit. A token lives 60 days and must be renewed before it expires: an expired one asks for a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from broadcasters import containers, text, timeline
from broadcasters.answers import word
from broadcasters.http import Http, checked_base
from broadcasters.post import DeliveryClass, Found, Post, Receipt

KIND = "threads"
CLASS = DeliveryClass.STAGED
MODES = ("reply", "new")
PAGE = containers.PAGE
RENEW_AFTER_S = 7 * 86400.0  # from a day after it was made to its end; so a week of refusals can be slept through


@dataclass(frozen=True)
class Config:
    """An account and its long-lived token, which refresh() renews."""

    user_id: str
    access_token: str = field(repr=False)
    base_url: str = "https://graph.threads.net"
    version: str = "v1.0"

    def __post_init__(self) -> None:
        containers.user_number(self.user_id)
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))


def limits(_: Config) -> text.Limits:
    """500 characters, an emoji counting as its bytes, and at most five different addresses."""
    return text.Limits(text.Unit.EMOJI_BYTES, 500, maximum_links=5)


def stage(post: Post, config: Config, http: Http) -> str:
    """Make the container; nobody sees it. Raises Unavailable (throttled) where the day's posts are used up."""
    api = _api(config)
    containers.check_quota(api, http, "threads_publishing_limit", "reply_" if post.reply_to else "")
    form = {"media_type": "TEXT", "text": post.text, **({"reply_to_id": post.reply_to.id} if post.reply_to else {})}
    return api.send(http, "POST", f"{config.user_id}/threads", form=form, read=lambda answer: word(answer["id"]))


def publish(container: str, post: Post, config: Config, http: Http) -> Receipt:
    """See containers.publish."""
    return containers.publish(_api(config), container, post, http)


def ask(container: str, post: Post, config: Config, http: Http) -> Receipt | None:
    """See containers.ask."""
    return containers.ask(_api(config), container, post, http)


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The own post that carries `code`; None if it is provably absent. Raises Unavailable if the posts cannot be read."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """Own posts and replies since a moment, newest first."""
    return containers.recent(_api(config), http, since)


def verify(config: Config, http: Http) -> str:
    """Who the token belongs to. Posts nothing."""
    return containers.verify(_api(config), http, "id")


def refresh(config: Config, http: Http) -> Mapping[str, str]:
    """See containers.renewed."""
    return containers.renewed(_api(config), config.base_url, http, "th_refresh_token")


def _api(config: Config) -> containers.Api:
    return containers.Api(
        root=f"{config.base_url}/{config.version}",
        user_id=config.user_id,
        token=config.access_token,
        publishes="threads_publish",
        state="status",
        why="error_message",
        words="text",
        lists=("threads", "replies"),
    )
