"""Roles as real processes, over a small configuration whose only network is a webhook that the test listens to."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.end_to_end.product import fetch
from tests.free_ports import free_port
from tests.processes import ended

TOP = Path(__file__).parent.parent.parent
SECRET = "whsec_" + base64.b64encode(b"canary-1e7d3b9f5a-canary-1e7d3b9").decode()
CONFIGURATION = """\
page: {{name: Real Bank, bank: Real, url: "http://127.0.0.1:{port}", languages: [en]}}
components:
  - {{slug: login, name: {{en: Log in}}, symptom: login}}
locations: [{{name: here, allow_addresses: [127.0.0.0/8]}}]
probes:
  - {{name: login-port, kind: tcp, component: login, target: {{host: 127.0.0.1, port: {sink}}}, interval_s: 2, timeout_s: 2}}
accounts:
  - {{name: sink, kind: webhook, config: {{url: "http://127.0.0.1:{sink}/hook", secret: "${{CANARY_SECRET}}"}}}}
channels:
  - {{name: sink-en, account: sink, language: en}}
delivery: {{deadline_s: 5}}
publishing: {{heartbeat_s: 2}}
"""


class Sink:
    """The receiver of the webhook: keeps what came."""

    def __init__(self) -> None:
        self.received: list[Any] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sink.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_port

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Place:
    """A folder with a configuration, a sink, and the processes that were started there."""

    folder: Path
    sink: Sink
    stack: ExitStack
    port: int = field(default_factory=free_port)

    @property
    def config(self) -> Path:
        return self.folder / "statuspage.yaml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    @property
    def environment(self) -> dict[str, str]:
        own = {"STATUSPAGE_CONFIG": str(self.config), "STATUSPAGE_DATA": str(self.data), "STATUSPAGE_PORT": str(self.port)}
        return os.environ | own | {"CANARY_SECRET": SECRET}

    def configure(self, **changes: str) -> None:
        text = CONFIGURATION.format(port=self.port, sink=self.sink.port)
        for old, new in changes.items():
            text = text.replace(old, new)
        self.config.write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts `statuspage ARGUMENTS`; it is ended with the place."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "statuspage", *arguments]
            process = subprocess.Popen(command, cwd=TOP, env=self.environment, stdout=log, stderr=subprocess.STDOUT)
        self.stack.enter_context(ended(process, signal.SIGTERM))
        return process

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "statuspage", "--json", *arguments]
        return subprocess.run(command, cwd=TOP, env=self.environment, capture_output=True, text=True, check=False)

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of an answer of the web role; 0 if there is none."""
        try:
            status, body = fetch("GET", f"http://127.0.0.1:{self.port}{path}")
        except OSError:
            return 0, ""
        return status, body.decode()

    def unhealthy(self) -> set[str]:
        """Names of the parts that /health reports; "web" if it does not answer as it should."""
        status, body = self.get("/health")
        if status not in (200, 503):
            return {"web"}
        return {name for name, part in json.loads(body)["parts"].items() if not part["healthy"]} - {"disk"}  # whatever disk this is

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Lines of the log that say so."""
        found = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in map(json.loads, found) if line["event"] == event]


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    sink = Sink()
    with ExitStack() as stack:
        stack.callback(sink.close)
        found = Place(folder, sink, stack)
        found.configure()
        yield found


def tree(pid: int) -> dict[int, list[str]]:
    """Process id -> command line of everything below a process."""
    parents: dict[int, tuple[int, list[str]]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                parents[int(entry.name)] = parent, (entry / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
    found: dict[int, list[str]] = {}
    wanted = {pid}
    while wanted:
        below = {child for child, (parent, _) in parents.items() if parent in wanted}
        found |= {child: parents[child][1] for child in below}
        wanted = below
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
