"""A receiver of signed webhooks (Standard Webhooks 1.0), as an operator's own alarm system would be one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from statuspage.demo.networks.accounts import OLD_SIGNING_SECRET, SIGNING_SECRET, account
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World

NAME, TITLE = "webhook", "Operators’ alarms (webhook)"
API = ("/hook",)
TOLERANCE_S = 300


def answer(call: Call, world: World) -> Reply:
    number, timestamp = call.headers.get("webhook-id", ""), call.headers.get("webhook-timestamp", "")
    if call.method != "POST" or not number or not timestamp.isdecimal():
        return Reply(400, {"error": "webhook-id and webhook-timestamp must be there"})
    if abs(world.now().timestamp() - int(timestamp)) > TOLERANCE_S:
        return Reply(400, {"error": "the timestamp is too far from now"})
    if not _signed(call, number, timestamp):
        return refusal("revoked")
    if world.truth.get(NAME, number) is None:  # a repeat is taken and forgotten
        data = json.loads(call.body)["data"]
        world.truth.add(NAME, account("operators").name, number, data["text"], language=data["language"])
    return Reply(200, {"received": True})


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return Reply(429, {"error": "too many requests"})
        case "revoked":
            return Reply(401, {"error": "no matching signature"})
        case "denied":
            return Reply(410, {"error": "this endpoint is gone"})
        case "duplicate":
            return Reply(409, {"error": "seen before"})
        case _:
            return Reply(503, {"error": "unavailable"})


def _signed(call: Call, number: str, timestamp: str) -> bool:
    signed = f"{number}.{timestamp}.".encode() + call.body
    offered = [one.removeprefix("v1,") for one in call.headers.get("webhook-signature", "").split(" ") if one.startswith("v1,")]
    for secret in (SIGNING_SECRET, OLD_SIGNING_SECRET):
        digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
        if any(hmac.compare_digest(base64.b64encode(digest).decode(), one) for one in offered):
            return True
    return False
