"""The store's own trouble, told apart from everything else without anybody above knowing SQLAlchemy."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy.exc import DBAPIError, OperationalError

from statuspage.core.errors import DomainError

StoreTrouble = (OperationalError, DBAPIError)

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)  # beyond a limit of the file's size SQLite reports a failed write
_POSTGRESQL_FULL = "53100"


class StoreFull(OperationalError, DomainError):
    """The database has no room: nothing was saved. Both trouble of the store and an answer to the person who wanted to save something."""

    def __str__(self) -> str:
        return "The disk of the database is full: nothing was saved. Free some space and save again; it works again by itself then."


def is_locked(error: BaseException) -> bool:
    """True for SQLite's "database is locked": somebody else is writing or reading, the same may be tried again."""
    return _code(error) in _LOCKED


def is_full(error: BaseException) -> bool:
    """True if there was no room for what was to be written."""
    return _code(error) in _FULL or getattr(getattr(error, "orig", error), "sqlstate", None) == _POSTGRESQL_FULL


def full(error: OperationalError) -> StoreFull:
    """The same trouble, with a text for people; statement and values stay out of it."""
    return StoreFull(None, None, error.orig or error)


def reason(error: BaseException) -> str:
    """What the database said, in one line, without the statement."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def _code(error: BaseException) -> Any:
    """SQLite's error code, its extended part cut off where the plain code is asked for."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    if code is None:
        return None
    return code if code in _FULL else code & 0xFF
