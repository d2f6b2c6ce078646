"""Turns a delivery into the one request that stands for it, and a broadcaster module into something the dispatcher can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import ModuleType
from typing import Any

import structlog

from broadcasters import text
from broadcasters.errors import BroadcastError, OutcomeClass, Unavailable
from broadcasters.http import Http
from broadcasters.post import DeliveryClass, Ending, Found, Image, Post, Receipt, Remote
from broadcasters.runs import Draft, Line
from statuspage.actions.context import Context
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import Place, key_of, placed
from statuspage.core.seal import request_ok
from statuspage.settings.endings import endings

log = structlog.get_logger("statuspage.postmaster")
FIND_MARGIN = timedelta(hours=3)  # a wall clock may have been two hours off when the row was made


def freeze(
    row: Delivery,
    rows: Sequence[Delivery],
    *,
    can_edit: bool,
    now: datetime,
    address: Callable[[str], str],
    image: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The complete request of one epoch, as JSON values; every attempt of the epoch sends exactly this.

    rows     the thread, by sequence
    address  code -> the verification address a post may carry
    image    url and alt of the picture, where the network needs one
    """
    found = placed(row, rows, can_edit=can_edit)
    parent, words = found.parent, found.words
    edit, reply = found.place is Place.EDIT, found.place is Place.REPLY
    key = key_of(row.id, row.epoch)
    link = address(row.code)
    return {
        "text": words,
        "language": row.language,
        "key": key,
        "code": row.code,
        "link": link if link in words else "",
        "created_at": now.isoformat(),
        "record_key": text.make_tid(now, int(key[:8], 16) % 1024),
        "reply_to": _remote(parent) if reply else None,
        "root": _root(parent) if reply else None,
        "edit": _remote(parent) if edit else None,
        "image": dict(image) if image else None,
    }


def genuine(row: Delivery, keys: Sequence[bytes]) -> bool:
    """True if the frozen request is as it was sealed, and says what the row says: nobody changed either behind our back."""
    request = row.request or {}
    return (
        request_ok(row, keys)
        and request.get("text") in (row.text, row.text_alone, row.story)
        and request.get("language") == row.language
        and request.get("code") == row.code
        and request.get("key") == key_of(row.id, row.epoch)
    )


def post_of(request: Mapping[str, Any]) -> Post:
    """The Post of a frozen request."""
    return Post(
        text=request["text"],
        language=request["language"],
        key=request["key"],
        code=request["code"],
        created_at=datetime.fromisoformat(request["created_at"]),
        link=request["link"],
        record_key=request["record_key"],
        reply_to=_back(request["reply_to"]),
        root=_back(request["root"]),
        edit=_back(request["edit"]),
        image=Image(**request["image"]) if request.get("image") else None,
    )


def is_edit(row: Delivery) -> bool:
    return bool(row.request and row.request.get("edit"))


def kept(row: Delivery, remote: Remote) -> dict[str, Any]:
    """What a delivered row keeps of its post for the next one of the thread."""
    root = (row.request or {}).get("root")
    return {"extra": dict(remote.extra), "root": root or {"id": remote.id, "extra": dict(remote.extra)}}


def _remote(row: Delivery | None) -> dict[str, Any] | None:
    return None if row is None else {"id": row.remote_id, "extra": dict(row.remote.get("extra", {}))}


def _root(row: Delivery | None) -> dict[str, Any] | None:
    return None if row is None else row.remote.get("root") or _remote(row)


def _back(value: Mapping[str, Any] | None) -> Remote | None:
    return None if value is None else Remote(value["id"], dict(value["extra"]))


def open_network(ctx: Context, module: ModuleType | Any, account: str) -> Network:
    """An account's network with the credentials of the configuration, over the real way there or the one that a test handed in."""
    own = ctx.settings.delivery
    http = Http(ctx.ports.http, deadline_s=own.deadline_s, connect_timeout_s=own.connect_timeout_s, now=ctx.ports.clock.now)
    way: Any = ctx.ports.mail if getattr(module, "MAIL", False) else http
    return Network(module, ctx.configs[account], way)


