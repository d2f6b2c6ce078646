"""Posts of a Google Business Profile, one location per account. API: https://developers.google.com/my-business/reference/rest/v4/accounts.locations.localPosts

Thin, and off unless the configuration says `enable: true`: it was tried against our own demonstration network only. It takes the place of
Google+, which closed in 2019. Google looks at each post before it shows it, and refuses texts with a phone number.
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
from broadcasters.http import Answer, Http, Reading, checked_base, switched_on
from broadcasters.post import DeliveryClass, Found, Post, Receipt, Remote

KIND = "google_business"
CLASS = DeliveryClass.BARE
MODES = ("edit", "new")
PAGE = 20

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """One location of a business, and an app's access to it.

    enable         true, or nothing is accepted
    access_token   lives an hour; empty at first: refresh() makes it from refresh_token and the app's id and secret
    """

    account_id: str
    location_id: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    enable: bool = False
    access_token: str = field(default="", repr=False)
    base_url: str = "https://mybusiness.googleapis.com"
    sign_in_url: str = "https://oauth2.googleapis.com"

    def __post_init__(self) -> None:
        switched_on(self.enable, "Google Business Profile")
        for name in ("account_id", "location_id"):
            if not getattr(self, name).isdecimal():
                raise ValueError(f"{name}: found {getattr(self, name)!r}, allowed is its number (quote it: it is text)")
        for name in ("base_url", "sign_in_url"):
            object.__setattr__(self, name, checked_base(getattr(self, name), name))


def limits(_: Config) -> text.Limits:
    return text.Limits(text.Unit.CHARACTERS, 1500)


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Publish one post; Google may still look at it, which the receipt says."""
    body = {**_body(post), "languageCode": post.language, "topicType": "STANDARD"}
    return _send(http, config, "POST", _posts(config), json=body, create=True, read=_receipt)


def edit(post: Post, config: Config, http: Http) -> Receipt:
    """Rewrite a post; repeating it is harmless. Raises Rejected with parent_gone where it is not there any more."""
    if post.edit is None:
        raise ValueError("edit() needs post.edit")
    path = f"{post.edit.id}?updateMask=summary"
    return _send(http, config, "PATCH", path, json={"summary": post.text}, read=_receipt, rewriting=True)


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The location's post that carries `code`; None if it is provably absent. Raises Unavailable if the posts cannot be read."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """The location's posts since a moment, newest first."""

    def read(answer: Any) -> tuple[Sequence[Found], str | None]:
        return [_found(one) for one in answer.get("localPosts", [])], answer.get("nextPageToken")

    def page(token: str) -> tuple[Sequence[Found], str | None]:
        query = urlencode({"pageSize": str(PAGE), **({"pageToken": token} if token else {})})
        return _send(http, config, "GET", f"{_posts(config)}?{query}", read=read)

    return timeline.read_back(since, "", page)


def verify(config: Config, http: Http) -> str:
    """Whether the location can be read. Posts nothing."""
    path = f"accounts/{config.account_id}/locations/{config.location_id}"
    name = _send(http, config, "GET", path, read=lambda answer: str(answer["locationName"]))
    return f"The token opens the location “{name}”."


def refresh(config: Config, http: Http) -> Mapping[str, str]:
    """An access token for an hour. Raises Rejected (reauth) if the refresh token no longer counts."""
    own = {"client_id": config.client_id, "client_secret": config.client_secret}
    return oauth.renewed(http, f"{config.sign_in_url}/token", config.refresh_token, form=own)


def _posts(config: Config) -> str:
    return f"accounts/{config.account_id}/locations/{config.location_id}/localPosts"


def _body(post: Post) -> dict[str, Any]:
    body: dict[str, Any] = {"summary": post.text}
    if post.link:
        body["callToAction"] = {"actionType": "LEARN_MORE", "url": post.link}
    return body


def _receipt(answer: Any) -> Receipt:
    name, state = word(answer["name"]), str(answer.get("state", ""))
    notes = ("Google is still looking at the post.",) if state == "PROCESSING" else ()
    wrong = "Google does not show the post: its text was rejected." if state == "REJECTED" else ""
    return Receipt(Remote(name), answer.get("searchUrl"), notes, wrong)


def _found(one: Any) -> Found:
    return Found(Remote(word(one["name"])), str(one.get("summary", "")), timeline.moment(one["createTime"]), one.get("searchUrl"))


def _send(
    http: Http,
    config: Config,
    method: str,
    path: str,
    *,
    json: Any = None,
    create: bool = False,
    rewriting: bool = False,
    read: Callable[[Any], T],
) -> T:
    if not config.access_token:
        raise Rejected(OutcomeClass.REAUTH, "There is no access token for Google yet. Nothing was sent.", code="NoToken")
    headers = {"Authorization": f"Bearer {config.access_token}"}

    def reading(answer: Answer, parsed: Any) -> Reading | None:
        return Reading(OutcomeClass.CONTENT, "NOT_FOUND", parent_gone=True) if rewriting and answer.status == 404 else _reading(parsed)

    return http.send(method, f"{config.base_url}/v4/{path}", headers=headers, json=json, create=create, interpret=reading, read=read)


_BY_STATUS: Mapping[str, OutcomeClass] = {
    "UNAUTHENTICATED": OutcomeClass.REAUTH,
    "PERMISSION_DENIED": OutcomeClass.DENIED,
    "INVALID_ARGUMENT": OutcomeClass.CONTENT,
    "ALREADY_EXISTS": OutcomeClass.DUPLICATE,
    "RESOURCE_EXHAUSTED": OutcomeClass.THROTTLED,
    **dict.fromkeys(("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL"), OutcomeClass.AMBIGUOUS),
}


def _reading(parsed: Any) -> Reading | None:
    """Google names what went wrong in `error.status`."""
    error = parsed.get("error") if isinstance(parsed, dict) else None
    name = error.get("status") if isinstance(error, dict) else None
    return Reading(_BY_STATUS[name], name) if isinstance(name, str) and name in _BY_STATUS else None
