"""The published folder needs nobody: whatever falls, it is still read whole from any static server."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from statuspage.publish.encode import digest
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.store.engine import Database
from tests.actions.stage import declared
from tests.delivery.real import FORKS, in_child, wait_for
from tests.publish.stage import Press
from tests.web_public.serving import ask, served

pytestmark = pytest.mark.filterwarnings(FORKS)
READS = 20
PATHS = ("en/index.html", "es/index.html", "fresh.json", "api/v2/summary.json", "en/feed.atom")  # of them, fresh.json tells the age


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def any_static_server(folder: Path) -> Iterator[int]:
    """Python's own, which knows nothing of us."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kill_the_application(press: Press) -> None:
    """The publisher is killed when the files of what was just said are in their places, and the manifest is not."""
    declared(press.stage, "login")
    press.database.close()  # no connection is shared with the child
    assert wait_for(in_child(partial(publish_and_die, press))) == signal.SIGKILL


def publish_and_die(press: Press) -> None:
    press.stage.clock.forward(seconds=61)
    for point in press.publisher.work():
        if point == "snapshot-written":
            os.kill(os.getpid(), signal.SIGKILL)


def lose_the_database(press: Press) -> None:
    press.database.close()
    (press.root / "statuspage.db").unlink()
    expect_trouble(press)


def lock_the_database(press: Press) -> None:
    """Somebody has it for himself, for longer than anybody waits."""
    holder = sqlite3.connect(press.root / "statuspage.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    press.held.append(holder)
    expect_trouble(press)


def corrupt_the_database(press: Press) -> None:
    press.database.close()
    path = press.root / "statuspage.db"
    path.write_bytes(b"SQLite format 3\x00" + os.urandom(len(path.read_bytes()) - 16))
    expect_trouble(press)


def fill_the_disk(press: Press) -> None:
    """No file may grow, neither of the page nor of the database."""
    declared(press.stage, "login")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        expect_trouble(press)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def expect_trouble(press: Press) -> None:
    """The publisher says loudly that it cannot; it does not publish an empty page."""
    with pytest.raises((SQLAlchemyError, OSError)):
        press.publish(61)


BREAKS: dict[str, Callable[[Press], None]] = {
    "application killed": kill_the_application,
    "database gone": lose_the_database,
    "database locked": lock_the_database,
    "database corrupt": corrupt_the_database,
    "disk full": fill_the_disk,
}


@pytest.mark.parametrize("what", BREAKS)
def test_the_last_snapshot_is_served_whole_whatever_breaks(sqlite_database: Database, tmp_path: Path, what: str) -> None:
    """A1, the short run: the publisher tries in each of these states, and what is read is the edition before, by two servers.

    The long one, with the product's processes and networks, is in test_outlasting_processes.py.
    """
    press = Press(sqlite_database, tmp_path)
    incident = declared(press.stage, "cards")
    press.publish()
    before = {path: entry.digests["identity"] for path, entry in Manifest.from_bytes(press.public.read(MANIFEST)).files.items()}
    old: dict[int, list[bool]] = {}

    with any_static_server(press.public.root) as static, served(press.public.root) as embedded:
        assert incident.id in ask(static, "/en/").body.decode()
        try:
            BREAKS[what](press)
            for number in range(READS):
                path = PATHS[number % len(PATHS)]
                for port in (static, embedded):
                    answer = ask(port, f"/{path}")
                    assert answer.status == 200
                    old.setdefault(port, []).append(digest(answer.body) == before[PurePosixPath(path)])
            told = {one["id"] for one in json.loads(ask(static, "/api/v2/summary.json").body)["incidents"]}
        finally:
            for held in press.held:
                held.close()

    assert old[embedded] == [True] * READS
    if what == "application killed":  # who knows nothing of editions reads the whole new one: only its manifest was not in its place yet
        assert old[static] == [False] * READS and len(told) == 2
    else:
        assert old[static] == [True] * READS and told == {incident.id}


@pytest.mark.parametrize("what", ["application killed", "disk full"])
def test_when_it_is_mended_the_next_edition_goes_out(sqlite_database: Database, tmp_path: Path, what: str) -> None:
    press = Press(sqlite_database, tmp_path)
    press.publish()
    BREAKS[what](press)
    incident = declared(press.stage, "cards")

    press.publish()

    assert incident.id in press.text("en/index.html")
