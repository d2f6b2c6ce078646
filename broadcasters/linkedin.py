"""LinkedIn, as an organisation: one post per subject, rewritten with each update. API: https://learn.microsoft.com/linkedin/marketing/

The text is in the "little" format, where one unescaped sign makes LinkedIn publish a silently shortened text: each post is read back
and compared. A text much like an earlier one is refused with the earlier one's name: if that carries our marker, it is our post.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from broadcasters import oauth, text, timeline
from broadcasters.answers import word
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Uncertain
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Ending, Found, Post, Receipt, Remote

KIND = "linkedin"
CLASS = DeliveryClass.BARE
MODES = ("edit", "new")
PAGE = 50
ASIDE_DEADLINE_S = 5.0  # for reading back what is already published
VERSION_LIVES = timedelta(days=365)
VERSION_WARNING_DAYS = (61, 14, 7, 3, 1)

_SPECIAL = re.compile(r"[\\{}@\[\]()<>#*_~|]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_URN = re.compile(r"urn:li:(?:share|ugcPost):[0-9]+")

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """An organisation, the access of one of its administrators, and the version of the API.

    organization   its number
    access_token   lives 60 days; refresh() renews it where LinkedIn gave a refresh_token, else a person must sign in again
    version        YYYYMM; one lives twelve months, then everything is refused: endings() tells two months ahead
    """

    organization: str
    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    version: str = "202607"
    base_url: str = "https://api.linkedin.com"
    web_url: str = "https://www.linkedin.com"
    sign_in_url: str = "https://www.linkedin.com"

    def __post_init__(self) -> None:
        if not self.organization.isdecimal():
            raise ValueError(f"organization: found {self.organization!r}, allowed is the organisation's number (quote it: it is text)")
        if not re.fullmatch(r"20[0-9]{2}(0[1-9]|1[0-2])", self.version):
            raise ValueError(f"version: found {self.version!r}, allowed is a year and a month, e.g. '202607' (quote it: it is text)")
        for name in ("base_url", "web_url", "sign_in_url"):
            object.__setattr__(self, name, checked_base(getattr(self, name), name))

    @property
    def author(self) -> str:
        return f"urn:li:organization:{self.organization}"


def limits(_: Config) -> text.Limits:
    """3,000 characters, counted after the escapes are undone."""
    return text.Limits(text.Unit.CHARACTERS, 3000)


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Publish one post and read it back. An answer that calls it a repeat is taken for success if the earlier post is ours."""
    made: list[str] = []

    def reading(answer: Answer, parsed: Any) -> Reading | None:
        made[:] = [answer.header("x-restli-id") or "", str(parsed)]
        return _reading(answer, parsed)

    body = {
        "author": config.author,
        "commentary": escaped(post.text),
        "visibility": "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
    try:
        urn = _send(http, config, "POST", "posts", json=body, create=True, interpret=reading, read=lambda _: _urn(made[0]))
    except Uncertain as error:
        ours = _named(made[1], post, config, http) if error.outcome is OutcomeClass.DUPLICATE else None
        if ours is None:
            raise
        return ours
    return Receipt(Remote(urn), _permalink(urn, config), wrong=_difference(urn, post, config, http))


def edit(post: Post, config: Config, http: Http) -> Receipt:
    """Rewrite a post and read it back; repeating it is harmless. Raises Rejected with parent_gone where it is not there any more."""
    if post.edit is None:
        raise ValueError("edit() needs post.edit")
    urn = post.edit.id
    patch = {"patch": {"$set": {"commentary": escaped(post.text)}}}
    headers = {"X-RestLi-Method": "PARTIAL_UPDATE"}
    _send(
        http, config, "POST", f"posts/{quote(urn, safe='')}", headers=headers, json=patch, interpret=_reading_of_edit, read=lambda _: None
    )
    return Receipt(post.edit, _permalink(urn, config), wrong=_difference(urn, post, config, http))


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The organisation's post that carries `code`; None if it is provably absent. Raises Unavailable if they cannot be read."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """The organisation's posts that were made or changed since a moment, last changed first."""

    def page(start: int) -> tuple[Sequence[Found], int | None]:
        query = {"author": config.author, "q": "author", "count": str(PAGE), "start": str(start), "sortBy": "LAST_MODIFIED"}
        headers = {"X-RestLi-Method": "FINDER"}
        found = _send(http, config, "GET", f"posts?{urlencode(query)}", headers=headers, read=lambda answer: _listed(answer, config))
        return found, start + PAGE if len(found) == PAGE else None

    return timeline.read_back(since, 0, page)


def verify(config: Config, http: Http) -> str:
    """Which organisation the token opens, and how long the version lives. Posts nothing."""
    path = f"organizations/{config.organization}"
    name = _send(http, config, "GET", path, read=lambda answer: str(answer["localizedName"]))
    version = endings(config)[0]
    near = (version.on - http.now().date()).days <= max(version.days)
    late = f" But {version.what} about {version.on:%Y-%m}. {version.then}" if near else ""
    return f"The token opens the organisation “{name}”.{late}"


def endings(config: Config) -> Sequence[Ending]:
    """A version of the API lives for about twelve months; then everything is refused with 426."""
    on = date(int(config.version[:4]), int(config.version[4:]), 1) + VERSION_LIVES
    return [Ending("version", f"version {config.version} of the API ends", "Set a newer one.", on, VERSION_WARNING_DAYS)]


def refresh(config: Config, http: Http) -> Mapping[str, str]:
    """A new access token, where LinkedIn gave the app a refresh token; else Rejected: a person must sign in again."""
    if not (config.refresh_token and config.client_id and config.client_secret):
        raise Rejected(
            OutcomeClass.REAUTH, "There is no refresh_token, client_id and client_secret for LinkedIn: a person must sign in again."
        )
    own = {"client_id": config.client_id, "client_secret": config.client_secret}
    return oauth.renewed(http, f"{config.sign_in_url}/oauth/v2/accessToken", config.refresh_token, form=own)


# --- the little format --------------------------------------------------------------------------------------------------------------


def escaped(words: str) -> str:
    """Words as commentary: every sign with a meaning of its own behind a backslash, addresses left whole."""
    pieces, at = [], 0
    for start, end in text.web_links(words):
        pieces += [_SPECIAL.sub(r"\\\g<0>", words[at:start]), words[start:end]]
        at = end
    return "".join([*pieces, _SPECIAL.sub(r"\\\g<0>", words[at:])])


def plain(commentary: str) -> str:
    """What readers see of a commentary."""
    return _ESCAPED.sub(r"\1", commentary)


def _difference(urn: str, post: Post, config: Config, http: Http) -> str:
    """How the published words differ from those sent; "" if they do not, or if they cannot be read just now."""
    try:
        shown = _commentary(urn, config, http)
    except BroadcastError:
        return ""
    sent = post.text.strip()
    if shown.strip() == sent:
        return ""
    return f"LinkedIn shows {len(shown.strip())} of {len(sent)} characters, or other ones than were sent. Look at the post and correct it."


def _commentary(urn: str, config: Config, http: Http) -> str:
    path = f"posts/{quote(urn, safe='')}"
    return _send(http, config, "GET", path, read=lambda answer: plain(str(answer["commentary"])), deadline_s=ASIDE_DEADLINE_S)


def _named(said: str, post: Post, config: Config, http: Http) -> Receipt | None:
    """The post of which LinkedIn takes ours for a repeat, if it carries our marker; it may also be gone, or another one."""
    match = _URN.search(said)
    if match is None:
        return None
    try:
        shown = _commentary(match[0], config, http)
    except BroadcastError:
        return None
    if not timeline.carries(shown, post.code):
        return None
    return Receipt(Remote(match[0]), _permalink(match[0], config), ("LinkedIn had this post already.",))


# --- calls --------------------------------------------------------------------------------------------------------------------------


def _send(
    http: Http,
    config: Config,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    create: bool = False,
    interpret: Callable[[Answer, Any], Reading | None] | None = None,
    read: Callable[[Any], T],
    deadline_s: float | None = None,
) -> T:
    own = {
        "Authorization": f"Bearer {config.access_token}",
        "LinkedIn-Version": config.version,
        "X-Restli-Protocol-Version": "2.0.0",
        **(headers or {}),
    }
    url = f"{config.base_url}/rest/{path}"
    return http.send(method, url, headers=own, json=json, create=create, interpret=interpret or _reading, read=read, deadline_s=deadline_s)


def _urn(value: str) -> str:
    if not _URN.fullmatch(value):
        raise ValueError("no name of a post")
    return value


def _permalink(urn: str, config: Config) -> str:
    return f"{config.web_url}/feed/update/{urn}/"


def _listed(answer: Any, config: Config) -> list[Found]:
    return [_found(one, config) for one in answer["elements"]]


def _found(one: Any, config: Config) -> Found:
    """`at` is when it was last changed: the list is in that order."""
    urn = word(one["id"])
    changed = datetime.fromtimestamp(one["lastModifiedAt"] / 1000, UTC)
    return Found(Remote(urn), plain(str(one.get("commentary", ""))), changed, _permalink(urn, config))


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    """422 is a repeat only where the code says so; 426: the version has ended."""
    code = parsed.get("code") if isinstance(parsed, dict) else None
    name = code if isinstance(code, str) else ""
    if answer.status == 422 and name == "DUPLICATE_POST":
        return Reading(OutcomeClass.DUPLICATE, name)
    if answer.status == 426:
        return Reading(OutcomeClass.DENIED, "version-ended")
    return None


def _reading_of_edit(answer: Answer, parsed: Any) -> Reading | None:
    if answer.status == 404:
        return Reading(OutcomeClass.CONTENT, "404", parent_gone=True)
    if 200 <= answer.status < 300 and answer.status != 204:
        return Reading(OutcomeClass.AMBIGUOUS)  # not LinkedIn's own answer
    return _reading(answer, parsed)
