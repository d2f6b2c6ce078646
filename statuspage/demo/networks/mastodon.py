"""The part of Mastodon's client API that a broadcaster meets, with a key memory of one hour."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from statuspage.demo.networks.accounts import Account
from statuspage.demo.networks.counting import mastodon_length
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World, opened_by

NAME, TITLE = "mastodon", "Mastodon"
API = ("/api/",)
MAXIMUM, PER_LINK = 500, 23
KEYS_KEPT = timedelta(hours=1)

_STATUS = re.compile(r"/api/v1/statuses/([^/]+)(/history)?")
_LIST = re.compile(r"/api/v1/accounts/([^/]+)/statuses")
_LINK = re.compile(r"(https?://)([^\s<]*[^\s<.,;:!?)])")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")


def answer(call: Call, world: World) -> Reply:
    if call.path in ("/api/v2/instance", "/api/v1/instance"):
        return Reply(200, _instance())
    account = opened_by(NAME, call.bearer())
    if account is None:
        return refusal("revoked")
    reply = _signed_in(call, world, account)
    reset = (world.now() + timedelta(minutes=5)).astimezone(UTC)
    return Reply(
        reply.status,
        reply.body,
        {**reply.headers, "X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "299", "X-RateLimit-Reset": _iso(reset)},
    )


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return Reply(429, {"error": "Demasiadas solicitudes"})
        case "revoked":
            return Reply(401, {"error": "El token de acceso fue revocado"})
        case "denied":
            return Reply(403, {"error": "Tu cuenta está deshabilitada"})
        case "duplicate":
            return Reply(409, {"error": "duplicate"})
        case _:
            return Reply(503, {"error": "El servicio no está disponible"})


def _signed_in(call: Call, world: World, account: Account) -> Reply:
    if call.path == "/api/v1/accounts/verify_credentials":
        return Reply(200, {"id": account.id, "username": account.name, "acct": account.name})
    if listed := _LIST.fullmatch(call.path):
        return _statuses(call, world, account) if listed[1] == account.id else Reply(404, {"error": "Record not found"})
    if call.method == "POST" and call.path == "/api/v1/statuses":
        return _create(call, world, account)
    if one := _STATUS.fullmatch(call.path):
        entry = world.truth.get(NAME, one[1])
        if entry is None or entry.account != account.name:
            return Reply(404, {"error": "Record not found"})
        if call.method == "PUT":
            return _edit(call, world, account, entry)
        return Reply(200, _history(entry) if one[2] else _shown(entry, account))
    return Reply(404, {"error": "Not found"})


def _create(call: Call, world: World, account: Account) -> Reply:
    fields = call.fields()
    key = call.headers.get("idempotency-key", "")
    if key and (earlier := _remembered(world, account, key)):
        return Reply(200, _shown(earlier, account))
    if refused := _check(fields):
        return refused
    parent = fields.get("in_reply_to_id")
    if parent and world.truth.get(NAME, str(parent)) is None:
        return Reply(404, {"error": "The post you are trying to reply to does not appear to exist"})
    now = world.now()
    number = str((int(now.timestamp() * 1000) << 16) + world.truth.next_number())
    url = f"{call.base}/@{account.name}/{number}"
    entry = world.truth.add(
        NAME, account.name, number, fields["status"], reply_to=parent, language=fields.get("language"), url=url, memory={"key": key}
    )
    return Reply(200, _shown(entry, account))


def _remembered(world: World, account: Account, key: str) -> Entry | None:
    if world.faults.standing(NAME, "keys_forgotten"):
        return None
    since = world.now() - KEYS_KEPT
    posts = world.truth.timeline(NAME, account.name)
    return next((entry for entry in posts if entry.memory.get("key") == key and entry.at > since), None)


def _edit(call: Call, world: World, account: Account, entry: Entry) -> Reply:
    fields = call.fields()
    return _check(fields) or Reply(200, _shown(world.truth.edit(entry, fields["status"], fields.get("language")), account))


def _check(fields: dict[str, Any]) -> Reply | None:
    status, language = fields.get("status"), fields.get("language")
    if not isinstance(status, str) or not status.strip():
        return Reply(422, {"error": "La validación falló: El texto no puede estar en blanco"})
    if mastodon_length(status, PER_LINK) > MAXIMUM:
        return Reply(422, {"error": f"La validación falló: límite de {MAXIMUM} caracteres excedido"})
    if language is not None and not _LANGUAGE.fullmatch(language):
        return Reply(422, {"error": "La validación falló: idioma"})
    return None


def _statuses(call: Call, world: World, account: Account) -> Reply:
    shown = world.timeline(NAME, account)
    if "max_id" in call.query:
        shown = [entry for entry in shown if int(entry.id) < int(call.query["max_id"])]
    limit = min(int(call.query.get("limit", "20")), 40)
    return Reply(200, [_shown(entry, account) for entry in shown[:limit]])


def _shown(entry: Entry, account: Account) -> dict[str, Any]:
    edited = entry.revisions[-1].until if entry.revisions else None
    return {
        "id": entry.id,
        "created_at": _iso(entry.at),
        "edited_at": _iso(edited) if edited else None,
        "in_reply_to_id": entry.in_reply_to,
        "language": entry.language,
        "url": entry.url,
        "uri": entry.url,
        "visibility": "public",
        "content": _content(entry.text),
        "account": {"id": account.id, "username": account.name, "acct": account.name},
    }


def _history(entry: Entry) -> list[dict[str, Any]]:
    return [{"content": _content(text)} for text in [*(one.text for one in entry.revisions), entry.text]]


def _content(text: str) -> str:
    """HTML as Mastodon makes it: paragraphs, and links whose text is cut for the eye."""

    def link(match: re.Match[str]) -> str:
        rest = match[2]
        seen, hidden = rest[:30], rest[30:]
        dots = ' class="ellipsis"' if hidden else ""
        return (
            f'<a href="{match[0]}" target="_blank" rel="nofollow noopener noreferrer"><span class="invisible">{match[1]}</span>'
            f'<span{dots}>{seen}</span><span class="invisible">{hidden}</span></a>'
        )

    paragraphs = _LINK.sub(link, html.escape(text, quote=False)).split("\n\n")
    return "".join(f"<p>{one.replace(chr(10), '<br />')}</p>" for one in paragraphs)


def _instance() -> dict[str, Any]:
    statuses = {"max_characters": MAXIMUM, "characters_reserved_per_url": PER_LINK, "max_media_attachments": 4}
    return {"domain": "mastodon.demo", "version": "4.6.4", "configuration": {"statuses": statuses}}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
