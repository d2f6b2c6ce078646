"""The one place that sends mail: a connection to the bank's relay, verified TLS, a limit on the whole of each step.

`SmtpTransport` is the real way out; tests may hand in their own. Source: RFC 5321.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from broadcasters.http import reason, resolve
from broadcasters.wire import NoAnswer, NotSent

LONGEST_LINE = 4096  # of an answer; RFC 5321 allows 512
MOST_LINES = 100
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True)
class Server:
    """Where mail is handed over, and how.

    security    starttls, tls (from the first byte) or none
    ca_file     certificates to trust instead of the usual ones; "" for those
    deadline_s  for one step: connecting with TLS and signing in; a mail up to its final dot
    answer_s    for the answer to the final dot: giving up earlier makes doubles (RFC 5321, 4.5.3.2.6: ten minutes)
    """

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    hello: str = "localhost"
    connect_timeout_s: float = 5.0
    deadline_s: float = 30.0
    answer_s: float = 600.0


class Refused(Exception):
    """The relay said no, and holds nothing of the mail.

    code, enhanced   its numbers, e.g. 550 and "5.1.1" ("" where it gives none); said: its words, on one line
    step             hello, sign_in, sender, recipient or content: what it said no to
    """

    def __init__(self, code: int, said: str, step: str) -> None:
        super().__init__(f"{code} {said}")
        self.code, self.said, self.step = code, said, step
        found = _ENHANCED.match(said)
        self.enhanced = found.group(1) if found else ""


class Line(Protocol):
    """One open, signed-in connection. For one thread; cut() for any."""

    def send(self, sender: str, recipient: str, content: bytes) -> str:
        """Hands one mail over; returns what the relay said. `content`: with CRLF and doubled dots, without the final dot.

        Raises Refused; NotSent if it broke before the final dot; NoAnswer if it broke after it: the relay may have the mail.
        """
        ...

    def noop(self) -> str: ...

    def quit(self) -> None:
        """Takes leave; never raises."""
        ...

    def cut(self) -> None:
        """Ends the connection from outside: whoever waits on it wakes at once."""
        ...


class MailTransport(Protocol):
    def open(self, server: Server) -> Line:
        """Raises NotSent, or Refused with the step hello or sign_in."""
        ...


class SmtpTransport:
    """Sends with smtplib, whose time-outs count from byte to byte, behind limits that count the whole."""

    def open(self, server: Server) -> Line:
        client = _Client(server)
        try:
            return client.opened()
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            client.close()
            raise NotSent(f"no connection ({_why(error)})") from None
        except Refused:
            client.close()
            raise


class _Client(smtplib.SMTP):
    """smtplib with a deadline over each step, and nothing said to the log."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._until = time.monotonic() + server.deadline_s
        self._received = bytearray()
        super().__init__(local_hostname=server.hello, timeout=server.deadline_s)

    # --- opening --------------------------------------------------------------------------------------------------------

    def opened(self) -> _Line:
        server = self._server
        self._until = time.monotonic() + server.deadline_s
        code, said = self.connect(server.host, server.port)
        self._must(code, said, (220,), "hello")
        self._hello()
        if server.security == "starttls":
            if not self.has_extn("starttls"):
                raise smtplib.SMTPException("the relay offers no STARTTLS")
            self._must(*self.docmd("STARTTLS"), (220,), "hello")
            self._secure()
            self._hello()
        if server.user:
            self._sign_in()
        return _Line(self)

    def _hello(self) -> None:
        code, said = self.ehlo()
        if code not in (250, 421):
            code, said = self.helo()
        self._must(code, said, (250,), "hello")

    def _secure(self) -> None:
        assert self.sock is not None
        self.sock = _wrapped(self.sock, self._server, self._left())
        self._received.clear()  # what came in clear text before TLS stood is nobody's word
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False

    def _sign_in(self) -> None:
        """One try with one mechanism: each further one would count as another wrong password."""
        offered = self.esmtp_features.get("auth", "").upper().split()
        self.user, self.password = self._server.user, self._server.password
        try:
            if "PLAIN" in offered:
                self.auth("PLAIN", self.auth_plain)
            elif "LOGIN" in offered:
                self.auth("LOGIN", self.auth_login)
            else:
                raise smtplib.SMTPException("the relay offers no sign-in by PLAIN or LOGIN")
        except smtplib.SMTPAuthenticationError as error:
            self._must(error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b"", (), "sign_in")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        until = min(time.monotonic() + self._server.connect_timeout_s, self._until)
        fault = OSError("no address")
        for family, kind, protocol, _, address in resolve(host, port, until):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(max(until - time.monotonic(), 0.001))
                connection.connect(address)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._server.security == "tls":
                    return _wrapped(connection, self._server, self._left())
                return connection
            except OSError as error:
                connection.close()
                fault = error
        raise fault

    # --- one mail -------------------------------------------------------------------------------------------------------

    def mail_one(self, sender: str, recipient: str, content: bytes) -> str:
        self._until = time.monotonic() + self._server.deadline_s
        dotted = False
        try:
            self._must(*self.docmd(f"MAIL FROM:<{sender}>"), (250,), "sender")
            self._must(*self.docmd(f"RCPT TO:<{recipient}>"), (250, 251, 252), "recipient")
            self._must(*self.docmd("DATA"), (354,), "content")
            self.send(content)
            dotted = True  # from here on the relay may have all of it
            self._write(b".\r\n")
            self._until = time.monotonic() + self._server.answer_s
            code, said = self.getreply()
        except (OSError, smtplib.SMTPException) as error:
            why = f"the connection ended early ({_why(error)})"
            raise NoAnswer(f"{why}, after the final dot") if dotted else NotSent(f"{why}, before the final dot") from None
        self._must(code, said, (250,), "content")
        return _one_line(said)

    def noop_once(self) -> str:
        self._until = time.monotonic() + self._server.deadline_s
        try:
            code, said = self.docmd("NOOP")
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"the connection ended early ({_why(error)})") from None
        self._must(code, said, (250,), "hello")
        return _one_line(said)

    # --- limits ---------------------------------------------------------------------------------------------------------

    def send(self, s: bytes | str) -> None:  # type: ignore[override]
        """As smtplib's, within what is left of the step."""
        self._write(s.encode("ascii") if isinstance(s, str) else s)

    def _write(self, data: bytes) -> None:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        self.sock.settimeout(self._left())
        self.sock.sendall(data)

    def getreply(self) -> tuple[int, bytes]:
        """One answer of one or more lines. A server that sends a byte now and then gets no more time than any other."""
        lines: list[bytes] = []
        while len(lines) < MOST_LINES:
            line = self._line()
            lines.append(line[4:].strip())
            if not line[:3].isdigit():
                raise smtplib.SMTPServerDisconnected("its answer cannot be read")
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(lines)
        raise smtplib.SMTPServerDisconnected("its answer has too many lines")

    def _line(self) -> bytes:
        while b"\n" not in self._received:
            if len(self._received) > LONGEST_LINE:
                raise smtplib.SMTPServerDisconnected("a line of its answer is too long")
            if self.sock is None:
                raise smtplib.SMTPServerDisconnected("not connected")
            self.sock.settimeout(self._left())
            piece = self.sock.recv(4096)
            if not piece:
                raise smtplib.SMTPServerDisconnected("it hung up")
            self._received += piece
        line, _, rest = bytes(self._received).partition(b"\n")
        self._received = bytearray(rest)
        return line.rstrip(b"\r")

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def _must(self, code: int, said: bytes, allowed: Sequence[int], step: str) -> None:
        if code not in allowed:
            raise Refused(code, _one_line(said), step)


class _Line:
    """What the rest of the product sees of a connection."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def send(self, sender: str, recipient: str, content: bytes) -> str:
        try:
            return self._client.mail_one(sender, recipient, content)
        except Refused as error:
            if error.code != 421:
                self._reset()
            raise

    def _reset(self) -> None:
        """After a refusal the relay may still hold the sender: the next mail begins anew. If that fails, the next mail says so."""
        try:
            self._client.docmd("RSET")
        except (OSError, smtplib.SMTPException):
            self._client.close()

    def noop(self) -> str:
        return self._client.noop_once()

    def quit(self) -> None:
        try:
            self._client.docmd("QUIT")
        except (OSError, smtplib.SMTPException):
            pass
        finally:
            self._client.close()

    def cut(self) -> None:
        sock = self._client.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # already ended


def _wrapped(connection: socket.socket, server: Server, left_s: float) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=server.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    connection.settimeout(left_s)
    return context.wrap_socket(connection, server_hostname=server.host)


def _one_line(said: bytes) -> str:
    text = said.decode("utf-8", "replace")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:300]


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPException):
        return str(error)[:200] if type(error) in (smtplib.SMTPException, smtplib.SMTPServerDisconnected) else type(error).__name__
    return reason(error) or type(error).__name__
