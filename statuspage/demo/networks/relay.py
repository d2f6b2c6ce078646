"""The demonstration's mail relay: takes mail on this machine alone, and misbehaves on demand. Source: RFC 5321, 4954 (signing in)."""

from __future__ import annotations

import base64
import binascii
import socketserver
import sys
import threading
from typing import Any

from statuspage.demo.networks import email
from statuspage.demo.networks.accounts import account
from statuspage.demo.networks.faults import Fault
from statuspage.demo.networks.world import World

HOST = "127.0.0.1"  # the relay knows no TLS, so nobody else may speak to it
LONGEST_LINE, LONGEST_MAIL = 4096, 1024 * 1024
LONGEST_HANG_S = 120.0  # who asked has long given up
_ENDINGS = ("duplicate", "5xx", "timeout", "late", "cut", "drip")


class Relay(socketserver.ThreadingTCPServer):
    """Serves from the moment that it is made, in threads. Raises OSError where the port is taken."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, port: int, world: World) -> None:
        super().__init__((HOST, port), _Conversation)
        self.world = world
        self.port = int(self.server_address[1])
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left is no news; any other fault of ours is shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Conversation(socketserver.StreamRequestHandler):
    """One connection, from its greeting to its end."""

    server: Relay
    timeout = 300

    def handle(self) -> None:
        self._signed_in = False
        self._recipient = ""
        self._say("220 demonstration ESMTP")
        while line := self.rfile.readline(LONGEST_LINE):
            verb, _, rest = line.decode("ascii", "replace").strip().partition(" ")
            if not self._heard(verb.upper(), rest):
                return

    def _heard(self, verb: str, rest: str) -> bool:
        """Answers one command; False when the conversation is over."""
        match verb:
            case "EHLO":
                self._say("250-demonstration", "250-8BITMIME", "250 AUTH PLAIN")
            case "HELO" | "NOOP" | "RSET":
                self._say("250 2.0.0 Ok")
            case "AUTH":
                self._sign_in(rest)
            case "MAIL":
                return self._from()
            case "RCPT":
                self._to(rest)
            case "DATA":
                return self._data()
            case "QUIT":
                self._say("221 2.0.0 Bye")
                return False
            case _:
                self._say("502 5.5.1 Not known here")
        return True

    def _sign_in(self, rest: str) -> None:
        kind, _, given = rest.partition(" ")
        owner = account("email")
        try:
            _, user, password = base64.b64decode(given, validate=True).decode().split("\0")
        except (ValueError, binascii.Error):
            user = password = ""
        good = kind.upper() == "PLAIN" and (user, password) == (owner.name, owner.token)
        self._signed_in = good and self._take("revoked") is None
        self._say("235 2.7.0 Welcome" if self._signed_in else "535 5.7.8 The user or the password is wrong")

    def _from(self) -> bool:
        fault = self._take("expired", "denied")
        if fault is not None and fault.name == "expired":
            self._say("421 4.7.0 This connection has lasted too long")
            return False
        if fault is not None or not self._signed_in:
            self._say("530 5.7.0 Sign in first" if fault is None else "550 5.7.1 This sender may not send")
            return True
        self._recipient = ""
        self._say("250 2.1.0 Ok")
        return True

    def _to(self, rest: str) -> None:
        found = rest.partition("<")[2].partition(">")[0]
        if self._take("429") is not None:
            self._say("450 4.7.1 Too much mail, try again later")
        elif "@" not in found:
            self._say("501 5.1.3 No address")
        else:
            self._recipient = found
            self._say("250 2.1.5 Ok")

    def _data(self) -> bool:
        if not self._recipient:
            self._say("503 5.5.1 To whom?")
            return True
        self._say("354 Go on")
        data = self._content()
        return data is not None and self._ended(self._recipient, data)

    def _content(self) -> bytes | None:
        """All up to the line with a dot alone, doubled dots undone; None if the connection ended before, or it is too long."""
        lines: list[bytes] = []
        size = 0
        while (line := self.rfile.readline(LONGEST_LINE)) and size <= LONGEST_MAIL:
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line.removeprefix(b"."))
            size += len(line)
        return None

    # --- the answer to the end of a mail, and its faults --------------------------------------------------------------------

    def _ended(self, recipient: str, data: bytes) -> bool:
        fault = self._take(*_ENDINGS)
        if fault is None:
            self._say(self._kept(recipient, data))
            return True
        if fault.name == "late":
            self.server.world.late.apply(float(fault["after_s"]), lambda: self._kept(recipient, data))
            return False
        words = self._kept(recipient, data) if fault.settings.get("applied") else "451 4.3.0 Something went wrong here"
        match fault.name:
            case "duplicate":
                self._say("554 5.6.0 This was here before")
            case "5xx":
                self._say("451 4.3.0 Something went wrong here")
            case "timeout":
                self.server.world.late.closing.wait(LONGEST_HANG_S)
            case "cut":
                self.wfile.write(words[:6].encode())
            case "drip":
                self._drip(words, float(fault["every_s"]))
        return fault.name in ("duplicate", "5xx", "drip")

    def _kept(self, recipient: str, data: bytes) -> str:
        entry = email.keep(self.server.world, recipient, data)
        return "554 5.6.0 This mail cannot be read" if entry is None else f"250 2.0.0 Ok: queued as {entry.number}"

    def _drip(self, words: str, every_s: float) -> None:
        for letter in f"{words}\r\n":
            if self.server.world.late.closing.wait(every_s):
                return
            self.wfile.write(letter.encode())

    def _take(self, *names: str) -> Fault | None:
        return self.server.world.faults.take(email.NAME, True, names)

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())
