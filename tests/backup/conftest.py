"""A data folder with a database in use, and its backups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from statuspage.outside import SystemClock, SystemRandomness
from statuspage.settings.keys import BACKUP
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database, audit
from statuspage.store.migrate import upgrade
from statuspage.store.tables import AuditRow
from statuspage.worker import backups
from statuspage.worker.backups import Made


@dataclass
class Place:
    process: ProcessSettings
    database: Database
    folder: Path

    @property
    def file(self) -> Path:
        file = self.database.file
        assert file is not None
        return file

    @property
    def key(self) -> bytes:
        return self.process.keys(BACKUP).newest()

    def make(self) -> Made:
        return backups.make(self.process, self.file, self.folder, self.key, SystemClock(), SystemRandomness())

    def counted(self) -> int:
        """Lines of the audit log."""
        with self.database.reading() as session:
            return session.execute(select(func.count()).select_from(AuditRow)).scalar_one()

    def deed(self, what: str = "test") -> None:
        with self.database.writing() as session:
            audit.append(session, at=SystemClock().now(), who="Ada", what=what)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database as `statuspage migrate` makes it."""
    path = tmp_path_factory.mktemp("migrated") / "statuspage.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path.read_bytes()


@pytest.fixture
def place(tmp_path: Path, migrated: bytes) -> Iterator[Place]:
    data = tmp_path / "data"
    data.mkdir()
    (data / "statuspage.db").write_bytes(migrated)
    (data / "statuspage.db").chmod(0o600)
    process = ProcessSettings(tmp_path / "statuspage.yaml", data, f"sqlite:///{data / 'statuspage.db'}")
    database = Database(process.database)
    yield Place(process, database, tmp_path / "backups")
    database.close()
