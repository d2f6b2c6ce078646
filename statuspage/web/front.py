"""The embedded server: published files from memory to everybody who asks, everything else through a crew of threads to the application.

A whole answer, head and body in one piece, is kept for the rest of the second under the very bytes of the request that it answers, so
that on the day when everybody looks most requests cost one look into a table.
"""

from __future__ import annotations

import asyncio
import threading
from email.utils import format_datetime
from functools import partial

import structlog

from statuspage import MAX_FORM_BYTES
from statuspage.ports import Clock
from statuspage.web.connection import Connection, State
from statuspage.web.crew import Application, Crew, Environ, Job
from statuspage.web.heads import OUR_FAULT, Answer, Head, Refused, whole
from statuspage.web.public import PublishedFiles
from statuspage.web.published import LOOK_EVERY_S

IDLE_S = 75.0  # longer than nginx keeps its connections to us (60 s), so that it never sends anything into one that is closed
TICK_S = 1.0
BACKLOG = 1024
MOST_READY = 16 * 1024 * 1024  # bytes of answers that are kept; then all are made anew
LONGEST_READY = 512 * 1024
MOST_BODIES = 64 * 1024 * 1024  # bytes of all bodies that are on their way
CONSOLE_THREADS, CONSOLE_WAITING = 6, 32
CUSTOMER_THREADS, CUSTOMER_WAITING = 2, 64
FINISH_WITHIN_S = 3.0
ROUNDS_TO_COME_IN = 4  # of the loop, from the system's word of a connection to enter()
log = structlog.get_logger("statuspage.front")


