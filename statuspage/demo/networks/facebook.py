"""The part of the Graph API that a broadcaster meets for a Page: posts, edits, comments, and codes instead of statuses."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Any

from statuspage.demo.networks.accounts import APP_SECRET, Account
from statuspage.demo.networks.meta import error, refusal
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World, opened_by

NAME, TITLE = "facebook", "Facebook"
API = ("/v26.0/",)
MAXIMUM = 63206

_POST = re.compile(r"/v26\.0/([0-9]+_[0-9]+)(/comments)?")


def answer(call: Call, world: World) -> Reply:
    fields = {**call.query, **call.fields()}
    token = str(fields.get("access_token") or call.bearer())
    owner = opened_by(NAME, token)
    if owner is None:
        return refusal("revoked")
    proof = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
    if fields.get("appsecret_proof", proof) != proof:
        return error(400, 100, "Invalid appsecret_proof provided in the API argument")
    if call.path == f"/v26.0/{owner.id}/feed":
        return _create(call, fields, world, owner) if call.method == "POST" else _feed(call, world, owner)
    if call.path == f"/v26.0/{owner.id}":
        return Reply(200, {"id": owner.id, "name": owner.name})
    found = _POST.fullmatch(call.path)
    entry = world.truth.get(NAME, found[1]) if found else None
    if entry is None or found is None:
        return error(400, 100, "Unsupported request. Object does not exist or cannot be loaded", subcode=33)
    if found[2]:
        return _comment(fields, world, owner, entry)
    if call.method == "POST":
        return _edit(fields, world, entry)
    return Reply(200, {"id": entry.id, "permalink_url": entry.url})


def _wrong(fields: dict[str, Any]) -> Reply | None:
    message = fields.get("message")
    if not isinstance(message, str) or not message.strip():
        return error(400, 100, "Missing message or attachment")
    return error(400, 100, "The message is too long") if len(message) > MAXIMUM else None


def _create(call: Call, fields: dict[str, Any], world: World, owner: Account) -> Reply:
    if wrong := _wrong(fields):
        return wrong
    if str(fields.get("link", "")).startswith("http://unreachable"):  # the link is fetched at once, and a page that is down is refused
        return error(400, 100, "The url you supplied is invalid", subcode=1609005)
    newest = next((one for one in world.truth.timeline(NAME, owner.name) if one.in_reply_to is None), None)
    if newest is not None and newest.text == fields["message"]:
        return refusal("duplicate")
    number = f"{owner.id}_{122100000000000000 + world.truth.next_number()}"
    world.truth.add(NAME, owner.name, number, fields["message"], url=f"{call.base}/{owner.name}/posts/{number}")
    return Reply(200, {"id": number})


def _edit(fields: dict[str, Any], world: World, entry: Entry) -> Reply:
    if wrong := _wrong(fields):
        return wrong
    world.truth.edit(entry, fields["message"])
    return Reply(200, {"success": True})


def _comment(fields: dict[str, Any], world: World, owner: Account, entry: Entry) -> Reply:
    if wrong := _wrong(fields):
        return wrong
    number = f"{entry.id.partition('_')[2]}_{122200000000000000 + world.truth.next_number()}"
    world.truth.add(NAME, owner.name, number, fields["message"], reply_to=entry.id, url=f"{entry.url}?comment_id={number}")
    return Reply(200, {"id": number})


def _feed(call: Call, world: World, owner: Account) -> Reply:
    shown = [entry for entry in world.timeline(NAME, owner) if entry.in_reply_to is None]
    if "since" in call.query:
        since = datetime.fromtimestamp(int(call.query["since"]), UTC)
        shown = [entry for entry in shown if entry.at >= since]
    start, limit = int(call.query.get("after", "0")), int(call.query.get("limit", "25"))
    page = shown[start : start + limit]
    paging: dict[str, Any] = {}
    if start + limit < len(shown):
        paging = {"paging": {"next": f"{call.base}{call.path}?access_token=…&limit={limit}&after={start + limit}"}}
    return Reply(200, {"data": [_shown(entry) for entry in page], **paging})


def _shown(entry: Entry) -> dict[str, Any]:
    moment = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"id": entry.id, "message": entry.text, "created_time": moment, "permalink_url": entry.url}
