"""Opening the database, and the two ways into it: writing() and reading().

SQLite: rollback journal (libraries before 3.51.3 can corrupt a WAL database), synchronous FULL, foreign keys, busy timeout
5 s, BEGIN IMMEDIATE for writers and one writer gate per process. PostgreSQL: READ COMMITTED, what SQLAlchemy gives.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session, sessionmaker

from statuspage.store.locks import OwnerLock, open_lock


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        cursor = connection.cursor()
        for pragma in ("journal_mode=DELETE", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        immediate = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def open_engine(url: str) -> Engine:
    """An engine with the settings of the docstring above. `url` is absolute, e.g. sqlite:////var/lib/statuspage/statuspage.db."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"check_same_thread": False, "timeout": 5})
        _prepare_sqlite(engine)
        return engine
    return create_engine(parsed, pool_pre_ping=True)


class Database:
    """The store port. Sessions expire nothing on commit, so that values read may be used after it."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._gate: Any = threading.Lock() if self.is_sqlite else nullcontext()
        self._write = sessionmaker(self.engine.execution_options(writing=True), expire_on_commit=False)
        self._read = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One write transaction: commits at the end, rolls back on an error. Never hold it over a network call."""
        with self._gate, self._write() as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only session; fetch what is needed, then leave."""
        with self._read() as session:
            yield session

    def lock(self, name: str) -> OwnerLock:
        """The lock that elects the owner of the loop of that name; see locks.py."""
        return open_lock(self, name)

    def close(self) -> None:
        self.engine.dispose()
