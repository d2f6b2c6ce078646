"""A small threaded HTTP server on one port whose connections can be made to misbehave below HTTP: refused, left hanging, dripping.

One request per connection: a bank that fails must not live on in kept connections.
"""

from __future__ import annotations

import io
import select
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from statuspage.demo.bank.parts import Waiting

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

IDLE_S = 10.0  # a client that sends nothing for so long is cut off
MAX_BODY = 64 * 1024


@dataclass(frozen=True)
class Line:
    """What is wrong with the connections of a port; a plain Line() is healthy."""

    refuse: bool = False
    cut: bool = False  # open connections end at once
    hang: bool = False
    drip_bytes_per_s: float | None = None
    tls: ssl.SSLContext | None = None  # None: plain HTTP


def _listening_socket(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((host, port))
    return sock


def _free_of_others(host: str, port: int) -> None:
    """Raises OSError if somebody listens there already: SO_REUSEPORT alone would share the port in silence."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(error.errno, f"port {port} of {host} cannot be used: {error.strerror}") from error


class Listener:
    """One port. It keeps the port to itself even while it refuses connections."""

    def __init__(self, host: str, port: int, app: WSGIApplication, waiting: Waiting, line: Line | None = None) -> None:
        if port:
            _free_of_others(host, port)
        self._held_port = _listening_socket(host, port)  # bound and never listening: connecting to it alone is refused
        self.host = host
        self.port: int = self._held_port.getsockname()[1]
        self._app = app
        self._waiting = waiting
        self._line = Line(refuse=True)
        self._listening: socket.socket | None = None
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._hanging: list[socket.socket] = []
        self.behave(line or Line())

    def behave(self, line: Line) -> None:
        """From now on connections behave so. What hangs is cut when hanging ends."""
        with self._lock:
            self._line = line
            if line.refuse and self._listening:
                _cut(self._listening)
                self._listening = None
            elif not line.refuse and self._listening is None:
                self._listening = _listening_socket(self.host, self.port)
                self._listening.listen(128)
                threading.Thread(target=self._accept, args=(self._listening,), name=f"bank-{self.port}", daemon=True).start()
            over = [] if line.hang else self._hanging
            self._hanging = self._hanging if line.hang else []
            for sock in self._open if line.cut else ():
                _cut(sock)
        for sock in over:
            _cut(sock)
            sock.close()

    def stop(self) -> None:
        """Give up the port, cut every connection, and wait (at most a second for all) until nobody works on one."""
        self.behave(Line(refuse=True, cut=True))
        with self._lock:
            threads = list(self._open.values())
        for thread in threads:
            thread.join(1.0 / len(threads))
        self._held_port.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                sock, address = listening.accept()
            except OSError:  # cut on purpose: the port refuses from now on
                listening.close()
                return
            with self._lock:
                line = self._line
                if line.refuse:
                    sock.close()
                    continue
                if line.hang:
                    self._hanging = [other for other in self._hanging if not _hung_up(other)]
                    self._hanging.append(sock)
                    continue
                thread = threading.Thread(target=self._serve, args=(sock, address, line), name=f"bank-{self.port}-client", daemon=True)
                self._open[sock] = thread
            thread.start()

    def _serve(self, sock: socket.socket, address: Any, line: Line) -> None:
        connection: socket.socket = sock
        try:
            sock.settimeout(IDLE_S)
            if line.tls:
                with self._lock:
                    secure = line.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                    self._open[secure] = self._open.pop(sock)
                connection = secure
                secure.do_handshake()
            answer = _Exchange(connection, address, self._app, secure=line.tls is not None).answer
            if answer:
                self._send(connection, answer)
        except OSError:
            pass  # the client went away, or we cut it off
        finally:
            with self._lock:
                self._open.pop(connection, None)
            _cut(connection)
            connection.close()

    def _send(self, connection: socket.socket, answer: bytes) -> None:
        while answer and (rate := self._line.drip_bytes_per_s):
            connection.sendall(answer[:1])
            answer = answer[1:]
            self._wait_for_next_byte(rate)
        connection.sendall(answer)

    def _wait_for_next_byte(self, rate: float) -> None:
        self._waiting.pause(1 / rate, while_=lambda: self._line.drip_bytes_per_s == rate)


def _hung_up(sock: socket.socket) -> bool:
    """True, and closed, if the other side has left: a hang of hours must not use up our files."""
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
    gone = bool(poll.poll(0))
    if gone:
        sock.close()
    return gone


def _cut(sock: socket.socket) -> None:
    """End a connection, or listening, under the hands of the thread that works on it: it wakes up, and closes the socket itself."""
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, which has no say in it


class _Exchange(BaseHTTPRequestHandler):
    """Reads one request whole, asks the application, and keeps the answer in `answer`, whole: b"" if no request came."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket.socket, address: Any, app: WSGIApplication, *, secure: bool) -> None:
        self.client_address = address
        self.app = app
        self.secure = secure
        self.answer = b""
        with connection.makefile("rb") as self.rfile, io.BytesIO() as self.wfile:
            self.raw_requestline = self.rfile.readline(65537)
            if self.raw_requestline and self.parse_request():
                self._ask()
            self.answer = self.wfile.getvalue()

    def log_message(self, format: str, *args: Any) -> None:
        """A demonstration bank keeps no log of its visitors."""

    def handle_expect_100(self) -> bool:
        return True  # the body is small: whoever asks sends it anyway after a moment

    def _ask(self) -> None:
        head: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
            head.append((status, headers))

        start: StartResponse = start_response
        parts = self.app(self._environ(), start)
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, headers = head[-1]
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), f"Date: {self.date_time_string()}"]
        if not any(name.lower() == "content-length" for name, _ in headers):
            lines.append(f"Content-Length: {len(body)}")
        lines += ["Server: Example-Bank", "Connection: close", "", ""]
        self.wfile.write("\r\n".join(lines).encode("iso-8859-1") + (b"" if self.command == "HEAD" else body))

    def _environ(self) -> dict[str, Any]:
        """The request as PEP 3333 has it."""
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(min(int(length) if length.isascii() and length.isdigit() else 0, MAX_BODY))
        path, _, query = self.path.partition("?")
        host, _, port = self.headers.get("Host", "").rpartition(":")
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "iso-8859-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": host or "localhost",
            "SERVER_PORT": port or ("443" if self.secure else "80"),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if self.secure else "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name in {name.lower() for name in self.headers} - {"content-type", "content-length"}:
            environ["HTTP_" + name.upper().replace("-", "_")] = ",".join(self.headers.get_all(name, []))
        return environ
