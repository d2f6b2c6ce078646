"""A1 with the product as it runs: `statuspage worker` and `statuspage web`, something breaks under them, and readers go on reading."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from statuspage.actions import incidents
from statuspage.actions.incidents import Declaration
from statuspage.core.vocabulary import ComponentStatus, SubjectKind
from statuspage.outside import Folder
from statuspage.publish.encode import digest
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.settings.process import from_environment
from statuspage.store import Database, deliveries
from statuspage.worker.assemble import build_context
from statuspage.worker.process import open_ports, running_configuration
from tests.free_ports import free_port
from tests.processes import until
from tests.storm import readers
from tests.storm.readers import Reader
from tests.web_public.serving import ask
from tests.web_public.test_outlasting import any_static_server
from tests.worker.real import Place, place

pytestmark = pytest.mark.long
PATHS = ("fresh.json", "status.txt", "en/index.html", "de/index.html", "en/feed.atom", "api/v2/summary.json")
READS = 20
HEARTBEAT = timedelta(seconds=2)
SETTLED = timedelta(seconds=5)
SLUGS = ("login", *(f"service-{number}" for number in range(1, 16)))  # each is declared once


@dataclass
class OnDatabase(Place):
    """A place whose processes use the database at `url`."""

    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"STATUSPAGE_DATABASE": self.url}


@dataclass
class Running:
    """Worker and web over a database, a static server over the folder, and two readers who never pause."""

    here: OnDatabase
    stack: ExitStack
    static: int = 0
    said: list[str] = field(default_factory=list)
    seen: list[Reader] = field(default_factory=list)

    def begin(self) -> None:
        self.here.configure(
            **{
                "languages: [en]": "languages: [en, de]",
                "components:\n": "components:\n"
                + "".join(f"  - {{slug: {slug}, name: {{en: {slug}}}, symptom: login}}\n" for slug in SLUGS[1:]),
            }
        )
        assert self.here.command("migrate").returncode == 0
        self.worker, self.web = self.here.start("worker"), self.here.start("web")
        until(lambda: self.manifest() is not None, self.worker)
        until(lambda: self.here.get("/en/")[0] == 200, self.web)
        self.database = Database(self.here.url)
        self.stack.callback(self.database.close)
        process = from_environment(self.here.environment)
        ports = replace(open_ports(process), store=self.database)
        self.console = build_context(ports, process, running_configuration(ports, process, self.here.environment)[1])
        self.static = self.stack.enter_context(any_static_server(self.public.root))
        self.declare()
        until(self.told)
        for reader in (Reader(self.static), Reader(self.here.port)):
            self.seen.append(reader)
            self.stack.callback(reader.end)
            reader.start()

    @property
    def public(self) -> Folder:
        return Folder(self.here.data / "public")

    @property
    def file(self) -> Path | None:
        return self.database.file

    def manifest(self) -> Manifest | None:
        raw = self.public.read(MANIFEST)
        return None if raw is None else Manifest.from_bytes(raw)

    def settled(self) -> bool:
        """Nothing came for so long that every server has taken up the newest edition."""
        return datetime.now(UTC).timestamp() - (self.public.root / MANIFEST).stat().st_mtime > SETTLED.total_seconds()

    def declare(self) -> None:
        declaration = Declaration({SLUGS[len(self.said)]: ComponentStatus.PARTIAL_OUTAGE}, "Ana")
        self.said.append(incidents.declare(self.console, declaration).id)

    def told(self) -> bool:
        """The page shows everything that was said."""
        shown = {one["id"] for one in json.loads(ask(self.here.port, "/api/v2/summary.json").body)["incidents"]}
        page = ask(self.here.port, "/en/").body.decode()
        return shown == set(self.said) and all(one in page for one in self.said)

    def fresh(self, port: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(ask(port, "/fresh.json").body)
        return found

    def age(self) -> timedelta:
        """How old the page says that it is."""
        return datetime.now(UTC) - datetime.fromisoformat(self.fresh(self.static)["made_at"])

    def grows_old(self) -> None:
        """Waits until the page says that heartbeats are missing: whoever should make the next edition cannot, and hides nothing."""
        until(lambda: self.age() > 3 * HEARTBEAT)

    def beats(self) -> None:
        until(lambda: self.age() < HEARTBEAT)

    def judge(self, *ports: int, cut: bool = False) -> None:
        """READS reads of each server, each of a file of the one edition that the manifest names, with what was told before.

        cut   the publisher may have died between two files: a server that knows nothing of editions has whole files of two
        """
        for port in ports:
            good = 0
            while good < READS:
                before, generation = self.manifest(), self.fresh(port)["generation"]
                answers = {path: ask(port, f"/{path}") for path in PATHS}
                if before is None or (self.manifest(), self.fresh(port)["generation"]) != (before, generation):
                    continue  # a heartbeat fell between
                if generation != before.generation and not self.settled():
                    continue  # the embedded server takes it up in a moment; pages that come later have a number of their own
                assert {answer.status for answer in answers.values()} == {200}
                wrong = {path for path, one in answers.items() if digest(one.body) != before.files[PurePosixPath(path)].digests["identity"]}
                assert wrong == set() or (cut and port == self.static)
                whole = {
                    path: Reader(port, port).wrong(f"/{path}".replace("index.html", ""), 200, one.body) for path, one in answers.items()
                }
                assert whole == dict.fromkeys(PATHS, "")
                fresh = json.loads(answers["fresh.json"].body)
                assert datetime.fromisoformat(fresh["made_at"]) <= datetime.now(UTC)
                assert wrong or fresh["made"]["en"] in answers["status.txt"].body.decode()
                good += len(PATHS)
            assert self.said[0] in ask(port, "/en/").body.decode()

    def end(self) -> None:
        """No reader was ever refused, shown half a file, or an older edition after a newer one."""
        for reader in self.seen:
            reader.end()
        assert [reader.errors for reader in self.seen] == [[] for _ in self.seen]
        assert all(reader.answers["first"] >= READS for reader in self.seen)


def application_killed(run: Running) -> None:
    """The worker is killed while it publishes what was just said, again and again; at last web, too: the folder is left."""
    for _ in range(3):
        run.declare()
        run.worker.kill()
        run.worker.wait()
        run.judge(run.static, run.here.port, cut=True)
        run.worker = run.here.start("worker")
        until(run.told, run.worker)
    run.seen.pop().end()  # this one asked web alone
    for process in (run.worker, run.web):
        process.kill()
        process.wait()
    run.grows_old()
    run.judge(run.static, cut=True)


def database_gone(run: Running) -> None:
    """Then a worker that begins anew finds none, and leaves the folder alone."""
    run.worker.kill()
    run.worker.wait()
    if run.file:
        run.file.rename(run.file.with_name("elsewhere"))
    else:
        _to(run, "ALTER DATABASE {0} RENAME TO {0}_elsewhere")
    without = run.here.start("worker")
    until(lambda: without.poll() is not None)
    assert without.returncode != 0
    run.grows_old()
    run.judge(run.static, run.here.port)
    if run.file:
        run.file.with_name("elsewhere").replace(run.file)  # also over an empty one that was opened in its place
    else:
        _to(run, "ALTER DATABASE {0}_elsewhere RENAME TO {0}", of="{0}_elsewhere")
    mended(run, again=True)


def database_locked(run: Running) -> None:
    """Somebody has it for himself, for longer than anybody waits."""
    with ExitStack() as stack:
        if run.file:
            holder = stack.enter_context(closing(sqlite3.connect(run.file, isolation_level=None, timeout=60)))
            holder.execute("BEGIN EXCLUSIVE")
        else:
            session = stack.enter_context(run.database.writing())
            tables = session.scalar(text("SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'"))
            session.execute(text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
        run.grows_old()
        run.judge(run.static, run.here.port)
    mended(run)


def database_corrupt(run: Running) -> None:
    """SQLite: the file is noise. PostgreSQL: a table that everything needs is another one."""
    kept = b""
    if run.file:
        kept = run.file.read_bytes()
        run.file.write_bytes(b"SQLite format 3\x00" + os.urandom(len(kept) - 16))
    else:
        _to(run, "ALTER TABLE incident RENAME TO noise")
    run.grows_old()
    run.judge(run.static, run.here.port)
    if run.file:
        run.worker.kill()
        run.worker.wait()
        run.file.write_bytes(kept)
    else:
        _to(run, "ALTER TABLE noise RENAME TO incident")
    mended(run, again=run.file is not None)


def disk_full(run: Running) -> None:
    """No file of the worker may grow: what it writes breaks off after a few bytes."""
    before = resource.prlimit(run.worker.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(run.worker.pid, resource.RLIMIT_FSIZE, (10, before[1]))
    run.declare()
    run.grows_old()
    run.judge(run.static, run.here.port)
    resource.prlimit(run.worker.pid, resource.RLIMIT_FSIZE, before)
    until(run.told, run.worker)
    mended(run)


def all_networks_down(run: Running) -> None:
    """The server of every account is gone. Posts are tried and fail; the page does not wait for them."""
    run.here.sink.close()
    run.declare()
    until(run.told, run.worker)
    until(lambda: all(row.attempts for row in _rows(run) if row.subject_id == run.said[-1]), run.worker)
    assert {row.state.final for row in _rows(run) if row.subject_id == run.said[-1]} == {False}
    run.beats()
    run.judge(run.static, run.here.port)
    mended(run)


def mended(run: Running, *, again: bool = False) -> None:
    """What is said next is on the page, and its age is small again. again: the worker is started anew."""
    if again:
        run.worker = run.here.start("worker")
    run.declare()
    until(run.told, run.worker)
    run.beats()
    run.judge(run.static, run.here.port)


def _rows(run: Running) -> list[Any]:
    with run.database.reading() as session:
        return [row for row in deliveries.listing(session) if row.subject_kind is SubjectKind.INCIDENT]


def _to(run: Running, command: str, of: str = "{0}") -> None:
    """A word to PostgreSQL from outside. Where it is about a whole database, the sessions of `of` are ended before."""
    url = make_url(run.here.url)
    whole = "DATABASE" in command
    with closing(Database(url.set(database="postgres").render_as_string(hide_password=False) if whole else run.here.url)) as outside:
        connection = outside.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with connection:
            if whole:
                connection.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": of.format(url.database)}
                )
            connection.execute(text(command.format(url.database)))


BREAKS: dict[str, Callable[[Running], None]] = {
    "all networks down": all_networks_down,
    "disk full": disk_full,
    "database locked": database_locked,
    "database corrupt": database_corrupt,
    "database gone": database_gone,
    "application killed": application_killed,  # the last: nobody is left then
}


def empty(request: pytest.FixtureRequest, folder: Path) -> str:
    """The address of a database without any table, as migrations want it."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'statuspage.db'}"
    url: str = request.getfixturevalue("postgres_url")
    with closing(Database(url)) as database, database.writing() as session:
        session.execute(text("DROP SCHEMA public CASCADE"))
        session.execute(text("CREATE SCHEMA public"))
    return url


@pytest.fixture
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(readers, "PATHS", tuple(f"/{path}".replace("index.html", "") for path in PATHS))
    with place(tmp_path) as made, ExitStack() as stack:
        here = OnDatabase(made.folder, made.sink, made.stack, free_port(), url=empty(request, made.folder))
        running = Running(here, stack)
        running.begin()
        yield running


@pytest.mark.parametrize("run", ["sqlite", "postgresql"], indirect=True)
def test_readers_get_one_whole_edition_of_an_honest_age_whatever_breaks(run: Running) -> None:
    """A1: 6 things x 20 reads, by a static server and by the embedded one, on each database; one thing after the other."""
    for what, befall in BREAKS.items():
        print(what)
        befall(run)

    run.end()
