"""Public files on a real server, and readers that speak HTTP to it."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from statuspage.outside import Folder, SystemClock
from statuspage.ports import Clock
from statuspage.publish.snapshot import Snapshot
from statuspage.publish.writer import Edition, Writer
from statuspage.web.crew import Application
from statuspage.web.front import Front
from statuspage.web.public import PublishedFiles
from tests.publish.samples import NOW, builder

T = TypeVar("T")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def publish(folder: Path, found: Snapshot, generation: int = 1) -> None:
    """As the publisher does, without a store."""
    for _ in Writer(Folder(folder)).write(Edition(found.page, generation, NOW, builder(found.page).hot(found, generation))):
        pass


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Stands for what is behind: says that it was asked."""
    start("200 OK", [("Content-Type", "text/plain"), ("X-Behind", environ["PATH_INFO"])])
    return [b"behind"]


class Running(NamedTuple):
    """A server in a thread of its own. `end` does what SIGTERM does, and returns when it is over."""

    port: int
    front: Front
    end: Callable[[], None]


@contextmanager
def running(folder: Path, inner: Application = application, port: int = 0, clock: Clock | None = None, **more: Any) -> Iterator[Running]:
    """The embedded server on a port of the loopback, by default a free one."""
    begun: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    front = Front(PublishedFiles(folder, inner), inner, clock or SystemClock(), **more)

    async def live() -> None:
        stop = asyncio.Event()
        try:
            begun.set_result((await front.open("127.0.0.1", port), asyncio.get_running_loop(), stop))
        except BaseException as error:
            begun.set_exception(error)
            raise
        await stop.wait()
        await front.close()

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    got, loop, stop = begun.result()

    def end() -> None:
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
            thread.join()

    try:
        yield Running(got, front, end)
    finally:
        end()


def inside(server: Running, ask: Callable[[], T]) -> T:
    """What `ask` gives in the server's own loop, between two of its steps."""
    found: Future[T] = Future()

    def answer() -> None:
        try:
            found.set_result(ask())
        except BaseException as error:
            found.set_exception(error)

    server.front._loop.call_soon_threadsafe(answer)
    return found.result(60)


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[int]:
    """The embedded server over this folder; yields the port."""
    with running(folder, port=port) as server:
        yield server.port


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
