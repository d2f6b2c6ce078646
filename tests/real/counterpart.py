"""What every real server of posts is asked, by the broadcaster's own means; and how a missing one is told."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import requests

from broadcasters.http import Http, RequestsTransport
from broadcasters.post import Post, Receipt
from broadcasters.text import make_tid
from tests.broadcasters.bench import HOSTILE
from tests.processes import ended, until

TOP = Path(__file__).parent.parent.parent
INSTALLED = TOP / ".real"  # what tests/real/install put there


def installed(path: Path, what: str) -> Path:
    """The path, if it is there; else the test fails and names the command that installs it."""
    if not path.exists():
        raise AssertionError(f"{path.name} is not here. Install it with: tests/real/install {what}")
    return path


@contextmanager
def running(command: list[str], folder: Path, answers: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A server from the moment when the address `answers` does, to the end of the block. Its output: folder/output.log."""
    with (folder / "output.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    with ended(process):
        try:
            until(lambda: _answers(answers), process)
        except AssertionError as error:
            said = (folder / "output.log").read_text(errors="replace")[-2000:]
            raise AssertionError(f"{error}; it said: {said}") from None
        yield process


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code < 500
    except requests.RequestException:
        return False


@dataclass
class Counterpart:
    """One account at one real server."""

    module: ModuleType
    config: Any
    number: int = 0

    @property
    def http(self) -> Http:
        return Http(RequestsTransport(), deadline_s=20.0, connect_timeout_s=5.0, now=lambda: datetime.now(UTC))

    def post(self, text: str = "Pagos con tarjeta: no funcionan.", **more: Any) -> Post:
        """One more post, with a code, a key and a name of its own."""
        self.number += 1
        moment = datetime.now(UTC)
        code = f"K7Q2M{self.number:02d}"
        fields = {
            "language": "es",
            "key": f"{moment.timestamp():.6f}-{self.number}",
            "code": code,
            "record_key": make_tid(moment, self.number),
        }
        return Post(text=f"{text} Ref {code}", created_at=moment, **{**fields, **more})

    def send(self, post: Post) -> Receipt:
        receipt: Receipt = self.module.broadcast(post, self.config, self.http)
        return receipt

    def edit(self, post: Post) -> Receipt:
        receipt: Receipt = self.module.edit(post, self.config, self.http)
        return receipt

    def find(self, post: Post) -> Any:
        return self.module.find(post.code, post.created_at - timedelta(minutes=5), self.config, self.http)

    def texts(self) -> list[str]:
        """Own posts as the server shows them, oldest first."""
        since = datetime.now(UTC) - timedelta(minutes=30)
        return [one.text for one in reversed(self.module.recent(self.config, self.http, since))]


def publishes_hostile_texts_whole(server: Counterpart, texts: Sequence[str] = HOSTILE) -> None:
    posts = [server.post(text) for text in texts]

    receipts = [server.send(post) for post in posts]

    assert [receipt.wrong for receipt in receipts] == [""] * len(posts)
    assert server.texts()[-len(posts) :] == [post.text for post in posts]


def finds_a_post_by_its_code_and_proves_that_another_is_absent(server: Counterpart) -> None:
    out, never = server.post(), server.post()

    receipt = server.send(out)

    assert server.find(out).remote.id == receipt.remote.id
    assert server.find(never) is None


def repeats(server: Counterpart) -> tuple[Receipt, Receipt, int]:
    """Sends one request twice: both receipts, and how many posts there are of it."""
    post = server.post()
    receipts = server.send(post), server.send(post)
    return *receipts, sum(post.code in text for text in server.texts())


def with_token(server: Counterpart, token: str) -> Counterpart:
    return replace(server, config=replace(server.config, access_token=token))
