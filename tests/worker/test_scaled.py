"""The scaled shape: PostgreSQL, one web, one prober and two workers as processes; the worker that holds the locks is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from statuspage.demo import bank, networks, stage
from statuspage.store import Database
from tests.end_to_end.product import TOP, fetch
from tests.end_to_end.truth import PUBLIC, broken_threads, doubled
from tests.free_ports import free_port
from tests.processes import ended, until

pytestmark = pytest.mark.long
OWNERS = """
SELECT application_name, count(*), min(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND application_name LIKE 'worker-%' GROUP BY application_name
"""


class Scaled:
    """The demonstration over PostgreSQL: bank and networks in this process, each role in one of its own."""

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.port = free_port(stage.PORTS)
        self.watching = Database(url)
        stack.callback(self.watching.close)
        self.bank = bank.RunningBank("127.0.0.1", (self.port + 1, self.port + 2, self.port + 3), folder / "demo" / "bank")
        stack.callback(self.bank.stop)
        self.networks = networks.RunningNetworks("127.0.0.1", self.port + 4, folder / "demo" / "networks", mail_port=self.port + 5)
        stack.callback(self.networks.stop)
        own = {"CONFIG": str(stage.CONFIGURATION), "DATA": str(folder), "DATABASE": url, "PORT": str(self.port)}
        self.environment = os.environ | stage.environment("127.0.0.1", self.port, folder)
        self.environment |= {f"STATUSPAGE_{key}": value for key, value in own.items()}
        self.stack = stack

    def start(self, role: str, name: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("wb") as log:
            command = [sys.executable, "-m", "statuspage", role]
            environment = self.environment | {"PGAPPNAME": name}
            process = subprocess.Popen(command, cwd=TOP, env=environment, stdout=log, stderr=subprocess.STDOUT)
        self.stack.enter_context(ended(process))
        return process

    def command(self, *arguments: str) -> Any:
        command = [sys.executable, "-m", "statuspage", "--json", *arguments]
        done = subprocess.run(command, cwd=TOP, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            return fetch("GET", f"http://127.0.0.1:{self.port}{path}")
        except OSError:
            return 0, b""

    def open_incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.get("/api/v2/incidents/unresolved.json")[1])["incidents"]
        return found

    def owners(self) -> dict[str, int]:
        """Worker -> how many locks it holds, as PostgreSQL sees it."""
        with self.watching.reading() as session:
            return {name: count for name, count, _ in session.execute(text(OWNERS))}

    def cut_locks(self, worker: str) -> int:
        """Ends the sessions in which that worker holds locks; the worker itself lives on."""
        query = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :worker AND pid IN "
            "(SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
        )
        with self.watching.writing() as session:
            return len(session.execute(query, {"worker": worker}).all())

    def truth(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(fetch("GET", f"{self.networks.url}/truth")[1])
        return found

    def reached(self) -> set[str]:
        return {post["network"] for post in self.truth()} & set(PUBLIC)

    def settled(self) -> bool:
        rows = self.command("deliveries", "list", "--limit", "500")
        return all(row["state"] in ("delivered", "superseded", "withdrawn") for row in rows)


@pytest.fixture
def scaled(postgres_url: str, tmp_path: Path) -> Iterator[Scaled]:
    database = Database(postgres_url)
    with database.writing() as session:  # the template has the tables, this says so to the migrations
        session.execute(text("DROP SCHEMA public CASCADE"))
        session.execute(text("CREATE SCHEMA public"))
    database.close()
    with ExitStack() as stack:
        yield Scaled(postgres_url, tmp_path, stack)


def test_the_other_worker_takes_over_and_every_network_has_one_thread_with_nothing_doubled(scaled: Scaled) -> None:
    scaled.command("migrate")
    workers = {"worker-1": scaled.start("worker", "worker-1")}
    until(lambda: scaled.owners().get("worker-1", 0) >= 11, workers["worker-1"])  # 4 loops and 7 accounts: all of them
    workers["worker-2"] = scaled.start("worker", "worker-2")
    scaled.start("web", "web")
    scaled.start("prober", "prober")
    until(lambda: scaled.get("/health")[0] == 200)

    scaled.bank.fault("sign_in_stopped")
    until(lambda: scaled.reached())
    workers["worker-1"].send_signal(signal.SIGKILL)
    until(lambda: scaled.owners().get("worker-2", 0) >= 11)
    until(lambda: scaled.reached() == set(PUBLIC))
    until(scaled.open_incidents)
    (began,) = scaled.open_incidents()
    cut = scaled.cut_locks("worker-2")
    until(lambda: scaled.owners().get("worker-2", 0) >= 11)
    scaled.bank.mend("sign_in_stopped")
    until(lambda: [incident["status"] for incident in scaled.open_incidents()] == ["monitoring"])
    scaled.command("incident", "resolve", began["id"])
    until(scaled.settled)
    until(lambda: scaled.get("/health")[0] == 200)
    posts = scaled.truth()

    assert cut >= 11
    assert doubled(posts) == []
    assert broken_threads(posts) == []
    assert len(scaled.command("incident", "list")) == 1
    assert "Traceback" not in (scaled.folder / "web.log").read_text()
