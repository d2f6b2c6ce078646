"""The part of Matrix's client API that a broadcaster meets: a room, transaction ids, threads, replacements, a history."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from statuspage.demo.networks.accounts import Account, account
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World

NAME, TITLE = "matrix", "Matrix"
API = ("/_matrix/",)
EVENT_BYTES = 65536
USER = "@demobank:matrix.test"

_SEND = re.compile(r"send/m\.room\.message/(.+)")


def answer(call: Call, world: World) -> Reply:
    owner = account("matrix")
    if call.bearer() != owner.token:
        return _error(401, "M_UNKNOWN_TOKEN" if call.bearer() else "M_MISSING_TOKEN", "Invalid access token")
    path = call.path.removeprefix("/_matrix/client/v3/")
    if path == "account/whoami":
        return Reply(200, {"user_id": USER, "device_id": "DEMODEVICE"})
    if path == "joined_rooms":
        return Reply(200, {"joined_rooms": [owner.id]})
    if not path.startswith(f"rooms/{owner.id}/"):
        return _error(403, "M_FORBIDDEN", "User not in room") if path.startswith("rooms/") else _unknown()
    path = path.removeprefix(f"rooms/{owner.id}/")
    if path == "messages":
        return _messages(call, world, owner)
    if path.startswith("event/"):
        return _event(path.removeprefix("event/"), world, owner)
    found = _SEND.fullmatch(path)
    return _send(call, found[1], world, owner) if found and call.method == "PUT" else _unknown()


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return _error(429, "M_LIMIT_EXCEEDED", "Too Many Requests")
        case "revoked":
            return _error(401, "M_UNKNOWN_TOKEN", "Invalid access token")
        case "denied":
            return _error(403, "M_FORBIDDEN", "User not in room")
        case "duplicate":
            return _error(409, "M_UNKNOWN", "Conflict")
        case _:
            return _error(502, "M_UNKNOWN", "Bad gateway")


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"errcode": code, "error": message})


def _unknown() -> Reply:
    return _error(404, "M_UNRECOGNIZED", "Unrecognized request")


def _send(call: Call, transaction: str, world: World, owner: Account) -> Reply:
    """A transaction id that was seen is answered as then, whatever the body says now."""
    known = next((one.id for one in world.truth.timeline(NAME, owner.name) if one.memory.get("transaction") == transaction), None)
    if known and not world.faults.standing(NAME, "keys_forgotten"):
        return Reply(200, {"event_id": known})
    content = call.fields()
    if len(call.body) + 500 > EVENT_BYTES:
        return _error(413, "M_TOO_LARGE", "event too large")
    relation = content.get("m.relates_to") or {}
    if relation.get("rel_type") == "m.replace":
        target = world.truth.get(NAME, str(relation["event_id"]))
        if target is not None:  # one that was taken down is replaced too, and nobody sees it
            world.truth.edit(target, str(content["m.new_content"]["body"]))
        return Reply(200, {"event_id": f"$demo-edit-{transaction}"})
    number = f"$demo-event-{world.truth.next_number():08d}"
    parent = (relation.get("m.in_reply_to") or {}).get("event_id")
    url = f"{call.base}/#/{owner.id}/{number}"
    body = str(content["body"])
    world.truth.add(NAME, owner.name, number, body, reply_to=parent, url=url, memory={"transaction": transaction, "first": body})
    return Reply(200, {"event_id": number})


def _event(number: str, world: World, owner: Account) -> Reply:
    entry = next((one for one in world.truth.all() if (one.network, one.id) == (NAME, number)), None)
    return Reply(200, _shown(entry, owner)) if entry else _error(404, "M_NOT_FOUND", "Event not found.")


def _messages(call: Call, world: World, owner: Account) -> Reply:
    """Backwards in time. Others' words are left out where the filter names senders."""
    shown = [_shown(one, owner) for one in world.timeline(NAME, owner)]
    if USER not in json.loads(call.query.get("filter", "{}")).get("senders", []):
        moment = int(world.now().astimezone(UTC).timestamp() * 1000)
        shown.insert(0, {"event_id": "$guest", "sender": "@guest:matrix.test", "origin_server_ts": moment, "content": {"body": "Gracias"}})
    start, limit = int(call.query.get("from", "t0").lstrip("t")), int(call.query.get("limit", "10"))
    more = {"end": f"t{start + limit}"} if start + limit < len(shown) else {}
    return Reply(200, {"start": f"t{start}", "chunk": shown[start : start + limit], **more})


def _shown(entry: Entry, owner: Account) -> dict[str, Any]:
    """The event as it was first; its newest replacement beside it, and nothing of what was taken down."""
    unsigned: dict[str, Any] = {"transaction_id": entry.memory.get("transaction")}
    content: dict[str, Any] = {"msgtype": "m.notice", "body": entry.memory["first"]}
    if entry.removed_at is not None:
        content, unsigned = {}, {"redacted_because": {"type": "m.room.redaction", "origin_server_ts": _ms(entry.removed_at)}}
    elif entry.revisions:
        new = {"msgtype": "m.notice", "body": entry.text}
        replacement = {"body": f"* {entry.text}", "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": entry.id}}
        unsigned["m.relations"] = {"m.replace": {"event_id": f"{entry.id}-newest", "content": replacement}}
    if entry.in_reply_to and content:
        relation = {"rel_type": "m.thread", "event_id": entry.root, "m.in_reply_to": {"event_id": entry.in_reply_to}}
        content["m.relates_to"] = relation
    base = {"type": "m.room.message", "event_id": entry.id, "room_id": owner.id, "sender": USER}
    return {**base, "origin_server_ts": _ms(entry.at), "content": content, "unsigned": unsigned}


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
