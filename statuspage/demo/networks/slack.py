"""The part of Slack's Web API that a broadcaster meets: a channel with threads, edits, and errors that come as 200."""

from __future__ import annotations

import html
import re
from typing import Any

from statuspage.demo.networks.accounts import SLACK_BOT, Account, account
from statuspage.demo.networks.counting import links
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World

NAME, TITLE = "slack", "Slack"
API = ("/api/",)
MAXIMUM = 4000  # of `text` as it is sent, with its escapes


def answer(call: Call, world: World) -> Reply:
    owner = account("slack")
    if call.bearer() != owner.token:
        return _error("invalid_auth" if call.bearer() else "not_authed")
    fields = {**call.query, **call.fields()}
    method = call.path.removeprefix("/api/")
    if method == "auth.test":
        return _ok({"user": owner.name, "user_id": SLACK_BOT, "bot_id": "B0DEMO0BOT", "team": "Demo Bank"})
    if fields.get("channel") != owner.id:
        return _error("channel_not_found")
    match method:
        case "chat.postMessage":
            return _post(call, fields, world, owner)
        case "chat.update":
            return _update(fields, world)
        case "conversations.history":
            return _history(fields, world, owner)
        case "chat.getPermalink":
            entry = world.truth.get(NAME, str(fields.get("message_ts")))
            return _ok({"channel": owner.id, "permalink": entry.url}) if entry else _error("message_not_found")
        case _:
            return Reply(404, {"ok": False, "error": "unknown_method"})


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return Reply(429, {"ok": False, "error": "ratelimited"})
        case "revoked":
            return _error("token_revoked")
        case "denied":
            return _error("not_in_channel")
        case "duplicate":
            return Reply(409, {"ok": False, "error": "duplicate"})
        case _:
            return Reply(503, {"ok": False, "error": "service_unavailable"})


def _ok(fields: dict[str, Any]) -> Reply:
    return Reply(200, {"ok": True, **fields})


def _error(name: str) -> Reply:
    return Reply(200, {"ok": False, "error": name})


def wrong(fields: dict[str, Any]) -> str:
    """Slack's word for what is wrong with a message; "" if nothing is."""
    text = fields.get("text")
    if not isinstance(text, str) or not text.strip():
        return "no_text"
    return "msg_too_long" if len(text) > MAXIMUM else ""


def shown(fields: dict[str, Any]) -> str:
    """What readers see: the rich text where there is one, else `text` without what Slack takes for its own signs."""
    if "blocks" in fields:
        pieces = [piece for block in fields["blocks"] for section in block["elements"] for piece in section["elements"]]
        return "".join(str(piece["url"] if piece["type"] == "link" else piece["text"]) for piece in pieces)
    return html.unescape(re.sub(r"<[^>]*>|[*_~`]", "", fields["text"]))


def _post(call: Call, fields: dict[str, Any], world: World, owner: Account) -> Reply:
    if word := wrong(fields):
        return _error(word)
    parent = fields.get("thread_ts")
    if parent is not None and world.truth.get(NAME, str(parent)) is None:
        return _error("thread_not_found")
    number = world.truth.next_number()
    micros = int(world.now().timestamp() * 1_000_000) + number  # names a message in its channel, so no two have the same
    ts = f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
    memory = {"text": fields["text"], "hidden": "yes" if parent and not fields.get("reply_broadcast") else ""}
    url = f"{call.base}/archives/{owner.id}/p{ts.replace('.', '')}"
    entry = world.truth.add(NAME, owner.name, ts, shown(fields), reply_to=parent, url=url, memory=memory)
    return _ok({"channel": owner.id, "ts": ts, "message": _message(entry)})


def _update(fields: dict[str, Any], world: World) -> Reply:
    if word := wrong(fields):
        return _error(word)
    entry = world.truth.get(NAME, str(fields.get("ts")))
    if entry is None:
        return _error("message_not_found")
    world.truth.edit(entry, shown(fields))
    return _ok({"channel": fields["channel"], "ts": entry.id, "text": fields["text"]})


def _message(entry: Entry) -> dict[str, Any]:
    """Addresses come in brackets, three signs escaped."""
    text = html.escape(entry.text, quote=False)
    for link in sorted(links(text), key=len, reverse=True):
        text = text.replace(link, f"<{link}>")
    thread = {"thread_ts": entry.root} if entry.in_reply_to else {}
    return {"type": "message", "user": SLACK_BOT, "bot_id": "B0DEMO0BOT", "ts": entry.id, "text": text, **thread}


def _history(fields: dict[str, Any], world: World, owner: Account) -> Reply:
    """Newest first, without the replies that stand in their threads alone; another's words between the bot's."""
    oldest = float(fields.get("oldest", "0"))
    shown = [one for one in world.timeline(NAME, owner) if not one.memory.get("hidden") and float(one.id) > oldest]
    start, limit = int(fields.get("cursor", "0")), int(fields.get("limit", "100"))
    more = {"next_cursor": str(start + limit)} if start + limit < len(shown) else {}
    chatter = {"type": "message", "user": "U0COLLEAGUE", "ts": f"{int(world.now().timestamp())}.900000", "text": "Gracias"}
    messages = [chatter, *(_message(one) for one in shown[start : start + limit])]
    return _ok({"messages": messages, "has_more": bool(more), "response_metadata": more})
