"""Brings a database to the tables of this version, from empty or from any released version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from statuspage.store.engine import Database

FOLDER = Path(__file__).parent / "migrations"
LOCK = 7_201_412  # PostgreSQL advisory lock: two processes never migrate at once


class NotMigrated(Exception):
    """The database has the tables of another version."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def head() -> str:
    """Name of this version's tables."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError(f"{FOLDER}: there are no migrations; the installation is incomplete.")
    return revision


def current(database: Database) -> str | None:
    """Name of the database's tables; None for an empty one."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database, to: str = "head") -> None:
    """Migrates in one transaction: killed in the middle, nothing has happened and it can be run again."""
    config = _config()
    engine = database.engine.execution_options(writing=True)
    with engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def require_head(database: Database) -> None:
    """Raises NotMigrated unless the database has exactly this version's tables."""
    if database.file is not None and not database.file.exists():
        raise NotMigrated(f"There is no database at {database.file}. Say where it is, or make one with: statuspage migrate")
    found, wanted = current(database), head()
    if found != wanted:
        state = "is empty" if found is None else f"has the tables of version {found}"
        raise NotMigrated(f"The database {state}; this program needs {wanted}. Run: statuspage migrate")
