"""The embedded server and those who are slow: who is waited for, who is cut off, who makes room; and that one keeps nobody else waiting."""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
import termios
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from statuspage.outside import SystemClock
from statuspage.web import connection, front
from statuspage.web.connection import Connection, State
from tests.processes import until
from tests.web_public.conftest import hurry
from tests.web_public.serving import Running, application, inside, running
from tests.web_public.wires import HOST, LIMIT_S, PAGE, Wire, post, wire

BIG = 3_000_000  # bytes of an answer that no machine's own buffers hold
CONSOLE = b"GET /console/ HTTP/1.1\r\n" + HOST + b"\r\n"
CONSOLE_LAST = CONSOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@contextmanager
def slow(server: Running, holds: int = 65536) -> Iterator[tuple[Wire, Connection]]:
    """A client that takes only what its test reads, and the server's own side of it. `holds`: bytes that the server's machine keeps."""
    known = set(inside(server, lambda: list(server.front._connections)))
    with socket.socket() as plug:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)
        plug.settimeout(LIMIT_S)
        plug.connect(("127.0.0.1", server.port))
        until(lambda: len(server.front._connections) > len(known))
        (its,) = set(inside(server, lambda: list(server.front._connections))) - known
        its.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, holds)
        yield Wire(plug), its


def big(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"x" * BIG]


