"""Customers who read the whole time: the page, the feeds and API v2, from nginx and from the embedded server."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from xml.etree import ElementTree

PATHS = (
    "/en/",
    "/de/",
    "/status.txt",
    "/fresh.json",
    "/en/feed.atom",
    "/en/feed.rss",
    "/en/feed.json",
    "/api/v2/summary.json",
    "/api/v2/status.json",
    "/api/v2/incidents.json",
    "/api/v2/incidents/unresolved.json",
)
MUST_ANSWER_S = 60.0
GIVE_UP_S = 2.0  # then a reader's browser, or whatever stands in front, asks the other server
PAUSE_S = 0.05


class Reader(threading.Thread):
    """Asks `port` for one path after the other. Where that one does not answer at all, it asks `other`, which must.

    errors     what was wrong with an answer, or that there was none although somebody must answer
    answers    by whom: "first" or "other"
    """

    def __init__(self, port: int, other: int | None = None) -> None:
        super().__init__(daemon=True)
        self.ports = [port] if other is None else [port, other]
        self.errors: list[str] = []
        self.answers: Counter[str] = Counter()
        self._generation = 0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            for path in PATHS:
                self.read(path)
            self._over.wait(PAUSE_S)

    def end(self) -> None:
        self._over.set()
        self.join()

    def read(self, path: str) -> None:
        for number, port in enumerate(self.ports):
            begun = time.monotonic()
            try:
                status, body = ask(port, path, GIVE_UP_S if number < len(self.ports) - 1 else MUST_ANSWER_S)
            except (OSError, http.client.HTTPException) as error:
                if number == len(self.ports) - 1:
                    self.errors.append(f"{path} on {port}: no answer after {time.monotonic() - begun:.1f} s: {error!r}")
                continue
            self.answers["other" if number else "first"] += 1
            wrong = self.wrong(path, status, body)
            if wrong:
                self.errors.append(f"{path} on {port}: {wrong}")
            return

    def wrong(self, path: str, status: int, body: bytes) -> str:
        """What is wrong with an answer; nothing if it is whole and no older than the one before."""
        if status != 200:
            return f"status {status}: {body[:200]!r}"
        try:
            if path.endswith(".json"):
                found = json.loads(body)
            elif path.endswith((".atom", ".rss")):
                ElementTree.fromstring(body)
            elif path.endswith("/") and not body.rstrip().endswith(b"</html>"):
                return f"ends with {body[-60:]!r}"
        except (ValueError, ElementTree.ParseError) as error:
            return f"is torn: {error}"
        if path == "/fresh.json":
            before, self._generation = self._generation, max(self._generation, found["generation"])
            if found["generation"] < before and len(self.ports) == 1:
                return f"edition {found['generation']} after {before}"
        return "" if body else "is empty"


def ask(port: int, path: str, give_up_s: float = MUST_ANSWER_S) -> tuple[int, bytes]:
    """One request on a connection of its own. Raises OSError or HTTPException where no whole answer comes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=give_up_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
