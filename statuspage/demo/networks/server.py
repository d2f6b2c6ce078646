"""The server of the demonstration networks: one port, a path per network, and control over every byte for the sake of its faults."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from statuspage.core.hosts import in_url
from statuspage.demo.networks import (
    bluesky,
    discord,
    email,
    facebook,
    google_business,
    instagram,
    linkedin,
    mastodon,
    matrix,
    ntfy,
    pinterest,
    slack,
    slack_webhook,
    sms,
    snapchat,
    teams,
    telegram,
    threads,
    timelines,
    webhook,
    x,
)
from statuspage.demo.networks.faults import BadFault, Fault, Misbehaviour, fault_from
from statuspage.demo.networks.pictures import Pictures
from statuspage.demo.networks.relay import Relay
from statuspage.demo.networks.truth import Truth
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import Network, World
from statuspage.outside import SystemClock

_SHOWN = (
    mastodon, bluesky, x, facebook, threads, instagram, linkedin, pinterest, telegram, slack, teams, discord, matrix, ntfy,
    email, sms, slack_webhook, snapchat, google_business, webhook,
)  # fmt: skip
NETWORKS: dict[str, Network] = {one.NAME: one for one in _SHOWN}
LONGEST_BODY = 1024 * 1024
LONGEST_HANG_S = 120.0  # who asked has long given up

_SIGN_IN = (
    "createSession", "refreshSession", "oauth2/token", "refresh_access_token", "accessToken", "oauth/token", "access_token", "/token"
)  # fmt: skip
_REFUSED = ("429", "revoked", "expired", "duplicate", "denied")


class RunningNetworks:
    """All demonstration networks on one port, in threads.

    url        address without a slash at the end
    now        their clock; tests hand in one that they turn by hand
    mail_port  where mail is taken as well, 0 for a free one; None: no mail. relay: what takes it
    """

    def __init__(
        self, host: str, port: int, folder: Path, now: Callable[[], datetime] | None = None, *, mail_port: int | None = None
    ) -> None:
        moment = now or SystemClock().now
        self._server = _Server((host, port), _Handler)
        try:
            self._truth = Truth(folder / "posts.jsonl", moment)
        except OSError:
            self._server.server_close()
            raise
        self.world = self._server.world = World(self._truth, Misbehaviour(), moment, Pictures(folder / "pictures"))
        self.url = self._server.url = f"http://{in_url(host)}:{self._server.server_address[1]}"
        self.relay = self._relay(mail_port)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End every hanging answer, then the servers."""
        self.world.late.close()
        if self.relay is not None:
            self.relay.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with self._truth.lock:
            self._truth.close()

    def _relay(self, port: int | None) -> Relay | None:
        if port is None:
            return None
        try:
            return Relay(port, self.world)
        except OSError:
            self._server.server_close()
            self._truth.close()
            raise

    def truth(self, network: str | None = None) -> list[dict[str, Any]]:
        """Every post truly applied, oldest first; see docs/demonstration-networks.md for the keys."""
        return [entry.as_json() for entry in self._truth.all() if network in (None, entry.network)]

    def keep_picture(self, data: bytes) -> str:
        """Keeps a picture, and gives the name under which /pictures/NAME.jpg shows it."""
        return self._server.world.pictures.kept(data)

    def misbehave(self, network: str, fault: str, **settings: Any) -> None:
        """Turn a fault on, as PUT /misbehave/NETWORK does."""
        self._server.world.faults.put(network, fault_from({"fault": fault, **settings}))

    def mend(self, network: str | None = None) -> None:
        """Turn the faults of one network off, or all."""
        self._server.world.faults.clear(network)

    def waiting(self) -> int:
        """How many requests were sent late and have not yet taken effect."""
        return self.world.late.waiting()

    def release(self) -> None:
        """Let everything sent late take effect now, and wait until it has."""
        self.world.late.release()

    def remove(self, network: str, id: str) -> None:
        """Take a post down, as a network's staff does."""
        if not self._truth.remove(network, id):
            raise LookupError(f"{network} has no post {id!r}")


@contextmanager
def running_networks(folder: Path, now: Callable[[], datetime] | None = None, *, mail: bool = False) -> Iterator[RunningNetworks]:
    """The networks on a free port of this machine, for the length of a block; with `mail`, mail on another."""
    running = RunningNetworks("127.0.0.1", 0, folder, now, mail_port=0 if mail else None)
    try:
        yield running
    finally:
        running.stop()


