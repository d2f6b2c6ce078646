"""The part of X's API v2 that a broadcaster meets: 280 weighted letters, no repeats, no replies on the usual plans."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from statuspage.demo.networks.accounts import ACCOUNTS, X_CLIENT_ID, Account, account
from statuspage.demo.networks.counting import x_length, x_links
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World, opened_by

NAME, TITLE = "x", "X"
API = ("/2/",)
REPEATS_LOOKED_AT = 20

_TIMELINE = re.compile(r"/2/users/([0-9]+)/tweets")
_KNOWN_FIELDS = {"text", "reply", "media", "edit_options"}
_REPLY_FORBIDDEN = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post"
)


def answer(call: Call, world: World) -> Reply:
    if call.path == "/2/oauth2/token":
        return _token(call, world)
    owner = _owner(call, world)
    if owner is None:
        return refusal("revoked")
    if call.path == "/2/users/me":
        return Reply(200, {"data": {"id": owner.id, "name": owner.name, "username": owner.name}})
    if call.method == "POST" and call.path == "/2/tweets":
        return _create(call, world, owner)
    if (listed := _TIMELINE.fullmatch(call.path)) and listed[1] == owner.id:
        return _timeline(call, world, owner)
    return _problem(404, "Not Found Error", "Could not find what was asked for")


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return _problem(429, "Too Many Requests", "Too Many Requests")
        case "revoked":
            return _problem(401, "Unauthorized", "Unauthorized")
        case "denied":
            return _problem(403, "Forbidden", "You are not permitted to perform this action.")
        case "duplicate":
            return _problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")
        case _:
            return _problem(503, "Service Unavailable", "Service Unavailable")


def _problem(status: int, title: str, detail: str) -> Reply:
    return Reply(status, {"title": title, "detail": detail, "type": "about:blank", "status": status})


def _owner(call: Call, world: World) -> Account | None:
    token = call.bearer()
    return account(world.sessions[token]) if token in world.sessions else opened_by(NAME, token)


def _token(call: Call, world: World) -> Reply:
    fields = call.fields()
    known = world.sessions.get(fields.get("refresh_token", ""), "")
    first = next((one for one in ACCOUNTS if fields.get("refresh_token") == f"{one.token}-refresh"), None)
    if fields.get("grant_type") != "refresh_token" or fields.get("client_id") != X_CLIENT_ID or not (known or first):
        return Reply(400, {"error": "invalid_request", "error_description": "Value passed for the token was invalid."})
    world.sessions.pop(fields["refresh_token"], None)  # a refresh token works once
    name = known or (first.config if first else "")
    number = len(world.sessions) + 1
    access, refresh = f"demo-x-access-{number:08d}", f"demo-x-refresh-{number:08d}"
    world.sessions |= {access: name, refresh: name}
    return Reply(200, {"token_type": "bearer", "expires_in": 7200, "access_token": access, "refresh_token": refresh})


def _create(call: Call, world: World, owner: Account) -> Reply:
    fields = call.fields()
    text, parent = fields.get("text"), (fields.get("reply") or {}).get("in_reply_to_tweet_id")
    if not isinstance(text, str) or not text.strip() or set(fields) - _KNOWN_FIELDS:
        return _problem(400, "Invalid Request", "One or more parameters to your request was invalid.")
    if x_length(text) > 280:
        return _problem(400, "Invalid Request", "Your post text is too long.")
    if parent is not None:
        if world.truth.get(NAME, parent) is None:
            return _problem(403, "Forbidden", "You attempted to reply to a Tweet that is deleted or not visible to you.")
        if not world.faults.standing(NAME, "replies_allowed"):
            return _problem(403, "Forbidden", f"{_REPLY_FORBIDDEN} you are replying to.")
    if any(entry.text == text for entry in world.truth.timeline(NAME, owner.name)[:REPEATS_LOOKED_AT]):
        return refusal("duplicate")
    now = world.now()
    number = str(((int(now.timestamp() * 1000) - 1288834974657) << 22) + world.truth.next_number())
    world.truth.add(NAME, owner.name, number, text, reply_to=parent, url=f"{call.base}/{owner.name}/status/{number}")
    return Reply(201, {"data": {"id": number, "text": text, "edit_history_post_ids": [number]}})


def _timeline(call: Call, world: World, owner: Account) -> Reply:
    shown = world.timeline(NAME, owner)
    if "start_time" in call.query:
        since = datetime.fromisoformat(call.query["start_time"])
        shown = [entry for entry in shown if entry.at >= since]
    start, limit = int(call.query.get("pagination_token", "0")), int(call.query.get("max_results", "10"))
    page = shown[start : start + limit]
    meta: dict[str, Any] = {"result_count": len(page)}
    if start + limit < len(shown):
        meta["next_token"] = str(start + limit)
    return Reply(200, {"data": [_shown(entry) for entry in page], "meta": meta} if page else {"meta": meta})


def _shown(entry: Entry) -> dict[str, Any]:
    """A post as the API gives it: links are shortened in the text, and told apart in the entities."""
    text, urls = entry.text, []
    for link in x_links(entry.text):
        short = "https://t.co/" + hashlib.sha256(link.encode()).hexdigest()[:10]
        text = text.replace(link, short, 1)
        urls.append({"url": short, "expanded_url": link, "display_url": link.removeprefix("https://")[:30]})
    moment = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {"id": entry.id, "text": text, "created_at": moment, **({"entities": {"urls": urls}} if urls else {})}
