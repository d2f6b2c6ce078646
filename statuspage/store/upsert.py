"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy keeps in two dialects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session


def insert_for(session: Session) -> Callable[..., Any]:
    """The dialect's own `insert`, which has on_conflict_do_nothing and on_conflict_do_update."""
    if session.get_bind().dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite  # each dialect takes a tenth of a second to read, and only one is in use

        return sqlite.insert
    from sqlalchemy.dialects import postgresql

    return postgresql.insert
