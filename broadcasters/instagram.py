"""Instagram: the notice as a picture, its words below. API: https://developers.facebook.com/docs/instagram-platform/content-publishing

There is no post without a picture, and Instagram fetches it from the public page. Captions cannot be rewritten, addresses in them not
clicked. A token lives 60 days and must be renewed before it expires: an expired one asks for a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from broadcasters import containers, text, timeline
from broadcasters.answers import word
from broadcasters.errors import OutcomeClass, Rejected
from broadcasters.http import Http, checked_base
from broadcasters.post import DeliveryClass, Found, Post, Receipt

KIND = "instagram"
CLASS = DeliveryClass.STAGED
MODES = ("new",)
PICTURES = True
PAGE = containers.PAGE
RENEW_AFTER_S = 7 * 86400.0  # from a day after it was made to its end; so a week of refusals can be slept through


@dataclass(frozen=True)
class Config:
    """A professional account and its long-lived token of an Instagram login, which refresh() renews."""

    user_id: str
    access_token: str = field(repr=False)
    base_url: str = "https://graph.instagram.com"
    version: str = "v26.0"

    def __post_init__(self) -> None:
        containers.user_number(self.user_id)
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))


def limits(_: Config) -> text.Limits:
    return text.Limits(text.Unit.CHARACTERS, 2200)


def stage(post: Post, config: Config, http: Http) -> str:
    """Make the container, for which Instagram fetches the picture. Raises Unavailable (throttled) where the day's posts are used up."""
    if post.image is None:
        raise Rejected(OutcomeClass.CONTENT, "Instagram takes no post without a picture, and there is none. Nothing was sent.")
    api = _api(config)
    containers.check_quota(api, http, "content_publishing_limit")
    form = {"image_url": post.image.url, "caption": post.text, "alt_text": post.image.alt}
    return api.send(http, "POST", f"{config.user_id}/media", form=form, read=lambda answer: word(answer["id"]))


def publish(container: str, post: Post, config: Config, http: Http) -> Receipt:
    """See containers.publish."""
    return containers.publish(_api(config), container, post, http)


def ask(container: str, post: Post, config: Config, http: Http) -> Receipt | None:
    """See containers.ask."""
    return containers.ask(_api(config), container, post, http)


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The own post whose caption carries `code`; None if it is provably absent. Raises Unavailable if the posts cannot be read."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """Own posts since a moment, newest first."""
    return containers.recent(_api(config), http, since)


def verify(config: Config, http: Http) -> str:
    """Who the token belongs to. Posts nothing."""
    return containers.verify(_api(config), http, "user_id")


def refresh(config: Config, http: Http) -> Mapping[str, str]:
    """See containers.renewed."""
    return containers.renewed(_api(config), config.base_url, http, "ig_refresh_token")


def _api(config: Config) -> containers.Api:
    return containers.Api(
        root=f"{config.base_url}/{config.version}",
        user_id=config.user_id,
        token=config.access_token,
        publishes="media_publish",
        state="status_code",
        why="status",
        words="caption",
        lists=("media",),
    )