def serve(host: str, port: int, folder: Path) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    running = RunningNetworks(host, port, folder)
    stop.wait()
    running.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    world: World
    url: str

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Without the look-up of the machine's own name, which can take seconds; and at once after an end, whoever was served before it."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        socket.socket.bind(self.socket, self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left is no news; any other fault of ours is shown."""
        if not isinstance(sys.exception(), ConnectionError | BrokenPipeError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        self._handle()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Paths hold tokens: nothing is logged."""

    # --- ways -----------------------------------------------------------------------------------------------------------------------

    def _handle(self) -> None:
        self.close_connection = True
        length = self.headers.get("Content-Length") or "0"
        try:
            parts = urlsplit(self.path)
        except ValueError:
            return self._send(Reply(400, {"error": "The address cannot be read."}))
        if not re.fullmatch(r"[0-9]{1,18}", length):
            return self._send(Reply(400, {"error": "Content-Length is no number."}))
        first, _, rest = parts.path.lstrip("/").partition("/")
        body = self.rfile.read(min(int(length), LONGEST_BODY))
        network = NETWORKS.get(first)
        if network is not None and (any(f"/{rest}".startswith(start) for start in network.API) or self._at_root(network, rest)):
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._network(network, Call(self.command, f"/{unquote(rest)}", query, headers, body, f"{self.server.url}/{first}"))
        elif first == "truth":
            self._truth(rest, dict(parse_qsl(parts.query)))
        elif first == "misbehave":
            self._misbehave(rest, body)
        elif first == "pictures" and self.command in ("GET", "HEAD"):
            self._picture(rest)
        elif self.command in ("GET", "HEAD") and (first in NETWORKS or not first):
            self._page(network, parts.path)
        else:
            self._send(Reply(404, {"error": "There is no such page."}))
        return None

    def _only(self, *allowed: str) -> bool:
        """False, and told, for another way of asking: POST above all, which a form of any page in the browser could send."""
        if self.command in allowed:
            return True
        ways = ", ".join(allowed)
        self._send(Reply(405, {"error": f"found {self.command}. Allowed: {ways}. Nothing was changed."}, {"Allow": ways}))
        return False

    def _at_root(self, network: Network, rest: str) -> bool:
        """True for what is posted to a network that takes posts at its own address."""
        return not rest and self.command == "POST" and getattr(network, "AT_ROOT", False)

    def _truth(self, rest: str, query: dict[str, str]) -> None:
        world = self.server.world
        if not self._only("GET", "HEAD", "DELETE"):
            return
        if self.command == "DELETE":
            removed = world.truth.remove(rest, query.get("id", ""))
            self._send(Reply(204) if removed else Reply(404, {"error": "There is no such post."}))
        elif rest and rest not in NETWORKS:
            self._send(Reply(404, {"error": f"found {rest!r}. Allowed: {', '.join(NETWORKS)}."}))
        else:
            self._send(Reply(200, [entry.as_json() for entry in world.truth.all() if rest in ("", entry.network)]))

    def _misbehave(self, rest: str, body: bytes) -> None:
        faults = self.server.world.faults
        network, _, fault = rest.partition("/")
        if not self._only("GET", "HEAD", "PUT", "DELETE"):
            return None
        if self.command in ("GET", "HEAD"):
            return self._send(Reply(200, faults.listing()))
        if network not in NETWORKS and (network or self.command != "DELETE"):
            return self._send(Reply(404, {"error": f"found {network!r}. Allowed: {', '.join(NETWORKS)}. Nothing was changed."}))
        if self.command == "DELETE":
            faults.clear(network or None, fault or None)
            return self._send(Reply(204))
        try:
            faults.put(network, fault_from(json.loads(body)))
        except BadFault as error:
            return self._send(Reply(400, {"error": str(error)}))
        except (ValueError, RecursionError):
            return self._send(Reply(400, {"error": 'The body is not JSON. Send e.g. {"fault": "429", "times": 1}. Nothing was changed.'}))
        return self._send(Reply(200, faults.listing()))

    def _page(self, network: Network | None, path: str) -> None:
        shown = [network] if network else list(NETWORKS.values())
        page = timelines.page(shown, self.server.world, self.server.url, path)
        self._write(200, {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}, page.encode())

    def _picture(self, name: str) -> None:
        picture = self.server.world.pictures.read(name.removesuffix(".jpg"))
        if picture is None:
            return self._send(Reply(404, {"error": "There is no such picture."}))
        return self._write(200, {"Content-Type": "image/jpeg", "Cache-Control": "max-age=86400"}, picture)

    # --- networks and their faults --------------------------------------------------------------------------------------------------

    def _network(self, network: Network, call: Call) -> None:
        world = self.server.world

        def apply() -> Reply:
            with world.truth.lock:
                try:
                    return network.answer(call, world)
                except (ValueError, TypeError, LookupError, AttributeError):
                    return Reply(400, {"error": "The request cannot be read."})

        signing_in = any(part in call.path for part in _SIGN_IN)
        prepares = any(call.path.endswith(end) for end in getattr(network, "PREPARES", ()))  # a container is no post
        write = call.method in ("POST", "PUT", "PATCH") and not signing_in and not prepares
        refused = None if signing_in else world.faults.take(network.NAME, write, _refusals(write))
        if refused is not None:
            return self._send(_refused(network, refused))
        fault = None if signing_in else world.faults.take(network.NAME, write, _BROKEN if write else _BROKEN_READS)
        if fault is None:
            return self._send(apply())
        return self._broken(network, fault, apply)

    def _broken(self, network: Network, fault: Fault, apply: Callable[[], Reply]) -> None:
        if fault.name == "late":
            self.server.world.late.apply(float(fault["after_s"]), apply)
            return
        reply = apply() if fault["applied"] else network.refusal("5xx")
        match fault.name:
            case "5xx":
                self._send(Reply(fault["status"], network.refusal("5xx").body))
            case "timeout":
                self.server.world.late.closing.wait(LONGEST_HANG_S)
            case "cut":
                head, body = self._bytes(reply.status, dict(reply.headers), self._json(reply))
                self._raw(head + body[: len(body) // 2] if body else head[:8])
            case "drip":
                self._drip(self._bytes(reply.status, dict(reply.headers), self._json(reply))[0], fault["every_s"])

    def _drip(self, head: bytes, every_s: float) -> None:
        for byte in head:
            if self.server.world.late.closing.wait(every_s):
                return
            self._raw(bytes([byte]))

    # --- bytes ----------------------------------------------------------------------------------------------------------------------

    def _json(self, reply: Reply) -> bytes:
        if isinstance(reply.body, bytes):
            return reply.body
        return b"" if reply.body is None else json.dumps(reply.body, ensure_ascii=False).encode()

    def _send(self, reply: Reply) -> None:
        kind = {} if reply.body is None else {"Content-Type": "application/json; charset=utf-8"}
        self._write(reply.status, {**kind, **reply.headers}, self._json(reply))

    def _write(self, status: int, headers: dict[str, str], body: bytes) -> None:
        head, body = self._bytes(status, headers, body)
        self._raw(head if self.command == "HEAD" else head + body)

    def _bytes(self, status: int, headers: dict[str, str], body: bytes) -> tuple[bytes, bytes]:
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            f"Date: {format_datetime(self.server.world.now(), usegmt=True)}",
            "Connection: close",
        ]
        if status != 204:
            lines.append(f"Content-Length: {len(body)}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), body

    def _raw(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()


_BROKEN = ("5xx", "timeout", "late", "cut", "drip")
_BROKEN_READS = ("5xx", "timeout", "cut", "drip")


def _refusals(write: bool) -> tuple[str, ...]:
    return _REFUSED if write else ("429", "revoked", "expired", "denied")


def _refused(network: Network, fault: Fault) -> Reply:
    reply = network.refusal(fault.name)
    wait = fault.settings.get("retry_after_s")
    return reply if wait is None else Reply(reply.status, _with_wait(reply.body, wait), {**reply.headers, "Retry-After": str(wait)})


def _with_wait(body: Any, wait: Any) -> Any:
    """Telegram says the wait in the body too."""
    if isinstance(body, dict) and "error_code" in body and isinstance(wait, int):
        return {**body, "parameters": {"retry_after": wait}}
    return body
