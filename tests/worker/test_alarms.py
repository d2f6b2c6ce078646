"""Operators hear of what is stuck or unknown within 5 s: real processes, real sockets, one receiver that refuses, one that hangs up."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import Database, deliveries
from statuspage.store.deliveries import Attempt
from tests.processes import until
from tests.worker.real import Place

pytestmark = pytest.mark.long
QUIET_S = 4.0
WITHIN_S = 5.0
CONFIGURATION = """\
page: {{name: Real Bank, bank: Real, url: "http://127.0.0.1:{port}", languages: [en]}}
components:
  - {{slug: login, name: {{en: Log in}}, symptom: login}}
locations: [{{name: here, allow_addresses: [127.0.0.0/8]}}]
accounts:
  - {{name: refuses, kind: webhook, config: {{url: "http://127.0.0.1:{sink}/refuses", secret: "${{CANARY_SECRET}}"}}}}
  - {{name: silent, kind: webhook, config: {{url: "http://127.0.0.1:{sink}/silent", secret: "${{CANARY_SECRET}}"}}}}
  - {{name: staff, kind: webhook, config: {{url: "http://127.0.0.1:{sink}/staff", secret: "${{CANARY_SECRET}}"}}}}
channels:
  - {{name: refuses-en, account: refuses, language: en}}
  - {{name: silent-en, account: silent, language: en}}
  - {{name: staff, account: staff, language: en, operators: true}}
delivery: {{deadline_s: 3, quiet_s: 4, breaker_failures: 100}}
"""


class Receiver:
    """Takes what is sent to /staff, refuses for good at /refuses, and hangs up without an answer at /silent until it is mended."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, str]] = []
        self.mended = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/silent" and not receiver.mended:
                    self.close_connection = True
                    return
                if self.path == "/staff":
                    receiver.heard.append((time.time(), event["data"]["text"]))
                self.send_response(410 if self.path == "/refuses" else 200)
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

    def about(self, words: str) -> list[tuple[float, str]]:
        return [(at, text) for at, text in self.heard if words in text]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    receiver = Receiver()
    with ExitStack() as stack:
        stack.callback(receiver.close)
        found = Place(tmp_path, receiver, stack)  # type: ignore[arg-type]
        found.config.write_text(CONFIGURATION.format(port=found.port, sink=receiver.port))
        yield found


def told(database: Database, channel: str) -> tuple[Delivery, list[Attempt]]:
    """The channel's first post and its story."""
    with database.reading() as session:
        row = next(row for row in deliveries.listing(session) if row.channel == channel)
        return row, deliveries.story(session, row.id)


def when(story: list[Attempt], outcome: str) -> float:
    """Wall time of the first line of a story that ended so."""
    return next(line.at.timestamp() for line in story if line.outcome == outcome)


def test_a_refused_and_a_lost_post_reach_the_operators_with_what_to_do_and_end_when_settled(here: Place) -> None:
    staff: Any = here.sink
    assert here.command("migrate").returncode == 0
    worker = here.start("worker")
    until(lambda: here.lines("configuration in force"), worker)

    declared = here.command("incident", "declare", "login")
    assert declared.returncode == 0, declared.stderr
    until(lambda: staff.about("refuses-en is stuck") and staff.about("nobody knows whether it was published"), worker)
    staff.mended = True
    until(lambda: staff.about("Over: "), worker)
    with closing(Database(f"sqlite:///{here.data / 'statuspage.db'}")) as database:
        refused, lost = told(database, "refuses-en"), told(database, "silent-en")
    (refused_at, refused_text), (lost_at, lost_text) = staff.about("refuses-en is stuck")[0], staff.about("nobody knows")[0]

    assert refused_at - when(refused[1], "gone") < WITHIN_S
    assert QUIET_S <= lost_at - when(lost[1], "ambiguous") < QUIET_S + WITHIN_S
    for (row, _), text in ((refused, refused_text), (lost, lost_text)):
        assert f"http://127.0.0.1:{here.port}/console/deliveries/{row.id}" in text
        assert "“Log in: Logging in does not work" in text
    assert (refused[0].state, lost[0].state) == (DeliveryState.STUCK, DeliveryState.DELIVERED)
    assert len(staff.about("is stuck")) == 1
