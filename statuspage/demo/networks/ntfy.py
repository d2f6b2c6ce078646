"""The part of an ntfy server that a publisher meets: a topic, sequence ids, and what was published in the last twelve hours."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from statuspage.demo.networks.accounts import Account, account
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World

NAME, TITLE = "ntfy", "ntfy"
API = ("/v1/", "/demobank/json")
AT_ROOT = True  # messages are posted to the server's own address
MAXIMUM_BYTES = 4095  # seen at 2.27: 4,096 are already a file
KEPT = timedelta(hours=12)


def answer(call: Call, world: World) -> Reply:
    owner = account("ntfy")
    if call.headers.get("authorization") is None:
        return refusal("denied")
    if call.bearer() != owner.token:
        return refusal("revoked")
    if call.path == "/v1/account":
        return Reply(200, {"username": owner.name, "role": "user"})
    if call.path == f"/{owner.id}/json":
        return _poll(call, world, owner)
    return _publish(call, world, owner) if call.path == "/" and call.method == "POST" else _error(40401, "page not found")


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return _error(42901, "limit reached: too many requests")
        case "revoked":
            return _error(40101, "unauthorized")
        case "denied":
            return _error(40301, "forbidden")
        case "duplicate":
            return _error(40901, "conflict")
        case _:
            return _error(50001, "internal server error")


def _error(code: int, words: str) -> Reply:
    return Reply(code // 100, {"code": code, "http": code // 100, "error": words, "link": "https://ntfy.sh/docs/"})


def _publish(call: Call, world: World, owner: Account) -> Reply:
    fields = call.fields()
    if len(call.body) > 8192:
        return _error(41303, "JSON body too large")
    if fields.get("topic") != owner.id:
        return refusal("denied")
    message = fields.get("message")
    if not isinstance(message, str) or fields.get("priority", 3) not in range(1, 6):
        return _error(40024, "invalid request: body must be valid JSON")
    if len(message.encode()) > MAXIMUM_BYTES:
        return _error(40014, "invalid request: attachments not allowed")
    sequence = str(fields.get("sequence_id", ""))
    first = next((one for one in world.truth.timeline(NAME, owner.name) if one.memory.get("sequence") == sequence), None)
    if sequence and first is not None and not world.faults.standing(NAME, "keys_forgotten"):  # listeners see the newer in its place
        return Reply(200, _shown(world.truth.edit(first, message), owner))
    number = f"demo{world.truth.next_number():08d}"
    memory = {"sequence": sequence, "link": str(fields.get("click", ""))}
    return Reply(200, _shown(world.truth.add(NAME, owner.name, number, message, memory=memory), owner))


def _poll(call: Call, world: World, owner: Account) -> Reply:
    """A line per message, oldest first, not older than half a day."""
    since = max(int(call.query.get("since", "0")), int((world.now() - KEPT).timestamp()))
    shown = [one for one in reversed(world.timeline(NAME, owner)) if int(one.at.timestamp()) >= since]
    return Reply(200, "".join(json.dumps(_shown(one, owner), ensure_ascii=False) + "\n" for one in shown).encode())


def _shown(entry: Entry, owner: Account) -> dict[str, Any]:
    moment = int(entry.at.timestamp())
    message = {"id": entry.id, "time": moment, "expires": moment + int(KEPT.total_seconds()), "event": "message", "topic": owner.id}
    return {**message, "message": entry.text, "sequence_id": entry.memory.get("sequence") or entry.id}
