"""The notice board against a real local server: what it takes, refuses, loses, and how a lost note is found again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import statuspage_noticeboard as noticeboard

from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.http import Http, RequestsTransport
from broadcasters.post import Post

NOW = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)
WORDS = "Card payments do not work. https://status.bank.example/u/K7Q2M3X"


class Board(ThreadingHTTPServer):
    """notes: what truly hangs there. trouble: how the next request is met: "500", "500 applied", "429", "423" or "silence"."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.notes: list[dict[str, Any]] = []
        self.trouble = ""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.closing = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Board

    def do_GET(self) -> None:
        trouble, self.server.trouble = self.server.trouble, ""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if self.headers["Authorization"] != "Bearer secret-token":
            return self.answer(401, {"error": "unknown token"})
        applied = self.apply(body) if trouble in ("", "500 applied", "silence") else (int(trouble), {"error": "trouble"})
        if trouble == "silence":
            self.server.closing.wait(30)
            return None
        return self.answer(500, {}) if trouble == "500 applied" else self.answer(*applied)

    do_POST = do_PUT = do_GET

    def apply(self, body: dict[str, Any]) -> tuple[int, Any]:
        notes, number = self.server.notes, self.path.rpartition("/")[2]
        if self.path == "/me":
            return 200, {"name": "lobby"}
        if self.command == "GET":
            before = int(self.path.partition("before=")[2] or len(notes))
            return 200, {"notes": [note for note in reversed(notes) if int(note["id"]) < before][:2]}
        if self.command == "PUT":
            if not number.isdecimal() or int(number) >= len(notes):
                return 404, {}
            notes[int(number)]["text"] = body["text"]
            return 200, notes[int(number)]
        if body["below"] is not None and int(body["below"]) >= len(notes):
            return 404, {}
        note = {"id": str(len(notes)), "text": body["text"], "below": body["below"], "at": NOW.isoformat()}
        notes.append(note | {"url": f"{self.server.url}/notes/{note['id']}"})
        return 201, notes[-1]

    def answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    thread = threading.Thread(target=board.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield board
    board.closing.set()
    board.shutdown()
    thread.join()
    board.server_close()


@pytest.fixture
def config(board: Board) -> noticeboard.Config:
    return noticeboard.Config(board.url, "secret-token")


@pytest.fixture
def http() -> Http:
    return Http(RequestsTransport(), deadline_s=0.5, connect_timeout_s=0.5, now=lambda: NOW)


def post(words: str = WORDS, **more: Any) -> Post:
    return Post(text=words, language="en", key="k", code="K7Q2M3X", created_at=NOW, **more)


def test_updates_hang_below_the_first_note_and_a_note_can_be_rewritten(board: Board, config: noticeboard.Config, http: Http) -> None:
    root = noticeboard.broadcast(post(), config, http)
    noticeboard.broadcast(post("Working again.", reply_to=root.remote), config, http)
    noticeboard.edit(post("Solved.", edit=root.remote), config, http)

    assert [(note["text"], note["below"]) for note in board.notes] == [("Solved.", None), ("Working again.", "0")]
    assert root.url == f"{board.url}/notes/0"


@pytest.mark.parametrize(
    ("trouble", "error", "outcome", "notes"),
    [
        ("500", Uncertain, OutcomeClass.AMBIGUOUS, 0),
        ("500 applied", Uncertain, OutcomeClass.AMBIGUOUS, 1),
        ("silence", Uncertain, OutcomeClass.AMBIGUOUS, 1),
        ("429", Unavailable, OutcomeClass.THROTTLED, 0),
        ("423", Unavailable, OutcomeClass.RETRY, 0),
    ],
)
def test_every_trouble_says_whether_the_note_may_hang_there(
    board: Board, config: noticeboard.Config, http: Http, trouble: str, error: type[BroadcastError], outcome: OutcomeClass, notes: int
) -> None:
    board.trouble = trouble

    with pytest.raises(error) as caught:
        noticeboard.broadcast(post(), config, http)

    assert (caught.value.outcome, len(board.notes)) == (outcome, notes)
    assert (noticeboard.find("K7Q2M3X", NOW, config, http) is not None) is bool(notes)


def test_a_note_is_found_on_a_later_page(config: noticeboard.Config, http: Http) -> None:
    first = noticeboard.broadcast(post(), config, http)
    for number in range(5):
        noticeboard.broadcast(post(f"Another {number}."), config, http)

    found = noticeboard.find("K7Q2M3X", NOW, config, http)

    assert found is not None and found.remote == first.remote


def test_a_wrong_token_is_told_apart_and_never_shown(board: Board, http: Http) -> None:
    wrong = noticeboard.Config(board.url, "another-token")

    with pytest.raises(Rejected) as caught:
        noticeboard.verify(wrong, http)

    assert caught.value.outcome is OutcomeClass.REAUTH
    assert "another-token" not in f"{caught.value} {wrong!r}"


def test_verify_posts_nothing(board: Board, config: noticeboard.Config, http: Http) -> None:
    assert noticeboard.verify(config, http) == "Signed in as lobby."
    assert board.notes == []
