"""Instagram and Threads: a post is made first, as a container that nobody sees, and then published.

A container says itself whether it was published, so a lost answer is cleared up by asking it. Sources:
https://developers.facebook.com/docs/instagram-platform/content-publishing and https://developers.facebook.com/docs/threads/posts
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from broadcasters import meta, timeline
from broadcasters.answers import word
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable
from broadcasters.http import Http
from broadcasters.post import Found, Post, Receipt, Remote

PAGE = 25
PREPARING_S = 3.0  # how long to leave a container alone that is not ready
FULL_S = 900.0  # pause where the posts of a day are used up: the day is the last 24 hours, so room comes back bit by bit
ASIDE_DEADLINE_S = 5.0  # for what is only nice to have
_SUBCODE = re.compile(r"22070[0-9]{2}")

T = TypeVar("T")


@dataclass(frozen=True)
class Api:
    """One account, and what the network calls things.

    root       address with the version; the token is renewed above it
    publishes  end of the path that publishes
    state, why fields of a container; words: the field of a post that holds its text
    lists      ends of the paths that list own posts
    """

    root: str
    user_id: str
    token: str = field(repr=False)
    publishes: str
    state: str
    why: str
    words: str
    lists: tuple[str, ...]

    def send(
        self,
        http: Http,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        create: bool = False,
        read: Callable[[Any], T],
        deadline_s: float | None = None,
    ) -> T:
        """One call. The token goes into the body, or into the query where there is none."""
        token = {"access_token": self.token}
        if form is None:
            path += f"{'&' if '?' in path else '?'}{urlencode(token)}"
        whole = None if form is None else {**form, **token}
        return http.send(method, f"{self.root}/{path}", form=whole, create=create, interpret=meta.reading, read=read, deadline_s=deadline_s)


def user_number(user_id: str) -> None:
    """Raises ValueError for what cannot be an account's number."""
    if not user_id.isdecimal():
        raise ValueError(f"user_id: found {user_id!r}, allowed is the account's number (quote it: it is text)")


def check_quota(api: Api, http: Http, limit: str, kind: str = "") -> None:
    """Raises Unavailable (throttled) where the posts of 24 hours are used up. kind: beginning of the fields' names."""
    path = f"{api.user_id}/{limit}?{urlencode({'fields': f'{kind}quota_usage,{kind}config'})}"

    def read(answer: Any) -> tuple[Any, Any]:
        (quota,) = answer["data"]
        return quota.get(f"{kind}quota_usage", 0), (quota.get(f"{kind}config") or {}).get("quota_total")

    used, allowed = api.send(http, "GET", path, read=read)
    if isinstance(used, int) and isinstance(allowed, int) and used >= allowed:
        raise Unavailable(OutcomeClass.THROTTLED, f"The {allowed} posts of 24 hours are used up. Nothing was sent.", FULL_S)


def publish(api: Api, container: str, post: Post, http: Http) -> Receipt:
    """Publish a container. Raises Unavailable while it is prepared, and (container_spent) where it can never be published."""
    state, why = _state(api, container, http)
    if state == "PUBLISHED":
        return _published(api, post, http)
    if state in ("ERROR", "EXPIRED"):
        raise _never(state, why)
    if state != "FINISHED":
        raise Unavailable(OutcomeClass.RETRY, "The network is still preparing the post. Nothing was published.", PREPARING_S)
    try:
        path, form = f"{api.user_id}/{api.publishes}", {"creation_id": container}
        number = api.send(http, "POST", path, form=form, create=True, read=lambda answer: word(answer["id"]))
    except BroadcastError as error:
        error.container_spent = error.code.rpartition("/")[2] in meta.SPENT and _unpublished(api, container, http)
        raise
    return Receipt(Remote(number), _permalink(api, number, http))


