"""X34 for real: an outage among networks and a bank that shout every secret back; none is found anywhere afterwards."""

from __future__ import annotations

import base64
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import pytest

from statuspage.outside import Folder
from tests.end_to_end.product import TOP, fetch
from tests.free_ports import free_port
from tests.processes import ended, until
from tests.worker.real import tree

pytestmark = pytest.mark.long
PATIENCE_S = 400.0  # everything is slow where the machine does other work, too
SIGNING = b"canary-operators-4d8b2f6a9e-0123"
NAMES = ("mastodon", "bluesky", "x-access", "x-refresh", "x-client", "facebook", "facebook-app", "header", "password-1", "password-2")
CANARIES = {name: f"canary-{name}-7f3a9c1e5b" for name in NAMES} | {
    "telegram": "7000000001:canary-telegram-7f3a9c1e5b0000000000",
    "operators": "whsec_" + base64.b64encode(SIGNING).decode(),
}
IN_THE_ENVIRONMENT = ("mastodon", "x-access", "password-1")  # the others stand in files, and so in no process's environment

CONFIGURATION = """\
page: {{name: Canary Bank, bank: Canary, url: "http://127.0.0.1:{port}", languages: [en]}}
components:
  - {{slug: login, name: {{en: Log in}}, symptom: login}}
  - {{slug: shop, name: {{en: Shop}}, symptom: slow}}
locations: [{{name: here, allow_addresses: [127.0.0.0/8]}}]
probes:
  - {{name: gone, kind: tcp, component: login, interval_s: 2, timeout_s: 1, target: {{host: 127.0.0.1, port: 9}}}}
  - name: front
    kind: http
    component: shop
    interval_s: 2
    timeout_s: 2
    target: {{url: "http://127.0.0.1:{hostile}/front", secret_headers: {{Authorization: "file:header"}}, ports: [{hostile}]}}
  - name: sign-in
    kind: journey
    component: shop
    interval_s: 5
    timeout_s: 3
    target:
      url: "http://127.0.0.1:{hostile}"
      attempts_per_hour: 2000
      accounts:
        - {{name: one, user: anna, password: "${{CANARY_PASSWORD_1}}"}}
        - {{name: two, user: bert, password: "file:password-2"}}
      steps:
        - name: password
          url: /sign-in
          method: POST
          form: {{user: "{{user}}", password: "{{password}}"}}
          refused: {{texts: [Login failed]}}
          expect: {{contains: [Welcome]}}
accounts:
  - {{name: mastodon, kind: mastodon, config: {{base_url: "http://127.0.0.1:{hostile}", access_token: "${{CANARY_MASTODON}}"}}}}
  - {{name: bluesky, kind: bluesky, config: {{pds_url: "http://127.0.0.1:{hostile}", handle: bank.example, app_password: "file:bluesky"}}}}
  - name: x
    kind: x
    config:
      base_url: "http://127.0.0.1:{hostile}"
      user_id: "1"
      username: bank
      access_token: "${{CANARY_X_ACCESS}}"
      refresh_token: "file:x-refresh"
      client_id: app
      client_secret: "file:x-client"
  - name: facebook
    kind: facebook
    config: {{base_url: "http://127.0.0.1:{hostile}", page_id: "1", page_token: "file:facebook", app_secret: "file:facebook-app"}}
  - {{name: telegram, kind: telegram, config: {{base_url: "http://127.0.0.1:{hostile}", chat_id: "@bank", bot_token: "file:telegram"}}}}
  - {{name: operators, kind: webhook, config: {{url: "http://127.0.0.1:{hostile}/hook", secret: "file:operators"}}}}
channels:
  - {{name: mastodon, account: mastodon}}
  - {{name: bluesky, account: bluesky}}
  - {{name: x, account: x}}
  - {{name: facebook, account: facebook}}
  - {{name: telegram, account: telegram}}
  - {{name: operators, account: operators, operators: true}}
delivery: {{deadline_s: 2, quiet_s: 2, blind_assume_s: 3, watch_s: 1, breaker_trial_s: 1}}
publishing: {{heartbeat_s: 2}}
"""


class Hostile:
    """Answers everything wrongly, each time in another way, and repeats what it was sent: address, headers and body. Or hangs up."""

    def __init__(self) -> None:
        self.heard = b""
        self.alarms = b""
        turns = itertools.count()
        hostile = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                said = f"{self.path}\n{self.headers}\n".encode() + body
                if self.path == "/hook":
                    hostile.alarms += body
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                hostile.heard += said
                status = (400, 401, 403, 404, 422, 429, 500, 503, 200, None, 0)[next(turns) % 11]
                if status is None:
                    return
                if not status:
                    self.wfile.write(said)  # no HTTP at all
                    return
                self.send_response_only(status, f"No {self.headers.get('Authorization', '')}"[:200])
                self.send_header("X-Error", self.path[:200])
                self.end_headers()
                kinds = (
                    said,
                    json.dumps({"error": {"code": 999, "message": said.decode("latin-1")}, "detail": said.decode("latin-1")}).encode(),
                )
                self.wfile.write(kinds[next(turns) % 2])

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_port


