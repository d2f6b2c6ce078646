"""The part of the Google Business Profile API that a broadcaster meets: posts of one location, looked at before they are shown."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any

from statuspage.demo.networks.accounts import CLIENT_ID, CLIENT_SECRET, GOOGLE_ACCOUNT, Account, account
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World

NAME, TITLE = "google_business", "Google Business Profile"
API = ("/v4/", "/token")
MAXIMUM = 1500

_PHONE = re.compile(r"\+?[0-9][0-9 ()/-]{7,}[0-9]")


def answer(call: Call, world: World) -> Reply:
    if call.path == "/token":
        return _token(call, world)
    owner = account("google")
    if world.sessions.get(call.bearer()) != owner.config:
        return refusal("revoked")
    location = f"/v4/accounts/{GOOGLE_ACCOUNT}/locations/{owner.id}"
    if call.path == location:
        return Reply(200, {"name": location.removeprefix("/v4/"), "locationName": owner.name})
    if call.path == f"{location}/localPosts":
        return _create(call, world, owner) if call.method == "POST" else _list(call, world, owner)
    entry = world.truth.get(NAME, call.path.removeprefix("/v4/"))
    if entry is None:
        return _error(404, "NOT_FOUND", "Requested entity was not found.")
    return _edit(call, world, entry)


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return _error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Requests'")
        case "revoked" | "expired":
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        case "denied":
            return _error(403, "PERMISSION_DENIED", "The caller does not have permission")
        case "duplicate":
            return _error(409, "ALREADY_EXISTS", "Requested entity already exists")
        case _:
            return _error(503, "UNAVAILABLE", "The service is currently unavailable.")


def _error(status: int, name: str, message: str) -> Reply:
    return Reply(status, {"error": {"code": status, "status": name, "message": message}})


def _token(call: Call, world: World) -> Reply:
    fields, owner = call.fields(), account("google")
    if (fields.get("client_id"), fields.get("client_secret"), fields.get("refresh_token")) != (CLIENT_ID, CLIENT_SECRET, owner.token):
        return Reply(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
    world.faults.clear(NAME, "expired")
    token = f"demo-google-access-{len(world.sessions) + 1:08d}"
    world.sessions[token] = owner.config
    return Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3599})


def _wrong(summary: Any) -> Reply | None:
    if not isinstance(summary, str) or not summary.strip() or len(summary) > MAXIMUM:
        return _error(400, "INVALID_ARGUMENT", f"summary must have 1 to {MAXIMUM} characters")
    return None


def _create(call: Call, world: World, owner: Account) -> Reply:
    fields = call.fields()
    if fields.get("topicType") != "STANDARD" or not fields.get("languageCode"):
        return _error(400, "INVALID_ARGUMENT", "topicType and languageCode must be there")
    if wrong := _wrong(fields.get("summary")):
        return wrong
    name = f"{call.path.removeprefix('/v4/')}/{1000000000000000000 + world.truth.next_number()}"
    memory = {"link": str(fields.get("callToAction", {}).get("url", ""))}
    url = f"{call.base}/local/{name.rpartition('/')[2]}"
    entry = world.truth.add(NAME, owner.name, name, fields["summary"], language=fields["languageCode"], url=url, memory=memory)
    return Reply(200, _shown(entry))


def _edit(call: Call, world: World, entry: Entry) -> Reply:
    summary = call.fields().get("summary")
    if call.query.get("updateMask") != "summary":
        return _error(400, "INVALID_ARGUMENT", "updateMask must be summary")
    return _wrong(summary) or Reply(200, _shown(world.truth.edit(entry, str(summary))))


def _list(call: Call, world: World, owner: Account) -> Reply:
    shown = world.timeline(NAME, owner)
    start, size = int(call.query.get("pageToken", "0")), min(int(call.query.get("pageSize", "20")), 100)
    more = {"nextPageToken": str(start + size)} if start + size < len(shown) else {}
    return Reply(200, {"localPosts": [_shown(entry) for entry in shown[start : start + size]], **more})


def _shown(entry: Entry) -> dict[str, Any]:
    """A text with a phone number is rejected, and so never shown to customers."""
    moment = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    state = "REJECTED" if _PHONE.search(entry.text) else "LIVE"
    link = {"callToAction": {"actionType": "LEARN_MORE", "url": entry.memory["link"]}} if entry.memory.get("link") else {}
    return {"name": entry.id, "summary": entry.text, "createTime": moment, "state": state, "searchUrl": entry.url, **link}
