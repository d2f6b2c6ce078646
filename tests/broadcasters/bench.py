"""What the tests of all broadcasters share: real demonstration networks on loopback, a post, and the account's configuration."""

from __future__ import annotations

import io
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from types import ModuleType
from typing import Any

import PIL.Image
import pytest

from broadcasters import BROADCASTERS, OWN
from broadcasters.errors import BroadcastError
from broadcasters.http import Answer, Http, Request, RequestsTransport
from broadcasters.post import DeliveryClass, Image, Post, Receipt
from broadcasters.text import make_tid
from statuspage.demo.networks.accounts import ACCOUNTS, configs
from statuspage.demo.networks.server import RunningNetworks

# apprise sends by itself, past our transport: test_apprise.py; the others are runs over a list: tests/mail
APART = ("apprise", "email", "sms_list")
KINDS = tuple(module.KIND for module in OWN if module.KIND not in APART)
EDITING = tuple(module.KIND for module in OWN if hasattr(module, "edit"))
READABLE = tuple(module.KIND for module in OWN if hasattr(module, "find"))
WORDLESS = ("webhook", "snapchat")  # a receiver and a picture have no rule about texts
SESSIONS = ("bluesky", "snapchat", "google_business")
NAMES = {
    "webhook": "operators",
    "google_business": "google",
    "slack_webhook": "slack-webhook",
}  # of their accounts, where they are not called like their kind
SAYS_NO_ID = ("teams", "slack_webhook")
CODE, LINK = "K7Q2M3X", "https://status.bank.es/u/K7Q2M3X"
WORDS = f"Pagos con tarjeta: no funcionan.\n\nPróxima información: 15:05 CET. {LINK}"
HOSTILE = (  # signs that some network takes for markup, an emoji before a link, long names
    "(50 %) #1_* {a|b} <c> ~d~ @e [f](g) \\h",
    f"⚠️👨‍👩‍👧‍👦{LINK}",
    f"⚠️ {LINK}, fin.",
    "L’authentification forte à l’ouverture de session est indisponible dans « Espace Entreprises & Professions libérales ».",
    "Die Echtzeitüberweisungsauftragsbestätigung der Unternehmenskundenabteilung ist vorübergehend nicht verfügbar.",
    "https://status.bank.es/u/A_(1)_#2",
)


class Hands:
    """A clock that a test turns by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 14, 35, 0, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def turn(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Bench:
    """One broadcaster, connected to running networks. deadline_s: short, for the situations that wait for it."""

    kind: str
    networks: RunningNetworks
    clock: Hands
    config: Any
    deadline_s: float = 5.0
    image: Image | None = None

    @property
    def module(self) -> ModuleType:
        return BROADCASTERS[self.kind]

    def http(self, deadline_s: float | None = None) -> Http:
        return Http(RequestsTransport(), deadline_s=deadline_s or self.deadline_s, connect_timeout_s=2.0, now=self.clock)

    def post(self, text: str = WORDS, number: int = 1, **more: Any) -> Post:
        moment = self.clock() + timedelta(microseconds=number)
        fields = {"language": "es", "key": f"key-{number}", "code": CODE, "link": LINK, "image": self.image, **more}
        return Post(text=text, created_at=self.clock(), record_key=make_tid(moment, 7), **fields)

    @property
    def staged(self) -> bool:
        return getattr(self.module, "CLASS", None) is DeliveryClass.STAGED

    def broadcast(self, post: Post, deadline_s: float | None = None, config: Any = None) -> Receipt:
        """One post, made first where the network wants it so. deadline_s: for the call that publishes."""
        config = config or self.config
        receipt: Receipt
        if self.staged:
            receipt = self.module.publish(self.module.stage(post, config, self.http()), post, config, self.http(deadline_s))
        else:
            receipt = self.module.broadcast(post, config, self.http(deadline_s))
        return receipt

    def edit(self, post: Post, deadline_s: float | None = None) -> Receipt:
        receipt: Receipt = self.module.edit(post, self.config, self.http(deadline_s))
        return receipt

    def find(self, code: str = CODE) -> Any:
        return self.module.find(code, self.clock(), self.config, self.http())

    def truth(self) -> list[dict[str, Any]]:
        return self.networks.truth(self.kind)


def configured(kind: str, networks_url: str) -> Any:
    """The Config of a kind's account at the demonstration networks, without a session."""
    return BROADCASTERS[kind].Config(**configs(networks_url)[NAMES.get(kind, kind)][1])


def bench_for(kind: str, networks: RunningNetworks, clock: Hands) -> Bench:
    """A bench with a session where the network has sessions, and a picture where it needs one."""
    module, config = BROADCASTERS[kind], configured(kind, networks.url)
    bench = Bench(kind, networks, clock, config)
    if kind in SESSIONS:
        bench.config = replace(config, **module.refresh(config, bench.http()))
    if getattr(module, "PICTURES", False):
        bench.image = Image(f"{networks.url}/pictures/{networks.keep_picture(picture())}.jpg", "Pagos con tarjeta: no funcionan.")
    return bench


@cache
def picture() -> bytes:
    """A JPEG such as networks take."""
    stream = io.BytesIO()
    PIL.Image.new("RGB", (400, 400), "white").save(stream, "JPEG")
    return stream.getvalue()


def failure(act: Callable[[], object], secrets: tuple[str, ...] = ()) -> BroadcastError:
    """The error that `act` ends in, after a look whether anything secret is in it, its trace included."""
    with pytest.raises(BroadcastError) as caught:
        act()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caught.value.detail
    for secret in (*(account.token for account in ACCOUNTS), "demo-access", "demo-refresh", *secrets):
        assert secret not in shown
    return caught.value


class Scripted:
    """A transport that gives prepared answers and remembers what was sent."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def exchange(self, request: Request) -> Answer:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def raw_server(
    serve: Callable[[socket.socket, threading.Event], None], wrap: Callable[[socket.socket], socket.socket] | None = None
) -> Iterator[int]:
    """A server that hands each connection to `serve`, with an event that is set at the end of the block. Gives its port."""
    closing = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        try:
            with connection, wrap(connection) if wrap else connection as line:
                serve(line, closing)
        except OSError:
            pass  # the client left

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        closing.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def read_request(line: socket.socket) -> bytes:
    """Head and body of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = line.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body
