"""Opening the database, and the two ways into it: writing() and reading().

SQLite: rollback journal, synchronous FULL, foreign keys, busy timeout 5 s, BEGIN IMMEDIATE for writers and one writer gate per
process. With a rollback journal a writer waits for readers and readers for a commit: beginning and commit are tried again while
the database is locked, 30 s in all. PostgreSQL: READ COMMITTED, what SQLAlchemy gives; who stands still within a transaction is cut off
after 30 s. Errors never carry the values of a statement.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from statuspage.store.locks import OwnerLock, open_lock
from statuspage.store.trouble import full, is_full, is_locked

BUSY_TIMEOUT_S = 5
NOTICE_SILENCE = {  # libpq: a server that went away without a word is noticed after 25 s, and with it the loss of every lock held there
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
IDLE_IN_TRANSACTION_S = 30  # PostgreSQL ends the session of a process that stands still in the middle of a transaction: others wait for it
TRIES = 6  # each waits for BUSY_TIMEOUT_S inside SQLite before it says that the database is locked
log = structlog.get_logger("statuspage.store")


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """False for the SQLite libraries whose WAL reset can corrupt a database: 3.7.0 to 3.51.2.

    Repaired in 3.51.3, and carried back to 3.50.7 and 3.44.6 and what follows them in their series. Before 3.7.0 there is no WAL.
    """
    if version[:2] in ((3, 44), (3, 50)):
        return version[2] >= (6 if version[1] == 44 else 7)
    return version >= (3, 51, 3)


def _say_journal(version: tuple[int, ...]) -> None:
    """The journal is the same everywhere, since several programs with libraries of their own may open one file; the log says why."""
    number = ".".join(map(str, version))
    if wal_is_safe(version):
        log.info("rollback journal: the database may be opened by other programs whose SQLite is older", sqlite=number, routine=True)
    else:
        log.info("rollback journal instead of WAL: this SQLite library can corrupt a WAL database", sqlite=number, routine=True)


def _again_while_locked(attempt: Callable[[], Any]) -> None:
    for left in reversed(range(TRIES)):
        try:
            attempt()
            return
        except (sqlite3.OperationalError, OperationalError) as error:
            if not left or not is_locked(error):
                raise


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        cursor = connection.cursor()
        for pragma in ("journal_mode=DELETE", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_S * 1000}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        immediate = connection.get_execution_options().get("writing", False)
        _again_while_locked(lambda: connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN"))

    @event.listens_for(engine, "commit")
    def commit(connection: Any) -> None:
        driver = connection.connection.driver_connection
        if driver.in_transaction:  # a commit refused because of readers leaves the transaction as it was
            try:
                _again_while_locked(lambda: driver.execute("COMMIT"))
            except sqlite3.OperationalError as error:
                raise OperationalError("COMMIT", None, error) from error


def prepare(engine: Engine) -> Engine:
    """Puts the settings of this module's docstring on every connection of an engine that somebody else opened."""
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    return engine


def open_engine(url: str) -> Engine:
    """An engine with the settings of the docstring above. `url` is absolute, e.g. sqlite:////var/lib/statuspage/statuspage.db."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_S})
        _prepare_sqlite(engine)
        return engine
    options = f"{parsed.query.get('options', '')} -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_S}s".strip()
    return create_engine(parsed, pool_pre_ping=True, hide_parameters=True, connect_args={**NOTICE_SILENCE, "options": options})


def is_known(url: str) -> bool:
    """True for the address of a database that the product can use."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return False
    return parsed.drivername == "postgresql+psycopg" or (parsed.drivername == "sqlite" and not parsed.host)


class Database:
    """The store port. Sessions expire nothing on commit, so that values read may be used after it."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite and structlog.is_configured():  # a command that prints for programs has no log
            _say_journal(sqlite3.sqlite_version_info)
        self._gate: Any = threading.Lock() if self.is_sqlite else nullcontext()
        self._write = sessionmaker(self.engine.execution_options(writing=True), expire_on_commit=False)
        self._read = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One write transaction: commits at the end, rolls back on an error. Never hold it over a network call.

        raises   StoreFull, if there is no room for it; nothing was saved
        """
        try:
            with self._gate, self._write() as session, session.begin():
                session.connection()  # begins at once: who is locked out waits here, before anything was done
                yield session
        except OperationalError as error:
            if is_full(error):
                raise full(error) from error
            raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only session; fetch what is needed, then leave."""
        with self._read() as session:
            yield session

    @property
    def file(self) -> Path | None:
        """Where a database of SQLite lies; None if it is in memory, or no SQLite."""
        name = self.engine.url.database if self.is_sqlite else None
        return Path(name) if name and name != ":memory:" else None

    def lock(self, name: str) -> OwnerLock:
        """The lock that elects the owner of the loop of that name; see locks.py."""
        return open_lock(self, name)

    def integrity(self) -> list[str]:
        """What the database itself finds wrong with its file and its foreign keys; [] if nothing. Only SQLite is asked."""
        if not self.is_sqlite:
            return []
        with self.reading() as session:
            found = [str(line) for line in session.scalars(text("PRAGMA integrity_check")) if line != "ok"]
            return found + [f"row {row[1]} of {row[0]} points nowhere" for row in session.execute(text("PRAGMA foreign_key_check"))]

    def close(self) -> None:
        self.engine.dispose()
