"""B6 on PostgreSQL, with its own tools as docs/backup.md has them: the server dies, and what was streamed before is there again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from statuspage.worker.backup_watch import newest_in
from tests.cli.terminal import Terminal
from tests.free_ports import free_port
from tests.postgres import BINARIES, running_cluster
from tests.processes import ended, until

pytestmark = pytest.mark.long


@dataclass
class OnPostgres(Terminal):
    url: str

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"STATUSPAGE_DATABASE": self.url}

    def told(self, *arguments: str) -> Any:
        """In a process of its own, whose connections end with it."""
        done = self.really("--json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the server's own user may write."""
    made = Path(tempfile.mkdtemp(prefix="statuspage-pg-"))
    give(made)
    yield made
    shutil.rmtree(made)


def give(path: Path) -> None:
    """To the server's own user, who may not be ours."""
    if owner := user():
        shutil.chown(path, owner)


def user() -> str | None:
    return "postgres" if os.geteuid() == 0 else None


def tool(name: str) -> str:
    return str(next(place / name for place in BINARIES if (place / name).exists()))


def asks(url: str, query: str) -> Callable[[], object]:
    def ask() -> object:
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                return connection.execute(text(query)).scalar()
        except OperationalError:
            return None  # not up yet
        finally:
            engine.dispose()

    return ask


def test_a_server_that_dies_loses_nothing_that_was_streamed_before(folder: Path, tmp_path: Path) -> None:
    wal, base = folder / "wal", folder / "base"
    run: Any = {"cwd": folder, "user": user(), "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}}
    with ExitStack() as stack:
        url = make_url(stack.enter_context(running_cluster())).set(drivername="postgresql+psycopg")
        address = url.render_as_string(hide_password=False)
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        terminal = OnPostgres(tmp_path, address)
        terminal.configure()
        assert terminal.really("migrate").returncode == 0

        wal.mkdir(0o700)
        give(wal)
        receive = [tool("pg_receivewal"), "--dbname", plain, "--directory", str(wal), "--slot", "statuspage"]
        subprocess.run([*receive, "--create-slot", "--if-not-exists"], check=True, **run)
        receiver = subprocess.Popen([*receive, "--synchronous"], stderr=subprocess.DEVNULL, **run)
        stack.enter_context(ended(receiver))
        subprocess.run([tool("pg_basebackup"), "--dbname", plain, "--pgdata", str(base), "--checkpoint=fast"], check=True, **run)

        said = [terminal.told("incident", "declare", "transfers", "--drill")["id"] for _ in range(2)]
        until(asks(address, "SELECT flush_lsn >= pg_current_wal_lsn() FROM pg_stat_replication WHERE application_name = 'pg_receivewal'"))
        before = datetime.now(UTC)
        last = terminal.told("incident", "declare", "transfers", "--drill")["id"]
        seen_at = newest_in(wal, own=False, before=datetime.max.replace(tzinfo=UTC))
        data = Path(str(asks(address, "SHOW data_directory")()))
        os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    assert seen_at is not None and abs((before - seen_at).total_seconds()) < 60  # what the watch of the backups reads
    with ExitStack() as stack:
        port = free_port()
        settings = [
            f"restore_command = 'cp {wal}/%f %p || cp {wal}/%f.partial %p'",
            f"port = {port}",
            "listen_addresses = '127.0.0.1'",
            "max_connections = 200",
        ]
        with (base / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in [*settings, f"unix_socket_directories = '{folder}'"])
        (base / "recovery.signal").touch()
        give(base / "recovery.signal")
        server = subprocess.Popen([tool("postgres"), "-D", str(base)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **run)
        stack.enter_context(ended(server, signal.SIGINT))
        terminal.url = url.set(port=port).render_as_string(hide_password=False)
        until(asks(terminal.url, "SELECT NOT pg_is_in_recovery()"), server)

        terminal.told("after-restore", "--backup-at", before.isoformat())
        held = {one["id"] for one in terminal.told("incident", "list")}

    assert set(said) <= held <= {*said, last}