class Network:
    """One account at one network: its broadcaster module, its settings, the way there."""

    def __init__(self, module: ModuleType | Any, config: Any, http: Http) -> None:
        self._module = module
        self._http = http
        self.config = config

    @property
    def delivery_class(self) -> DeliveryClass:
        ask = getattr(self._module, "delivery_class", None)
        return DeliveryClass(ask(self.config) if ask else self._module.CLASS)

    @property
    def key_window_s(self) -> float:
        return float(getattr(self._module, "KEY_WINDOW_S", 0.0))

    @property
    def renew_after_s(self) -> float:
        """How often credentials are renewed before they run out; 0.0 where that is not needed."""
        return float(getattr(self._module, "RENEW_AFTER_S", 0.0))

    @property
    def run(self) -> bool:
        """True where a delivery is a run over many recipients, for which the ledger of mails decides; see broadcasters.runs."""
        return bool(getattr(self._module, "RUN", False))

    def opener(self, *, deadline_s: float, connect_timeout_s: float) -> Callable[[], Line]:
        """What opens a line for a run."""
        opened: Callable[[], Line] = self._module.opener(
            self.config, self._http, deadline_s=deadline_s, connect_timeout_s=connect_timeout_s
        )
        return opened

    def draft(self, request: Mapping[str, Any], *, run: str, page: str) -> Draft:
        """A frozen request as what a run sends. page: address of the public page."""
        root = (request.get("root") or {}).get("id", "")
        at = datetime.fromisoformat(request["created_at"])
        words = (request["text"], request["language"], self.config)
        made: Draft = self._module.draft(*words, code=request["code"], run=run, root=root, page=page, at=at)
        return made

    def fault(self, address: str) -> str:
        """What is wrong with an address of a run's list; "" if nothing is."""
        return str(self._module.fault(address))

    @property
    def pictures(self) -> bool:
        """True where the network takes a notice only as a picture."""
        return bool(getattr(self._module, "PICTURES", False))

    def can(self, deed: str) -> bool:
        """True if the module has that function: edit, find, verify, refresh."""
        return hasattr(self._module, deed)

    def perform(self, request: Mapping[str, Any]) -> Receipt:
        """Sends a frozen request: a new post, an edit, or the publication of a staged container. Raises as `broadcast`."""
        post = post_of(request)
        if post.edit is not None:
            return self._receipt(self._module.edit(post, self.config, self._http))
        if "container" in request:
            return self._receipt(self._module.publish(request["container"], post, self.config, self._http))
        return self._receipt(self._module.broadcast(post, self.config, self._http))

    def stage(self, request: Mapping[str, Any]) -> str:
        """Makes the container of a staged post; nobody sees it."""
        return str(self._asked("stage", post_of(request), self.config, self._http))

    def ask(self, request: Mapping[str, Any]) -> Receipt | None:
        """What became of a container: the Receipt of its post, or None if it is still there and unpublished."""
        answer = self._asked("ask", request["container"], post_of(request), self.config, self._http)
        return None if answer is None else self._receipt(answer)

    def find(self, row: Delivery) -> Found | None:
        """The post with the row's code on the own timeline; None: provably not there. Raises if it cannot be read."""
        found: Found | None = self._asked("find", row.code, row.created_at - FIND_MARGIN, self.config, self._http)
        return found

    def recent(self, since: datetime, http: Http) -> list[Found]:
        """The own timeline since a moment, over a way of the caller's: for a thread that must not wait with the posts."""
        found: list[Found] = self._asked("recent", self.config, http, since)
        return found

    def verify(self) -> str:
        """Who we are to the network; a harmless proof that it answers and knows us."""
        return str(self._asked("verify", self.config, self._http))

    def endings(self, expires: date | None) -> Sequence[Ending]:
        """What of the account stops working on a day that is known; expires: as configured."""
        return endings(self._module, self.config, expires)

    def refresh(self) -> dict[str, str]:
        """Fresh credentials, used from now on."""
        values = dict(self._asked("refresh", self.config, self._http))
        self.use(values)
        return values

    def use(self, credentials: Mapping[str, str]) -> None:
        self.config = replace(self.config, **credentials)

    def _asked(self, deed: str, *about: Any) -> Any:
        """Something of which customers see nothing. Raises as the module's functions do; any other fault of theirs as Unavailable.

        Nothing was published, so to ask again is harmless; who asks sees to it that a person hears when that goes on.
        """
        try:
            return getattr(self._module, deed)(*about)
        except BroadcastError:
            raise
        except Exception as error:
            log.exception("a broadcaster failed while it asked", network=self._module.KIND, deed=deed)
            why = f"The broadcaster failed with {type(error).__name__} in {deed}(): the network said something strange. Nothing was sent."
            raise Unavailable(OutcomeClass.RETRY, why) from error

    @staticmethod
    def _receipt(answer: Any) -> Receipt:
        if not isinstance(answer, Receipt) or not answer.remote.id:
            raise ValueError("the broadcaster returned no receipt with an id")
        return answer
