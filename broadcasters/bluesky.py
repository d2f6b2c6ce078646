"""Bluesky: one record per post, put under a name of our own. Lexicons: https://docs.bsky.app/docs/api/com-atproto-repo-put-record

putRecord with swapRecord null is refused if another record has the name, and answered the same if this one has: repeat it freely.
Apps go on showing the first version of an edited record, so there is no edit here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from broadcasters import text, timeline
from broadcasters.answers import word
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Found, Post, Receipt, Remote

KIND = "bluesky"
CLASS = DeliveryClass.NATURAL_KEY
MODES = ("reply", "new")
COLLECTION = "app.bsky.feed.post"
PAGE = 100
ASIDE_DEADLINE_S = 5.0  # for reading back what is already published

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """An account on its own PDS (the host in its DID document).

    app_password   made in the app's settings; never the account's own
    access_token, refresh_token, did   the session, which refresh() renews: a sign-in per post would exceed 300 a day
    """

    handle: str
    app_password: str = field(repr=False)
    pds_url: str = "https://bsky.social"
    app_url: str = "https://bsky.app"
    did: str = ""
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pds_url", checked_base(self.pds_url, "pds_url"))
        object.__setattr__(self, "app_url", checked_base(self.app_url, "app_url"))

    @property
    def repo(self) -> str:
        return self.did or self.handle


def limits(_: Config) -> text.Limits:
    """300 letters as readers see them, and 3,000 bytes; addresses as they are written."""
    return text.Limits(text.Unit.GRAPHEMES, 300, maximum_bytes=3000)


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Put one record. The same post can be put again and again; another one under its name is Uncertain (duplicate)."""
    body = {
        "repo": config.repo,
        "collection": COLLECTION,
        "rkey": post.record_key,
        "swapRecord": None,
        "record": record_of(post),
    }

    def receipt(answer: Any) -> Receipt:
        uri, cid = word(answer["uri"]), word(answer["cid"])
        return Receipt(Remote(uri, {"uri": uri, "cid": cid}), url=_permalink(uri, config))

    made = _call(http, config, "POST", "com.atproto.repo.putRecord", json=body, create=True, read=receipt)
    return replace(made, wrong=_difference(post, config, http))


def _difference(post: Post, config: Config, http: Http) -> str:
    """How the published record differs from what was sent; "" if it does not, or if it cannot be read just now."""
    query = urlencode({"repo": config.repo, "collection": COLLECTION, "rkey": post.record_key})
    url = f"{config.pds_url}/xrpc/com.atproto.repo.getRecord?{query}"
    try:
        shown = http.send("GET", url, create=False, interpret=_reading, read=lambda answer: answer["value"], deadline_s=ASIDE_DEADLINE_S)
        words = str(shown["text"])
        links = [_covered(words, facet) for facet in shown.get("facets", [])]
    except (BroadcastError, LookupError, TypeError):
        return ""
    if words != post.text:
        return "Bluesky shows other words than were sent. Look at the post and correct it."
    if any(covered != address for covered, address in links) or len(links) != len(text.web_links(post.text)):
        return "A link of the post on Bluesky does not cover its address. Look at the post and correct it."
    return ""


