"""D22: who may send. Two dispatchers, killed holders, lost connections, and a holder that is suspended and comes back."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from sqlalchemy import text as sql

from statuspage.core.deliveries import Delivery
from statuspage.store import deliveries
from statuspage.store.engine import Database
from statuspage.store.locks import LockLost
from tests.delivery.kill_child import dispatch, dispatch_suspended
from tests.delivery.real import FORKS, in_child, served, states, tell, until, wait_for, wrong
from tests.simulation.networks import FakeNetwork

pytestmark = pytest.mark.filterwarnings(FORKS)
HANDOVERS = 30
GAP_S = 5.0
CLASSES = ("keyed", "natural", "bare", "blind")


@dataclass
class Children:
    """Forked processes; whichever are left at the end are killed."""

    alive: list[int] = field(default_factory=list)

    def fork(self, deed: partial[None]) -> int:
        self.alive.append(in_child(deed))
        return self.alive[-1]

    def kill(self, child: int) -> None:
        self.alive.remove(child)
        os.kill(child, signal.SIGKILL)
        wait_for(child)


@contextmanager
def children() -> Iterator[Children]:
    found = Children()
    try:
        yield found
    finally:
        for child in list(found.alive):
            found.kill(child)


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["sqlite_url", "postgres_url"])
def test_a_second_dispatcher_takes_over_when_the_first_is_killed(database_url: str, request: pytest.FixtureRequest) -> None:
    """D22: 30 hand-overs in the middle of the work, no double, at most 5 s until the next post goes."""
    url = request.getfixturevalue(database_url)
    chance, gaps, told = random.Random(1), [], []
    with served("bare") as (address, network), children() as forked:
        database = Database(url)
        run = partial(dispatch, url, "bare", address, 0.15)
        holder = forked.fork(run)
        for number in range(0, 4 * HANDOVERS, 4):
            second = forked.fork(run)
            told += [tell(database, "bare", number + step) for step in range(4)]
            time.sleep(chance.uniform(0.0, 0.8))  # before, while or after they are sent
            forked.kill(holder)
            begun, posted = time.monotonic(), len(network.posts)
            told.append(tell(database, "bare", 10_000 + number))
            until(partial(_more_than, network, posted))
            gaps.append(time.monotonic() - begun)
            holder = second
        until(lambda: set(states(database)) == {"delivered"})
        found = wrong(database, {"bare": network}, told)
        database.close()

    assert found == []
    assert len(network.posts) == len(told) == 5 * HANDOVERS
    assert max(gaps) <= GAP_S  # the promise itself is a time


def _more_than(network: FakeNetwork, posts: int) -> bool:
    return len(network.posts) > posts


# --- a holder that is suspended after its intent commit ------------------------------------------------------------------------


def _suspended(forked: Children, url: str, address: str, account: str) -> int:
    """A dispatcher that has committed to send, and stands still before it does."""
    child = forked.fork(partial(dispatch_suspended, url, account, address))
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "it ended before it was suspended"
    return child


def _end_lock_sessions(database: Database) -> int:
    with database.writing() as session:
        query = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        return len(session.execute(sql(query)).all())


@pytest.mark.long
@pytest.mark.parametrize("comes_back", ["before the other has decided", "after the other has decided"])
def test_a_holder_stopped_after_its_intent_commit_and_cut_off_makes_no_second_post(comes_back: str, postgres_url: str) -> None:
    """PostgreSQL: stopped, its session ended by the server, a second one started, the first continued: one post, on every class.

    Who comes back late does not send any more: on a network that cannot be read nobody knows that, and an alarm asks a person.
    """
    soon = comes_back.startswith("before")
    networks: dict[str, FakeNetwork] = {}
    with ExitStack() as stack:
        forked = stack.enter_context(children())
        database = Database(postgres_url)
        stack.callback(database.close)
        addresses, told = {}, []
        for number, kind in enumerate(CLASSES):
            addresses[kind], networks[kind] = stack.enter_context(served(kind))
            told.append(tell(database, kind, number))
        database.close()
        stopped = {kind: _suspended(forked, postgres_url, addresses[kind], kind) for kind in CLASSES}
        assert set(states(database)) == {"sending"}
        ended = _end_lock_sessions(database)
        database.close()
        for kind in CLASSES:
            forked.fork(partial(dispatch, postgres_url, kind, addresses[kind], 0.15))
        if soon:
            until(lambda: "sending" not in states(database))  # the second has taken over
        else:
            until(lambda: set(states(database)) == {"delivered"})
        for child in stopped.values():
            os.kill(child, signal.SIGCONT)
        for child in stopped.values():
            assert wait_for(child) == 0  # it ends by itself after its pass
            forked.alive.remove(child)
        until(lambda: set(states(database)) == {"delivered"})
        found = wrong(database, networks, told)
        made = {kind: len(network.posts) for kind, network in networks.items()}
        stories = _outcomes(database, told)

    assert ended == len(CLASSES)
    assert found == []
    assert made == {"keyed": 1, "natural": 1, "bare": 1, "blind": 1 if soon else 0}
    assert "assumed" in stories[CLASSES.index("blind")]


def _outcomes(database: Database, told: list[Delivery]) -> list[list[str]]:
    with database.reading() as session:
        return [[line.outcome for line in deliveries.story(session, row.id)] for row in told]


def test_on_sqlite_a_stopped_holder_keeps_its_lock_the_second_idles_and_the_first_makes_the_one_post(sqlite_url: str) -> None:
    """The kernel drops a file's lock with its process, not with a pause: nobody can take it away."""
    with served("bare") as (address, network), children() as forked:
        database = Database(sqlite_url)
        told = tell(database, "bare", 1)
        database.close()
        first = _suspended(forked, sqlite_url, address, "bare")
        reading, writing = os.pipe()
        forked.fork(partial(dispatch, sqlite_url, "bare", address, 0.15, writing))
        os.close(writing)
        owned = os.read(reading, 1) + os.read(reading, 1) + os.read(reading, 1)  # whether it was the owner, after each of its passes
        before = states(database)
        os.kill(first, signal.SIGCONT)
        assert wait_for(first) == 0
        forked.alive.remove(first)
        os.close(reading)
        found = wrong(database, {"bare": network}, [told])
        after = states(database)
        database.close()

    assert owned == b"nnn"
    assert (before, after) == (["sending"], ["delivered"])
    assert found == []
    assert len(network.posts) == 1


