"""The part of Pinterest's API v5 that a broadcaster meets: pins on one board, each with a picture fetched from its address."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from statuspage.demo.networks.accounts import CLIENT_ID, CLIENT_SECRET, Account, account
from statuspage.demo.networks.pictures import Unfit
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply, basic
from statuspage.demo.networks.world import World, opened_by

NAME, TITLE = "pinterest", "Pinterest"
API = ("/v5/",)
LONGEST = {"title": 100, "description": 800, "alt_text": 500, "link": 2048}


def answer(call: Call, world: World) -> Reply:
    if call.path == "/v5/oauth/token":
        return _token(call, world)
    token = call.bearer()
    owner = account(world.sessions[token]) if token in world.sessions else opened_by(NAME, token)
    if owner is None:
        return refusal("revoked")
    path = call.path.removeprefix("/v5/")
    if path == "user_account":
        return Reply(200, {"username": owner.name, "account_type": "BUSINESS"})
    if path == f"boards/{owner.id}":
        return Reply(200, {"id": owner.id, "name": "Service status", "privacy": "PUBLIC"})
    if path == f"boards/{owner.id}/pins":
        return _list(call, world, owner)
    if call.method == "POST" and path == "pins":
        return _create(call, world, owner)
    return _error(404, 40, "Board not found.")


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return _error(429, 8, "This request exceeded a rate limit.")
        case "revoked" | "expired":
            return _error(401, 2, "Authentication failed.")
        case "denied":
            return _error(403, 29, "You are not permitted to access that resource.")
        case "duplicate":
            return _error(409, 58, "Conflict")
        case _:
            return _error(503, 0, "Service unavailable")


def _error(status: int, code: int, message: str) -> Reply:
    return Reply(status, {"code": code, "message": message})


def _token(call: Call, world: World) -> Reply:
    fields = call.fields()
    first = account("pinterest")
    known = world.sessions.get(fields.get("refresh_token", ""), "")
    if basic(call) != (CLIENT_ID, CLIENT_SECRET) or not (known or fields.get("refresh_token") == f"{first.token}-refresh"):
        return _error(401, 2, "Authentication failed.")
    world.faults.clear(NAME, "expired")
    number = len(world.sessions) + 1
    access, refresh = f"demo-pinterest-access-{number:08d}", f"demo-pinterest-refresh-{number:08d}"
    world.sessions |= {access: first.config, refresh: first.config}
    return Reply(200, {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 2592000})


def _create(call: Call, world: World, owner: Account) -> Reply:
    fields = call.fields()
    if fields.get("board_id") != owner.id:
        return _error(404, 40, "Board not found.")
    for name, longest in LONGEST.items():
        if len(str(fields.get(name) or "")) > longest:
            return _error(400, 1, f"{name} is longer than {longest}")
    source = fields.get("media_source") or {}
    if source.get("source_type") != "image_url":
        return _error(400, 1, "Missing media_source")
    try:
        picture = world.pictures.taken(str(source.get("url", "")))
    except Unfit as unfit:
        return _error(400, 1, "Sorry we could not fetch the image." if unfit.code == "fetch" else str(unfit))
    number = str(810000000000000000 + world.truth.next_number())
    memory = {
        "picture": picture,
        "alt": str(fields.get("alt_text", "")),
        "title": str(fields.get("title", "")),
        "link": str(fields.get("link", "")),
    }
    world.truth.add(NAME, owner.name, number, str(fields.get("description", "")), url=f"{call.base}/pin/{number}/", memory=memory)
    return Reply(201, {"id": number, "board_id": owner.id})


def _list(call: Call, world: World, owner: Account) -> Reply:
    shown = world.timeline(NAME, owner)
    start, size = int(call.query.get("bookmark", "0")), min(int(call.query.get("page_size", "25")), 250)
    more = str(start + size) if start + size < len(shown) else None
    return Reply(200, {"items": [_shown(entry) for entry in shown[start : start + size]], "bookmark": more})


def _shown(entry: Entry) -> dict[str, Any]:
    moment = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    told = {"title": entry.memory.get("title"), "description": entry.text, "link": entry.memory.get("link") or None}
    return {"id": entry.id, "created_at": moment, **told}
