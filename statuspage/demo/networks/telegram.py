"""The part of Telegram's Bot API that a broadcaster meets: a channel in which a bot may write and edit, and cannot read."""

from __future__ import annotations

import re
from typing import Any

from statuspage.demo.networks.accounts import Account
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World, opened_by

NAME, TITLE = "telegram", "Telegram"
API = ("/bot",)
MAXIMUM = 4096

_METHOD = re.compile(r"/bot([^/]+)/(\w+)")


def answer(call: Call, world: World) -> Reply:
    found = _METHOD.fullmatch(call.path)
    owner = opened_by(NAME, found[1]) if found else None
    if found is None or owner is None:
        return _error(401, "Unauthorized") if found else _error(404, "Not Found")
    fields = {**call.query, **call.fields()}
    if found[2] == "getMe":
        return _ok({"id": 7000000001, "is_bot": True, "username": "demobank_bot"})
    if fields.get("chat_id") not in (owner.id, f"@{owner.name}"):
        return _error(400, "Bad Request: chat not found")
    if found[2] == "getChat":
        return _ok(_chat(owner))
    if found[2] == "sendMessage":
        return _send(call, fields, world, owner)
    if found[2] == "editMessageText":
        return _edit(fields, world, owner)
    return _error(404, "Not Found: method not found")


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return _error(429, "Too Many Requests: retry later")
        case "revoked":
            return _error(401, "Unauthorized")
        case "denied":
            return _error(403, "Forbidden: bot was kicked from the channel chat")
        case "duplicate":
            return _error(409, "Conflict")
        case _:
            return _error(502, "Bad Gateway")


def _ok(result: Any) -> Reply:
    return Reply(200, {"ok": True, "result": result})


def _error(code: int, description: str) -> Reply:
    return Reply(code, {"ok": False, "error_code": code, "description": description})


def _chat(owner: Account) -> dict[str, Any]:
    return {"id": int(owner.id), "title": owner.name, "username": owner.name, "type": "channel"}


def _wrong(fields: dict[str, Any]) -> Reply | None:
    text = fields.get("text")
    if not isinstance(text, str) or not text.strip():
        return _error(400, "Bad Request: message text is empty")
    return _error(400, "Bad Request: message is too long") if len(text) > MAXIMUM else None


def _send(call: Call, fields: dict[str, Any], world: World, owner: Account) -> Reply:
    if wrong := _wrong(fields):
        return wrong
    reply = fields.get("reply_parameters") or {}
    parent = str(reply["message_id"]) if "message_id" in reply else None
    if parent and world.truth.get(NAME, parent) is None:
        if not reply.get("allow_sending_without_reply"):
            return _error(400, "Bad Request: message to be replied not found")
        parent = None
    number = world.truth.next_number()
    entry = world.truth.add(NAME, owner.name, str(number), fields["text"], reply_to=parent, url=f"{call.base}/{owner.name}/{number}")
    return _ok(_shown(entry, owner))


def _edit(fields: dict[str, Any], world: World, owner: Account) -> Reply:
    if wrong := _wrong(fields):
        return wrong
    entry = world.truth.get(NAME, str(fields.get("message_id")))
    if entry is None:
        return _error(400, "Bad Request: message to edit not found")
    if entry.text == fields["text"]:
        same = "specified new message content and reply markup are exactly the same as a current content and reply markup of the message"
        return _error(400, f"Bad Request: message is not modified: {same}")
    return _ok(_shown(world.truth.edit(entry, fields["text"]), owner))


def _shown(entry: Entry, owner: Account) -> dict[str, Any]:
    message = {"message_id": int(entry.id), "chat": _chat(owner), "date": int(entry.at.timestamp()), "text": entry.text}
    if entry.in_reply_to:
        message["reply_to_message"] = {"message_id": int(entry.in_reply_to), "chat": _chat(owner)}
    if entry.revisions:
        message["edit_date"] = int(entry.revisions[-1].until.timestamp())
    return message
