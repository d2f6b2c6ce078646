"""What the kill tests stand on: fake networks behind real sockets, forked children, the simulator's checker over what was truly posted."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

from sqlalchemy import text as sql

from broadcasters.http import Request
from statuspage.core.deliveries import Delivery
from statuspage.core.seal import digest_of, seal
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind, UpdateMode
from statuspage.store import deliveries
from statuspage.store.engine import Database
from statuspage.store.tables import NoticeRow, UpdateRow
from tests.simulation.checker import faults_by_the_ledger
from tests.simulation.networks import BROADCASTERS, FakeNetwork
from tests.simulation.people import Told
from tests.simulation.world import SEAL_KEY

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FORKS = "ignore:This process .* is multi-threaded:DeprecationWarning"  # the children only fork, work and die
PATIENCE_S = 120.0  # after this the test has failed; nothing waits so long when all is well


class _StillWorld:
    """The world of a fake network that is served for real: nothing waits, nothing is by chance."""

    lags = False
    chance = random.Random(1)
    time = 0.0

    def note(self, line: str) -> None: ...
    def happened(self, what: str, line: str = "") -> None: ...
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
    """Runs `deed` in a process forked from this warm one; returns its id."""
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


def tell(database: Database, kind: str, number: int, account: str = "") -> Delivery:
    """One update, its notice and its delivery in one transaction. account: also the name of its channel; else that of the class."""
    name = account or kind
    subject, code = f"s{number:011d}", "".join(random.Random(number).choices("23456789ABCDEFGH", k=7))
    words = f"statement {number} Ref {code}"
    row = Delivery(
        id=f"d{number:011d}", notice_id=f"n{number:011d}", subject_kind=SubjectKind.INCIDENT, subject_id=subject, sequence=1,
        kind=NoticeKind.INVESTIGATING, channel=name, account=name, network=kind, language="en", mode=UpdateMode.REPLY, text=words,
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
    return row


def wrong(database: Database, networks: Mapping[str, FakeNetwork], told: list[Delivery]) -> list[str]:
    """What the simulator's checker says of what these networks truly show; nothing that was told may be missing.

    networks   channel -> its network
    """
    world: Any = SimpleNamespace(store=database, networks=networks, knobs=SimpleNamespace(jumps=False))
    people: Any = SimpleNamespace(told={row.code: Told(row, 1, 0.0, drill=False) for row in told}, restored=False)
    return faults_by_the_ledger(world, people)


def states(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(sql("SELECT state FROM delivery ORDER BY id")))


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"nothing happened within {PATIENCE_S:.0f} s"
        time.sleep(0.01)
