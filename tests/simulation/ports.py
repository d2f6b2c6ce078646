"""The five ports in virtual time: clocks that fail apart, chance from one seed, a database in memory that can be busy, full or restored."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from statuspage.store.locks import LockLost
from statuspage.store.tables import Base

if TYPE_CHECKING:
    from tests.simulation.world import Process, World

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class SimClock:
    """One process's clocks. Wall: may jump. Monotonic: stands still while the machine sleeps. Boot: counts that too."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process

    def now(self) -> datetime:
        return self._world.wall()

    def monotonic(self) -> float:
        return 1000.0 + self._world.time - self._world.slept_s

    def boottime(self) -> float:
        return 1000.0 + self._world.time

    def process_id(self) -> str:
        return self._process.run_id

    def wait(self, seconds: float) -> None:
        self._world.sleep(seconds)


class SimRandomness:
    """Chance from the world's seed."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def token(self, length: int, alphabet: str) -> str:
        return "".join(self._source.choices(alphabet, k=length))

    def uniform(self, low: float, high: float) -> float:
        return self._source.uniform(low, high)


def _raw() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


@dataclass(frozen=True)
class Move:
    """A row of the ledger went from one state to another. at: the world's own time, whatever the product's clocks said.

    undone   a backup that was restored since knows nothing of it
    """

    at: float
    id: str
    before: str
    after: str
    undone: bool = False


# Kept by the database itself, so that no code of the product can forget or back-date a move; one that is rolled back was none.
_WITNESS = """
CREATE TABLE move (number INTEGER PRIMARY KEY, at REAL, id TEXT, "before" TEXT, "after" TEXT);
CREATE TRIGGER moved AFTER UPDATE OF state ON delivery WHEN old.state <> new.state
BEGIN INSERT INTO move (at, id, "before", "after") VALUES (sim_now(), new.id, old.state, new.state); END;
"""


class _Shared:
    """One connection and engine per process, so that compiled statements are kept; each world begins with a copy of the template."""

    def __init__(self) -> None:
        self.raw = _raw()
        self.engine = create_engine("sqlite://", creator=lambda: self.raw, poolclass=StaticPool)
        event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        Base.metadata.create_all(self.engine)
        self.moment: Callable[[], float] = lambda: 0.0
        self.raw.create_function("sim_now", 0, lambda: self.moment())
        self.raw.executescript(_WITNESS)
        self.template = _raw()
        self.raw.backup(self.template)
        self.connection = self.engine.connect()  # kept: taking one from the pool costs as much as a small statement

    def session(self) -> Session:
        return Session(self.connection, expire_on_commit=False)


_shared: list[_Shared] = []


def shared() -> _Shared:
    if not _shared:
        _shared.append(_Shared())
    return _shared[0]


class SimStore:
    """The store port. `trouble(moment)` may raise before a transaction begins and around its commit."""

    def __init__(self) -> None:
        self._shared = shared()
        self._shared.template.backup(self._shared.raw)
        self.trouble: Callable[[str], None] = lambda moment: None
        self.holders: dict[str, object] = {}
        self.locks_are_sure = True
        self.wall: Callable[[], datetime] = lambda: START
        self._shared.moment = lambda: 0.0
        self._undone: list[Move] = []  # moves that a restored backup knows nothing of

    def keep_time(self, moment: Callable[[], float]) -> None:
        """The world's time, for moves()."""
        self._shared.moment = moment

    def moves(self) -> list[Move]:
        """Every change of a row's state, also what a restored backup has undone since."""
        return sorted(self._undone + self._moves(), key=lambda move: move.at)

    def _moves(self) -> list[Move]:
        return [Move(*line) for line in self._shared.raw.execute('SELECT at, id, "before", "after" FROM move ORDER BY number')]

    @contextmanager
    def writing(self) -> Iterator[Session]:
        self.trouble("begin")
        with self._shared.session() as session, session.begin():
            yield session
            self.trouble("commit")
        self.trouble("committed")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._shared.session() as session:
            yield session

    def lock(self, name: str) -> SimLock:
        return SimLock(self, name)

    def backup(self) -> sqlite3.Connection:
        copy = sqlite3.connect(":memory:", isolation_level=None)
        self._shared.raw.backup(copy)
        return copy

    def restore(self, copy: sqlite3.Connection) -> None:
        before = self._moves()
        copy.backup(self._shared.raw)
        self._undone += [replace(move, undone=True) for move in before[len(self._moves()) :]]


class SimLock:
    """The holder is whoever stands in the store's table: as with a session lock, it can be lost without being told."""

    def __init__(self, store: SimStore, name: str) -> None:
        self.store = store
        self.name = name
        self.sure = store.locks_are_sure

    def acquire(self) -> bool:
        return self.store.holders.setdefault(self.name, self) is self

    @contextmanager
    def writing(self) -> Iterator[Session]:
        if self.store.holders.get(self.name) is not self:
            raise LockLost(self.name)
        with self.store.writing() as session:
            yield session

    def release(self) -> None:
        if self.store.holders.get(self.name) is self:
            del self.store.holders[self.name]


def busy() -> OperationalError:
    return OperationalError("COMMIT", {}, sqlite3.OperationalError("database is locked"))


def wall_of(time: float, offset_s: float) -> datetime:
    return START + timedelta(seconds=time + offset_s)
