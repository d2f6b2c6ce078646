"""The part of a Bluesky PDS that a broadcaster meets: sessions, and records that are put once."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from statuspage.demo.networks.accounts import Account, account
from statuspage.demo.networks.counting import clusters
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World, opened_by

NAME, TITLE = "bluesky", "Bluesky"
API = ("/xrpc/",)
COLLECTION = "app.bsky.feed.post"

_TID = re.compile(r"[2-7a-j][2-7a-z]{12}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def answer(call: Call, world: World) -> Reply:
    method = call.path.removeprefix("/xrpc/")
    if method == "com.atproto.server.createSession":
        return _sign_in(call, world)
    if method == "com.atproto.server.refreshSession":
        return _refresh(call, world)
    if method == "com.atproto.repo.getRecord":
        return _get(call, world)
    if method == "com.atproto.repo.listRecords":
        return _list(call, world)
    owner = world.sessions.get(call.bearer(), "")
    if not call.bearer().startswith("demo-access-") or not owner:
        return refusal("revoked")
    if method == "com.atproto.server.getSession":
        return Reply(200, {"did": account(owner).id, "handle": account(owner).name, "active": True})
    if method == "com.atproto.repo.putRecord":
        return _put(call, world, account(owner))
    return _error(501, "MethodNotImplemented", "Method Not Implemented")


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return _error(429, "RateLimitExceeded", "Rate Limit Exceeded")
        case "revoked":
            return _error(400, "InvalidToken", "Token could not be verified")
        case "expired":
            return _error(400, "ExpiredToken", "Token has expired")
        case "denied":
            return _error(401, "AccountTakedown", "Account has been taken down")
        case "duplicate":
            return _error(400, "InvalidSwap", "Record was at another version")
        case _:
            return _error(503, "InternalServerError", "Internal Server Error")


def _error(status: int, name: str, message: str) -> Reply:
    return Reply(status, {"error": name, "message": message})


def _sign_in(call: Call, world: World) -> Reply:
    fields = call.fields()
    owner = opened_by(NAME, str(fields.get("password", "")))
    if owner is None or fields.get("identifier") not in (owner.name, owner.id):
        return _error(401, "AuthenticationRequired", "Invalid identifier or password")
    return _session(world, owner)


def _refresh(call: Call, world: World) -> Reply:
    owner = world.sessions.get(call.bearer(), "")
    if not owner or not call.bearer().startswith("demo-refresh-"):
        return _error(400, "ExpiredToken", "Token has expired or been revoked")
    return _session(world, account(owner))


def _session(world: World, owner: Account) -> Reply:
    """A new pair of tokens; the fault "expired" is over with it, the earlier access tokens are no longer good."""
    world.faults.clear(NAME, "expired")
    for token in [one for one, name in world.sessions.items() if name == owner.config and one.startswith("demo-access-")]:
        del world.sessions[token]
    number = len(world.sessions) + 1
    access, refresh = f"demo-access-{number:08d}-{owner.config}", f"demo-refresh-{number:08d}-{owner.config}"
    world.sessions |= {access: owner.config, refresh: owner.config}
    return Reply(200, {"did": owner.id, "handle": owner.name, "accessJwt": access, "refreshJwt": refresh, "active": True})


def _put(call: Call, world: World, owner: Account) -> Reply:
    fields = call.fields()
    record, rkey = fields.get("record"), str(fields.get("rkey", ""))
    if fields.get("repo") not in (owner.id, owner.name) or fields.get("collection") != COLLECTION or not isinstance(record, dict):
        return _error(400, "InvalidRequest", "Input must have the account's repo, a known collection and a record")
    if not _TID.fullmatch(rkey):
        return _error(400, "InvalidRequest", "Invalid record key: not a TID")
    if wrong := _wrong(record):
        return _error(400, "InvalidRequest", f"Invalid {COLLECTION} record: {wrong}")
    uri, cid = f"at://{owner.id}/{COLLECTION}/{rkey}", _cid(record)
    there = world.truth.get(NAME, uri)
    if there is not None and there.memory["cid"] != cid:
        if "swapRecord" in fields:
            return _error(400, "InvalidSwap", f"Record was at {there.memory['cid']}")
        world.truth.edit(there, record["text"])
        return Reply(200, {"uri": uri, "cid": cid, "validationStatus": "valid"})
    if there is not None:
        return Reply(200, {"uri": uri, "cid": cid, "validationStatus": "valid"})
    parent = record.get("reply", {}).get("parent", {}).get("uri")
    languages = record.get("langs") or [None]
    memory = {"cid": cid, "record": json.dumps(record)}
    url = f"{call.base}/profile/{owner.id}/post/{rkey}"
    world.truth.add(NAME, owner.name, uri, record["text"], reply_to=parent, language=languages[0], url=url, memory=memory)
    return Reply(200, {"uri": uri, "cid": cid, "commit": {"cid": cid, "rev": rkey}, "validationStatus": "valid"})


def _wrong(record: dict[str, Any]) -> str:
    """What the lexicon forbids; "" for a good record. Offsets of facets are not looked at, as the real server does not."""
    text, languages = record.get("text"), record.get("langs", [])
    if record.get("$type") != COLLECTION or not isinstance(text, str) or not isinstance(record.get("createdAt"), str):
        return "$type, text and createdAt must be there"
    if len(clusters(text)) > 300:
        return "text must not be longer than 300 graphemes"
    if len(text.encode()) > 3000:
        return "string too big (maximum 3000)"
    if len(languages) > 3 or not all(isinstance(one, str) and _LANGUAGE.fullmatch(one) for one in languages):
        return "langs must be at most 3 well-formed language tags"
    return ""


def _cid(record: dict[str, Any]) -> str:
    """A content id of the real shape, over the record's JSON instead of its CBOR."""
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()
    return "b" + base64.b32encode(b"\x01\x71\x12\x20" + digest).decode().lower().rstrip("=")


def _owner(repo: str) -> Account | None:
    owner = account("bluesky")
    return owner if repo in (owner.id, owner.name) else None


def _get(call: Call, world: World) -> Reply:
    owner = _owner(call.query.get("repo", ""))
    entry = world.truth.get(NAME, f"at://{owner.id}/{COLLECTION}/{call.query.get('rkey', '')}") if owner else None
    return Reply(200, _shown(entry, world)) if entry else _error(400, "RecordNotFound", "Could not locate record")


def _list(call: Call, world: World) -> Reply:
    owner = _owner(call.query.get("repo", ""))
    if owner is None:
        return _error(400, "InvalidRequest", "Could not find repo")
    shown = sorted(world.timeline(NAME, owner), key=lambda entry: entry.id, reverse=True)
    cursor = call.query.get("cursor")
    shown = [entry for entry in shown if cursor is None or entry.id.rpartition("/")[2] < cursor]
    page = shown[: min(int(call.query.get("limit", "50")), 100)]
    more = {"cursor": page[-1].id.rpartition("/")[2]} if page else {}
    return Reply(200, {"records": [_shown(entry, world) for entry in page], **more})


def _shown(entry: Entry, world: World) -> dict[str, Any]:
    record = json.loads(entry.memory["record"])
    if world.faults.standing(NAME, "garbled"):
        for facet in record.get("facets", []):
            facet["index"]["byteStart"] += 1
    return {"uri": entry.id, "cid": entry.memory["cid"], "value": record}
