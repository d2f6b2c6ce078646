"""The stage on each kind of database."""

from __future__ import annotations

import pytest

from statuspage.store.engine import Database
from tests.actions.stage import Stage


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)


@pytest.fixture
def quick(sqlite_database: Database) -> Stage:
    """On SQLite alone, for what does not depend on the database."""
    return Stage(sqlite_database)
