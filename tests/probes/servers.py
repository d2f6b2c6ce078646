"""Real servers on loopback that behave as badly as a test needs. Each runs in threads and is closed by its context manager."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Answer = Callable[["Conversation"], None]


@dataclass
class Conversation:
    """One request that a RawServer received, and the means to answer it."""

    connection: socket.socket
    head: str
    body: bytes
    stop: threading.Event

    @property
    def path(self) -> str:
        return self.head.split(" ", 2)[1]

    @property
    def method(self) -> str:
        return self.head.split(" ", 1)[0]

    def header(self, name: str) -> str | None:
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, status: int = 200, body: bytes = b"", headers: Sequence[tuple[str, str]] = ()) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (b"" if self.method == "HEAD" else body))


@dataclass
class RawServer:
    """Accepts connections, reads one request on each, and lets `answer` do the rest."""

    answer: Answer
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    at_port: int = 0
    reads: bool = True  # False: answer() is called before anything is read
    requests: list[Conversation] = field(default_factory=list)
    accepted: int = 0

    def __post_init__(self) -> None:
        self.stop = threading.Event()
        self._listener = socket.create_server((self.host, self.at_port), backlog=600)
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def close(self) -> None:
        self.stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _begin(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            with self._lock:
                self._open.add(connection)
            self._begin(self._serve, connection)

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(plain, server_side=True)
                with self._lock:
                    self._open.add(connection)
            head, body = self._read(connection) if self.reads else ("", b"")
            if head or not self.reads:
                conversation = Conversation(connection, head, body, self.stop)
                self.requests.append(conversation)
                self.answer(conversation)
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open -= {plain, connection}
            connection.close()
            plain.close()

    def _read(self, connection: socket.socket) -> tuple[str, bytes]:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return "", b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        length = next((int(line.split(":")[1]) for line in text.split("\r\n") if line.lower().startswith("content-length:")), 0)
        while len(body) < length:
            body += connection.recv(65536)
        return text, body


@contextmanager
def serving(answer: Answer, **options: object) -> Iterator[RawServer]:
    server = RawServer(answer, **options)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        server.close()


def page(body: bytes = b"Welcome", status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Answer:
    """An answer that is always the same."""
    return lambda conversation: conversation.answer(status, body, headers)


def drip(conversation: Conversation) -> None:
    """One byte after the other, for ever."""
    conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not conversation.stop.wait(0.02):
        conversation.send(b"x")


def hang(conversation: Conversation) -> None:
    """Says nothing until the other side, or close(), ends the connection."""
    conversation.connection.recv(1)


Records = Mapping[tuple[str, str], Sequence[str]]
Decide = Callable[[str, str], "Sequence[str | dns.rrset.RRset] | str | None"]


class FakeResolver:
    """A name server on loopback, UDP and TCP on one port. decide(name, kind) gives records, the name of an rcode, or None for silence."""

    def __init__(self, decide: Decide, truncate: bool = False, recursive: bool = True, checks: bool = False) -> None:
        self.decide = decide
        self.recursive = recursive
        self.checks = checks  # refuses what is not asked for with checking disabled, as a resolver does that finds a signature wrong
        self.truncate = truncate
        self.questions: list[tuple[str, str]] = []
        self._tcp, self._udp = _both_on_one_port()
        self.port = int(self._udp.getsockname()[1])
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stop.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        with contextlib.suppress(OSError):
            self._tcp.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._udp.close()
        self._tcp.close()

    def _answer(self, wire: bytes, over_tcp: bool) -> bytes | None:
        question = dns.message.from_wire(wire)
        name = question.question[0].name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(question.question[0].rdtype)
        self.questions.append((name, kind))
        decided = "SERVFAIL" if self.checks and not question.flags & dns.flags.CD else self.decide(name, kind)
        if decided is None:
            return None
        answer = dns.message.make_response(question, recursion_available=self.recursive)
        if isinstance(decided, str):
            answer.set_rcode(dns.rcode.from_text(decided))
        elif self.truncate and not over_tcp:
            answer.flags |= dns.flags.TC
        else:
            for record in decided:
                if isinstance(record, dns.rrset.RRset):
                    answer.answer.append(record)
                    continue
                kind_of, _, text = record.partition(" ") if record.startswith("CNAME ") else (kind, "", record)
                answer.answer.append(dns.rrset.from_text(question.question[0].name, 1, "IN", kind_of, text))
        return answer.to_wire(max_size=65535)

    def _serve_udp(self) -> None:
        while True:
            wire, sender = self._udp.recvfrom(65535)
            if self._stop.is_set():
                return
            answer = self._answer(wire, over_tcp=False)
            if answer is not None:
                self._udp.sendto(answer, sender)

    def _serve_tcp(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection:
                length = struct.unpack("!H", connection.recv(2))[0]
                answer = self._answer(connection.recv(length), over_tcp=True)
                if answer is not None:
                    connection.sendall(struct.pack("!H", len(answer)) + answer)


def _both_on_one_port() -> tuple[socket.socket, socket.socket]:
    """TCP and UDP sockets; the system gives TCP a free port, which UDP may already have in use elsewhere: then another."""
    while True:
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
        else:
            return tcp, udp


@contextmanager
def resolving(decide: Decide, **options: bool) -> Iterator[FakeResolver]:
    resolver = FakeResolver(decide, **options)
    try:
        yield resolver
    finally:
        resolver.close()