# --- the locks themselves ----------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_killed_holder_frees_the_lock_on_both_databases(database: Database) -> None:
    """The lock that elects the owner dies with its process, or with its connection."""
    mine, other = database.lock("loop"), database.lock("loop")
    assert mine.acquire() and not other.acquire()

    mine.release()

    assert other.acquire()
    with other.writing() as session:
        session.execute(sql("SELECT 1"))
    with pytest.raises(LockLost), mine.writing():
        pass
    other.release()


@pytest.mark.long
def test_an_owner_that_lost_its_connection_can_commit_nothing(postgres_url: str) -> None:
    """PostgreSQL: the intent is committed on the very connection that holds the lock."""
    database = Database(postgres_url)
    mine, other = database.lock("loop"), database.lock("loop")
    assert mine.acquire()
    _end_lock_sessions(database)
    until(other.acquire)

    with pytest.raises(LockLost), mine.writing() as session:
        session.execute(sql("INSERT INTO switch (name, off, \"by\", reason, at) VALUES ('posting', true, '', '', now())"))

    with database.reading() as session:
        assert session.execute(sql("SELECT count(*) FROM switch")).scalar_one() == 0
    other.release()
    database.close()


def test_a_process_that_holds_many_locks_has_connections_left_for_its_work(postgres_url: str) -> None:
    """A lock each for verdicts, promises, publication and every account: more than a pool has connections."""
    database = Database(postgres_url)
    locks = [database.lock(f"loop {number}") for number in range(30)]

    held = [lock.acquire() for lock in locks]
    with database.reading() as session:
        asked = session.execute(sql("SELECT 1")).scalar_one()
    with locks[-1].writing() as session:
        session.execute(sql("SELECT 1"))
    for lock in locks:
        lock.release()
    again = database.lock("loop 0")
    until(again.acquire)  # the server notices a moment later
    again.release()
    database.close()

    assert all(held)
    assert asked == 1
