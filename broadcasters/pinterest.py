"""Pinterest: the notice as a pin on a board. API: https://developers.pinterest.com/docs/api/v5/pins-create/

There is no pin without a picture. The words of a pin can be rewritten, but not its picture, which would go on showing the old state: so
each update is a new pin. Nothing remembers a key; the board can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from broadcasters import oauth, text, timeline
from broadcasters.answers import word
from broadcasters.errors import OutcomeClass, Rejected
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Found, Post, Receipt, Remote

KIND = "pinterest"
CLASS = DeliveryClass.BARE
MODES = ("new",)
PICTURES = True
PAGE = 100
LONGEST_TITLE = 100
NOT_FETCHED = ("could not fetch the image", "unable to reach the url")  # our page, or the way to it, may be back in a moment

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """A board, and an app's access to its owner's account.

    access_token   lives 30 days; refresh() renews it with refresh_token and the app's id and secret
    """

    board_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    app_id: str = ""
    app_secret: str = field(default="", repr=False)
    base_url: str = "https://api.pinterest.com"
    web_url: str = "https://www.pinterest.com"

    def __post_init__(self) -> None:
        if not self.board_id.isdecimal():
            raise ValueError(f"board_id: found {self.board_id!r}, allowed is the board's number (quote it: it is text)")
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))
        object.__setattr__(self, "web_url", checked_base(self.web_url, "web_url"))


def limits(_: Config) -> text.Limits:
    """800 characters of description."""
    return text.Limits(text.Unit.CHARACTERS, 800)


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Make one pin, for which Pinterest fetches the picture."""
    if post.image is None:
        raise Rejected(OutcomeClass.CONTENT, "Pinterest takes no pin without a picture, and there is none. Nothing was sent.")
    body = {
        "board_id": config.board_id,
        "title": title(post.text),
        "description": post.text,
        "alt_text": post.image.alt,
        "media_source": {"source_type": "image_url", "url": post.image.url},
        **({"link": post.link} if post.link else {}),
    }
    number = _send(http, config, "POST", "pins", json=body, create=True, read=lambda answer: word(answer["id"]))
    return Receipt(Remote(number), _permalink(number, config))


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The pin that carries `code`; None if it is provably absent. Raises Unavailable if the board cannot be read."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """Pins on the board since a moment, newest first."""

    def read(answer: Any) -> tuple[Sequence[Found], str | None]:
        return [_found(one, config) for one in answer["items"]], answer.get("bookmark")

    def page(bookmark: str) -> tuple[Sequence[Found], str | None]:
        query = urlencode({"page_size": str(PAGE), **({"bookmark": bookmark} if bookmark else {})})
        return _send(http, config, "GET", f"boards/{config.board_id}/pins?{query}", read=read)

    return timeline.read_back(since, "", page)


def verify(config: Config, http: Http) -> str:
    """Whose account the token opens, and whether everybody sees the board. Posts nothing."""
    name = _send(http, config, "GET", "user_account", read=lambda answer: str(answer["username"]))
    path = f"boards/{config.board_id}"
    board, privacy = _send(http, config, "GET", path, read=lambda answer: (str(answer["name"]), str(answer["privacy"])))
    hidden = "" if privacy == "PUBLIC" else " The board is not public: nobody else sees its pins."
    return f"Signed in as {name}; pins go to the board “{board}”.{hidden}"


def refresh(config: Config, http: Http) -> Mapping[str, str]:
    """A new access token, and a new refresh token where Pinterest gives one. Store both before they are used."""
    if not (config.refresh_token and config.app_id and config.app_secret):
        raise Rejected(OutcomeClass.REAUTH, "There is no refresh_token, app_id and app_secret for Pinterest: a person must sign in again.")
    who = oauth.basic(config.app_id, config.app_secret)
    # Apps from before 25 September 2025 get a refresh token that can be renewed only if they ask; both names are documented.
    renewable = {"continuous_refresh": "true", "refresh_on": "true"}
    return oauth.renewed(http, f"{config.base_url}/v5/oauth/token", config.refresh_token, form=renewable, headers=who)


def title(words: str) -> str:
    """The first line or sentence of a notice, at most 100 characters, cut between words."""
    first = words.strip().split("\n", 1)[0].split(". ", 1)[0]
    if len(first) <= LONGEST_TITLE:
        return first
    cut = first[: LONGEST_TITLE - 1]
    return (cut.rpartition(" ")[0] or cut) + "…"


def _permalink(number: str, config: Config) -> str:
    return f"{config.web_url}/pin/{number}/"


def _found(one: Any, config: Config) -> Found:
    number = word(one["id"])
    return Found(Remote(number), str(one.get("description") or ""), timeline.moment(one["created_at"]), _permalink(number, config))


def _send(http: Http, config: Config, method: str, path: str, *, json: Any = None, create: bool = False, read: Callable[[Any], T]) -> T:
    headers = {"Authorization": f"Bearer {config.access_token}"}
    url = f"{config.base_url}/v5/{path}"
    return http.send(method, url, headers=headers, json=json, create=create, interpret=_reading, read=read)


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    """Words where the codes say nothing (1 and 235 were seen): the picture did not come, which is no fault of what was sent."""
    message = str(parsed.get("message")).casefold() if isinstance(parsed, dict) else ""
    return Reading(OutcomeClass.RETRY) if answer.status == 400 and any(words in message for words in NOT_FETCHED) else None
