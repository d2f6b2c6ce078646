"""Public files on a real server, and readers that speak HTTP to it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from statuspage.outside import Folder
from statuspage.publish.snapshot import Snapshot
from statuspage.publish.writer import Edition, Writer
from statuspage.web.public import PublishedFiles
from tests.publish.samples import NOW, builder


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def publish(folder: Path, found: Snapshot, generation: int = 1) -> None:
    """As the publisher does, without a store."""
    for _ in Writer(Folder(folder)).write(Edition(found.page, generation, NOW, builder(found.page).hot(found, generation))):
        pass


def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    """Stands for what is behind: says that it was asked."""
    start("200 OK", [("Content-Type", "text/plain"), ("X-Behind", environ["PATH_INFO"])])
    return [b"behind"]


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests look at answers."""


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[int]:
    """The embedded server's callable on a port of the loopback, by default a free one; yields the port."""
    server = make_server("127.0.0.1", port, PublishedFiles(folder, application), _Threaded, _Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    """One request on a connection of its own. Header names may have _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


class Call:
    """The callable itself, without a server: for requests that no client would send, and for many."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.app = PublishedFiles(folder, application, **more)

    def __call__(self, path: str, method: str = "GET", query: str = "", **headers: str) -> Answer:
        seen: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]]) -> None:
            seen["status"], seen["headers"] = int(status.split()[0]), {name.lower(): value for name, value in headers}

        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        body = b"".join(self.app(environ, start))
        return Answer(seen["status"], seen["headers"], body)
