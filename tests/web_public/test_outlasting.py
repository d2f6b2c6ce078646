"""The published folder needs nobody: whatever falls, it is still read whole from any static server."""

from __future__ import annotations

import functools
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from statuspage.outside import Folder
from statuspage.publish.encode import digest
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.store.engine import Database
from tests.actions.stage import declared
from tests.publish.stage import Press
from tests.web_public.serving import ask, served

READS = 20
PATHS = ("en/index.html", "es/index.html", "status.txt", "api/v2/summary.json", "en/feed.atom")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def any_static_server(folder: Path) -> Iterator[int]:
    """Python's own, which knows nothing of us."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kill_the_application(press: Press) -> None:
    """A process that holds the folder's lock and the database is killed while it publishes."""
    code = (
        "import sys, time\n"
        "from pathlib import Path, PurePosixPath\n"
        "from statuspage.outside import Folder\n"
        "folder = Folder(Path(sys.argv[1]))\n"
        "with folder.exclusive():\n"
        "    print('in', flush=True)\n"
        "    while True:\n"
        "        folder.write_all({PurePosixPath('half'): b'x' * 1000})\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(press.public.root)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


def lose_the_database(press: Press) -> None:
    press.database.close()
    (press.root / "statuspage.db").unlink()
    expect_trouble(press)


def lock_the_database(press: Press) -> None:
    """Somebody has it for himself, for longer than anybody waits."""
    holder = sqlite3.connect(press.root / "statuspage.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    press.held.append(holder)
    other = sqlite3.connect(press.root / "statuspage.db", isolation_level=None, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("SELECT count(*) FROM incident")
    other.close()


def corrupt_the_database(press: Press) -> None:
    press.database.close()
    path = press.root / "statuspage.db"
    path.write_bytes(b"SQLite format 3\x00" + os.urandom(len(path.read_bytes()) - 16))
    expect_trouble(press)


def fill_the_disk(press: Press) -> None:
    """No file may grow: every write of a whole file fails."""
    declared(press.stage, "login")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    folder = Folder(press.root / "public")
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError):
            folder.write_all({PurePosixPath(path): b"x" * 5000 for path in PATHS})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def cut_all_networks(press: Press) -> None:
    """Every account's server is gone: its port answers nobody. Publishing asks none of them."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(OSError), socket.create_connection(nobody.getsockname(), timeout=1):
            pass
    press.publish()


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
    "all networks down": cut_all_networks,
}


@pytest.mark.parametrize("what", BREAKS)
def test_the_last_snapshot_is_served_whole_whatever_breaks(sqlite_database: Database, tmp_path: Path, what: str) -> None:
    """A1: 6 things x 20 reads, by a static server and by the embedded one."""
    press = Press(sqlite_database, tmp_path)
    incident = declared(press.stage, "cards")
    press.publish()
    good = 0

    with any_static_server(press.public.root) as static, served(press.public.root) as embedded:
        assert incident.id in ask(static, "/en/").body.decode()
        try:
            BREAKS[what](press)
            names = {path: entry.digests["identity"] for path, entry in Manifest.from_bytes(press.public.read(MANIFEST)).files.items()}
            for number in range(READS):
                path = PATHS[number % len(PATHS)]
                for port in (static, embedded):
                    answer = ask(port, f"/{path}")
                    assert answer.status == 200
                    assert digest(answer.body) == names[PurePosixPath(path)]
                    good += 1
        finally:
            for held in press.held:
                held.close()

    assert good == 2 * READS


@pytest.mark.parametrize("what", ["application killed", "disk full"])
def test_when_it_is_mended_the_next_edition_goes_out(sqlite_database: Database, tmp_path: Path, what: str) -> None:
    press = Press(sqlite_database, tmp_path)
    press.publish()
    BREAKS[what](press)
    incident = declared(press.stage, "cards")

    press.publish()

    assert incident.id in press.text("en/index.html")
