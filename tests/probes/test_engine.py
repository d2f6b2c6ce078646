"""The loop itself: what is abandoned is closed, what waits elsewhere stops nobody, a mistake ends the one check that it is in."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from statuspage.probes import http, tcp
from statuspage.probes.engine import Aside, Engine, Pause, Together
from statuspage.probes.look import Look
from statuspage.probes.queries import Server
from tests.probes.servers import hang, page, resolving, serving
from tests.processes import until


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_checks_that_are_abandoned_leave_no_socket_open(look: Look) -> None:
    with serving(hang) as server, resolving(lambda _name, _kind: None) as resolver:
        gc.collect()
        before = descriptors()
        engine = Engine()
        here = replace(look, monotonic=engine.monotonic, servers=(Server("127.0.0.1", resolver.port),))
        for url in (server.url, "http://bank.test/"):
            for _ in range(20):
                engine.start(http.probe(http.Target(url=url), here), lambda *_: None)
        while server.accepted < 20 or len(resolver.questions) < 40:
            engine.turn(0.1)
        assert descriptors() > before + 40

        engine.close()

        assert engine.tasks == set()
        until(lambda: descriptors() <= before)  # the server closes its ends a moment after it notices that its clients are gone


def test_a_cancelled_check_never_ends_and_is_closed(engine: Engine, look: Look) -> None:
    ended: list[Any] = []
    with serving(hang) as server:
        task = engine.start(http.probe(http.Target(url=server.url), look), lambda *result: ended.append(result))
        while server.accepted < 1:
            engine.turn(0.1)
        task.cancel()
        task.cancel()
        for _ in range(5):
            engine.turn(0.01)

    assert (ended, engine.tasks) == ([], set())


def test_what_waits_in_the_helper_thread_delays_no_check(engine: Engine, look: Look) -> None:
    gate, order = threading.Event(), []

    def waiting() -> Any:
        order.append((yield Aside(lambda: gate.wait(30) and "waited")))

    with serving(page()) as server:
        engine.start(waiting(), lambda *_: None)
        order.append(str(engine.run(http.probe(http.Target(url=server.url), look)).outcome))
        gate.set()
        while len(order) < 2:
            engine.turn(0.1)

    assert order == ["passed", "waited"]


def test_what_goes_wrong_in_the_helper_thread_is_raised_where_it_was_asked(engine: Engine) -> None:
    def broken() -> Any:
        raise OSError("away")

    def asking() -> Any:
        try:
            yield Aside(broken)
        except OSError as error:
            return str(error)

    assert engine.run(asking()) == "away"


def test_a_mistake_ends_the_check_that_it_is_in_and_no_other(engine: Engine, look: Look) -> None:
    errors: list[BaseException | None] = []

    def mistaken() -> Any:
        yield Pause(0)
        raise ZeroDivisionError

    with serving(page()) as server:
        engine.start(mistaken(), lambda _value, error: errors.append(error))
        finding = engine.run(tcp.probe(tcp.Target("127.0.0.1", server.port), look))
        while not errors:
            engine.turn(0.1)

    assert str(finding.outcome) == "passed"
    assert isinstance(errors[0], ZeroDivisionError)


def test_pauses_of_checks_run_side_by_side(engine: Engine) -> None:
    order: list[int] = []

    def sleeper(number: int) -> Any:
        yield Pause(number / 100)
        order.append(number)
        return number

    assert engine.run(Together([sleeper(number) for number in (3, 1, 2)]).as_work()) == [3, 1, 2]
    assert order == [1, 2, 3]


def test_closing_twice_is_fine() -> None:
    engine = Engine()

    engine.close()
    engine.close()

    with pytest.raises(ValueError, match="closed"):
        engine.turn(0.0)
