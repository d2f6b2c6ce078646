"""D1 and D2: real processes, SIGKILL, both databases, real servers on loopback. Children are forked from this warm process."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from contextlib import ExitStack
from functools import partial
from itertools import product

import pytest
from sqlalchemy import text as sql

from broadcasters.http import Request
from statuspage.core.deliveries import Delivery
from statuspage.store.engine import Database
from statuspage.worker.dispatcher import Dispatcher
from tests.delivery.kill_child import CONTAINED, POINTS, DyingTransport, context, dispatch_and_die
from tests.delivery.real import FORKS, in_child, served, states, tell, until, wait_for, wrong
from tests.simulation.networks import BROADCASTERS, FakeNetwork

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings(FORKS)]
TIMES = 20
KILLS = 300
QUIET_S = 0.15


@pytest.mark.parametrize("database_url", ["sqlite_url", "postgres_url"])
@pytest.mark.parametrize(
    ("kind", "point"), [*product(("natural", "keyed", "staged", "bare"), POINTS), ("staged", CONTAINED)]
)  # fmt: skip
def test_a_process_killed_at_any_point_neither_loses_nor_doubles(
    kind: str, point: str, database_url: str, request: pytest.FixtureRequest
) -> None:
    """D2: 5 points x 4 classes x 20, and a sixth of staged posts; each on an account of its own, the successors work side by side."""
    url = request.getfixturevalue(database_url)
    networks: dict[str, FakeNetwork] = {}
    told: list[Delivery] = []
    with ExitStack() as stack:
        database = Database(url)
        stack.callback(database.close)
        successors = []
        for number in range(TIMES):
            account = f"{kind}-{number}"
            address, networks[account] = stack.enter_context(served(kind))
            told.append(tell(database, kind, number, account))
            database.close()  # no connection is shared with the child
            assert wait_for(in_child(partial(dispatch_and_die, url, kind, address, point, account))) == signal.SIGKILL
            ctx = context(url, kind, address, DyingTransport(die=False), quiet_s=QUIET_S, account=account)
            stack.callback(ctx.ports.store.close)  # type: ignore[attr-defined]
            successors.append(Dispatcher(ctx, account, BROADCASTERS))
            stack.callback(successors[-1].close)
        until(lambda: [successor.step() for successor in successors] and set(states(database)) == {"delivered"})

        assert wrong(database, networks, told) == []
        assert [len(network.posts) for network in networks.values()] == [1] * TIMES


@pytest.mark.parametrize("database_url", ["sqlite_url", "postgres_url"])
def test_update_notice_and_delivery_are_saved_together_or_not_at_all(database_url: str, request: pytest.FixtureRequest) -> None:
    """D1: 300 kills at random moments while a real process commits."""
    url = request.getfixturevalue(database_url)
    chance = random.Random(1)
    acknowledged_total = 0
    for kill in range(KILLS):
        reading, writing = os.pipe()

        def commit(kill: int = kill, writing: int = writing) -> None:
            database = Database(url)
            for number in range(10_000):
                tell(database, "bare", kill * 10_000 + number)
                os.write(writing, b"%d\n" % (kill * 10_000 + number))

        child = in_child(commit)
        os.close(writing)
        first = os.read(reading, 64)  # it is at work
        time.sleep(chance.uniform(0.0, 0.02))
        os.kill(child, signal.SIGKILL)
        assert wait_for(child) == signal.SIGKILL
        acknowledged = [int(line) for line in (first + _rest(reading)).split()]
        acknowledged_total += len(acknowledged)
        database = Database(url)
        until(partial(_no_other_sessions, database))  # PostgreSQL may still be committing for the dead
        with database.reading() as session:
            saved = [
                set(session.scalars(sql(f"SELECT substr(id, 2) FROM {table} WHERE id >= :low"), {"low": f"{letter}{kill * 10_000:011d}"}))
                for table, letter in (("incident_update", "u"), ("notice", "n"), ("delivery", "d"))
            ]
        database.close()
        assert saved[0] == saved[1] == saved[2], kill
        assert {f"{number:011d}" for number in acknowledged} <= saved[0], kill
    assert acknowledged_total >= KILLS


def _no_other_sessions(database: Database) -> bool:
    if database.is_sqlite:
        return True
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with database.reading() as session:
        return int(session.execute(sql(query)).scalar_one()) == 0


def _rest(pipe: int) -> bytes:
    pieces = b""
    while piece := os.read(pipe, 65536):
        pieces += piece
    os.close(pipe)
    return pieces


def test_the_answer_is_json() -> None:
    """The served fakes answer what their broadcasters read."""
    with served("bare") as (address, _):
        answer = DyingTransport(die=False).exchange(Request("GET", f"{address}/me", {"Authorization": "Bearer good"}))

    assert json.loads(answer.body) == {"name": "bare"}
