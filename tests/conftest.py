"""Fixtures that every part uses: a real database of each kind."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import xdist.scheduler
from hypothesis import settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from statuspage.store.engine import Database
from statuspage.store.tables import Base
from tests.postgres import running_cluster

settings.register_profile("patient", deadline=None)  # no test depends on how busy the machine is
settings.load_profile("patient")
_numbers = itertools.count(1)
# Files whose tests share what takes long to make: each goes to one worker, and first of all.
TOGETHER = ("tests/end_to_end/test_demonstration.py", "tests/simulation/test_simulation.py", "tests/web/test_looks.py")
# Long tests in which nothing depends on how busy the machine is: they share its cores. The others run alone and in series.
BESIDE = (
    "tests/actions/",
    "tests/delivery/",
    "tests/packaging/",
    "tests/simulation/",
    "tests/store/",
    "tests/verdict/",
    "tests/web/",
    "tests/words/",
    "tests/web_public/test_accessible.py",
    "tests/web_public/test_ways_of_looking.py",
    "tests/worker/test_copies.py",
    "tests/worker/test_hanging.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(BESIDE):
            item.add_marker("beside")


class Scheduling(xdist.scheduler.LoadScopeScheduling):  # type: ignore[misc]
    """Every test by itself, but those of some files. In place of xdist's own groups, which pytest 9.2 does not let it see."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return Scheduling(config, log)


class Telling:
    """Names what failed at once: a run that never ends, or is ended from outside, still says what it found."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.write_line(f"\nFAILED ({report.when}) {report.nodeid}")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Telling(terminal), "telling")


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[None]:
    """A test that captures the log leaves it as no command sets it up; the next test must not print because of it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    Base.metadata.create_all(database.engine)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    with running_cluster() as url:
        template = make_url(url).set(database="template_statuspage")
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text("CREATE DATABASE template_statuspage"))
        engine = create_engine(template)
        Base.metadata.create_all(engine)
        engine.dispose()
        admin.dispose()
        yield url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "statuspage.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_cluster: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    admin = create_engine(postgres_cluster, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_statuspage"))
    yield make_url(postgres_cluster).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The store on each kind of database, empty, with all tables."""
    url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    database = Database(url)
    yield database
    database.close()
