"""D1, D2, D22: real processes, SIGKILL, a real SQLite file, a real server on loopback. Children are forked from this warm process."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text as sql

from broadcasters.http import Request
from statuspage.core.deliveries import Delivery
from statuspage.core.seal import digest_of, seal
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind, UpdateMode
from statuspage.store import deliveries
from statuspage.store.engine import Database
from statuspage.store.locks import LockLost
from statuspage.store.tables import NoticeRow, UpdateRow
from statuspage.worker.dispatcher import Dispatcher
from tests.delivery.kill_child import POINTS, DyingTransport, context, dispatch_and_die
from tests.simulation.networks import BROADCASTERS, FakeNetwork
from tests.simulation.world import SEAL_KEY

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class _StillWorld:
    """The world of a fake network that is served for real: nothing waits, nothing is by chance."""

    lags = False
    chance = random.Random(1)
    time = 0.0

    def note(self, line: str) -> None: ...
    def sleep(self, seconds: float) -> None: ...
    def point(self, name: str) -> None: ...


@contextmanager
def served(kind: str) -> Iterator[tuple[str, FakeNetwork]]:
    """A fake network behind a real socket."""
    network = FakeNetwork(_StillWorld(), kind, BROADCASTERS[kind].CLASS)  # type: ignore[arg-type]
    guard = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with guard:
                got = network.exchange(Request(self.command, f"http://network{self.path}", dict(self.headers), body))
            self.send_response(got.status)
            self.send_header("Content-Length", str(len(got.body)))
            self.end_headers()
            self.wfile.write(got.body)

        do_GET = do_POST = do_PUT = answer

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", network
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def in_child(deed: Callable[[], None]) -> int:
    """Runs `deed` in a forked process; returns its id."""
    child = os.fork()
    if child == 0:
        try:
            deed()
        finally:
            os._exit(1)
    return child


def wait_for(child: int) -> int:
    """The signal that ended it."""
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def tell(database: Database, kind: str, number: int) -> None:
    """One update, its notice and its delivery in one transaction."""
    subject, code = f"s{number:011d}", "".join(random.Random(number).choices("23456789ABCDEFGH", k=7))
    words = f"statement {number} Ref {code}"
    row = Delivery(
        id=f"d{number:011d}", notice_id=f"n{number:011d}", subject_kind=SubjectKind.INCIDENT, subject_id=subject, sequence=1,
        kind=NoticeKind.INVESTIGATING, channel=kind, account=kind, network=kind, language="en", mode=UpdateMode.REPLY, text=words,
        text_alone=words, story=words, code=code, digest=digest_of(words, words, words), state=DeliveryState.QUEUED, created_at=NOW,
    )  # fmt: skip
    with database.writing() as session:
        session.add(
            UpdateRow(
                id=f"u{number:011d}",
                subject_kind="incident",
                subject_id=subject,
                sequence=1,
                kind="investigating",
                status="investigating",
                texts={},
                facts={},
                affected=[],
                created_at=NOW,
                display_at=NOW,
            )
        )
        session.add(
            NoticeRow(id=row.notice_id, subject_kind="incident", subject_id=subject, sequence=1, kind="investigating", created_at=NOW)
        )
        session.flush()
        deliveries.add(session, replace(row, seal=seal(row, SEAL_KEY)))


@pytest.mark.parametrize("kind", ["natural", "keyed", "staged", "bare"])
@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_at_any_point_neither_loses_nor_doubles(kind: str, point: str, sqlite_template: Path, tmp_path: Path) -> None:
    """D2: 5 points x 4 classes x 20."""
    for number in range(20):
        path = tmp_path / f"{number}.db"
        shutil.copy(sqlite_template, path)
        url = f"sqlite:///{path}"
        with served(kind) as (address, network):
            database = Database(url)
            tell(database, kind, number)
            database.close()
            assert wait_for(in_child(partial(dispatch_and_die, url, kind, address, point))) == signal.SIGKILL
            ctx = context(url, kind, address, DyingTransport(die=False), quiet_s=0.15)
            dispatcher = Dispatcher(ctx, kind, BROADCASTERS)
            end = time.monotonic() + 30.0
            while state(ctx.ports.store) != "delivered" and time.monotonic() < end:
                ctx.ports.clock.wait(min(dispatcher.step(), 0.02))

            assert state(ctx.ports.store) == "delivered", number
            assert len(network.posts) == 1, number
            dispatcher.close()
            ctx.ports.store.close()  # type: ignore[attr-defined]


def state(store: Any) -> str:
    with store.reading() as session:
        return str(session.execute(sql("SELECT state FROM delivery")).scalar_one())


def test_update_notice_and_delivery_are_saved_together_or_not_at_all(sqlite_url: str) -> None:
    """D1: 300 kills at random moments while a real process commits."""
    chance = random.Random(1)
    acknowledged_total = 0
    for kill in range(300):
        reading, writing = os.pipe()

        def commit(kill: int = kill, writing: int = writing) -> None:
            database = Database(sqlite_url)
            for number in range(10_000):
                tell(database, "bare", kill * 10_000 + number)
                os.write(writing, b"%d\n" % (kill * 10_000 + number))

        child = in_child(commit)
        os.close(writing)
        first = os.read(reading, 64)  # it is at work
        time.sleep(chance.uniform(0.0, 0.02))
        os.kill(child, signal.SIGKILL)
        assert wait_for(child) == signal.SIGKILL
        acknowledged = [int(line) for line in (first + _rest(reading)).split()]
        acknowledged_total += len(acknowledged)
        database = Database(sqlite_url)
        with database.reading() as session:
            saved = [
                set(session.scalars(sql(f"SELECT substr(id, 2) FROM {table} WHERE id >= :low"), {"low": f"{letter}{kill * 10_000:011d}"}))
                for table, letter in (("incident_update", "u"), ("notice", "n"), ("delivery", "d"))
            ]
        database.close()
        assert saved[0] == saved[1] == saved[2], kill
        assert {f"{number:011d}" for number in acknowledged} <= saved[0], kill
    assert acknowledged_total >= 300


def _rest(pipe: int) -> bytes:
    pieces = b""
    while piece := os.read(pipe, 65536):
        pieces += piece
    os.close(pipe)
    return pieces


def test_a_second_dispatcher_takes_over_when_the_first_is_killed(sqlite_template: Path, tmp_path: Path) -> None:
    """D22: 30 hand-overs, no double, at most 5 s."""
    path = tmp_path / "statuspage.db"
    shutil.copy(sqlite_template, path)
    url = f"sqlite:///{path}"
    gaps = []
    with served("bare") as (address, network):
        database = Database(url)

        def run() -> None:
            ctx = context(url, "bare", address, DyingTransport(die=False), quiet_s=0.15)
            dispatcher = Dispatcher(ctx, "bare", BROADCASTERS)
            while True:
                ctx.ports.clock.wait(dispatcher.step())

        holder = in_child(run)
        for number in range(30):
            second = in_child(run)
            tell(database, "bare", number)
            wait_until(partial(_all_delivered, database, number + 1))
            os.kill(holder, signal.SIGKILL)
            wait_for(holder)
            begun, lock = time.monotonic(), database.lock("dispatcher-bare")
            wait_until(partial(_taken, lock))
            gaps.append(time.monotonic() - begun)
            holder = second
        os.kill(holder, signal.SIGKILL)
        wait_for(holder)
        database.close()
    assert len(network.posts) == 30
    assert max(gaps) <= 5.0


def _taken(lock: Any) -> bool:
    """True if somebody else holds the lock just now."""
    if lock.acquire():
        lock.release()
        return False
    return True


def _all_delivered(database: Database, number: int) -> bool:
    return delivered(database) == number


def delivered(database: Database) -> int:
    with database.reading() as session:
        return int(session.execute(sql("SELECT count(*) FROM delivery WHERE state = 'delivered'")).scalar_one())


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30.0
    while not true():
        assert time.monotonic() < end, "nothing happened within 30 s"
        time.sleep(0.01)


def test_a_killed_holder_frees_the_lock_on_both_databases(database: Database) -> None:
    """The lock that elects the owner dies with its process, or with its connection."""
    mine, other = database.lock("loop"), database.lock("loop")
    assert mine.acquire() and not other.acquire()

    mine.release()

    assert other.acquire()
    with other.writing() as session:
        session.execute(sql("SELECT 1"))
    with pytest.raises(LockLost), mine.writing():
        pass
    other.release()


def test_an_owner_that_lost_its_connection_can_commit_nothing(postgres_url: str) -> None:
    """PostgreSQL: the intent is committed on the very connection that holds the lock."""
    database = Database(postgres_url)
    mine, other = database.lock("loop"), database.lock("loop")
    assert mine.acquire()
    with database.writing() as session:
        session.execute(sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
    wait_until(other.acquire)

    with pytest.raises(LockLost), mine.writing() as session:
        session.execute(sql("INSERT INTO switch (name, off, \"by\", reason, at) VALUES ('posting', true, '', '', now())"))

    with database.reading() as session:
        assert session.execute(sql("SELECT count(*) FROM switch")).scalar_one() == 0
    other.release()
    database.close()


def test_the_answer_is_json() -> None:
    """The served fakes answer what their broadcasters read."""
    with served("bare") as (address, _):
        answer = DyingTransport(die=False).exchange(Request("GET", f"{address}/me", {"Authorization": "Bearer good"}))

    assert json.loads(answer.body) == {"name": "bare"}