def ask(api: Api, container: str, post: Post, http: Http) -> Receipt | None:
    """What became of a container: the Receipt of its post; None if it can still be published. Raises Rejected if it never can."""
    state, why = _state(api, container, http)
    if state in ("ERROR", "EXPIRED"):
        raise Rejected(OutcomeClass.CONTENT, _never(state, why).detail)
    return _published(api, post, http) if state == "PUBLISHED" else None


def recent(api: Api, http: Http, since: datetime) -> list[Found]:
    """Own posts since a moment, newest first."""
    found = [one for edge in api.lists for one in _listed(api, edge, http, since)]
    return sorted(found, key=lambda one: one.at or since, reverse=True)


def verify(api: Api, http: Http, number: str) -> str:
    """Who the token belongs to. Posts nothing. number: the field that holds the account's."""

    def read(answer: Any) -> tuple[str, str]:
        return str(answer[number]), str(answer["username"])

    found, name = api.send(http, "GET", f"me?fields={number},username", read=read)
    if found == api.user_id:
        return f"Signed in as @{name}."
    return f"Signed in as @{name}, whose user_id is {found}: set it, or nothing can be posted."


def renewed(api: Api, base_url: str, http: Http, grant_type: str) -> Mapping[str, str]:
    """A token for another 60 days, in place of the old one. Possible from a day after that was made until it expires."""
    query = urlencode({"grant_type": grant_type, "access_token": api.token})
    url = f"{base_url}/refresh_access_token?{query}"
    return http.send("GET", url, create=False, interpret=meta.reading, read=lambda answer: {"access_token": word(answer["access_token"])})


def _state(api: Api, container: str, http: Http) -> tuple[str, str]:
    def read(answer: Any) -> tuple[str, str]:
        return str(answer[api.state]), str(answer.get(api.why) or "")

    return api.send(http, "GET", f"{container}?fields={api.state},{api.why}", read=read)


def _unpublished(api: Api, container: str, http: Http) -> bool:
    """True if the container says so itself: only then may another take its place."""
    try:
        return _state(api, container, http)[0] != "PUBLISHED"
    except BroadcastError:
        return False


def _never(state: str, why: str) -> BroadcastError:
    """For a container that can never be published. What the network found wrong with the post itself would be wrong with the next too."""
    known = _SUBCODE.search(why)
    detail = f"The prepared post can never be published ({state.lower()}{f': {why[:200]}' if why else ''})."
    if known and meta.BY_SUBCODE.get(int(known[0])) is OutcomeClass.CONTENT:
        return Rejected(OutcomeClass.CONTENT, detail)
    return Unavailable(OutcomeClass.RETRY, detail, container_spent=True)


def _published(api: Api, post: Post, http: Http) -> Receipt:
    found = timeline.first_with(post.code, recent(api, http, post.created_at))
    if found is None:
        raise Unavailable(OutcomeClass.RETRY, "The network says that the post is published, but does not list it yet.")
    return Receipt(found.remote, found.url)


def _permalink(api: Api, number: str, http: Http) -> str | None:
    """The post's address; the post is published, so a fault here only means that nobody can click on it."""
    try:
        path = f"{number}?fields=permalink"
        return api.send(http, "GET", path, read=lambda answer: str(answer["permalink"]), deadline_s=ASIDE_DEADLINE_S)
    except BroadcastError:
        return None


def _listed(api: Api, edge: str, http: Http, since: datetime) -> list[Found]:
    first = {"fields": f"id,{api.words},permalink,timestamp", "limit": str(PAGE)}

    def found(one: Any) -> Found:
        return Found(Remote(word(one["id"])), str(one.get(api.words, "")), timeline.moment(one["timestamp"]), one.get("permalink"))

    def page(query: dict[str, str]) -> tuple[Sequence[Found], dict[str, str] | None]:
        path = f"{api.user_id}/{edge}?{urlencode(query)}"
        posts, onward = api.send(http, "GET", path, read=lambda answer: meta.page(answer, found))
        return posts, {**first, **onward} if onward else None

    return timeline.read_back(since, first, page)
