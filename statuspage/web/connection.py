"""One reader's connection: requests come in, one after the other, and each is answered before the next is looked at.

Every wait has an end: for a request to begin, for its head and its body to be complete, for an answer to be taken.
"""

from __future__ import annotations

import asyncio
import fcntl
import sys
import termios
from enum import IntEnum
from typing import TYPE_CHECKING, cast

from statuspage.web.heads import MOST_HEAD, OUR_FAULT, Answer, Head, Refused, read_head

if TYPE_CHECKING:
    from statuspage.web.front import Front

HEAD_WITHIN_S = 10.0
BODY_WITHIN_S = 20.0
TAKEN_WITHIN_S = 20.0  # an answer, where the machine's own buffers do not hold all of it; or else LEAST_TAKEN of it, and then as much again
TAKEN_ALTOGETHER_S = 600.0
LEAST_TAKEN = 8 * 1024  # bytes; a phone at the edge of its network takes more, and who only means to hold a connection has to pay for it
END = b"\r\n\r\n"
FOREVER = float("inf")


class State(IntEnum):
    READY = 0  # for the next request
    BODY = 1  # of a request is on its way
    WORKING = 2  # the application is
    BLOCKED = 3  # the client does not take what it asked for
    PARTING = 4  # no request is read any more


READY = State.READY


