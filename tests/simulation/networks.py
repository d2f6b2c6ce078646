"""Fake networks, one per class, that keep the true list of what was posted and misbehave on demand; and broadcasters that speak to them.

The broadcasters go through the real Http, so that everything from the dispatcher down to the mapping of answers is the product's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from broadcasters.errors import OutcomeClass
from broadcasters.http import Answer, Http, NoAnswer, NotSent, Reading, Request
from broadcasters.post import DeliveryClass, Found, Post, Receipt, Remote
from tests.simulation.ports import wall_of

if TYPE_CHECKING:
    from tests.simulation.world import World

WINDOW_S = 3600.0
LONGEST_WAIT_S = 3600.0  # delivery.retry_after_max_s
EARLY_S = 0.01
WAITS = ("", "", "1", "30", "60", "+60", "900", "+900", "99999999", "-5", "soon", "Mon, 02 Mar 2026 09:00:00 GMT")


@dataclass
class TruePost:
    """What customers see. revisions: (moment of the request, moment applied, text)."""

    id: str
    reply_to: str | None
    revisions: list[tuple[float, float, str]]
    visible_at: float
    gone: bool = False

    @property
    def text(self) -> str:
        return self.revisions[-1][2]


@dataclass(frozen=True)
class Write:
    """A request that would change what customers see, or prepares that. It may never have reached the network."""

    at: float
    path: str
    text: str
    key: str


@dataclass(frozen=True)
class Refusal:
    """A definite answer to a Write: the network will not have it like this. of: the account, or what it was about."""

    at: float
    text: str
    status: int
    of: str


@dataclass
class Config:
    base_url: str
    token: str = field(repr=False)


@dataclass
class FakeNetwork:
    """One account's network. `faults`: name -> probability, for the requests of each kind; empty while all is well."""

    world: World
    name: str
    kind: DeliveryClass
    token: str = "good"
    refreshable: bool = False
    faults: dict[str, float] = field(default_factory=dict)
    down: bool = False
    refuses_equal: bool = False
    posts: list[TruePost] = field(default_factory=list)
    keys: dict[str, tuple[str, float]] = field(default_factory=dict)
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[float, str, str]] = field(default_factory=list)
    script: list[str] = field(default_factory=list)  # how the next posts and edits are met, before any chance
    reads: list[str] = field(default_factory=list)  # the same for timelines
    retry_after: str | None = None
    status: int | None = None
    late_s: float | None = None
    disowns: int = 0  # a status: whatever would change something is answered so; what only asks who we are is not, but for:
    shuns: bool = False  # it does not even say who we are
    asked_until: float = 0.0  # until when it last asked to wait, and the longest such wait
    asked_s: float = 0.0
    writes: list[Write] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    owner: Callable[[], object] = lambda: None  # who is asking; one owner remembers what it was asked to wait
    heard: dict[object, float] = field(default_factory=dict)  # owner -> seconds that it was asked to wait, until it has acted on that
    barred: dict[object, float] = field(default_factory=dict)  # owner -> until when it was asked to wait
    barred_all: float = 0.0  # until when whoever comes must wait: an owner lived long enough to write it down
    foreign: list[str] = field(default_factory=list)  # ids that were to be continued here, though no post of this account has them
    too_soon: list[str] = field(default_factory=list)  # what came all the same

    # --- answering ------------------------------------------------------------------------------------------------------

    def exchange(self, request: Request) -> Answer:
        """As the transport port: virtual time passes, and the request may be applied, answered, both or neither."""
        world = self.world
        path = request.url.split("/", 3)[3]
        body = json.loads(request.body) if request.body else {}
        self.requests.append((world.time, request.method, path))
        owner = self.owner()
        self._witness(request.method, path, body, owner)
        fault = "down" if self.down else self._draw(request.method, path)
        world.happened(f"answer {fault}", f"{self.name} {request.method} {path} {body.get('key', '')[:6]} -> {fault}")
        if fault in ("refused", "down"):
            world.sleep(world.chance.uniform(0.01, 5.0))
            raise NotSent("connection refused")
        sent_at = world.time
        if request.headers.get("Authorization") != f"Bearer {self.token}" and path != "token":
            return _answer(401, {"error": "revoked"})
        if self.disowns and (request.method != "GET" or self.shuns) and path != "token":
            world.counts["account refused"] += 1
            return self._refuse(path, body, _answer(self.disowns, {"error": "not this account"}), "account")
        answer = self._meet(fault, request, path, body, sent_at)
        if 400 <= answer.status < 500 and answer.status not in (401, 429):
            self._refuse(path, body, answer, str(answer.json() or ""))
        world.sleep(world.chance.uniform(0.01, 0.3))
        self._heard(answer, owner)
        return answer

    def _witness(self, method: str, path: str, body: dict[str, Any], owner: object) -> None:
        """What the judge goes by: the fake's own record of what was asked, by whom, and whether it might be asked yet."""
        now = self.world.time
        until = max(self.barred.get(owner, 0.0), self.barred_all)
        if now < until - EARLY_S:
            self.too_soon.append(f"{method} {path} at {now:.0f} s, not before {until:.0f} s")
        if method != "GET" and path != "token":
            self.writes.append(Write(now, path, self._text(path, body), body.get("key", "")))

    def written_down(self, owner: object) -> None:
        """That owner had the time to write down what it was asked to wait: its successors know it, too."""
        self.barred_all = max(self.barred_all, self.barred.get(owner, 0.0))

    def _text(self, path: str, body: dict[str, Any]) -> str:
        """The words of a request; those of a staged post were sent with its container."""
        container = path.split("/")[1] if path.endswith("/publish") else ""
        return str((self.containers[container]["body"] if container in self.containers else body).get("text", ""))

    def _refuse(self, path: str, body: dict[str, Any], answer: Answer, of: str) -> Answer:
        if text := self._text(path, body):
            self.refusals.append(Refusal(self.world.time, text, answer.status, of))
        return answer

    def _meet(self, fault: str, request: Request, path: str, body: dict[str, Any], sent_at: float) -> Answer:
        world = self.world
        do: Callable[[], Answer] = lambda: self._apply(request.method, path, body, sent_at)  # noqa: E731
        if fault not in ("error_applied", "lost_applied", "late", "cut", "slow", "ok"):
            world.point("sent")
        match fault:
            case "throttled":
                return _answer(429, {}, self._asking(self.retry_after if self.retry_after is not None else world.chance.choice(WAITS)))
            case "error":
                return _answer(self.status or world.chance.choice([500, 502, 503, 504]), {}, self._asking(self.retry_after or ""))
            case "error_applied":
                do()
                world.point("sent")
                return _answer(self.status or world.chance.choice([500, 502, 503, 504]), {})
            case "lost":
                world.sleep(request.deadline_s)
                raise NoAnswer("no answer within the deadline")
            case "lost_applied":
                do()
                world.point("sent")
                world.sleep(request.deadline_s)
                raise NoAnswer("no answer within the deadline")
            case "late":
                self._apply_late(do, request.deadline_s)
                raise NoAnswer("no answer within the deadline")
            case "cut":
                answer = do()
                world.point("sent")
                return Answer(answer.status, answer.headers, answer.body[: len(answer.body) // 2])
            case "slow":
                answer = do()
                world.point("sent")
                world.sleep(world.chance.uniform(2.0, 25.0))
                return answer
            case "rejected":
                return _answer(self.status or 422, {"error": "not like this"})
        answer = do()
        world.point("sent")
        return answer

    def _asking(self, wait: str) -> dict[str, str]:
        """The header that asks to wait, and the one that says when."""
        moment = wall_of(self.world.time, 0.0)
        if wait.startswith("+"):  # as a date, by the network's own clock
            wait = format_datetime(moment + timedelta(seconds=float(wait)), usegmt=True)
        return {"Retry-After": wait, "Date": format_datetime(moment, usegmt=True)} if wait else {}

    def _heard(self, answer: Answer, owner: object) -> None:
        """A wait begins when it is heard of, which may be long after it was asked for; an hour is the longest that is obeyed."""
        headers = dict(answer.headers)
        if "Retry-After" not in headers:
            return
        seconds = _seconds_of(headers["Retry-After"], headers["Date"])
        self.barred[owner] = max(self.barred.get(owner, 0.0), self.world.time + seconds)
        self.asked_until = max(self.asked_until, self.world.time + seconds)
        self.asked_s = max(self.asked_s, seconds)
        self.heard[owner] = seconds

    def acted_on(self, owner: object) -> None:
        """The wait begins anew for who fell asleep with the answer in its hands: nobody knows of a moment that was not looked at."""
        if owner in self.heard:
            self.asked_until = max(self.asked_until, self.world.time + self.heard.pop(owner))

    def _apply_late(self, do: Callable[[], Answer], deadline_s: float) -> None:
        """The network does its part at most 90 s after the client gave up or died, whether or not the client runs meanwhile."""
        world, after = self.world, self.late_s or self.world.chance.uniform(1.0, 88.0)
        waiting = [do]

        def arrives() -> None:
            if waiting:
                world.counts["parent arrived late"] += not self.posts
                waiting.pop()()

        world.later(deadline_s + after, arrives)
        try:
            world.point("sent")
            world.sleep(deadline_s)
        except BaseException:
            world.later(after, arrives)
            raise

    def _draw(self, method: str, path: str) -> str:
        kind = "read" if method == "GET" else "write"
        planned = self.reads if path == "posts" and kind == "read" else self.script if path.startswith("posts") or "publish" in path else []
        if planned:
            return planned.pop(0)
        roll, edge = self.world.chance.random(), 0.0
        for name, odds in self.faults.items():
            if kind == "read" and name not in ("refused", "error", "lost", "throttled", "slow", "unreadable"):
                continue
            if kind == "write" and name == "unreadable":
                continue
            edge += odds
            if roll < edge:
                return "error" if name == "unreadable" else name
        return "ok"

    # --- the truth ------------------------------------------------------------------------------------------------------

    def _apply(self, method: str, path: str, body: dict[str, Any], sent_at: float) -> Answer:
        match method, path.split("/"):
            case "GET", ["me"]:
                return _answer(200, {"name": self.name})
            case "POST", ["token"]:
                return self._renewed()
            case "GET", ["posts"]:
                return self._timeline()
            case "POST", ["posts"]:
                return self._create(body, sent_at)
            case "PUT", ["posts", post_id]:
                return self._edit(post_id, body, sent_at)
            case "POST", ["containers"]:
                container = f"c{len(self.containers) + 1}"
                self.containers[container] = {"body": body, "post": None}
                return _answer(200, {"id": container})
            case "POST", ["containers", container, "publish"]:
                return self._publish(container, sent_at)
            case "GET", ["containers", container]:
                return _answer(200, {"post": self.containers[container]["post"]})
        return _answer(404, {})

    def _renewed(self) -> Answer:
        if not self.refreshable:
            return _answer(401, {"error": "log in again"})
        self.token = f"renewed-{self.world.time:.0f}"
        return _answer(200, {"token": self.token})

    def _timeline(self) -> Answer:
        seen = [p for p in self.posts if p.visible_at <= self.world.time and not p.gone]
        return _answer(200, {"posts": [{"id": p.id, "text": p.text} for p in reversed(seen)]})

    def _create(self, body: dict[str, Any], sent_at: float) -> Answer:
        key = body["record_key"] if self.kind is DeliveryClass.NATURAL_KEY else body["key"]
        if self.kind in (DeliveryClass.NATURAL_KEY, DeliveryClass.KEYED) and key in self.keys:
            post_id, at = self.keys[key]
            if self.kind is DeliveryClass.NATURAL_KEY or self.world.time - at < WINDOW_S:
                return _answer(200, {"id": post_id})
        if self.refuses_equal and any(p.text == body["text"] for p in self.posts):
            return _answer(403, {"error": "duplicate content"})
        parent = body.get("reply_to")
        if not self._can_continue(parent):
            return _answer(404, {"error": "parent gone"})
        post = self._add(body, sent_at)
        self.keys[key] = (post.id, self.world.time)
        return _answer(200, {"id": post.id})

    def _add(self, body: dict[str, Any], sent_at: float) -> TruePost:
        lag = self.world.chance.uniform(0.0, 20.0) if self.world.lags else 0.0
        post = TruePost(
            f"{self.name}-{len(self.posts) + 1}",
            body.get("reply_to"),
            [(sent_at, self.world.time, body["text"])],
            self.world.time + lag,
        )
        self.posts.append(post)
        self.world.note(f"{self.name} TRUTH {post.id} {body['text']}")
        return post

    def _edit(self, post_id: str, body: dict[str, Any], sent_at: float) -> Answer:
        post = next((p for p in self.posts if p.id == post_id), None)
        if not self._can_continue(post_id) or post is None:
            return _answer(404, {"error": "gone"})
        post.revisions.append((sent_at, self.world.time, body["text"]))
        self.world.note(f"{self.name} TRUTH {post.id} edited {body['text'][:40]}")
        return _answer(200, {"id": post.id})

    def _can_continue(self, post_id: str | None) -> bool:
        if post_id is None:
            return True
        found = [post for post in self.posts if post.id == post_id]
        if not found:
            self.foreign.append(post_id)
        return any(not post.gone for post in found)

    def _publish(self, container: str, sent_at: float) -> Answer:
        made = self.containers[container]
        if made["post"] is None:
            parent = made["body"].get("reply_to")
            if not self._can_continue(parent):
                return _answer(404, {"error": "parent gone"})
            made["post"] = self._add(made["body"], sent_at).id
        return _answer(200, {"id": made["post"]})


def _seconds_of(wait: str, date: str) -> float:
    """What a network that keeps to the rules meant: RFC 9110, 10.2.3. Nonsense asks for nothing; an hour is the most that is obeyed."""
    if wait.isdecimal():
        return min(float(wait), LONGEST_WAIT_S)
    if not wait.endswith("GMT"):
        return 0.0
    return min(max((parsedate_to_datetime(wait) - parsedate_to_datetime(date)).total_seconds(), 0.0), LONGEST_WAIT_S)


def _answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, list((headers or {}).items()), json.dumps(body).encode())


# --- the broadcasters of these networks ----------------------------------------------------------------------------------------------


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    if answer.status == 403 and parsed == {"error": "duplicate content"}:
        return Reading(OutcomeClass.DUPLICATE)
    if answer.status == 404:
        return Reading(OutcomeClass.GONE, parent_gone=True)
    return None


def _send(http: Http, config: Config, method: str, path: str, body: Any, *, create: bool, read: Callable[[Any], Any]) -> Any:
    headers = {"Authorization": f"Bearer {config.token}"}
    return http.send(method, f"{config.base_url}/{path}", headers=headers, json=body, create=create, interpret=_reading, read=read)


def _receipt(answer: Any) -> Receipt:
    return Receipt(Remote(answer["id"]), f"https://see.sim/{answer['id']}")


def _body(post: Post) -> dict[str, Any]:
    parent = post.reply_to.id if post.reply_to else None
    return {"text": post.text, "key": post.key, "record_key": post.record_key, "reply_to": parent}


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    receipt: Receipt = _send(http, config, "POST", "posts", _body(post), create=True, read=_receipt)
    return receipt


def edit(post: Post, config: Config, http: Http) -> Receipt:
    assert post.edit is not None
    receipt: Receipt = _send(http, config, "PUT", f"posts/{post.edit.id}", _body(post), create=False, read=_receipt)
    return receipt


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    posts = _send(http, config, "GET", "posts", None, create=False, read=lambda answer: list(answer["posts"]))
    mine = [post for post in posts if f"Ref {code}" in post["text"]]
    return Found(Remote(mine[0]["id"]), mine[0]["text"], None, f"https://see.sim/{mine[0]['id']}") if mine else None


def verify(config: Config, http: Http) -> str:
    return str(_send(http, config, "GET", "me", None, create=False, read=lambda answer: answer["name"]))


def refresh(config: Config, http: Http) -> dict[str, str]:
    return {"token": _send(http, config, "POST", "token", {}, create=False, read=lambda answer: answer["token"])}


def stage(post: Post, config: Config, http: Http) -> str:
    return str(_send(http, config, "POST", "containers", _body(post), create=False, read=lambda answer: answer["id"]))


def publish(container: str, post: Post, config: Config, http: Http) -> Receipt:
    receipt: Receipt = _send(http, config, "POST", f"containers/{container}/publish", {}, create=True, read=_receipt)
    return receipt


def ask(container: str, post: Post, config: Config, http: Http) -> Receipt | None:
    post_id = _send(http, config, "GET", f"containers/{container}", None, create=False, read=lambda answer: answer["post"] or "")
    return Receipt(Remote(post_id)) if post_id else None


_COMMON = {"broadcast": broadcast, "verify": verify, "refresh": refresh, "KEY_WINDOW_S": WINDOW_S}
BROADCASTERS: dict[str, Any] = {
    "natural": SimpleNamespace(CLASS=DeliveryClass.NATURAL_KEY, find=find, **_COMMON),
    "keyed": SimpleNamespace(CLASS=DeliveryClass.KEYED, find=find, edit=edit, **_COMMON),
    "staged": SimpleNamespace(CLASS=DeliveryClass.STAGED, find=find, stage=stage, publish=publish, ask=ask, **_COMMON),
    "bare": SimpleNamespace(CLASS=DeliveryClass.BARE, find=find, edit=edit, **_COMMON),
    "blind": SimpleNamespace(CLASS=DeliveryClass.BLIND, edit=edit, **_COMMON),
}
MODES: dict[str, tuple[str, ...]] = {
    "natural": ("reply",),
    "keyed": ("reply", "edit"),
    "staged": ("reply", "new"),
    "bare": ("reply", "edit", "new"),
    "blind": ("edit", "new"),
}