def spellings(secret: str) -> set[str]:
    """How a secret could stand somewhere: as it is, in an address, as base64, without its prefix."""
    plain = secret.removeprefix("whsec_")
    return {secret, plain, quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("=")}


def found_in(text: str, names: tuple[str, ...] = tuple(CANARIES)) -> list[str]:
    wanted = {name: spellings(CANARIES[name]) for name in names}
    return sorted(name for name, ways in wanted.items() if any(way in text for way in ways))


def leaked(text: str) -> list[str]:
    """Whole secrets, in any spelling, and what was cut off in the middle of one."""
    return found_in(text) + (["a part of one"] if "canary-" in text else [])


def in_the_way(public: Path) -> bool:
    """A file where the publisher wants a folder, whoever runs this test; True if the publisher left the time for it."""
    with Folder(public).exclusive() as ours:
        if ours:
            (public / "en").rename(public / "en.before")
            (public / "en").touch()
    return ours


@contextmanager
def hostile_world() -> Iterator[Hostile]:
    world = Hostile()
    try:
        yield world
    finally:
        world.server.shutdown()
        world.server.server_close()


def test_x34_after_an_outage_among_networks_that_shout_secrets_back_none_is_found_anywhere(tmp_path: Path) -> None:
    with hostile_world() as hostile, ExitStack() as stack:
        port, data, log = free_port(), tmp_path / "data", tmp_path / "output.log"
        for name, secret in CANARIES.items():
            (tmp_path / name).write_text(secret)
        (tmp_path / "statuspage.yaml").write_text(CONFIGURATION.format(port=port, hostile=hostile.port))
        environment = os.environ | {f"CANARY_{name.upper().replace('-', '_')}": CANARIES[name] for name in IN_THE_ENVIRONMENT}
        environment |= {"STATUSPAGE_CONFIG": str(tmp_path / "statuspage.yaml"), "STATUSPAGE_DATA": str(data)}

        def command(*arguments: str) -> str:
            run = [sys.executable, "-m", "statuspage", *arguments]
            done = subprocess.run(run, cwd=TOP, env=environment, capture_output=True, text=True, check=False)
            return f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"

        def get(path: str) -> str:
            try:
                return fetch("GET", f"http://127.0.0.1:{port}{path}")[1].decode("latin-1")
            except OSError:
                return ""

        up = subprocess.Popen(
            [sys.executable, "-m", "statuspage", "up", "--port", str(port)], cwd=TOP, env=environment,
            stdout=stack.enter_context(log.open("wb")), stderr=subprocess.STDOUT,
        )  # fmt: skip
        stack.enter_context(ended(up, signal.SIGTERM))
        until(lambda: "investigating" in get("/api/v2/incidents/unresolved.json"), up, PATIENCE_S)
        until(
            lambda: not {"mastodon", "bluesky", "facebook", "telegram", "x-access"} - set(found_in(hostile.heard.decode("latin-1"))),
            up,
            PATIENCE_S,
        )
        until(lambda: not {"password-1", "header"} - set(found_in(hostile.heard.decode("latin-1"))), up, PATIENCE_S)
        until(lambda: b"delivery" in hostile.alarms.lower(), up, PATIENCE_S)
        until(lambda: in_the_way(data / "public"), up, PATIENCE_S)
        until(lambda: "Traceback" in log.read_text(), up, PATIENCE_S)
        processes = {child: "\0".join(line) for child, line in tree(up.pid).items()}
        surroundings = [Path(f"/proc/{child}/environ").read_bytes().decode("latin-1") for child in processes]
        listing = command("--json", "deliveries", "list", "--limit", "500")
        rows = [row for row in json.loads(listing.split("\n", 1)[1]) if row["channel"] != "operators"]
        answers = [get(path) for path in ("/en/", "/metrics", "/health", "/console/", "/nowhere", "/api/v2/summary.json", "/en/feed.atom")]
        answers += [listing, *(command("deliveries", "show", row["id"]) for row in rows[:3])]
        answers += [command(*words) for words in (("check",), ("probe", "run", "front"), ("probe", "run", "sign-in"))]
        answers += [
            command(*words) for words in (("reload",), ("keys", "list"), ("backup", str(tmp_path / "backups")), ("incident", "list"))
        ]
        up.send_signal(signal.SIGTERM)
        up.wait(30)

        files = [path for folder in (data, tmp_path / "backups") for path in folder.rglob("*") if path.is_file()]
        places = {str(path.relative_to(tmp_path)): path.read_bytes().decode("latin-1") for path in files}
        places |= {f"answer {number}": text for number, text in enumerate(answers)} | {
            f"command line of {one}": line for one, line in processes.items()
        }
        places |= {"log": log.read_text(), "alarms": hostile.alarms.decode("latin-1")}
        in_files = tuple(name for name in CANARIES if name not in IN_THE_ENVIRONMENT)

        assert len(files) > 20 and len(processes) >= 3 and len(rows) >= 5 and places["log"]
        assert {place: found for place, text in places.items() if (found := leaked(text))} == {}
        assert [found for text in surroundings if (found := found_in(text, in_files))] == []
        assert [found for text in surroundings if not (found := found_in(text, IN_THE_ENVIRONMENT))] == []  # we would have seen them
