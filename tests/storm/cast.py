"""The product as separate processes over PostgreSQL, as on a host with a service manager and nginx; bank and networks beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any

import yaml
from sqlalchemy import text

from statuspage.actions.context import Context
from statuspage.demo import stage
from statuspage.settings.process import from_environment
from statuspage.store import Database
from statuspage.worker.assemble import build_context
from statuspage.worker.process import open_ports, running_configuration
from tests.end_to_end.product import TOP, fetch
from tests.free_ports import free_port
from tests.processes import until
from tests.storm.plan import PROCESSES

CHANGES: dict[str, dict[str, Any]] = {  # shorter times than the demonstration's, so that much happens in a minute
    "incidents": {"stable_s": 15, "reopen_within_s": 20, "new_per_component_s": 5, "next_update_s": {"critical": 60, "major": 60}},
    "delivery": {"deadline_s": 5, "quiet_s": 10, "blind_assume_s": 30, "backoff_slow_after_s": 60, "backoff_slow_s": 20},
    "publishing": {"heartbeat_s": 5},
}


class Cast:
    """Starts the processes, and starts again whoever ends without having been asked, as a service manager does.

    port     of the page; the bank and the networks have those after it
    front    of nginx, which serves the published folder and asks nobody
    wanted   names of those that should run; suspended: those that do not move just now
    """

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.port, self.front = free_port(stage.PORTS), free_port()
        self.data = folder / "data"
        self.data.mkdir()
        configuration = yaml.safe_load(stage.CONFIGURATION.read_text())
        for section, values in CHANGES.items():
            configuration[section] = configuration.get(section, {}) | values
        (folder / "statuspage.yaml").write_text(yaml.safe_dump(configuration, allow_unicode=True))
        own = {"CONFIG": str(folder / "statuspage.yaml"), "DATA": str(self.data), "DATABASE": url, "PORT": str(self.port)}
        self.environment = os.environ | stage.environment("127.0.0.1", self.port, self.data)
        self.environment |= {f"STATUSPAGE_{key}": value for key, value in own.items()}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.wanted: set[str] = set()
        self.suspended: set[str] = set()
        self.started_again = 0
        self._groups: list[subprocess.Popen[bytes]] = []
        self._logs: list[IO[bytes]] = []
        self.database = Database(url)
        stack.callback(self.database.close)
        stack.callback(self.close)

    def begin(self) -> None:
        """Everything up, the first edition published, every path served by nginx."""
        subprocess.run(
            [sys.executable, "-m", "statuspage", "migrate"], cwd=TOP, env=self.environment, check=True, stdout=subprocess.DEVNULL
        )
        self._spawn("demo", sys.executable, "-m", "statuspage", "demo", "--port", str(self.port), "--data", str(self.data))
        self._spawn("nginx", "nginx", "-p", str(self.folder), "-c", str(self._nginx()))
        for name in PROCESSES:
            self.start(name)

    def context(self) -> Context:
        """What the console acts with: a context of this process, over the same store."""
        process = from_environment(self.environment)
        ports = replace(open_ports(process), store=self.database)
        return build_context(ports, process, running_configuration(ports, process, self.environment)[1])

    # --- processes --------------------------------------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """Starts it, unless it runs already."""
        self.wanted.add(name)
        if name not in self.running or self.running[name].poll() is not None:
            self._spawn(name, sys.executable, "-m", "statuspage", name.split("-")[0])

    def _spawn(self, name: str, *command: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self._logs.append(log)
        process = subprocess.Popen(
            command, cwd=TOP, env=self.environment | {"PGAPPNAME": name}, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self.running[name] = process
        self._groups.append(process)

    def keep(self) -> None:
        """One look of the service manager."""
        for name in sorted(self.wanted):
            if self.running[name].poll() is not None:
                self.started_again += 1
                self.start(name)

    def send(self, name: str, how: int, *, group: bool = True) -> None:
        process = self.running[name]
        if process.poll() is None:
            os.killpg(process.pid, how) if group else process.send_signal(how)

    def close(self) -> None:
        """Ends every process that was ever started, whole groups at a time."""
        for process in self._groups:
            for how in (signal.SIGCONT, signal.SIGKILL):
                try:
                    os.killpg(process.pid, how)
                except ProcessLookupError:
                    break
            process.wait()
        for log in self._logs:
            log.close()

    def _nginx(self) -> Path:
        """The front server as in docs/production.md: it reads the published folder, and nothing of ours runs behind it."""
        places = " ".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        path = self.folder / "nginx.conf"
        path.write_text(
            f"{user} daemon off; worker_processes 1; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx-errors.log;"
            "events { worker_connections 256; }"
            f"http {{ access_log off; types {{ text/html html; }} charset utf-8; index index.html; root {self.data}/public; {places}"
            f" server {{ listen 127.0.0.1:{self.front}; }} }}"
        )
        return path

    # --- what surrounds the product ---------------------------------------------------------------------------------------

    def ask(self, port: int, method: str, path: str, body: object = None) -> Any:
        status, answer = fetch(method, f"http://127.0.0.1:{port}{path}", body)
        assert status in (200, 201, 204), (method, path, status, answer[:500])
        return json.loads(answer) if answer else None

    @property
    def switchboard(self) -> int:
        return self.port + 3

    @property
    def networks(self) -> int:
        return self.port + 4

    def truth(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(self.networks, "GET", "/truth")
        return found

    def end_sessions(self, name: str) -> int:
        """The database's server ends every session of that process, which does not know it yet."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"
        with self.database.writing() as session:
            return len(session.execute(text(query), {"name": name}).all())

    def reachable(self) -> None:
        """Waits until the bank's switchboard and the networks answer."""
        for port in (self.switchboard, self.networks):
            until(partial(_answers, port))


def _answers(port: int) -> bool:
    try:
        return fetch("GET", f"http://127.0.0.1:{port}/")[0] == 200
    except OSError:
        return False