class Front:
    """All connections of one process. Everything but the crews' threads and the one that looks for editions runs in the event loop.

    application   a WSGI application, for the console and the forms
    most          connections at a time; when there are more, the one that has been idle longest makes room
    """

    def __init__(self, files: PublishedFiles, application: Application, clock: Clock, most: int = 4096) -> None:
        self.files = files
        self.ready: dict[bytes, bytes] = {}
        self.most_body = MAX_FORM_BYTES
        self._kept = 0
        self._expected = 0
        self._clock = clock
        self._most = most
        self._connections: dict[Connection, float] = {}  # and its deadline when last looked at; who asked last stands last
        self._closing = threading.Event()
        self._console = Crew(application, name="console", threads=CONSOLE_THREADS, waiting=CONSOLE_WAITING)
        self._customers = Crew(application, name="customers", threads=CUSTOMER_THREADS, waiting=CUSTOMER_WAITING)

    async def open(self, host: str, port: int) -> int:
        """Begins to answer; returns the port. Raises OSError if the address cannot be had."""
        self._loop = asyncio.get_running_loop()
        self._tick()
        self.files.look()
        self._server = await self._loop.create_server(lambda: Connection(self), host, port, backlog=BACKLOG)
        threading.Thread(target=self._look_for_editions, name="editions", daemon=True).start()
        port = self._server.sockets[0].getsockname()[1]
        self._place = {"SERVER_NAME": host, "SERVER_PORT": str(port)}
        return port

    async def close(self) -> None:
        """Accepts nobody new, and lets what was begun come to its end, for FINISH_WITHIN_S at most."""
        self._closing.set()
        for socket in self._server.sockets:
            self._loop.remove_reader(socket)
        for _ in range(ROUNDS_TO_COME_IN):  # who was accepted before that; a closed server would forget them half-way
            await asyncio.sleep(0)
        self._server.close()
        end = self._loop.time() + FINISH_WITHIN_S
        while self._busy() and self._loop.time() < end:
            await asyncio.sleep(0.02)
        self._ticking.cancel()
        for connection in list(self._connections):
            connection.transport.abort()
        while self._connections:  # each is told, and leaves
            await asyncio.sleep(0)

    def _busy(self) -> bool:
        """Closes what waits for nothing; true if an answer is not made or not yet gone."""
        for connection in list(self._connections):
            if connection.state is State.READY:
                connection.end()
        left = self._connections
        return any(one.state is not State.PARTING or one.transport.get_write_buffer_size() for one in left)

    def enter(self, connection: Connection) -> None:
        """A new connection; if there are too many, the one that has been idle longest has to go, or else this one."""
        if len(self._connections) >= self._most:
            spared = self._longest_idle() or connection
            self.leave(spared)
            spared.transport.abort()
            if spared is connection:
                return
        self._connections[connection] = connection.deadline

    def _longest_idle(self) -> Connection | None:
        """Of those that wait for a request; one that asked in this second or still takes its answer only if all do."""
        second_best = None
        for connection, deadline in self._connections.items():
            if connection.state is State.READY:
                if connection.deadline == deadline and not connection.transport.get_write_buffer_size():
                    return connection
                second_best = second_best or connection
        return second_best

    def leave(self, connection: Connection) -> None:
        self._connections.pop(connection, None)

    def find(self, head: Head) -> Answer | Environ:
        """The answer to a request; or, if it is for the application to give, what to ask it with. Raises Refused."""
        try:
            return self.files.find(head.environ())
        except Exception:  # whatever is wrong with one file, everybody else goes on
            log.exception("a published file could not be answered")
            raise Refused(*OUR_FAULT) from None

    def send(self, connection: Connection, answer: Answer, *, keeps: bool, raw: bytes = b"") -> None:
        """Writes an answer; `raw` is the request if another one of the same bytes may get the same answer within this second."""
        keeps = keeps and not self._closing.is_set()
        sent = whole(answer, self._date, keeps=keeps)
        connection.transport.write(sent)
        if not keeps:
            connection.part()
        elif raw and len(sent) <= LONGEST_READY:
            if self._kept + len(raw) + len(sent) > MOST_READY:
                self._forget()
            self._kept += len(raw) + len(sent)
            self.ready[raw] = sent

    def expect(self, length: int) -> bool:
        """Counts the bytes of bodies that are on their way; false, and nothing is counted, if they would be too many."""
        if self._expected + length > MOST_BODIES:
            return False
        self._expected += length
        return True

    def work(self, connection: Connection, environ: Environ, body: bytes, *, keeps: bool) -> bool:
        """Gives a request to the application; false if too many wait. Customers' forms and the console do not wait for each other."""
        crew = self._console if self.files.is_ours(environ["PATH_INFO"]) else self._customers
        peer = connection.transport.get_extra_info("peername")
        environ = {**environ, **self._place, "REMOTE_ADDR": peer[0] if peer else ""}
        return crew.take(Job(environ, body, partial(self._done, connection, keeps)))

    def _done(self, connection: Connection, keeps: bool, answer: Answer | None) -> None:
        """Called in a thread of a crew."""
        try:
            self._loop.call_soon_threadsafe(partial(connection.answered, answer, keeps=keeps))
        except RuntimeError:  # the loop has ended, and all connections with it
            return

    def _tick(self) -> None:
        """Once a second, whatever becomes of one connection: the date, and who has waited too long."""
        self._ticking = self._loop.call_later(TICK_S, self._tick)
        self.now = self._loop.time()
        self.idle_until = self.now + IDLE_S
        self._date = format_datetime(self._clock.now(), usegmt=True)
        self._forget()
        for connection, deadline in list(self._connections.items()):
            if connection.deadline != deadline:  # it asked for something: to the end
                del self._connections[connection]
                self._connections[connection] = connection.deadline
            if connection.deadline < self.now:
                self._expire(connection)

    @staticmethod
    def _expire(connection: Connection) -> None:
        try:
            connection.expire()
        except Exception:  # whatever is wrong with one connection, the others have their time
            log.exception("a connection that took too long could not be ended in order")
            connection.transport.abort()

    def _forget(self) -> None:
        self.ready.clear()
        self._kept = 0

    def _look_for_editions(self) -> None:
        """In a thread of its own: to read a large edition takes longer than a reader should wait."""
        failing = False
        while not self._closing.wait(LOOK_EVERY_S):
            try:
                fresh, failing = self.files.look(), False
            except Exception:  # it may go better with the next edition; told once, not ten times a second
                if not failing:
                    log.exception("an edition could not be taken up; the one before it is served")
                fresh, failing = False, True
            if fresh:
                try:
                    self._loop.call_soon_threadsafe(self._forget)
                except RuntimeError:
                    return
