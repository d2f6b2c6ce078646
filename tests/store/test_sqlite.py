"""B1-B4: SQLite's settings, a busy database, a full disk."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import StaticPool

from statuspage.actions import automatic
from statuspage.actions.checks import record
from statuspage.core.vocabulary import ComponentStatus
from statuspage.store import Database, checks, counters, engine, incidents, timeline
from statuspage.store.trouble import StoreFull, StoreTrouble
from tests.store.writer import T0, result
from tests.verdict.desk import BAD, GOOD, Desk, Shown, bank

ROOT = Path(__file__).parent.parent.parent
VERSIONS = [
    ((3, 7, 0), False),
    ((3, 40, 1), False),
    ((3, 44, 5), False),
    ((3, 44, 6), True),
    ((3, 45, 0), False),
    ((3, 50, 6), False),
    ((3, 50, 7), True),
    ((3, 51, 2), False),
    ((3, 51, 3), True),
    ((3, 52, 0), True),
]


@pytest.mark.parametrize(("version", "safe"), VERSIONS)
def test_b1_the_journal_is_a_rollback_journal_and_the_log_says_why(sqlite_url, monkeypatch, version, safe):
    monkeypatch.setattr(engine, "sqlite3", SimpleNamespace(**{**vars(engine.sqlite3), "sqlite_version_info": version}))

    capture = structlog.testing.LogCapture()
    structlog.configure(processors=[capture])  # as a process that logs
    try:
        database = Database(sqlite_url)
    finally:
        structlog.reset_defaults()

    with database.reading() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "delete"
    database.close()
    (line,) = capture.entries
    assert line["sqlite"] == ".".join(map(str, version))
    assert (line["log_level"], line["routine"]) == ("info", True)  # for the record: there is nothing to be done about it
    assert ("can corrupt" in line["event"]) is not safe


def test_b2_every_connection_has_the_settings(sqlite_database):
    wanted = {"synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000, "journal_mode": "delete"}
    seen = 0

    for _ in range(25):
        sqlite_database.engine.dispose()  # the next session opens a connection of its own
        for session_of in (sqlite_database.reading, sqlite_database.writing):
            with session_of() as session:
                assert {name: session.scalar(text(f"PRAGMA {name}")) for name in wanted} == wanted
            sqlite_database.engine.dispose()
            seen += 1

    assert seen == 50


def test_writers_that_meet_readers_wait_and_lose_nothing(sqlite_url):
    """A reader that holds the file longer than the busy timeout of one try stalls the commit; the commit is tried again."""
    database, other = Database(sqlite_url), Database(sqlite_url)
    with other.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=20").close()
    for one in (database, other):
        one.engine.dispose()
    engine_busy = threading.Event()
    written = threading.Event()

    def write() -> None:
        with database.writing() as session:
            session.execute(text("PRAGMA busy_timeout=20"))
            counters.add(session, "written")
            engine_busy.set()
        written.set()

    thread = threading.Thread(target=write)
    reading = other.engine.raw_connection()
    reading.driver_connection.execute("BEGIN")
    reading.driver_connection.execute("SELECT count(*) FROM counter").fetchall()
    thread.start()
    assert engine_busy.wait(30)
    assert not written.wait(0.03)  # one try has passed; more are left
    reading.driver_connection.execute("ROLLBACK")
    reading.close()
    thread.join(30)

    assert written.is_set()
    with other.reading() as session:
        assert [count.value for count in counters.all(session)] == [1.0]


def two_writers(url: str, transactions: int) -> list[subprocess.CompletedProcess[bytes]]:
    command = [sys.executable, "-m", "tests.store.writer", "write", url]
    processes = [subprocess.Popen([*command, place, str(transactions)], cwd=ROOT, stderr=subprocess.PIPE) for place in ("a", "b")]
    said = [process.communicate()[1] for process in processes]
    return [
        subprocess.CompletedProcess(process.args, process.returncode, stderr=words) for process, words in zip(processes, said, strict=True)
    ]


def check_both_wrote(url: str, transactions: int) -> None:
    done = two_writers(url, transactions)

    assert [(process.returncode, process.stderr) for process in done] == [(0, b"")] * 2
    database = Database(url)
    with database.reading() as session:
        kept = [checks.count(session, "p", place, T0 - timedelta(days=1), T0 + timedelta(days=1)) for place in ("a", "b")]
        (count,) = counters.all(session)
    assert kept == [transactions] * 2
    assert count.value == 2 * transactions
    assert database.integrity() == []
    database.close()


def test_b3_two_processes_write_at_once_and_no_update_is_lost(sqlite_url):
    check_both_wrote(sqlite_url, 100)


@pytest.mark.long
def test_b3_four_thousand_transactions_of_two_processes(sqlite_url):
    check_both_wrote(sqlite_url, 2000)


def limit_pages(database: Database, more: int) -> None:
    """The file may grow by so many pages. The limit is one of the connection: there is a single one here."""
    with database.writing() as session:
        pages = session.scalar(text("PRAGMA page_count"))
        session.execute(text(f"PRAGMA max_page_count={pages + more}"))


@pytest.fixture
def small(sqlite_url: str) -> Database:
    """A database with one connection, so that a limit set on it holds for all that follows."""
    database = Database(sqlite_url)
    database.engine.dispose()
    database.engine = create_engine(sqlite_url, connect_args={"check_same_thread": False}, poolclass=StaticPool)
    engine._prepare_sqlite(database.engine)
    database._write = sessionmaker(database.engine.execution_options(writing=True), expire_on_commit=False)
    database._read = sessionmaker(database.engine, expire_on_commit=False)
    yield database
    database.close()


@pytest.mark.parametrize("room", range(15))
def test_b4_on_a_full_disk_samples_are_dropped_first_and_incidents_still_find_room(small, room):
    desk = Desk(small, bank("login"))
    fill(desk, GOOD)
    limit_pages(small, room)

    fill(desk, BAD)  # more than fits: nothing is raised, and old samples make room

    automatic_begin(desk)
    assert len(desk.incidents()) == 1
    with small.reading() as session:
        assert timeline.latest(session) == {}
        kept = checks.after(session, 0, 10_000)
        assert 0 < len(kept) < 800
        assert min(row.result.sequence for row in kept) > 0, "the oldest made room"
    assert small.integrity() == []


def fill(desk: Desk, shows: Shown) -> None:
    for _ in range(20):
        desk.clock.seconds += 20
        record(desk.ctx, [desk.result("login-probe", "madrid", shows, evidence="x" * 400) for _ in range(20)])


def automatic_begin(desk: Desk) -> None:
    automatic.begin_automatic(desk.ctx, components={"login": ComponentStatus.MAJOR_OUTAGE}, lead="login", first_failed_at=desk.clock.now())


def test_b4_what_cannot_be_saved_is_refused_loudly_and_works_again_by_itself(small):
    desk = Desk(small, bank("login"))
    limit_pages(small, 0)

    with pytest.raises(StoreFull, match="nothing was saved") as refused:
        for _ in range(50):
            automatic_begin(desk)
            desk.clock.seconds += 86_400
            with small.writing() as session:
                for incident in incidents.opened(session):
                    session.execute(text("UPDATE incident SET status = 'resolved' WHERE id = :id"), {"id": incident.id})

    assert isinstance(refused.value, StoreTrouble)
    before = len(desk.incidents())
    assert small.integrity() == []

    limit_pages(small, 1000)
    desk.clock.seconds += 86_400
    automatic_begin(desk)

    assert len(desk.incidents()) == before + 1
    assert small.integrity() == []


@pytest.mark.parametrize("extra_kib", [0, 8, 64, 128])
def test_b4_a_file_that_may_not_grow_stays_sound(sqlite_url, extra_kib):
    size = Path(sqlite_url.removeprefix("sqlite:///")).stat().st_size

    done = subprocess.run(
        [sys.executable, "-m", "tests.store.writer", "fill", sqlite_url, str(size + extra_kib * 1024)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    database = Database(sqlite_url)
    assert database.integrity() == []
    with database.writing() as session:
        checks.add(session, [result("there", 0)], T0)
    database.close()