def take(server: Running, line: Wire, its: Connection, count: int) -> None:
    """Reads of an answer, which is much larger, until the server's machine knows that so many bytes are taken."""

    def both() -> int:
        kept = fcntl.ioctl(its.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        return its.transport.get_write_buffer_size() + int.from_bytes(kept, sys.byteorder)

    def left() -> int:
        return inside(server, both)  # there, or bytes could go from one buffer to the other between the two looks

    enough = left() - count
    while left() > enough:
        line._more()


# --- who is cut off --------------------------------------------------------------------------------------------------------


class Moment(SystemClock):
    """Ends a client's connection between the server's look at its sockets and its look at who has waited too long."""

    def __init__(self, plug: socket.socket) -> None:
        self._plug = plug
        self.server: Running | None = None

    def now(self) -> datetime:
        if self.server and any(one.deadline < self.server.front.now for one in self.server.front._connections):
            self._plug.close()
        return super().now()


@pytest.mark.parametrize("resets", [True, False])
def test_a_client_that_is_gone_as_its_time_runs_out_keeps_nobody_else_from_being_cut_off(
    published: Path, monkeypatch: pytest.MonkeyPatch, resets: bool
) -> None:
    """Once a second the server tells the time and cuts off the slow; it goes on doing so, whatever comes of one of them."""
    hurry(monkeypatch)
    plug = socket.socket()
    if resets:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    clock = Moment(plug)
    with running(published, clock=clock) as server:
        clock.server = server
        plug.connect(("127.0.0.1", server.port))
        plug.sendall(PAGE[:-1])
        until(lambda: plug.fileno() < 0)
        with wire(server.port) as line:
            line.say(PAGE[:-1])

            assert line.answer().status == 408
            assert line.is_over()


def test_a_connection_that_cannot_be_ended_in_order_is_just_ended(impatient: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    expire, failed = Connection.expire, list[object]()

    def fails_once(one: Connection) -> None:
        if not failed:
            failed.append(one)
            raise RuntimeError("as if broken")
        expire(one)

    monkeypatch.setattr(Connection, "expire", fails_once)
    with wire(impatient.port) as first, wire(impatient.port) as second:
        for line in (first, second):
            assert line.is_over()

    assert failed


@pytest.fixture
def calm(published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server with a big answer at /console/, where no time passes but when a test says so."""
    for name in ("HEAD_WITHIN_S", "BODY_WITHIN_S", "TAKEN_WITHIN_S"):
        monkeypatch.setattr(connection, name, 1000.0)
    with running(published, big) as found:
        yield found


@pytest.mark.parametrize("request_", [CONSOLE, CONSOLE_LAST], ids=["others may follow", "the last"])
def test_who_takes_an_answer_slowly_gets_the_whole_of_it(calm: Running, request_: bytes) -> None:
    """A phone at the edge of its network: its time is over again and again, and each time it has taken something."""
    with slow(calm, holds=500_000) as (line, its):
        line.say(request_)
        until(lambda: its.state in (State.BLOCKED, State.PARTING))
        for _ in range(20):
            take(calm, line, its, 32 * 1024)
            inside(calm, its.expire)

        assert len(line.answer().body) == BIG


@pytest.mark.parametrize("request_", [CONSOLE, CONSOLE_LAST], ids=["others may follow", "the last"])
def test_who_stops_taking_an_answer_is_cut_off(calm: Running, request_: bytes) -> None:
    with slow(calm) as (line, its):
        line.say(request_)
        until(lambda: its.state in (State.BLOCKED, State.PARTING))
        take(calm, line, its, 32 * 1024)
        inside(calm, its.expire)
        assert not its.transport.is_closing()
        until(lambda: cut_off(calm, its))  # what was under way at the first look may have come since

        with pytest.raises((EOFError, ConnectionResetError)):
            line.answer()


def cut_off(server: Running, its: Connection) -> bool:
    inside(server, its.expire)
    return its.transport.is_closing()


def test_nobody_takes_one_answer_for_ever(calm: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "TAKEN_ALTOGETHER_S", 0.0)
    with slow(calm) as (line, its):
        line.say(CONSOLE)
        until(lambda: its.state is State.BLOCKED)
        take(calm, line, its, 32 * 1024)

        assert cut_off(calm, its)


# --- who keeps nobody waiting ----------------------------------------------------------------------------------------------


def test_a_body_is_no_second_request_though_what_came_before_was_not_taken_yet(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """X40: the server's 100 Continue is what makes too much for this client; when it has taken that, its body comes."""
    hidden = b"GET /console/secret HTTP/1.1\r\n" + HOST + b"\r\n"
    came: list[tuple[str, bytes]] = []

    def inner(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        came.append((environ["PATH_INFO"], environ["wsgi.input"].read()))
        return application(environ, start)

    with running(published, inner) as server, slow(server) as (line, its):
        find = server.front.files.find

        def found(environ: dict[str, Any]) -> Any:
            """As many bytes as just wait are not too many."""
            its.transport.set_write_buffer_limits(
                its.transport.get_write_buffer_size() + (0 if environ["REQUEST_METHOD"] == "POST" else BIG)
            )
            return find(environ)

        monkeypatch.setattr(server.front.files, "find", found)
        line.say(PAGE * 100 + post(b"/console/", hidden, b"Expect: 100-continue").removesuffix(hidden))
        until(lambda: its.state is State.BLOCKED)
        assert [line.answer().status for _ in range(101)] == [200] * 100 + [100]
        line.say(hidden)

        assert line.answer().body == b"behind"
        assert came == [("/console/", hidden)]
        assert server.front._expected == 0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "TICK_S", 0.05)


def pass_a_moment(server: Running) -> None:
    """Until the server has looked who has waited how long."""
    seen = server.front.now
    until(lambda: server.front.now != seen)


@pytest.mark.usefixtures("quick")
def test_who_makes_room_is_not_who_came_first_but_who_has_asked_for_nothing_longest(published: Path) -> None:
    with running(published, most=3) as server, wire(server.port) as first, wire(server.port) as second, wire(server.port) as third:
        for line in (second, third, first, second):
            line.say(PAGE)
            line.answer()
            pass_a_moment(server)
        with wire(server.port) as newcomer:
            newcomer.say(PAGE)

            assert newcomer.answer().status == 200
            assert third.is_over()
            for line in (first, second):
                line.say(PAGE)
                assert line.answer().status == 200


def ask_for_more_than_is_taken(server: Running, line: Wire, its: Connection) -> None:
    """It stays ready for the next request all the while."""
    inside(server, lambda: its.transport.set_write_buffer_limits(64 * BIG))
    line.say(PAGE * 100)
    until(lambda: inside(server, its.transport.get_write_buffer_size))


@pytest.mark.usefixtures("quick")
def test_who_still_takes_its_answer_does_not_make_room_while_another_waits_for_nothing(published: Path) -> None:
    with running(published, most=2) as server, slow(server) as (line, its):
        ask_for_more_than_is_taken(server, line, its)
        with wire(server.port) as idle:
            pass_a_moment(server)
            with wire(server.port) as newcomer:
                newcomer.say(PAGE)

                assert newcomer.answer().status == 200
                assert idle.is_over()
                assert {line.answer().status for _ in range(100)} == {200}


def test_who_still_takes_its_answer_makes_room_where_everybody_does(published: Path) -> None:
    """Or those who ask and take nothing could keep all others out."""
    with running(published, most=1) as server, slow(server) as (line, its):
        ask_for_more_than_is_taken(server, line, its)
        with wire(server.port) as newcomer:
            newcomer.say(PAGE)

            assert newcomer.answer().status == 200
