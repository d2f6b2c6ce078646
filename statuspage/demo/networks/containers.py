"""What Instagram and Threads share: containers that nobody sees, and their publication. Each id works for one account only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from statuspage.demo.networks.accounts import Account, account
from statuspage.demo.networks.meta import error, refusal
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import Container, World, opened_by

LIVES = timedelta(hours=24)


@dataclass(frozen=True)
class Kind:
    """One of the two networks.

    makes, publishes, limit   ends of its paths;  lists: end of a path -> whether an entry is in that list
    state, why, words         its names for fields
    draft    checks what is to be posted: a container, or the refusal
    """

    name: str
    version: str
    makes: str
    publishes: str
    limit: str
    lists: dict[str, Callable[[Entry], bool]]
    state: str
    why: str
    words: str
    quota: int
    draft: Callable[[dict[str, Any], World, Account], Container | Reply]


def answer(kind: Kind, call: Call, world: World) -> Reply:
    """The answer of the Graph API."""
    fields = {**call.query, **call.fields()}
    token = str(fields.get("access_token") or call.bearer())
    owner = account(world.sessions[token]) if token in world.sessions else opened_by(kind.name, token)
    if owner is None or owner.network != kind.name:
        return refusal("revoked")
    if call.path == "/refresh_access_token":
        return _renew(kind, world, owner)
    path = call.path.removeprefix(f"/{kind.version}/")
    if path == "me":
        return Reply(200, {"id": owner.id, "user_id": owner.id, "username": owner.name})
    whose, _, edge = path.partition("/")
    if edge and whose in (owner.id, "me"):
        return _edge(kind, call, fields, world, owner, edge)
    if (made := world.containers.get((kind.name, path))) and made.account == owner.name:
        return Reply(200, {"id": path, kind.state: _state(kind, made, world), kind.why: ""})
    entry = world.truth.get(kind.name, path)
    return Reply(200, {"id": entry.id, "permalink": entry.url}) if entry and entry.account == owner.name else _unknown()


def _edge(kind: Kind, call: Call, fields: dict[str, Any], world: World, owner: Account, edge: str) -> Reply:
    if call.method == "POST" and edge == kind.makes:
        return _make(kind, fields, world, owner)
    if call.method == "POST" and edge == kind.publishes:
        return _publish(kind, call, fields, world, owner)
    if edge == kind.limit:
        used = {"quota_usage": len(_of_a_day(kind, world, owner)), "config": {"quota_total": kind.quota, "quota_duration": 86400}}
        return Reply(200, {"data": [{**used, **{f"reply_{name}": value for name, value in used.items()}}]})
    if edge in kind.lists:
        return _list(kind, call, world, owner, edge)
    return _unknown()


def _unknown() -> Reply:
    return error(400, 100, "Unsupported request. Object does not exist or cannot be loaded", subcode=33)


def _renew(kind: Kind, world: World, owner: Account) -> Reply:
    """A fresh token; one that has expired cannot be renewed."""
    if world.faults.standing(kind.name, "expired"):
        return refusal("expired")
    token = f"demo-{kind.name}-renewed-{len(world.sessions) + 1:08d}"
    world.sessions[token] = owner.config
    return Reply(200, {"access_token": token, "token_type": "bearer", "expires_in": 5184000})


def _make(kind: Kind, fields: dict[str, Any], world: World, owner: Account) -> Reply:
    draft = kind.draft(fields, world, owner)
    if isinstance(draft, Reply):
        return draft
    if world.faults.take(kind.name, True, ("spent",)):
        draft.state = "EXPIRED"
    number = str(17900000000000000 + len(world.containers) + 1)
    world.containers[kind.name, number] = draft
    return Reply(200, {"id": number})


def _state(kind: Kind, made: Container, world: World) -> str:
    if made.post:
        return "PUBLISHED"
    age = world.now() - made.made_at
    slow = world.faults.standing(kind.name, "preparing")
    if slow and age < timedelta(seconds=float(slow["seconds"])):
        return "IN_PROGRESS"
    return "EXPIRED" if age >= LIVES else made.state


def _publish(kind: Kind, call: Call, fields: dict[str, Any], world: World, owner: Account) -> Reply:
    number = str(fields.get("creation_id", ""))
    made = world.containers.get((kind.name, number))
    if made is None or made.account != owner.name:
        return _unknown()
    state = _state(kind, made, world)
    if state == "IN_PROGRESS":
        return error(400, 9007, "Media ID is not available", subcode=2207027)
    if state != "FINISHED":
        return error(400, 24, "The requested resource does not exist", subcode=2207020 if state == "EXPIRED" else 2207006)
    if len(_of_a_day(kind, world, owner)) >= kind.quota:
        return error(403, 9, "Application request limit reached", subcode=2207042)
    post = str(18000000000000000 + world.truth.next_number())
    memory = {"picture": made.picture, "alt": made.alt}
    url = f"{call.base}/@{owner.name}/post/{post}"
    world.truth.add(kind.name, owner.name, post, made.text, reply_to=made.reply_to, url=url, memory=memory)
    made.post = post
    return Reply(200, {"id": post})


def _of_a_day(kind: Kind, world: World, owner: Account) -> list[Entry]:
    since = world.now() - timedelta(hours=24)
    return [entry for entry in world.truth.timeline(kind.name, owner.name) if entry.at > since]


def _list(kind: Kind, call: Call, world: World, owner: Account, edge: str) -> Reply:
    shown = [entry for entry in world.timeline(kind.name, owner) if kind.lists[edge](entry)]
    start, limit = int(call.query.get("after", "0")), int(call.query.get("limit", "25"))
    page = shown[start : start + limit]
    paging: dict[str, Any] = {}
    if start + limit < len(shown):
        paging = {"paging": {"next": f"{call.base}{call.path}?access_token=…&limit={limit}&after={start + limit}"}}
    return Reply(200, {"data": [_shown(kind, entry) for entry in page], **paging})


def _shown(kind: Kind, entry: Entry) -> dict[str, Any]:
    return {"id": entry.id, kind.words: entry.text, "timestamp": _moment(entry.at), "permalink": entry.url}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
