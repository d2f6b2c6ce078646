"""From empty to this version's tables, on both databases; killed in the middle it can be run again (B8)."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url

from statuspage.store.engine import Database
from statuspage.store.migrate import FOLDER, NotMigrated, current, head, require_head, upgrade
from statuspage.store.tables import Base
from tests.delivery.real import FORKS, in_child, wait_for


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


def steps() -> list[tuple[str, str]]:
    """Each migration: from which tables (base: none), to which."""
    chain = [revision.revision for revision in ScriptDirectory(str(FOLDER)).walk_revisions()][::-1]
    return list(pairwise(["base", *chain]))


class Copies:
    """Databases with the tables of one version, as many as are wanted."""

    def __init__(self, url: str, folder: Path, version: str) -> None:
        self._postgres = None if url.startswith("sqlite") else make_url(url)
        self._folder = folder
        self._name = f"before_{version}"
        self._numbers = itertools.count(1)
        self.made = self._create(self._name, "template0")
        if version != "base":
            with closing(Database(self.made)) as database:
                upgrade(database, version)

    def another(self) -> str:
        return self._create(f"{self._name}_{next(self._numbers)}", self._name)

    def _create(self, name: str, template: str) -> str:
        if self._postgres is None:
            path, before = self._folder / f"{name}.db", self._folder / f"{template}.db"
            path.write_bytes(before.read_bytes() if before.exists() else b"")
            return f"sqlite:///{path}"
        admin = create_engine(self._postgres, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        admin.dispose()
        return self._postgres.set(database=name).render_as_string(hide_password=False)


def migrated(url: str, to: str, told: int) -> None:
    """In a child: one migration; a letter before it and one after it."""
    database = Database(url)
    os.write(told, b"b")
    upgrade(database, to)
    os.write(told, b"e")


def killed(url: str, to: str, after_s: float) -> int:
    """One migration that is killed so long after it began; the signal that ended it, 0 if it was quicker."""
    read, told = os.pipe()
    child = in_child(lambda: (migrated(url, to, told), os._exit(0)))
    os.close(told)
    os.read(read, 1)
    time.sleep(after_s)  # the moment of the blow
    os.kill(child, signal.SIGKILL)
    ended = wait_for(child)
    os.close(read)
    return ended


@pytest.mark.long
@pytest.mark.filterwarnings(FORKS)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_each_migration_killed_at_any_moment_can_be_run_again(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """B8: 20 kills per step."""
    chance = random.Random(7)
    url = "sqlite://" if kind == "sqlite" else request.getfixturevalue("postgres_cluster")

    for before, after in steps():
        copies, unfinished = Copies(url, tmp_path, before), 0
        begun = time.monotonic()
        with closing(Database(copies.another())) as database:
            upgrade(database, after)
        took_s = time.monotonic() - begun

        for number in range(20):
            target = copies.another()
            killed(target, after, chance.uniform(0.0, 0.5 if number % 2 else 1.0) * took_s)

            with closing(Database(target)) as database:
                found = current(database) or "base"
                assert found in (before, after)
                unfinished += found == before
                upgrade(database)
                require_head(database)
        assert unfinished > 0, f"no blow ever fell in the middle of {after}: this would find nothing"