class Connection(asyncio.Protocol):
    """A state machine; the event loop calls it, and Front once a second."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._ready = front.ready
        self._buffer = bytearray()
        self._begun = False  # a part of a head has come
        self._head: Head | None = None  # whose body is awaited
        self._environ: dict[str, object] = {}
        self._left = 0  # bytes of answers not taken when that was last looked at
        self._taken_by = 0.0  # all of them; else the connection ends
        self.state = State.READY
        self.deadline = front.now + HEAD_WITHIN_S

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._front.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._parting()
        self._front.leave(self)

    def data_received(self, data: bytes) -> None:
        if self.state is READY and not self._buffer:
            ready = self._ready.get(data)
            if ready is not None:  # somebody asked for the very same within this second: nothing is read or looked up
                self.deadline = self._front.idle_until
                self.transport.write(ready)
                return
        if self.state is State.PARTING:
            return
        self._buffer += data
        self._go_on()

    def pause_writing(self) -> None:
        """More waits for this client than it takes."""
        if self.state is not State.PARTING:
            self._wait(State.BLOCKED, TAKEN_WITHIN_S)
            self._watch()

    def resume_writing(self) -> None:
        if self.state is State.BLOCKED:
            self._next()

    def expire(self) -> None:
        """The deadline has passed."""
        closing = self.transport.is_closing()
        if not closing and (self.state is State.BODY or (self.state is State.READY and self._begun)):
            self.refuse(Refused("408 Request Timeout", "The request did not come in time."))
        elif not closing and self.state is State.READY:
            self.end()
        elif not self._takes():
            self.transport.abort()

    def end(self) -> None:
        """Closes when what was written has gone out."""
        self._parting()
        self.transport.close()

    def refuse(self, why: Refused, *more: tuple[str, str]) -> None:
        """Says why, and reads no other request."""
        self._front.send(self, self._front.files.plain(why.status, why.words, list(more)), keeps=False)

    def part(self) -> None:
        """The last answer was written. The client hangs up: if we did while it still sends, it could lose that answer."""
        self._parting()
        if not self.transport.is_closing():
            self.transport.resume_reading()
            try:
                self.transport.write_eof()
            except OSError:  # the client is gone already, and nobody has told us yet
                self.transport.abort()

    def answered(self, answer: Answer | None, *, keeps: bool) -> None:
        """The application is done, or has failed (None)."""
        if self.state is not State.WORKING:
            return
        if answer is None:
            self.refuse(Refused(*OUR_FAULT))
        else:
            self._front.send(self, answer, keeps=keeps)
            if self.state is State.WORKING:
                self._next()

    def _takes(self) -> bool:
        """True, and there is more time, if the client has taken a part of what waits for it that is worth waiting for."""
        left, now = self._not_taken(), self._front.now
        if not left or left > self._left - LEAST_TAKEN or now >= self._taken_by:
            return False
        self._left, self.deadline = left, min(now + TAKEN_WITHIN_S, self._taken_by)
        return True

    def _watch(self) -> None:
        """From now on the client takes its answer."""
        self._left, self._taken_by = self._not_taken(), self._front.now + TAKEN_ALTOGETHER_S

    def _not_taken(self) -> int:
        """Bytes that wait here and in the machine's buffer (which takes more from here only when a third is free); 0 if none wait here."""
        waiting = self.transport.get_write_buffer_size()
        if not waiting:
            return 0
        kept = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        return waiting + int.from_bytes(kept, sys.byteorder)

    def _next(self) -> None:
        """Ready for the body that was asked for, or for the next request. Either may have come already."""
        if self._head is not None:  # to say "100 Continue" was more than the client took at once
            self.state, self.deadline = State.BODY, self._front.now + BODY_WITHIN_S
        else:
            self._begun, self.state, self.deadline = False, State.READY, self._front.idle_until
        if not self.transport.is_closing():
            self.transport.resume_reading()
        self._go_on()

    def _go_on(self) -> None:
        while self.state is State.READY and self._buffer:
            while self._buffer.startswith(b"\r\n"):  # some clients send an empty line between requests (RFC 9112, 2.2)
                del self._buffer[:2]
            end = self._buffer.find(END, 0, MOST_HEAD)
            if end < 0:
                self._await_head()
                return
            raw = bytes(self._buffer[: end + len(END)])
            del self._buffer[: end + len(END)]
            self._begun, self.deadline = False, self._front.idle_until
            self._request(raw)
        if self.state is State.BODY and self._head is not None and len(self._buffer) >= self._head.length:
            self._hand_over(self._head)

    def _await_head(self) -> None:
        if len(self._buffer) >= MOST_HEAD:
            self.refuse(Refused("431 Request Header Fields Too Large", "The head of this request is too long."))
        elif self._buffer and not self._begun:
            self._begun, self.deadline = True, self._front.now + HEAD_WITHIN_S

    def _request(self, raw: bytes) -> None:
        ready = self._ready.get(raw)
        if ready is not None:
            self.transport.write(ready)
            return
        try:
            head = read_head(raw)
            found = self._front.find(head)
        except Refused as why:
            self.refuse(why)
            return
        if isinstance(found, Answer):
            self._front.send(self, found, keeps=head.keeps and not head.length, raw=raw)  # a body that nobody wants is not read
            return
        self._environ = found
        if head.length > self._front.most_body:
            self.refuse(Refused("413 Content Too Large", "This is more than is taken here."))
            return
        if not self._front.expect(head.length):
            self._crowded()
            return
        self._head, self.state, self.deadline = head, State.BODY, self._front.now + BODY_WITHIN_S
        if head.waits and len(self._buffer) < head.length:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _hand_over(self, head: Head) -> None:
        """The request is complete: the application's turn."""
        body = bytes(self._buffer[: head.length])
        del self._buffer[: head.length]
        environ, self._environ = self._environ, {}
        self._wait(State.WORKING, FOREVER)
        self._forget_body()
        if not self._front.work(self, environ, body, keeps=head.keeps):
            self._crowded()

    def _crowded(self) -> None:
        self.refuse(Refused("503 Service Unavailable", "Too many ask at once. Please try again soon."), ("Retry-After", "5"))

    def _forget_body(self) -> None:
        if self._head is not None:
            self._front.expect(-self._head.length)
            self._head = None

    def _wait(self, state: State, within_s: float) -> None:
        """Nothing is read meanwhile, so nothing piles up."""
        self.state, self.deadline = state, self._front.now + within_s
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def _parting(self) -> None:
        self._buffer.clear()
        self._forget_body()
        self.state, self.deadline = State.PARTING, self._front.now + TAKEN_WITHIN_S
        self._watch()
