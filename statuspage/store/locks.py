"""Who owns a single-owner loop: a lock that dies with its holder. No clock has a say in it.

SQLite: flock on a file beside the database; the kernel drops it with the process (the file is close-on-exec). PostgreSQL: an
advisory lock of a session. It dies with its connection: acquire() asks the server each time whether the connection lives. It can
still die a moment later: therefore whatever only the owner may do is committed through `writing()`, on that very connection, where
a lost lock makes the commit impossible.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from statuspage.store.trouble import full, is_full

if TYPE_CHECKING:
    from statuspage.store.engine import Database


class LockLost(Exception):
    """The lock is not held any more: somebody else may be the owner by now. Nothing was committed."""


def one_at_a_time(session: Session, number: int) -> None:
    """From here to the end of the transaction no other one is in the part of that number. SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


class OwnerLock(Protocol):
    """Held by at most one loop of that name, over all processes that use the same database.

    sure   True if the previous holder is surely gone; False if it may still be at work without knowing that it lost the lock
    """

    sure: bool

    def acquire(self) -> bool:
        """True if this loop is the owner, still or from now on. Asked before each step; waits for nobody but the database itself.

        False at least once after the lock was lost: whatever the owner remembers is worth nothing then.
        """
        ...

    def writing(self) -> Any:
        """A write transaction that commits only while the lock is held. Raises LockLost."""
        ...

    def release(self) -> None: ...


def open_lock(database: Database, name: str) -> OwnerLock:
    """The lock of that name. Each call gives a lock of its own: two of them exclude each other, in one process too."""
    if not database.is_sqlite:
        return SessionLock(database, name)
    file = database.engine.url.database
    if file in (None, "", ":memory:"):
        return MemoryLock(database, name)
    return FileLock(database, Path(f"{file}-locks") / f"{name}.lock")


class FileLock:
    """SQLite: flock. Files are never removed, since two processes could then lock two files of one name."""

    sure = True

    def __init__(self, database: Database, path: Path) -> None:
        self._database = database
        self._path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        if self._file is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    @contextmanager
    def writing(self) -> Iterator[Session]:
        if self._file is None:
            raise LockLost(f"{self._path.name} is not held")
        with self._database.writing() as session:
            yield session

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class SessionLock:
    """PostgreSQL: pg_try_advisory_lock on a connection kept for it, which is taken out of the pool: however many locks a process
    holds, as many connections as ever are left for its work."""

    sure = False

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._key = int.from_bytes(hashlib.sha256(f"statuspage {name}".encode()).digest()[:8], "big", signed=True)
        self._connection: Connection | None = None
        self._driver: Any = None

    def acquire(self) -> bool:
        if self._connection is not None:
            lives = self._lives(self._connection)
            if not lives:
                self.release()
            return lives
        connection = self._database.engine.connect()
        try:
            got = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}))
            connection.commit()
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        if got:
            self._connection, self._driver = connection, connection.connection.driver_connection
            connection.detach()
        else:
            connection.close()
        return got

    def _lives(self, connection: Connection) -> bool:
        """Asks the server, each time: an idle connection tells nobody that it is gone, and the lock has gone with it."""
        try:
            connection.execute(text("SELECT 1"))
            connection.rollback()
        except DBAPIError:
            return False
        return True

    @contextmanager
    def writing(self) -> Iterator[Session]:
        if self._connection is None:
            raise LockLost(f"{self._name} is not held")
        try:
            with Session(self._connection, expire_on_commit=False) as session, session.begin():
                yield session
        except DBAPIError as error:
            if error.connection_invalidated or self._connection.invalidated:
                self.release()
                raise LockLost(f"the connection that held {self._name} is gone") from error
            if isinstance(error, OperationalError) and is_full(error):
                raise full(error) from error
            raise

    def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._driver.close()  # for good: the lock ends with it
            connection.invalidate()
            connection.close()


class MemoryLock:
    """A database in memory is seen by one process only, and so is its lock."""

    sure = True

    _held: set[tuple[int, str]] = set()  # noqa: RUF012 - shared on purpose
    _guard = threading.Lock()

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._key = (id(database), name)
        self._mine = False

    def acquire(self) -> bool:
        with self._guard:
            if not self._mine and self._key not in self._held:
                self._held.add(self._key)
                self._mine = True
        return self._mine

    @contextmanager
    def writing(self) -> Iterator[Session]:
        if not self._mine:
            raise LockLost(f"{self._key[1]} is not held")
        with self._database.writing() as session:
            yield session

    def release(self) -> None:
        with self._guard:
            self._held.discard(self._key) if self._mine else None
            self._mine = False
