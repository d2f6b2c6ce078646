"""The part of Twilio's Messages API that a broadcaster meets: messages to a number, charged by the part, which may be listed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from statuspage.demo.networks.accounts import ACCOUNTS, SMS_ACCOUNT, SMS_NUMBERS
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply, basic
from statuspage.demo.networks.world import World
from statuspage.words import sms

NAME, TITLE = "sms", "Short messages"
API = ("/2010-04-01/",)
MAXIMUM = 1600
LANDLINES, PREMIUM = "+442079460", "+44909879"  # beginnings of numbers that the regulator keeps free for films

_KEYS = tuple((SMS_ACCOUNT, one.token) for one in ACCOUNTS if one.network == NAME)
_SENDERS = {one.name for one in ACCOUNTS if one.network == NAME}
_MESSAGES = f"/2010-04-01/Accounts/{SMS_ACCOUNT}/Messages.json"


def answer(call: Call, world: World) -> Reply:
    if basic(call) not in _KEYS:
        return refusal("revoked")
    if call.path != _MESSAGES:
        return _problem(404, 20404, "The requested resource was not found")
    return _send(call, world) if call.method == "POST" else _listed(call, world)


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return _problem(429, 20429, "Too Many Requests")
        case "revoked":
            return _problem(401, 20003, "Authenticate")
        case "denied":
            return _problem(400, 21408, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number")
        case "duplicate":
            return _problem(409, 20409, "Conflict")
        case _:
            return _problem(503, 20503, "Service unavailable")


def _problem(status: int, code: int, message: str) -> Reply:
    return Reply(status, {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status})


def _send(call: Call, world: World) -> Reply:
    """The account of the truth is the number: a phone shows what its owner got."""
    fields = call.fields()
    body = fields.get("Body", "")
    if not body.strip():
        return _problem(400, 21602, "Message body is required.")
    if len(body) > MAXIMUM:
        return _problem(400, 21617, "The concatenated message body exceeds the 1600 character limit")
    to = fields.get("To", "")
    if to.startswith(LANDLINES):
        return _problem(400, 21635, f"'To' number {to} cannot be a landline")
    if to.startswith(PREMIUM):
        return _problem(400, 21268, f"Sending to the premium number {to} is not permitted")
    if to not in SMS_NUMBERS:
        return _problem(400, 21211, "Invalid 'To' Phone Number")
    if fields.get("From") not in _SENDERS:
        return _problem(400, 21606, "The 'From' phone number is not a valid, message-capable phone number")
    number = world.truth.next_number()
    sid = "SM" + hashlib.sha256(str(number).encode()).hexdigest()[:32]
    return Reply(201, _shown(world.truth.add(NAME, to, sid, body)))


def _listed(call: Call, world: World) -> Reply:
    """Those to one number, or all: newest first, with an answer that somebody sent back."""
    to = call.query.get("To")
    shown = world.truth.timeline(NAME, to, world.lag_s(NAME))
    start, size = int(call.query.get("Page", "0")), int(call.query.get("PageSize", "50"))
    more = start + size < len(shown)
    asked = urlencode({**({"To": to} if to else {}), "PageSize": size, "Page": start + size})
    following = f"{_MESSAGES}?{asked}" if more else None
    inbound = {"sid": "SM" + "0" * 32, "body": "Gracias", "status": "received", "direction": "inbound", "date_created": _at(world.now())}
    return Reply(200, {"messages": [inbound, *(_shown(one) for one in shown[start : start + size])], "next_page_uri": following})


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "sid": entry.id,
        "body": entry.text,
        "status": "queued",
        "direction": "outbound-api",
        "num_segments": str(sms.segments(entry.text).parts),
        "date_created": _at(entry.at),
        "date_sent": None,
        "error_code": None,
    }


def _at(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC))
