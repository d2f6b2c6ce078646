"""One question to one name server: over UDP, and over TCP when the answer did not fit. With a deadline, timed by us."""

from __future__ import annotations

import select
import socket
import struct
from dataclasses import dataclass, field, replace

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from statuspage.core.vocabulary import Reason
from statuspage.probes.engine import Ended, Engine, Stop
from statuspage.probes.findings import Failure

_LARGEST = 65535


@dataclass(frozen=True)
class Server:
    """A name server."""

    address: str
    port: int = 53

    def __str__(self) -> str:
        return self.address if self.port == 53 else f"{self.address}:{self.port}"


@dataclass(frozen=True)
class Reply:
    """failure is None if there is at least one record of the type asked for.

    records: as zone files write them, sorted; answer: the whole message, None if none came
    """

    failure: Failure | None
    records: tuple[str, ...] = ()
    elapsed_ms: float = 0.0
    answer: dns.message.Message | None = field(default=None, repr=False, compare=False)

    @property
    def silent(self) -> bool:
        """True if this server told nothing of use, so that another may be asked."""
        return self.failure is not None and self.failure.reason in (Reason.DNS_TIMEOUT, Reason.DNS_SERVFAIL)


@dataclass(frozen=True)
class Query:
    """Operation; gives a Reply. name: without a dot at the end, "." for the root; kind: A, AAAA, CNAME, NS, MX, TXT...

    signed   with signatures, and whether they are right or not: that is for whoever asks to judge
    """

    name: str
    kind: str
    server: Server
    deadline_s: float
    signed: bool = False

    def begin(self, engine: Engine, ended: Ended) -> Stop:
        return _Asking(self, engine, ended).stop


class _Asking:
    def __init__(self, wanted: Query, engine: Engine, ended: Ended) -> None:
        self.wanted = wanted
        self.engine = engine
        self.ended = ended
        self.began = engine.monotonic()
        self.question = dns.message.make_query(wanted.name, wanted.kind, use_edns=0, payload=1232, want_dnssec=wanted.signed)
        if wanted.signed:
            self.question.flags |= dns.flags.CD
        self.to_send = b""
        self.received = b""
        self.socket: socket.socket | None = None
        self.timer = engine.later(wanted.deadline_s, lambda: self._fail(Reason.DNS_TIMEOUT, "no answer in time"))
        engine.soon(self._ask_udp)

    def stop(self) -> None:
        self.timer.cancel()
        if self.socket is not None:
            self.engine.unwatch(self.socket.fileno())
            self.socket.close()
            self.socket = None

    def _open(self, kind: socket.SocketKind) -> socket.socket:
        if self.socket is not None:
            self.engine.unwatch(self.socket.fileno())
            self.socket.close()
        family = socket.AF_INET6 if ":" in self.wanted.server.address else socket.AF_INET
        self.socket = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self.socket.connect_ex((self.wanted.server.address, self.wanted.server.port))
        return self.socket

    def _ask_udp(self) -> None:
        if self.timer.call is None:
            return  # stopped meanwhile
        opened = self._open(socket.SOCK_DGRAM)
        try:
            opened.send(self.question.to_wire())
        except OSError as error:
            self._fail(Reason.DNS_TIMEOUT, f"cannot be asked: {error.strerror}")
            return
        self.engine.watch(opened.fileno(), select.EPOLLIN, lambda _events: self._read_udp(opened))

    def _read_udp(self, opened: socket.socket) -> None:
        try:
            wire = opened.recv(_LARGEST)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(Reason.DNS_TIMEOUT, f"cannot be asked: {error.strerror}")
            return
        answer = self._parse(wire)
        if answer is None:
            return  # not an answer to our question: somebody else's, or forged; the deadline still counts
        if answer.flags & dns.flags.TC:
            self._ask_tcp()
        else:
            self._judge(answer)

    def _ask_tcp(self) -> None:
        wire = self.question.to_wire()
        self.to_send = struct.pack("!H", len(wire)) + wire
        opened = self._open(socket.SOCK_STREAM)
        self.engine.watch(opened.fileno(), select.EPOLLIN | select.EPOLLOUT, lambda _events: self._talk_tcp(opened))

    def _talk_tcp(self, opened: socket.socket) -> None:
        try:
            if self.to_send:
                self.to_send = self.to_send[opened.send(self.to_send) :]
                if not self.to_send:
                    self.engine.watch(opened.fileno(), select.EPOLLIN, lambda _events: self._talk_tcp(opened))
                return
            piece = opened.recv(_LARGEST)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(Reason.DNS_TIMEOUT, f"cannot be asked over TCP: {error.strerror}")
            return
        self.received += piece
        whole = len(self.received) >= 2 and len(self.received) - 2 >= struct.unpack("!H", self.received[:2])[0]
        if whole or not piece:
            answer = self._parse(self.received[2:])
            self._judge(answer) if answer is not None else self._fail(Reason.DNS_SERVFAIL, "answered with something else over TCP")

    def _parse(self, wire: bytes) -> dns.message.Message | None:
        try:
            answer = dns.message.from_wire(wire, ignore_trailing=True, raise_on_truncation=False)
        except (dns.exception.DNSException, ValueError, struct.error):
            return None
        return answer if self.question.is_response(answer) else None

    def _judge(self, answer: dns.message.Message) -> None:
        code = answer.rcode()
        if code == dns.rcode.NXDOMAIN:
            self._fail(Reason.DNS_NXDOMAIN, "there is no such name", answer)
        elif code != dns.rcode.NOERROR:
            self._fail(Reason.DNS_SERVFAIL, f"answered {dns.rcode.to_text(code)}", answer)
        else:
            records = _records(answer, self.wanted.kind)
            if records:
                self._end(Reply(None, records, answer=answer))
            else:
                self._fail(Reason.DNS_NO_ANSWER, f"the name has no {self.wanted.kind} record", answer)

    def _fail(self, reason: Reason, evidence: str, answer: dns.message.Message | None = None) -> None:
        self._end(Reply(Failure(reason, f"{self.wanted.name}: name server {self.wanted.server}: {evidence}"), answer=answer))

    def _end(self, reply: Reply) -> None:
        self.stop()
        elapsed = round((self.engine.monotonic() - self.began) * 1000, 3)
        self.ended(replace(reply, elapsed_ms=elapsed), None)


def _records(answer: dns.message.Message, kind: str) -> tuple[str, ...]:
    """The records of that type at the end of the chain of aliases that begins with the question; () if there are none."""
    wanted = dns.rdatatype.from_text(kind)
    name = answer.question[0].name
    for _ in range(16):
        found = [rrset for rrset in answer.answer if rrset.name == name]
        if exact := [rrset for rrset in found if rrset.rdtype == wanted]:
            return tuple(sorted(record.to_text() for rrset in exact for record in rrset))
        aliases = [rrset for rrset in found if rrset.rdtype == dns.rdatatype.CNAME]
        if not aliases:
            return ()
        name = aliases[0][0].target
    return ()
