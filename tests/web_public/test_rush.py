"""L2, L3: ten times the rush, with addresses that no cache knows; and the folder alone. Load comes from wrk, in a process of its own."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Self
from urllib.parse import urlencode

import pytest

from tests.free_ports import free_port
from tests.processes import ended, until
from tests.publish.samples import outage
from tests.web_public.serving import ask, publish

TOP = Path(__file__).parent.parent.parent
BURST_S, BURSTS = 10, 3
CONFIGURATION = """\
page: {name: Canary Bank, bank: Canary, url: "http://127.0.0.1:PORT", languages: [en]}
components:
  - {slug: login, name: {en: Log in}, symptom: login}
"""
# Each address is asked for once; whoever is told to come again later is counted.
SCRIPT = """\
local number = 0
request = function()
  number = number + 1
  return wrk.format(METHOD, PATH .. "?b=" .. number .. "x" .. os.time(), {["Content-Type"] = "application/x-www-form-urlencoded"}, BODY)
end
"""


class Rush:
    """wrk on one address with a query that is new each time."""

    def __init__(self, folder: Path, port: int, method: str, path: str, body: str = "") -> None:
        script = folder / f"{method}.lua"
        values = {"METHOD": json.dumps(method), "PATH": json.dumps(path), "BODY": json.dumps(body) if body else "nil"}
        script.write_text("".join(f"local {name} = {value}\n" for name, value in values.items()) + SCRIPT)
        command = ["wrk", "-t1", "-c128", f"-d{BURST_S}s", "--timeout", "60s", "-s", str(script), f"http://127.0.0.1:{port}"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with ended(self.process):
            pass

    def answers(self) -> tuple[int, int]:
        """How many came, and how many of them were no page: 503 with us. Fails if a connection met an error."""
        said, _ = self.process.communicate(timeout=120)
        assert self.process.returncode == 0 and "Socket errors" not in said, said
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
        found = re.search(r"(\d+) requests in", said)
        assert found is not None, said
        return int(found[1]), int(bad[1]) if bad else 0


class Operator:
    """Somebody at the console, over one connection."""

    def __init__(self, port: int, link: str) -> None:
        self.port, self.cookie = port, ""
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        _, headers = self.ask("POST", link)
        self.cookie = headers["Set-Cookie"].partition(";")[0]

    def ask(self, method: str, path: str, **fields: str) -> tuple[str, http.client.HTTPMessage]:
        told = {"Origin": f"http://127.0.0.1:{self.port}", "Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request(method, path, urlencode(fields), told)
        answer = self.connection.getresponse()
        body = answer.read().decode()
        assert answer.status in (200, 303), f"{method} {path}: {answer.status} {body[:300]}"
        return body, answer.headers

    def acts(self, turn: str) -> float:
        """Opens the overview and turns posting off or on, as in earnest. Seconds."""
        began = time.monotonic()
        page, _ = self.ask("GET", "/console/")
        token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
        self.ask("POST", "/console/switches/posting", csrf_token=token, turn=turn, reason="a rush" if turn == "off" else "")
        return time.monotonic() - began


@contextmanager
def web(folder: Path, port: int) -> Iterator[str]:
    """A real `web` process with a page and a database; yields a link that signs an administrator in."""
    (folder / "statuspage.yaml").write_text(CONFIGURATION.replace("PORT", str(port)))
    publish(folder / "public", outage())
    command = [sys.executable, "-m", "statuspage", "--config", str(folder / "statuspage.yaml"), "--data", str(folder)]
    subprocess.run([*command, "migrate"], cwd=TOP, check=True, stdout=subprocess.DEVNULL)
    added = subprocess.run(
        [*command, "--json", "person", "add", "Ana", "--role", "administrator"], cwd=TOP, check=True, capture_output=True
    )
    with (folder / "said.txt").open("wb") as log:
        process = subprocess.Popen([*command, "web", "--port", str(port)], cwd=TOP, stdout=log, stderr=subprocess.STDOUT)
    with ended(process):
        until(lambda: _listens(port) or process.poll() is not None)
        assert process.poll() is None, (folder / "said.txt").read_text()
        yield "/console/" + json.loads(added.stdout)["sign_in"].partition("/console/")[2]


def _listens(port: int) -> bool:
    try:
        return ask(port, "/en/").status == 200
    except OSError:
        return False


@pytest.mark.long
def test_three_bursts_are_shed_while_operators_work_and_all_is_well_after_each(tmp_path: Path) -> None:
    """L2: every page is a page; of the forms, those that are too many are told to come again; nobody at the console waits."""
    port = free_port()
    with web(tmp_path, port) as link:
        ana = Operator(port, link)
        for _ in range(BURSTS):
            form = ("POST", "/report/send", "component=login&symptom=login")
            with Rush(tmp_path, port, "GET", "/en/") as pages, Rush(tmp_path, port, *form) as forms:
                waited = []
                while pages.process.poll() is None:
                    waited += [ana.acts("off"), ana.acts("on")]
                asked, spoiled = pages.answers()
                sent, shed = forms.answers()
            print(f"{asked} pages; {sent} forms, {shed} shed; an operator's deed took {median(waited):.2f} s, at most {max(waited):.2f}")

            assert asked > 0 and spoiled == 0, f"{spoiled} of {asked} pages did not come"
            assert 0 < shed < sent, f"{shed} of {sent} forms were shed"
            until(lambda: ask(port, "/report/send", "POST").status == 303)
        ana.connection.close()


@contextmanager
def plain_nginx(folder: Path, public: Path) -> Iterator[int]:
    """A static server that knows nothing of us but where the folder is. Yields its port."""
    port = free_port()
    folder.chmod(0o755)
    places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/errors.log; events {{}}"
        f"http {{ access_log off; gzip_static on; keepalive_requests 1000000; {places}"
        f" server {{ listen 127.0.0.1:{port}; root {public}; index index.html; }} }}"
    )
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors.log")])
    with ended(process):
        until(lambda: _listens(port), process)
        yield port


@pytest.mark.long
def test_sixty_thousand_readers_of_the_folder_need_nothing_of_ours(tmp_path: Path) -> None:
    """L3: no process of the product runs."""
    publish(tmp_path / "public", outage())
    with plain_nginx(tmp_path, tmp_path / "public") as port:
        asked = 0
        for path in itertools.cycle(("/en/", "/api/v2/summary.json", "/en/feed.atom", "/status.txt")):
            command = ["wrk", "-t1", "-c64", "-d5s", "-H", "Accept-Encoding: gzip", f"http://127.0.0.1:{port}{path}"]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            assert "Non-2xx" not in said and "Socket errors" not in said, said
            asked += int(re.findall(r"(\d+) requests in", said)[0])
            if asked >= 60_000:
                break
