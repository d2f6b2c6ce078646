"""(d) Posts per second: the dispatcher with its ledger, against the same broadcaster and HTTP client without one."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import product
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
from tests.free_ports import free_port
from tests.postgres import running_cluster
from tests.processes import ended, until
from tests.simulation.world import SEAL_KEY, SimWords

BURST = 10  # statements that wait at one time, as when several incidents begin together
BURSTS = 20
BARE = "HTTP client alone"
Drain = Callable[[int], float]  # posts the burst of that number; returns the seconds that it took
TOP = Path(__file__).parent.parent.parent


def measure(folder: Path) -> str:
    """Every way takes its turn at every burst, so that other work on the machine slows all of them alike."""
    with ExitStack() as stack:
        base_url = stack.enter_context(_networks(folder))
        postgres = stack.enter_context(running_cluster(flushed=True))
        config = mastodon.Config(base_url=base_url, access_token=environment()["DEMO_MASTODON_TOKEN"], honours_keys=True)
        ways: dict[str, Drain] = {
            BARE: lambda burst: _bare(config, burst),
            "dispatcher, SQLite": stack.enter_context(_dispatching(f"sqlite:///{folder / 'ledger.db'}", config, first=0)),
            "dispatcher, PostgreSQL": stack.enter_context(_dispatching(postgres, config, first=BURST * BURSTS)),
        }
        took = dict.fromkeys(ways, 0.0)
        for burst, (name, drain) in product(range(BURSTS), ways.items()):
            took[name] += drain(burst)
    rates = {name: BURST * BURSTS / seconds for name, seconds in took.items()}
    lines = [
        "## Posts per second",
        "",
        f"To the demonstration's Mastodon, one account, one post at a time, {BURSTS} times {BURST} statements in turns. The dispatcher",
        "commits its intent before each post and the answer after it, flushed to disk.",
        "",
        "| by | posts per second | ratio |",
        "|---|---|---|",
    ]
    return "\n".join([*lines, *(f"| {name} | {rate:,.0f} | {rate / rates[BARE]:.2f} |" for name, rate in rates.items()), ""])


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


def _bare(config: mastodon.Config, burst: int) -> float:
    http = Http(RequestsTransport(), deadline_s=30.0, connect_timeout_s=5.0, now=lambda: datetime.now(UTC))
    begun = time.perf_counter()
    for number in range(BURST):
        code = "".join(random.Random(f"bare {burst} {number}").choices("23456789ABCDEFGH", k=7))
        post = Post(f"statement {number} Ref {code}", "en", f"bare-{burst}-{number}", code, datetime.now(UTC))
        mastodon.broadcast(post, config, http)
    return time.perf_counter() - begun


@contextmanager
def _dispatching(url: str, config: mastodon.Config, *, first: int) -> Iterator[Drain]:
    """first: number of the first statement. No two ledgers may tell the same one: the network knows it by its key, and posts it once."""
    database = Database(url)
    Base.metadata.create_all(database.engine)
    dispatcher = Dispatcher(_context(database, config), "mastodon")
    try:
        yield lambda burst: _drained(database, dispatcher, first + burst * BURST)
    finally:
        dispatcher.close()
        database.close()


def _drained(database: Database, dispatcher: Dispatcher, first: int) -> float:
    for number in range(first, first + BURST):
        tell(database, "mastodon", number)
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
