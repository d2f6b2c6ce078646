"""D24 with the real processes: backed up while posts are under way, killed, restored, started again; no post twice, none lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from statuspage.core.foreign import codes_in
from statuspage.demo import stage
from tests.end_to_end.product import TOP, fetch
from tests.end_to_end.truth import PUBLIC, THREADED
from tests.free_ports import free_port
from tests.processes import ended, until

PATIENCE_S = 400.0  # everything is slow where the machine does other work, too
PICTURES = ("instagram", "pinterest")  # they fetch from the page, which nobody serves here
SPOKEN_ON = set(PUBLIC) - set(PICTURES)
SHORTER = {"quiet_s": 10, "blind_assume_s": 20, "deadline_s": 5, "watch_s": 2}


class Host:
    """The worker and the demonstration's networks as processes of their own; a person at the command line."""

    def __init__(self, folder: Path, stack: ExitStack, url: str | None) -> None:
        self.folder, self.stack = folder, stack
        self.data = folder / "data"
        self.data.mkdir(mode=0o711)
        self.url = url or f"sqlite:///{self.data / 'statuspage.db'}"
        configuration = yaml.safe_load(stage.CONFIGURATION.read_text())
        configuration["accounts"] = [one for one in configuration["accounts"] if one["kind"] not in PICTURES]
        named = {one["name"] for one in configuration["accounts"]}
        configuration["channels"] = [one for one in configuration["channels"] if one["account"] in named]
        configuration["delivery"] = configuration.get("delivery", {}) | SHORTER
        (folder / "statuspage.yaml").write_text(yaml.safe_dump(configuration, allow_unicode=True))
        own = {"CONFIG": str(folder / "statuspage.yaml"), "DATA": str(self.data), "DATABASE": self.url}
        demo = None
        while demo is None or demo.poll() is not None:  # another program may take a port that was free a moment ago
            self.port = free_port(stage.PORTS)
            self.environment = os.environ | stage.environment("127.0.0.1", self.port, self.data)
            self.environment |= {f"STATUSPAGE_{key}": value for key, value in own.items()}
            demo = self.spawn("demo", "--port", str(self.port), "--data", str(folder / "networks"))
            until(partial(self._decided, demo), patience_s=PATIENCE_S)
        self.command("migrate")

    def spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = self.stack.enter_context((self.folder / f"{arguments[0]}.log").open("ab"))
        command = [sys.executable, "-m", "statuspage", *arguments]
        process = subprocess.Popen(command, cwd=TOP, env=self.environment, stdout=log, stderr=subprocess.STDOUT)
        self.stack.enter_context(ended(process))
        return process

    def command(self, *arguments: str) -> Any:
        command = [sys.executable, "-m", "statuspage", "--json", *arguments]
        done = subprocess.run(command, cwd=TOP, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def _decided(self, demo: subprocess.Popen[bytes]) -> bool:
        """The networks answer, or they never will."""
        if demo.poll() is not None:
            return True
        try:
            return fetch("GET", f"http://127.0.0.1:{self.port + 4}/")[0] == 200
        except OSError:
            return False

    def posts(self) -> list[dict[str, Any]]:
        """What customers can truly read."""
        _, body = fetch("GET", f"http://127.0.0.1:{self.port + 4}/truth")
        return [post for post in json.loads(body) if post["network"] in PUBLIC]

    def replied(self) -> bool:
        """True once an update stands on a network whose timeline can be read back: there an unknown one is noticed, not everywhere."""
        return any(post["network"] in THREADED and post["in_reply_to"] for post in self.posts())

    def misbehave(self, network: str, **fault: Any) -> None:
        status, _ = fetch("PUT", f"http://127.0.0.1:{self.port + 4}/misbehave/{network}", fault)
        assert status < 300

    def deliveries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.command("deliveries", "list", "--limit", "500")
        return [row for row in found if row["kind"] != "alarm"]

    def settled(self) -> bool:
        return not {row["state"] for row in self.deliveries()} & {"waiting", "queued", "sending", "unknown"}

    def silent(self) -> set[str]:
        """Channels on which nothing was told."""
        rows = self.deliveries()
        return {row["channel"] for row in rows} - {row["channel"] for row in rows if row["state"] == "delivered"}

    def told(self) -> list[str]:
        """Every delivery, for a person who looks for what holds it up."""
        return [json.dumps(row) for row in self.deliveries()]

    def alarms(self) -> list[str]:
        """What was said to the operators."""
        _, body = fetch("GET", f"http://127.0.0.1:{self.port + 4}/truth")
        return [post["text"] for post in json.loads(body) if post["network"] not in PUBLIC]


@contextmanager
def host(folder: Path, url: str | None) -> Iterator[Host]:
    """A failure takes the ends of the processes' logs with it: the folder may be gone when somebody reads of it."""
    here: Host | None = None
    with ExitStack() as stack:
        try:
            yield (here := Host(folder, stack, url))
        except BaseException as error:
            error.add_note("\n".join(here.told()) if here else "nothing was started")
            for log in sorted(folder.glob("*.log")):
                error.add_note(f"--- {log.name}\n{log.read_text(errors='replace')[-20000:]}")
            raise


def tell_back_up_and_lose_everything(here: Host, back_up: Any, *, early: bool) -> None:
    """An incident, a backup while its posts are under way (or when they are out), an update that the backup does not know; then SIGKILL."""
    worker = here.spawn("worker")
    here.misbehave("x", fault="cut", applied=True, times=1)  # the answer is lost: when the backup is made nobody knows
    declared = here.command("incident", "declare", "log-in")
    if early:
        back_up()
    until(lambda: {post["network"] for post in here.posts()} == SPOKEN_ON, worker, PATIENCE_S)
    if not early:
        back_up()
    here.command("incident", "update", declared["id"], "--status", "identified", "--cause", "supplier")
    until(here.replied, worker, PATIENCE_S)
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def judge(here: Host) -> None:
    """Everything is settled, a person goes on, and every post stands once."""
    before = here.posts()  # long after the kill: what was on its way then has arrived
    worker = here.spawn("worker")
    until(lambda: not any(row["state"] in ("unknown", "sending") for row in here.deliveries()), worker, PATIENCE_S)
    assert len(here.posts()) == len(before)  # posting is off, and nothing was sent while we looked
    (incident,) = here.command("incident", "list")
    here.command("resume", "posting")
    here.command("incident", "update", incident["id"], "--status", "monitoring")
    # A statement whose next update falls due before it goes is not sent; the promised one comes in its place a moment later.
    until(lambda: here.settled() and not here.silent(), worker, PATIENCE_S)

    posts = here.posts()
    carried = Counter((post["network"], post["account"], code) for post in posts for code in codes_in(post["text"]))
    assert [key for key, number in carried.items() if number > 1] == []
    until(lambda: any("nobody knows here who made it" in said for said in here.alarms()), worker)  # updates younger than the backup


@pytest.fixture
def admin(postgres_cluster: str) -> Iterator[Engine]:
    engine = create_engine(postgres_cluster, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.mark.parametrize("early", [pytest.param(True, marks=pytest.mark.long), pytest.param(False, marks=pytest.mark.release)])
def test_a_backup_made_under_way_is_restored_and_every_post_stands_once_on_sqlite(tmp_path: Path, early: bool) -> None:
    with host(tmp_path, None) as here:
        made: list[str] = []
        tell_back_up_and_lose_everything(here, lambda: made.append(here.command("backup", str(tmp_path / "backups"))["path"]), early=early)

        done = here.command("restore", "--over", made[0])

        assert done["posting"] == "off"
        judge(here)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("pg_dump") is None, reason="pg_dump is not installed")
def test_a_dump_made_under_way_is_restored_and_every_post_stands_once_on_postgresql(
    tmp_path: Path, postgres_cluster: str, admin: Engine
) -> None:
    url, plain = (make_url(postgres_cluster).set(database="restored", drivername=name) for name in ("postgresql+psycopg", "postgresql"))
    address = plain.render_as_string(hide_password=False)

    def afresh() -> None:
        with admin.connect() as connection:
            connection.execute(text("DROP DATABASE IF EXISTS restored WITH (FORCE)"))
            connection.execute(text("CREATE DATABASE restored"))

    afresh()
    with host(tmp_path, url.render_as_string(hide_password=False)) as here:
        dump, moments = str(tmp_path / "dump"), []

        def back_up() -> None:
            moments.append(datetime.now(UTC).isoformat())
            subprocess.run(["pg_dump", "--format=custom", "--file", dump, "--dbname", address], check=True)

        tell_back_up_and_lose_everything(here, back_up, early=True)
        afresh()
        subprocess.run(["pg_restore", "--dbname", address, dump], check=True)

        done = here.command("after-restore", "--backup-at", moments[0])

        assert done["unknown"] > 0
        judge(here)
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE restored WITH (FORCE)"))