def _covered(words: str, facet: Any) -> tuple[str, str]:
    """What stands under a link, and where it leads."""
    index = facet["index"]
    return words.encode()[index["byteStart"] : index["byteEnd"]].decode("utf-8", "replace"), str(facet["features"][0]["uri"])


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The own post that carries `code`; None if it is provably absent. Raises Unavailable if the records cannot be read."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """Own posts since a moment, newest first."""

    def read(answer: Any) -> tuple[Sequence[Found], str | None]:
        return [_found(one, config) for one in answer["records"]], answer.get("cursor")

    def page(cursor: str) -> tuple[Sequence[Found], str | None]:
        query = {"repo": config.repo, "collection": COLLECTION, "limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
        return http.send(
            "GET", f"{config.pds_url}/xrpc/com.atproto.repo.listRecords?{urlencode(query)}", create=False, interpret=_reading, read=read
        )

    return timeline.read_back(since, "", page)


def verify(config: Config, http: Http) -> str:
    """Who the session belongs to. Posts nothing. Raises Rejected (reauth) where refresh() is due."""
    handle = _call(http, config, "GET", "com.atproto.server.getSession", create=False, read=lambda answer: str(answer["handle"]))
    return f"Signed in as @{handle}."


def refresh(config: Config, http: Http) -> Mapping[str, str]:
    """A new session: with the refresh token, or by the app password where there is none or it is spent.

    returns  access_token, refresh_token and did, to be stored before they are used
    raises   Rejected (reauth) if the app password no longer counts: a person must make a new one
    """
    if config.refresh_token:
        try:
            return _session(http, config, "com.atproto.server.refreshSession", {"Authorization": f"Bearer {config.refresh_token}"}, None)
        except Rejected:
            pass  # spent or revoked: the app password decides
    credentials = {"identifier": config.handle, "password": config.app_password}
    return _session(http, config, "com.atproto.server.createSession", {}, credentials)


def record_of(post: Post) -> dict[str, Any]:
    """The record of a post; the same post always gives the same record, and so the same content id."""
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": post.text,
        "createdAt": post.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "langs": [post.language],
    }
    if found := facets(post.text):
        record["facets"] = found
    if post.reply_to is not None:
        root = post.root or post.reply_to
        record["reply"] = {"root": _reference(root), "parent": _reference(post.reply_to)}
    return record


def facets(words: str) -> list[dict[str, Any]]:
    """Links in a text, by UTF-8 bytes. The server takes wrong offsets silently, so each is read back here."""
    found = []
    content = words.encode()
    for start, end in text.web_links(words):
        first, last = len(words[:start].encode()), len(words[:end].encode())
        address = words[start:end]
        if content[first:last].decode() != address:
            raise AssertionError(f"the link at byte {first} is not {address}")
        found.append(
            {"index": {"byteStart": first, "byteEnd": last}, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": address}]}
        )
    return found


def _reference(remote: Remote) -> dict[str, str]:
    return {"uri": remote.extra["uri"], "cid": remote.extra["cid"]}


def _permalink(uri: str, config: Config) -> str:
    _, _, did, _, key = uri.split("/")
    return f"{config.app_url}/profile/{did}/post/{key}"


def _found(one: Any, config: Config) -> Found:
    uri, cid, value = word(one["uri"]), word(one["cid"]), one["value"]
    return Found(Remote(uri, {"uri": uri, "cid": cid}), value["text"], timeline.moment(value["createdAt"]), _permalink(uri, config))


def _call(http: Http, config: Config, method: str, name: str, *, json: Any = None, create: bool, read: Callable[[Any], T]) -> T:
    if not config.access_token:
        raise Rejected(OutcomeClass.REAUTH, "There is no session with Bluesky yet. Nothing was sent.", code="NoSession")
    headers = {"Authorization": f"Bearer {config.access_token}"}
    return http.send(method, f"{config.pds_url}/xrpc/{name}", headers=headers, json=json, create=create, interpret=_reading, read=read)


def _session(http: Http, config: Config, name: str, headers: Mapping[str, str], credentials: Any) -> Mapping[str, str]:
    return http.send(
        "POST",
        f"{config.pds_url}/xrpc/{name}",
        headers=headers,
        json=credentials,
        create=False,
        interpret=_reading,
        read=lambda answer: {
            "access_token": word(answer["accessJwt"]),
            "refresh_token": word(answer["refreshJwt"]),
            "did": word(answer["did"]),
        },
    )


_BY_NAME: Mapping[str, OutcomeClass] = {
    "ExpiredToken": OutcomeClass.REAUTH,  # comes with status 400
    "InvalidToken": OutcomeClass.REAUTH,
    "AuthMissing": OutcomeClass.REAUTH,
    "AuthenticationRequired": OutcomeClass.REAUTH,
    "AccountTakedown": OutcomeClass.DENIED,  # comes with status 401
    "AccountDeactivated": OutcomeClass.DENIED,
    "RateLimitExceeded": OutcomeClass.THROTTLED,
    "InvalidRequest": OutcomeClass.CONTENT,
    "InvalidSwap": OutcomeClass.DUPLICATE,  # another record has the name: look which
}


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    """Errors are decided by their name, not by the status."""
    name = parsed.get("error") if isinstance(parsed, dict) and answer.status >= 400 else None
    return Reading(_BY_NAME[name], name) if isinstance(name, str) and name in _BY_NAME else None
