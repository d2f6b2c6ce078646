"""From empty to this version's tables, on both databases; killed in the middle it can be run again (B8)."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url

from statuspage.store.engine import Database
from statuspage.store.migrate import NotMigrated, current, head, require_head, upgrade
from statuspage.store.tables import Base


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a single table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.close()
        return
    cluster = request.getfixturevalue("postgres_cluster")
    name = f"empty_{random.getrandbits(40)}"
    admin = create_engine(cluster, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(make_url(cluster).set(database=name).render_as_string(hide_password=False))
    yield database
    database.close()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def test_the_migrations_make_exactly_the_tables_of_this_version(empty: Database) -> None:
    upgrade(empty)

    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": Base.metadata})
        differences = compare_metadata(context, Base.metadata)
    assert differences == []
    assert current(empty) == head()


def test_migrating_twice_changes_nothing(empty: Database) -> None:
    upgrade(empty)
    before = sorted(inspect(empty.engine).get_table_names())

    upgrade(empty)

    assert sorted(inspect(empty.engine).get_table_names()) == before
    require_head(empty)


def test_a_program_does_not_start_on_the_tables_of_another_version(empty: Database) -> None:
    with pytest.raises(NotMigrated, match="statuspage migrate"):
        require_head(empty)


MIGRATE = """
import sys
from statuspage.store.engine import Database
from statuspage.store.migrate import upgrade
database = Database(sys.argv[1])
print("begin", flush=True)
upgrade(database)
print("done", flush=True)
"""


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_migration_killed_at_any_moment_can_be_run_again(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    chance = random.Random(7)
    outcomes = set()

    for number in range(20):
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path / f'{number}.db'}"
        else:
            cluster = request.getfixturevalue("postgres_cluster")
            admin = create_engine(cluster, isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE killed_{number}"))
            admin.dispose()
            url = make_url(cluster).set(database=f"killed_{number}").render_as_string(hide_password=False)
        child = subprocess.Popen([sys.executable, "-c", MIGRATE, url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        child.stdout.readline()
        try:
            child.wait(chance.uniform(0.0, 0.5))
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        outcomes.add(child.returncode)

        database = Database(url)
        assert current(database) in (None, head())
        upgrade(database)
        require_head(database)
        database.close()

    assert -signal.SIGKILL in outcomes
