"""The embedded server and those who are slow: who is waited for, who is cut off, who makes room; and that one keeps nobody else waiting."""

from __future__ import annotations

import socket
import struct
from datetime import datetime
from pathlib import Path

import pytest

from statuspage.outside import SystemClock
from statuspage.web import connection
from tests.processes import until
from tests.web_public.conftest import hurry
from tests.web_public.serving import Running, running
from tests.web_public.wires import PAGE, wire


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
    expire, failed = connection.Connection.expire, list[object]()

    def fails_once(one: connection.Connection) -> None:
        if not failed:
            failed.append(one)
            raise RuntimeError("as if broken")
        expire(one)

    monkeypatch.setattr(connection.Connection, "expire", fails_once)
    with wire(impatient.port) as first, wire(impatient.port) as second:
        for line in (first, second):
            assert line.is_over()

    assert failed
