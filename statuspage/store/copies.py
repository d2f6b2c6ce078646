"""A consistent copy of an SQLite database that is in use, and what a copy holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from alembic.migration import MigrationContext
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from statuspage.store import audit
from statuspage.store.engine import BUSY_TIMEOUT_S, open_engine
from statuspage.store.tables import Base, CardRow, DeliveryRow, IncidentRow, UpdateRow

COUNTED = {"incidents": IncidentRow, "updates": UpdateRow, "deliveries": DeliveryRow}


@dataclass(frozen=True)
class Contents:
    """What a database file holds, and what is wrong with it.

    tables     name of the version of its tables, None if it has none
    counts     rows of incidents, updates and deliveries
    head       hash of the newest line of the audit log
    problems   sentences; () if file, foreign keys and audit chain are sound
    """

    tables: str | None
    counts: dict[str, int]
    head: str
    problems: tuple[str, ...]


def copy_sqlite(source: Path, to: Path) -> None:
    """The database as it is at one moment, as a new file. Writers wait while it is copied; readers do not.

    In one step on purpose: a copy in several begins anew with each commit of another process, and may never end.
    Raises sqlite3.Error, OSError.
    """
    to.touch(mode=0o600)
    with closing(sqlite3.connect(source, timeout=BUSY_TIMEOUT_S)) as running, closing(sqlite3.connect(to)) as copy:
        copy.execute("PRAGMA synchronous=OFF")  # a copy that a crash cut short is thrown away
        running.backup(copy, pages=-1)


def roll_back(path: Path) -> None:
    """What a process that was killed had half written is undone, as at every opening; a file that cannot be opened stays as it is."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as database:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()


def examine(path: Path) -> Contents:
    """Opens a database file and looks through all of it."""
    engine = open_engine(f"sqlite:///{path}")
    try:
        with Session(engine) as session:
            problems = [str(line) for line in session.scalars(text("PRAGMA integrity_check")) if line != "ok"]
            problems += [f"row {row[1]} of {row[0]} points nowhere" for row in session.execute(text("PRAGMA foreign_key_check"))]
            tables = MigrationContext.configure(session.connection()).get_current_revision()
            broken = audit.verify(session)
            counts = {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in COUNTED.items()}
            return Contents(tables, counts, audit.head(session), (*problems, *([broken] if broken else [])))
    except DatabaseError as error:
        said = str(error.orig or error).splitlines()[0]
        return Contents(None, dict.fromkeys(COUNTED, 0), "", (f"it cannot be read: {said}",))
    finally:
        engine.dispose()


def forget_pictures(session: Session) -> None:
    """Pictures that were out may be gone with the folder that they were in: they are drawn again."""
    session.query(CardRow).delete()


def end_sessions(session: Session) -> None:
    """Everybody signs in anew, and links that sign in count no more."""
    for name in ("session", "sign_in_link"):
        session.execute(Base.metadata.tables[name].delete())
