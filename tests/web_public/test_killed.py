"""One part after the other is killed while somebody keeps reading: the page, its data and its feed never fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from statuspage.cli import main
from tests.deploy.servers import fronted, nginx
from tests.free_ports import free_port
from tests.postgres import running_cluster
from tests.processes import ended, until
from tests.web_public.serving import ask

TOP = Path(__file__).parent.parent.parent
PATHS = ("/en/", "/api/v2/summary.json", "/en/feed.atom")
CONFIGURATION = """\
page: {name: Canary Bank, bank: Canary, url: "https://status.bank.example", languages: [en]}
components:
  - {slug: login, name: {en: Log in}, symptom: login}
publishing: {heartbeat_s: 1}
"""


class Reader:
    """Reads without a pause, until it is stopped; keeps count of what it got."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self.seen: Counter[int] = Counter()
        self._ask, self._stop = read, threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while not self._stop.is_set():
            for path in PATHS:
                try:
                    self.seen[self._ask(path).status] += 1
                except OSError:
                    self.seen[0] += 1

    def reads_on(self, times: int = 30) -> None:
        """Waits until it has read so many times more."""
        target = self.seen.total() + times
        until(lambda: self.seen.total() >= target)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def kill_postgresql(url: str) -> None:
    """The whole server at once, as when its host loses power."""
    engine = create_engine(url)
    with engine.connect() as connection:
        data = Path(connection.execute(text("SHOW data_directory")).scalar_one())
    engine.dispose()
    os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


@pytest.mark.long
def test_worker_database_and_application_are_killed_one_after_the_other_and_not_one_read_fails(tmp_path: Path) -> None:
    """One reader asks the application itself as long as it lives, the other nginx as documented, which has the folder when it is gone."""
    port, data = free_port(), tmp_path / "data"
    tmp_path.chmod(0o755)
    (tmp_path / "statuspage.yaml").write_text(CONFIGURATION)
    with running_cluster() as url, ExitStack() as stack:
        environment = os.environ | {
            "STATUSPAGE_CONFIG": str(tmp_path / "statuspage.yaml"), "STATUSPAGE_DATA": str(data), "STATUSPAGE_DATABASE": url,
        }  # fmt: skip
        command = [sys.executable, "-m", "statuspage"]
        subprocess.run([*command, "migrate"], cwd=TOP, env=environment, check=True, stdout=subprocess.DEVNULL)
        running = {}
        for role, more in (("worker", []), ("web", ["--port", str(port)])):
            with (tmp_path / f"{role}.log").open("wb") as log:
                process = subprocess.Popen([*command, role, *more], cwd=TOP, env=environment, stdout=log, stderr=subprocess.STDOUT)
            running[role] = stack.enter_context(ended(process))
        until(lambda: _published(port), running["worker"])
        assert CliRunner().invoke(main, ["--data", str(data), "front", "nginx", str(tmp_path)]).exit_code == 0
        front = stack.enter_context(fronted(nginx, tmp_path, data / "public", port))
        outside, inside = Reader(front.ask), Reader(partial(ask, port))
        stack.callback(outside.stop)
        stack.callback(inside.stop)

        both_read_on(outside, inside)
        running["worker"].send_signal(signal.SIGKILL)
        running["worker"].wait()
        both_read_on(outside, inside)
        kill_postgresql(url)
        both_read_on(outside, inside)
        inside.stop()
        running["web"].send_signal(signal.SIGKILL)
        running["web"].wait()
        outside.reads_on()
        outside.stop()

        assert set(outside.seen) == set(inside.seen) == {200}, (outside.seen, inside.seen)


def both_read_on(*readers: Reader) -> None:
    for reader in readers:
        reader.reads_on()


def _published(port: int) -> bool:
    try:
        return ask(port, "/en/").status == 200
    except OSError:
        return False
