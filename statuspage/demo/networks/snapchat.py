"""The part of Snapchat's Public Profile API that a broadcaster meets: encrypted uploads, and stories of one picture."""

from __future__ import annotations

import base64
import re
from datetime import UTC, timedelta

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from statuspage.demo.networks.accounts import CLIENT_ID, CLIENT_SECRET, Account, account
from statuspage.demo.networks.pictures import Unfit
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import Container, World

NAME, TITLE = "snapchat", "Snapchat"
API = ("/v1/", "/login/")
PREPARES = ("/media", "/upload")
LIVES = timedelta(hours=24)

_UPLOAD = re.compile(r"media/([a-z0-9-]+)/upload")


def answer(call: Call, world: World) -> Reply:
    if call.path == "/login/oauth2/access_token":
        return _token(call, world)
    owner = account("snapchat")
    if world.sessions.get(call.bearer()) != owner.config:
        return refusal("revoked")
    path = call.path.removeprefix(f"/v1/public_profiles/{owner.id}").strip("/")
    if not path:
        return Reply(200, {"id": owner.id, "display_name": owner.name})
    if path == "media":
        return _make(call, world, owner)
    if found := _UPLOAD.fullmatch(path):
        return _upload(call, world, found[1])
    if path == "stories":
        return _publish(call, world, owner) if call.method == "POST" else _list(world, owner)
    return _error(404, "E3002", "Resource can not be found")


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return _error(429, "E1010", "Too many requests")
        case "revoked" | "expired":
            return _error(401, "E1001", "Unauthorized")
        case "denied":
            return _error(403, "E1002", "Forbidden")
        case "duplicate":
            return _error(409, "E1009", "Conflict")
        case _:
            return _error(503, "E1000", "Service unavailable")


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"request_status": "ERROR", "error_code": code, "message": message})


def _token(call: Call, world: World) -> Reply:
    fields, owner = call.fields(), account("snapchat")
    if (fields.get("client_id"), fields.get("client_secret"), fields.get("refresh_token")) != (CLIENT_ID, CLIENT_SECRET, owner.token):
        return Reply(400, {"error": "invalid_grant"})
    world.faults.clear(NAME, "expired")
    token = f"demo-snapchat-access-{len(world.sessions) + 1:08d}"
    world.sessions[token] = owner.config
    return Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": 1800})


def _make(call: Call, world: World, owner: Account) -> Reply:
    fields = call.fields()
    if fields.get("type") != "IMAGE" or len(base64.b64decode(fields["key"])) != 32 or len(base64.b64decode(fields["iv"])) != 16:
        return _error(400, "E2002", "type, key and iv must be there")
    number = f"media-{len(world.containers) + 1:08d}"
    made = Container(owner.name, str(fields.get("name", "")), world.now(), state=f"{fields['key']} {fields['iv']}")
    world.containers[NAME, number] = made
    return Reply(200, {"media_id": number})


def _upload(call: Call, world: World, number: str) -> Reply:
    made = world.containers[NAME, number]
    key, start = (base64.b64decode(one) for one in made.state.split(" "))
    decryptor = Cipher(algorithms.AES(key), modes.CBC(start)).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    try:
        data = unpadder.update(decryptor.update(call.body) + decryptor.finalize()) + unpadder.finalize()
        made.picture = world.pictures.kept(data)
    except (ValueError, Unfit) as unfit:
        return _error(400, "E2003", f"The media cannot be decrypted or read: {unfit}")
    return Reply(200, {"request_status": "SUCCESS"})


def _publish(call: Call, world: World, owner: Account) -> Reply:
    number = str(call.fields().get("media_id", ""))
    made = world.containers.get((NAME, number))
    if made is None or not made.picture or world.now() - made.made_at >= LIVES:
        return _error(400, "E2004", "The media is not there, or not ready")
    if not made.post:
        made.post = f"story-{world.truth.next_number():08d}"
        memory = {"picture": made.picture, "media": number}
        world.truth.add(NAME, owner.name, made.post, made.text, url=f"{call.base}/add/{owner.name}#{made.post}", memory=memory)
    return Reply(200, {"story_id": made.post})


def _list(world: World, owner: Account) -> Reply:
    stories = [
        {"story_id": entry.id, "media_id": entry.memory.get("media"), "created_at": entry.at.astimezone(UTC).isoformat()}
        for entry in world.timeline(NAME, owner)
    ]
    return Reply(200, {"stories": stories})
