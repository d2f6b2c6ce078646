"""A relay on loopback: aiosmtpd, told per recipient what to answer; and one that misbehaves below the protocol."""

from __future__ import annotations

import asyncio
import email.policy
import socket
import ssl
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

STORE_AND_CUT, CUT_BEFORE_DOT = "store and cut", "cut before the dot"
USER, PASSWORD = "relay-user", "correct-horse-relay"


@dataclass
class Mail:
    """One mail as the relay took it."""

    sender: str
    recipient: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return BytesParser(policy=email.policy.default).parsebytes(self.raw)  # type: ignore[return-value]

    @property
    def text(self) -> str:
        return str(self.message.get_content())


@dataclass
class Sink:
    """answers: recipient -> answers to RCPT, one after another; endings: the same for the end of DATA. "": taken as usual."""

    mails: list[Mail] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    endings: dict[str, list[str]] = field(default_factory=dict)
    sender_answer: str = ""
    login_ok: bool = True
    connections: int = 0
    most_at_once: int = 0
    port: int = 0
    keep: bool = True
    count: Counter[str] = field(default_factory=Counter)

    def got(self) -> Counter[str]:
        """Recipient -> how many mails."""
        return Counter(self.count)

    # --- what aiosmtpd asks --------------------------------------------------------------------------------------------

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.sender_answer:
            return self.sender_answer
        envelope.mail_from = address
        return "250 2.1.0 Ok"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        answer = _next(self.answers, address)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        recipient = envelope.rcpt_tos[0]
        answer = _next(self.endings, recipient)
        if answer and answer != STORE_AND_CUT:
            return answer
        self.count[recipient] += 1
        if self.keep:
            self.mails.append(Mail(str(envelope.mail_from), recipient, bytes(envelope.content or b"")))
        if answer == STORE_AND_CUT:
            assert server.transport is not None
            server.transport.abort()
        return f"250 2.0.0 Ok: queued as {self.count.total()}"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = self.login_ok and isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=good, handled=False)


def _next(script: dict[str, list[str]], address: str) -> str:
    left = script.get(address, [])
    return left.pop(0) if left else ""


@contextmanager
def relay(sink: Sink, *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, auth: bool = False) -> Iterator[Sink]:
    """Serves until the block ends; the port is in sink.port."""
    loop = asyncio.new_event_loop()
    lines: list[SMTP] = []

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # signing in without TLS is only wrong outside this machine
            line = SMTP(
                sink,
                hostname="relay.test",
                tls_context=starttls,
                require_starttls=starttls is not None,
                auth_required=auth,
                auth_require_tls=False,
                authenticator=sink.authenticate if auth else None,
                enable_SMTPUTF8=False,
                loop=loop,
            )
        lines.append(line)
        return line

    async def begin() -> asyncio.Server:
        return await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)

    server = loop.run_until_complete(begin())
    sink.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, lines), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _end(server: asyncio.Server, lines: list[SMTP]) -> None:
    server.close()
    for line in lines:
        if line.transport is not None:
            with suppress(AttributeError):  # the first releases of Python 3.11 raise it where the client is gone
                line.transport.abort()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def rude(*answers: bytes) -> Iterator[int]:
    """A server that gives each connection these answers, one per line it hears, the first unasked; then it says nothing more.

    An answer of b"" ends the connection.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    ends: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            ends.append(connection)
            threading.Thread(target=_answer, args=(connection, answers), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in ends:
            connection.close()
        thread.join(10)


def _answer(connection: socket.socket, answers: tuple[bytes, ...]) -> None:
    try:
        heard = connection.makefile("rb")
        for number, answer in enumerate(answers):
            if number and not heard.readline():
                return
            if not answer:
                connection.shutdown(socket.SHUT_RDWR)
                return
            connection.sendall(answer)
        while heard.readline():
            continue
    except OSError:
        return
