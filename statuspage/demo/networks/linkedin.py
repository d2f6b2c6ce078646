"""The part of LinkedIn's Posts API that a broadcaster meets: the little format with its trap, versions that end, repeats by name."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from statuspage.demo.networks.accounts import CLIENT_ID, CLIENT_SECRET, Account, account
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World, opened_by

NAME, TITLE = "linkedin", "LinkedIn"
API = ("/rest/", "/oauth/")
MAXIMUM = 3000
REPEATS_LOOKED_AT = 20

_ADDRESS = re.compile(r"https?://[^\s\\]+")
_SPECIAL = "\\{}@[]()<>#*_~|"


def answer(call: Call, world: World) -> Reply:
    if call.path == "/oauth/v2/accessToken":
        return _token(call, world)
    token = call.bearer()
    owner = account(world.sessions[token]) if token in world.sessions else opened_by(NAME, token)
    if owner is None:
        return refusal("revoked")
    version = call.headers.get("linkedin-version", "")
    if not version.isdecimal() or len(version) != 6:
        return _error(400, "VERSION_MISSING", "A version must be present. Please specify a version by adding the Linkedin-Version header.")
    if _ended(version, world.now()):
        return _error(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active")
    path = call.path.removeprefix("/rest/")
    if path == f"organizations/{owner.id}":
        return Reply(200, {"id": int(owner.id), "localizedName": owner.name})
    if path == "posts":
        return _create(call, world, owner) if call.method == "POST" else _find(call, world, owner)
    entry = world.truth.get(NAME, unquote(path.removeprefix("posts/")))
    if entry is None or entry.account != owner.name:
        return _error(404, "NOT_FOUND", "Could not find entity")
    return _update(call, world, entry) if call.method == "POST" else Reply(200, _shown(entry, owner, world))


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return _error(429, "TOO_MANY_REQUESTS", "Resource level throttle limit for calls to this resource is reached.")
        case "revoked":
            return _error(401, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user")
        case "expired":
            return _error(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired")
        case "denied":
            return _error(403, "ACCESS_DENIED", "Not enough permissions to access: posts.CREATE")
        case "duplicate":
            return _duplicate("urn:li:share:7000000000000000000")
        case _:
            return _error(503, "SERVICE_UNAVAILABLE", "Service Unavailable")


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"status": status, "code": code, "serviceErrorCode": 100, "message": message})


def _duplicate(urn: str) -> Reply:
    return _error(422, "DUPLICATE_POST", f"Content is a duplicate of {urn}")


def _ended(version: str, now: datetime) -> bool:
    """A version lives twelve months."""
    return (now.year - int(version[:4])) * 12 + now.month - int(version[4:]) >= 12


def _token(call: Call, world: World) -> Reply:
    fields = call.fields()
    first = account("linkedin")
    known = fields.get("refresh_token") == f"{first.token}-refresh"
    if (
        fields.get("grant_type") != "refresh_token"
        or fields.get("client_id") != CLIENT_ID
        or fields.get("client_secret") != CLIENT_SECRET
        or not known
    ):
        return Reply(400, {"error": "invalid_request", "error_description": "The provided authorization grant or refresh token is invalid"})
    world.faults.clear(NAME, "expired")
    token = f"demo-linkedin-access-{len(world.sessions) + 1:08d}"
    world.sessions[token] = first.config
    return Reply(200, {"access_token": token, "expires_in": 5184000, "refresh_token": fields["refresh_token"]})


def read(commentary: str) -> str:
    """What is published of a commentary: from the first sign that stands unescaped outside an address, everything is lost."""
    pieces: list[str] = []
    at = 0
    while at < len(commentary):
        address = _ADDRESS.match(commentary, at)
        if address:
            pieces.append(address[0])
            at = address.end()
        elif commentary[at] == "\\" and at + 1 < len(commentary):
            pieces.append(commentary[at + 1])
            at += 2
        elif commentary[at] in _SPECIAL:
            break
        else:
            pieces.append(commentary[at])
            at += 1
    return "".join(pieces)


def written(text: str) -> str:
    """A published text in the little format."""
    pieces, at = [], 0
    for address in _ADDRESS.finditer(text):
        pieces += [_with_backslashes(text[at : address.start()]), address[0]]
        at = address.end()
    return "".join([*pieces, _with_backslashes(text[at:])])


def _with_backslashes(text: str) -> str:
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in text)


def _wrong(text: Any) -> Reply | None:
    if not isinstance(text, str) or not text.strip():
        return _error(422, "MISSING_FIELD", "commentary must be there")
    return _error(422, "FIELD_LENGTH_TOO_LONG", "commentary is too long") if len(text) > MAXIMUM else None


def _create(call: Call, world: World, owner: Account) -> Reply:
    fields = call.fields()
    if (
        fields.get("author") != f"urn:li:organization:{owner.id}"
        or fields.get("lifecycleState") != "PUBLISHED"
        or "distribution" not in fields
    ):
        return _error(400, "ILLEGAL_ARGUMENT", "author, lifecycleState and distribution must be there")
    text = read(str(fields.get("commentary", "")))
    if wrong := _wrong(text):
        return wrong
    same = next((one for one in world.truth.timeline(NAME, owner.name)[:REPEATS_LOOKED_AT] if one.text == text), None)
    if same is not None:
        return _duplicate(same.id)
    urn = f"urn:li:share:{7300000000000000000 + world.truth.next_number()}"
    world.truth.add(NAME, owner.name, urn, text, url=f"{call.base}/feed/update/{urn}/")
    return Reply(201, None, {"x-restli-id": urn})


def _update(call: Call, world: World, entry: Entry) -> Reply:
    patch = call.fields().get("patch", {}).get("$set", {})
    text = read(str(patch.get("commentary", "")))
    if call.headers.get("x-restli-method") != "PARTIAL_UPDATE" or set(patch) != {"commentary"}:
        return _error(400, "ILLEGAL_ARGUMENT", "only commentary can be changed, by PARTIAL_UPDATE")
    if wrong := _wrong(text):
        return wrong
    world.truth.edit(entry, text)
    return Reply(204)


def _find(call: Call, world: World, owner: Account) -> Reply:
    if call.headers.get("x-restli-method") != "FINDER" or call.query.get("q") != "author":
        return _error(400, "ILLEGAL_ARGUMENT", "unknown finder")
    shown = sorted(world.timeline(NAME, owner), key=lambda entry: (_changed(entry), entry.number), reverse=True)
    start, count = int(call.query.get("start", "0")), min(int(call.query.get("count", "10")), 100)
    elements = [_shown(entry, owner, world) for entry in shown[start : start + count]]
    return Reply(200, {"elements": elements, "paging": {"start": start, "count": count}})


def _changed(entry: Entry) -> datetime:
    return entry.revisions[-1].until if entry.revisions else entry.at


def _shown(entry: Entry, owner: Account, world: World) -> dict[str, Any]:
    text = entry.text[: len(entry.text) // 2] if world.faults.standing(NAME, "garbled") else entry.text
    return {
        "id": entry.id,
        "author": f"urn:li:organization:{owner.id}",
        "commentary": written(text),
        "createdAt": int(entry.at.timestamp() * 1000),
        "lastModifiedAt": int(_changed(entry).timestamp() * 1000),
        "lifecycleState": "PUBLISHED",
    }
