"""WebSub: our word to a hub that is somebody else's code, and what its subscribers then get."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from broadcasters.http import RequestsTransport
from statuspage.outside import SystemClock, SystemRandomness
from statuspage.worker import hubs
from tests.free_ports import free_port
from tests.processes import until
from tests.real.counterpart import TOP, running

pytestmark = pytest.mark.long
SECRET = "only the hub and the reader know it"


@dataclass
class Reader:
    """A feed at one address, and somebody at another who subscribes to it."""

    feed: bytes = b""
    got: list[tuple[str, bytes]] = field(default_factory=list)  # signature, body
    url: str = ""
    hub: str = ""  # named in the answer: this library passes on only what names it in a Link header as well


@contextmanager
def reading(hub: str) -> Iterator[Reader]:
    reader = Reader(hub=hub)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """The feed, or the hub's question whether the subscription was meant."""
            asked = parse_qs(urlsplit(self.path).query)
            self._say(asked["hub.challenge"][0].encode() if "hub.challenge" in asked else reader.feed)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reader.got.append((self.headers.get("X-Hub-Signature", ""), body))
            self._say(b"")

        def _say(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/atom+xml")
            self.send_header("Link", f'<{reader.hub}>; rel="hub", <{reader.url}{self.path}>; rel="self"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    reader.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield reader
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    if importlib.util.find_spec("flask_websub") is None or importlib.util.find_spec("celery") is None:
        raise AssertionError("The hub is not here. Install it with: .venv/bin/pip install flask-websub celery")
    port = free_port()
    with running([sys.executable, "-m", "tests.real.hub", str(tmp_path), str(port)], TOP, f"http://127.0.0.1:{port}/"):
        yield f"http://127.0.0.1:{port}/hub"


def told(url: str, feed: str) -> None:
    """The product's own loop tells the hub of a changed feed."""
    ports = SimpleNamespace(http=RequestsTransport(), clock=SystemClock(), random=SystemRandomness())
    loop = hubs.Hub("hub:1", url, SimpleNamespace(ports=ports))  # type: ignore[arg-type]
    loop.offer({feed: "digest"})
    until(lambda: loop.step() > 0)
    assert not loop._due


def test_a_reader_who_subscribed_gets_every_changed_feed_signed(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "SETTLE_S", 0.0)
    with reading(hub) as reader:
        feed = f"{reader.url}/en/feed.atom"
        form = {"hub.mode": "subscribe", "hub.topic": feed, "hub.callback": f"{reader.url}/heard", "hub.secret": SECRET}
        asked = requests.post(hub, data=form, timeout=10)
        for body in (b"<feed>Cards do not work.</feed>", b"<feed>Cards work again.</feed>"):
            reader.feed = body
            told(hub, feed)
            until(lambda body=body: reader.got and reader.got[-1][1] == body)  # type: ignore[misc]
        got = list(reader.got)

    assert asked.status_code == 202
    for signature, body in got:
        method, _, digest = signature.partition("=")
        assert hmac.compare_digest(hmac.new(SECRET.encode(), body, getattr(hashlib, method)).hexdigest(), digest)


def test_a_hub_that_reads_only_the_topic_is_why_both_names_are_sent(hub: str) -> None:
    url_alone = {"hub.mode": "publish", "hub.url": "http://127.0.0.1:1/en/feed.atom"}

    answer = requests.post(hub, data=url_alone, timeout=10)

    assert answer.status_code == 400
