"""A throw-away PostgreSQL cluster, started by the tests themselves as an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.free_ports import free_port

BINARIES = (Path("/usr/lib/postgresql/15/bin"), *(Path(p) for p in os.environ.get("PATH", "").split(":")))


def _binary(name: str) -> str:
    for folder in BINARIES:
        if (folder / name).exists():
            return str(folder / name)
    raise RuntimeError(f"{name} of PostgreSQL 15 was not found. Install it with: apt-get install postgresql-15")


def _unprivileged() -> tuple[str | None, list[Path]]:
    """PostgreSQL refuses to run as root; then its own system user runs it."""
    if os.geteuid() != 0:
        return None, []
    return "postgres", []


@contextmanager
def running_cluster(*, flushed: bool = False) -> Iterator[str]:
    """Yields the URL of the maintenance database, e.g. postgresql+psycopg://tests@127.0.0.1:PORT/postgres; ends the server after.

    flushed   each commit is flushed to disk, as it should be; tests do without
    """
    user, _ = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="statuspage-pg-"))
    if user:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    port = free_port()
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=folder, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})

    run(_binary("initdb"), "-D", str(data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=200"
    options += "" if flushed else " -c fsync=off"
    run(_binary("pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres"
    finally:
        with suppress(subprocess.CalledProcessError):  # a test may have killed it
            run(_binary("pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
