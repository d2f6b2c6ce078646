"""The whole product as a newcomer runs it: real processes, real ports, real sockets."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from statuspage.demo import stage
from tests.free_ports import free_port
from tests.processes import ended, until

TOP = Path(__file__).parent.parent.parent


class Product:
    """A running demonstration."""

    def __init__(self, process: subprocess.Popen[bytes], data: Path, port: int) -> None:
        self.process = process
        self.data = data
        self.port = port
        self.addresses: dict[str, str] = json.loads((data / "addresses.json").read_text())

    def get(self, name: str, path: str = "") -> tuple[int, bytes]:
        """Status and body of a page at one of the addresses."""
        return fetch("GET", self.addresses[name].rstrip("/") + (path or "/"))

    def json(self, name: str, path: str) -> Any:
        status, body = self.get(name, path)
        assert status == 200, f"{name}{path} answered {status}"
        return json.loads(body)

    def truth(self) -> list[dict[str, Any]]:
        """Everything truly posted since the demonstration began."""
        found: list[dict[str, Any]] = self.json("networks", "/truth")
        return found

    def fault(self, name: str, **settings: object) -> None:
        status, body = fetch("PUT", f"{self.addresses['switchboard'].rstrip('/')}/faults/{name}", settings)
        assert status in (200, 201, 204), body

    def mend(self, name: str) -> None:
        status, body = fetch("DELETE", f"{self.addresses['switchboard'].rstrip('/')}/faults/{name}")
        assert status in (200, 204), body

    def misbehave(self, network: str, **fault: object) -> None:
        status, body = fetch("PUT", f"{self.addresses['networks'].rstrip('/')}/misbehave/{network}", fault)
        assert status in (200, 201, 204), body

    def incidents(self) -> list[dict[str, Any]]:
        """Newest first, as any reader of the public JSON sees them."""
        found: list[dict[str, Any]] = self.json("page", "/api/v2/incidents.json")["incidents"]
        return found

    def command(self, *arguments: str) -> Any:
        """Runs `statuspage --json ...` beside the product and returns its answer."""
        environment = child_environment(self.data, self.port)
        command = [sys.executable, "-m", "statuspage", "--data", str(self.data), "--json", *arguments]
        done = subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def child_environment(data: Path, port: int) -> dict[str, str]:
    """What a command beside the demonstration needs to read its configuration."""
    import os

    return dict(os.environ) | stage.environment("127.0.0.1", port, data) | {"STATUSPAGE_CONFIG": str(stage.CONFIGURATION)}


def fetch(method: str, url: str, body: object = None) -> tuple[int, bytes]:
    """One request on loopback; any status is an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@contextmanager
def running_product(data: Path, *options: str) -> Iterator[Product]:
    """Starts `statuspage up --demo` and waits until it says that everything is up; Ctrl-C at the end."""
    port = free_port(stage.PORTS)
    data.mkdir(parents=True, exist_ok=True)
    with (data / "output.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "statuspage", "up", "--demo", "--port", str(port), "--data", str(data), *options],
            cwd=TOP,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with ended(process, signal.SIGINT):
            until(lambda: (data / "addresses.json").exists(), process)
            yield Product(process, data, port)
