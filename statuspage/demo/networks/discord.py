"""The part of Discord's API that a webhook meets: messages that can be written and rewritten, and not read."""

from __future__ import annotations

import re
from typing import Any

from statuspage.demo.networks.accounts import Account, account
from statuspage.demo.networks.counting import links
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World

NAME, TITLE = "discord", "Discord"
API = ("/api/",)
MAXIMUM = 2000
GUILD, CHANNEL = "900000000000000001", "900000000000000002"

_PATH = re.compile(r"/api/webhooks/([^/]+)/([^/]+)(?:/messages/([0-9]+))?")
_MARKUP = re.compile(r"\\([^0-9A-Za-z\s])|[*_~`|]|<[^>]*>|^(?:#{1,3}|-#|>|-) ", re.MULTILINE)


def answer(call: Call, world: World) -> Reply:
    owner, found = account("discord"), _PATH.fullmatch(call.path)
    if found is None or found[1] != owner.id:
        return _error(404, 10015, "Unknown Webhook")
    if found[2] != owner.token:
        return refusal("revoked")
    if call.method == "GET" and not found[3]:
        return Reply(200, {"id": owner.id, "name": owner.name, "channel_id": CHANNEL, "guild_id": GUILD})
    if found[3]:
        entry = world.truth.get(NAME, found[3])
        return _edit(call, world, entry) if entry else _error(404, 10008, "Unknown Message")
    return _create(call, world, owner)


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return Reply(429, {"message": "You are being rate limited.", "global": False})
        case "revoked":
            return _error(401, 50027, "Invalid Webhook Token")
        case "denied":
            return _error(403, 50013, "Missing Permissions")
        case "duplicate":
            return _error(409, 0, "Conflict")
        case _:
            return _error(502, 0, "Bad Gateway")


def _error(status: int, code: int, message: str) -> Reply:
    return Reply(status, {"code": code, "message": message})


def _wrong(content: Any) -> Reply | None:
    if not isinstance(content, str) or not content.strip():
        return _error(400, 50006, "Cannot send an empty message")
    return _error(400, 50035, "Invalid Form Body") if len(content) > MAXIMUM else None


def _shown(content: str) -> str:
    """What readers see: markup gone, escapes undone, addresses as they are."""
    for number, link in enumerate(found := sorted(links(content), key=len, reverse=True)):
        content = content.replace(link, f"\ue000{number}\ue001")
    content = _MARKUP.sub(lambda match: match[1] or "", content)
    for number, link in enumerate(found):
        content = content.replace(f"\ue000{number}\ue001", link)
    return content


def _create(call: Call, world: World, owner: Account) -> Reply:
    fields = call.fields()
    if wrong := _wrong(fields.get("content")):
        return wrong
    number = str(1400000000000000000 + world.truth.next_number())
    url = f"{call.base}/channels/{GUILD}/{CHANNEL}/{number}"
    entry = world.truth.add(NAME, owner.name, number, _shown(fields["content"]), url=url)
    return Reply(200, _message(entry)) if call.query.get("wait") == "true" else Reply(204)


def _edit(call: Call, world: World, entry: Entry) -> Reply:
    content = call.fields().get("content")
    return _wrong(content) or Reply(200, _message(world.truth.edit(entry, _shown(str(content)))))


def _message(entry: Entry) -> dict[str, Any]:
    return {"id": entry.id, "channel_id": CHANNEL, "content": entry.text, "timestamp": entry.at.isoformat()}
