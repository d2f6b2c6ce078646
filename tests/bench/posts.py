"""(d) Posts per second: the dispatcher with its ledger, against the same broadcaster and HTTP client without one."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from broadcasters import mastodon
from broadcasters.http import Http, RequestsTransport
from broadcasters.post import Post
from statuspage.actions.context import ChannelInfo, Context
from statuspage.core.notices import Channel
from statuspage.core.seal import OneKey
from statuspage.core.vocabulary import LinkMode, UpdateMode
from statuspage.demo.networks import environment
from statuspage.outside import Folder, SystemClock, SystemRandomness
from statuspage.ports import Ports
from statuspage.settings import Settings
from statuspage.store.engine import Database
from statuspage.store.tables import Base
from statuspage.worker.dispatcher import POLL_S, Dispatcher
from tests.delivery.real import states, tell
from tests.postgres import free_port, running_cluster
from tests.processes import ended, until
from tests.simulation.world import SEAL_KEY, SimWords

BURST = 10  # statements that wait at one time, as when several incidents begin together
BURSTS = 20
TOP = Path(__file__).parent.parent.parent


def measure(folder: Path) -> str:
    with _networks(folder) as base_url, running_cluster() as postgres:
        config = mastodon.Config(base_url=base_url, access_token=environment()["DEMO_MASTODON_TOKEN"], honours_keys=True)
        bare = _rate(lambda burst: _bare(config, burst))
        rows = [("HTTP client alone", bare)]
        for name, url in (("dispatcher, SQLite", f"sqlite:///{folder / 'ledger.db'}"), ("dispatcher, PostgreSQL", postgres)):
            rows.append((name, _dispatched(url, config)))
    lines = [
        "## Posts per second",
        "",
        f"To the demonstration's Mastodon, one account, one post at a time, {BURSTS} times {BURST} statements. The dispatcher commits its",
        "intent before each post and the answer after it, flushed to disk.",
        "",
        "| by | posts per second | ratio |",
        "|---|---|---|",
    ]
    return "\n".join([*lines, *(f"| {name} | {rate:,.0f} | {rate / bare:.2f} |" for name, rate in rows), ""])


@contextmanager
def _networks(folder: Path) -> Iterator[str]:
    """In a process of their own, so that they take no time from whoever posts."""
    port = free_port()
    code = f"from pathlib import Path; from statuspage.demo.networks.server import serve; serve('127.0.0.1', {port}, Path({str(folder)!r}))"
    with ended(subprocess.Popen([sys.executable, "-c", code], cwd=TOP)) as process:
        until(lambda: _answers(f"http://127.0.0.1:{port}/"), process)
        yield f"http://127.0.0.1:{port}/mastodon"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _rate(drain: Callable[[int], float]) -> float:
    """Posts per second; `drain` posts one burst and returns the seconds that it took."""
    return BURST * BURSTS / sum(drain(burst) for burst in range(BURSTS))


def _bare(config: mastodon.Config, burst: int) -> float:
    http = Http(RequestsTransport(), deadline_s=30.0, connect_timeout_s=5.0, now=lambda: datetime.now(UTC))
    begun = time.perf_counter()
    for number in range(BURST):
        code = "".join(random.Random(f"bare {burst} {number}").choices("23456789ABCDEFGH", k=7))
        post = Post(f"statement {number} Ref {code}", "en", f"bare-{burst}-{number}", code, datetime.now(UTC))
        mastodon.broadcast(post, config, http)
    return time.perf_counter() - begun


def _dispatched(url: str, config: mastodon.Config) -> float:
    database = Database(url)
    Base.metadata.create_all(database.engine)
    dispatcher = Dispatcher(_context(database, config), "mastodon")
    try:
        return _rate(lambda burst: _drained(database, dispatcher, burst))
    finally:
        dispatcher.close()
        database.close()


def _drained(database: Database, dispatcher: Dispatcher, burst: int) -> float:
    for number in range(BURST):
        tell(database, "mastodon", burst * BURST + number)
    begun = time.perf_counter()
    while dispatcher.step() < POLL_S:
        pass
    took = time.perf_counter() - begun
    if set(states(database)) != {"delivered"}:
        raise RuntimeError(f"not everything was delivered: {states(database)}")
    return took


def _context(database: Database, config: Any) -> Context:
    settings = Settings.model_validate(
        {
            "page": {"name": "Example Bank", "bank": "Example", "url": "https://page.test"},
            "components": [{"slug": "cards", "name": {"en": "Cards"}}],
            "accounts": [{"name": "mastodon", "kind": "mastodon", "config": {}}],
        }
    )
    channel = Channel("mastodon", "mastodon", "mastodon", "en", UpdateMode.REPLY, LinkMode.NEVER)
    ports = Ports(SystemClock(), SystemRandomness(), RequestsTransport(), database, Folder(Path("/nonexistent")))
    infos = {"mastodon": ChannelInfo(channel, fits=lambda text: True)}
    return Context(ports, settings, SimWords(), OneKey(SEAL_KEY), {"mastodon": config}, {}, infos)  # type: ignore[arg-type]
