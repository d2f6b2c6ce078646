"""docs/writing-a-broadcaster.md: its module works as it is printed, and what it says of our own parts is true."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from broadcasters import post
from broadcasters.errors import OutcomeClass, Rejected, Uncertain
from broadcasters.http import Http, RequestsTransport
from broadcasters.post import Post

TEXT = (Path(__file__).parents[2] / "docs" / "writing-a-broadcaster.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)


class Server:
    """As much of Gotify as the module meets. status: what a message is answered with; applied: it is kept all the same."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.status, self.applied = 200, True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.headers["X-Gotify-Key"] != "may-read-0001":
                    return self._say(401, {"error": "Unauthorized"})
                if self.path == "/current/user":
                    return self._say(200, {"name": "bank"})
                at = "2026-11-22T15:35:00.5045044+01:00"
                kept = [{"id": number, "message": text, "date": at} for number, text in enumerate(outer.messages, 1)]
                return self._say(200, {"messages": [] if "since" in self.path else kept[::-1]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.headers["X-Gotify-Key"] != "may-write-0001":
                    return self._say(401, {"error": "Unauthorized"})
                if outer.applied:
                    outer.messages.append(body["message"])
                return self._say(outer.status, {"id": len(outer.messages)})

            def _say(self, status: int, body: Any) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module as the document prints it."""
    file = tmp_path / "printed_gotify.py"
    file.write_text(TEXT.split("```python\n")[1].split("```")[0], encoding="utf-8")
    spec = spec_from_file_location("printed_gotify", file)
    assert spec is not None and spec.loader is not None
    made = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "printed_gotify", made)
    spec.loader.exec_module(made)
    return made


def told(number: int = 1) -> Post:
    return Post(f"Card payments do not work. Ref K7Q2M{number}X", "en", f"key-{number}", f"K7Q2M{number}X", NOW)


def http() -> Http:
    return Http(RequestsTransport(), deadline_s=5.0, now=lambda: NOW)


def test_the_printed_module_publishes_finds_again_and_proves_absence(module: ModuleType, server: Server) -> None:
    config = module.Config(server.url, 5, "may-write-0001", "may-read-0001")

    receipt = module.broadcast(told(), config, http())

    assert server.messages == [told().text]
    assert module.find(told().code, NOW, config, http()).remote == receipt.remote
    assert module.find(told(2).code, NOW, config, http()) is None
    assert module.verify(config, http()) == "Signed in as bank."
    assert "may-" not in repr(config) and module.limits(config).maximum == 8000


@pytest.mark.parametrize("applied", [True, False])
def test_its_server_fault_is_uncertain_and_cleared_up_by_reading(applied: bool, module: ModuleType, server: Server) -> None:
    config = module.Config(server.url, 5, "may-write-0001", "may-read-0001")
    server.status, server.applied = 500, applied

    with pytest.raises(Uncertain):
        module.broadcast(told(), config, http())

    assert (module.find(told().code, NOW, config, http()) is not None) is applied


def test_its_refusals_and_its_configuration_say_what_is_wrong(module: ModuleType, server: Server) -> None:
    with pytest.raises(Rejected) as caught:
        module.broadcast(told(), module.Config(server.url, 5, "made-up-0001", "may-read-0001"), http())
    with pytest.raises(ValueError, match="priority"):
        module.Config(server.url, 5, "w", "r", priority=11)
    with pytest.raises(ValueError, match="https"):
        module.Config("http://gotify.example", 5, "w", "r")

    assert caught.value.outcome is OutcomeClass.REAUTH and "made-up" not in caught.value.detail


@pytest.mark.parametrize("name", ["Post", "Remote", "Receipt", "Found"])
def test_the_document_names_every_field(name: str) -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{name}` |"))

    fields = {field.name for field in dataclasses.fields(getattr(post, name))}

    assert fields <= set(re.findall(r"`(\w+)`", row.partition("|")[2]))
