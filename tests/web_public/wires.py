"""Clients that say exactly the bytes a test wants, and read exactly the answers that come."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.web_public.serving import Answer

HOST = b"Host: status.bank.example\r\n"
PAGE = b"GET /en/ HTTP/1.1\r\n" + HOST + b"\r\n"
LAST = b"GET /en/ HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
LIMIT_S = 60.0  # nobody waits so long; a machine under load may


class Wire:
    """One connection."""

    def __init__(self, plug: socket.socket) -> None:
        self.plug = plug
        self._left = b""

    def say(self, data: bytes) -> None:
        self.plug.sendall(data)

    def answer(self, method: str = "GET") -> Answer:
        """The next answer. Raises EOFError if there is none."""
        while b"\r\n\r\n" not in self._left:
            self._more()
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        status = int(first.split()[1])
        length = 0 if method == "HEAD" or status in (100, 204, 304) else int(headers["content-length"])
        while len(self._left) < length:
            self._more()
        body, self._left = self._left[:length], self._left[length:]
        return Answer(status, headers, body)

    def is_over(self) -> bool:
        """True when the server has hung up; fails if it says anything more."""
        assert self._left == b""
        try:
            return self.plug.recv(1) == b""
        except ConnectionResetError:
            return True

    def _more(self) -> None:
        data = self.plug.recv(65536)
        if not data:
            raise EOFError(self._left)
        self._left += data


@contextmanager
def wire(port: int) -> Iterator[Wire]:
    with socket.create_connection(("127.0.0.1", port), LIMIT_S) as plug:
        yield Wire(plug)


class Asked(NamedTuple):
    answer: Answer
    over: bool


def asked(port: int, data: bytes) -> Asked:
    """The first answer to these bytes, and whether the server hangs up after it. Waits for the end, so the bytes must ask for it."""
    with wire(port) as line:
        line.say(data)
        return Asked(line.answer(), line.is_over())


def post(path: bytes, body: bytes, *more: bytes) -> bytes:
    return b"POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n%s\r\n%s" % (
        path,
        HOST,
        len(body),
        b"".join(line + b"\r\n" for line in more),
        body,
    )
