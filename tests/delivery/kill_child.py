"""What the kill tests fork: a dispatcher over a real database and a real loopback network, that dies by SIGKILL at a named point."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from broadcasters.http import Answer, Request, RequestsTransport
from statuspage.actions.context import ChannelInfo, Context
from statuspage.core.notices import Channel
from statuspage.core.seal import OneKey
from statuspage.core.vocabulary import LinkMode, UpdateMode
from statuspage.outside import Folder, SystemClock, SystemRandomness
from statuspage.ports import Ports
from statuspage.settings import Settings
from statuspage.store.engine import Database
from statuspage.worker.dispatcher import Dispatcher
from tests.simulation.networks import BROADCASTERS, Config
from tests.simulation.world import SEAL_KEY, SimWords

POINTS = ("claimed", "intent-committed", "sent", "answered", "recorded")
CONTAINED = "contained"  # a staged post's container is made, and nobody knows of it


def context(url: str, kind: str, address: str, transport: Any, quiet_s: float, account: str = "") -> Context:
    """A context for one account of class `kind`, whose network listens at `address`. account: its name; else that of the class."""
    name = account or kind
    settings = Settings.model_validate(
        {
            "page": {"name": "Example Bank", "bank": "Example", "url": "https://page.test"},
            "components": [{"slug": "cards", "name": {"en": "Cards"}}],
            "accounts": [{"name": name, "kind": kind, "config": {}}],
            "delivery": {"quiet_s": quiet_s, "blind_assume_s": quiet_s, "backoff_base_s": 0.05, "deadline_s": 5.0},
        }
    )
    channel = Channel(name, name, kind, "en", UpdateMode.REPLY, LinkMode.NEVER)
    ports = Ports(SystemClock(), SystemRandomness(), transport, Database(url), Folder(Path("/nonexistent")))
    infos = {name: ChannelInfo(channel, fits=lambda text: True)}
    return Context(ports, settings, SimWords(), OneKey(SEAL_KEY), {name: Config(address, "good")}, {}, infos)  # type: ignore[arg-type]


class DyingTransport:
    """Dies when the server has done its part, before the answer is seen. container: at the making of one, not at the post."""

    def __init__(self, die: bool, *, container: bool = False) -> None:
        self._real, self._die, self._container = RequestsTransport(), die, container

    def exchange(self, request: Request) -> Answer:
        answer = self._real.exchange(request)
        if self._die and request.method == "POST" and request.url.endswith("containers") == self._container:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


def dispatch_and_die(url: str, kind: str, address: str, point: str, account: str) -> None:
    """Passes until the point is reached; never returns."""
    transport = DyingTransport(die=point in ("sent", CONTAINED), container=point == CONTAINED)
    ctx = context(url, kind, address, transport, quiet_s=0.15, account=account)
    for passed in _forever(Dispatcher(ctx, account, BROADCASTERS)):
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)


def dispatch(url: str, kind: str, address: str, quiet_s: float, tell: int = -1) -> None:
    """As a worker does, for ever. tell: where to write after each pass whether this process owned the account, "y" or "n"."""
    ctx = context(url, kind, address, DyingTransport(die=False), quiet_s=quiet_s)
    dispatcher = Dispatcher(ctx, kind, BROADCASTERS)
    while True:
        pause = dispatcher.step()
        if tell >= 0:
            os.write(tell, b"y" if dispatcher.owner else b"n")
        ctx.ports.clock.wait(pause)


def dispatch_suspended(url: str, kind: str, address: str) -> None:
    """One post, suspended between its intent commit and its first byte; exit status 0 when the pass is over."""
    ctx = context(url, kind, address, DyingTransport(die=False), quiet_s=0.15)
    dispatcher = Dispatcher(ctx, kind, BROADCASTERS)
    intended = False
    while not intended:
        for passed in dispatcher.work():
            if passed == "intent-committed":
                intended = True
                os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)


def _forever(dispatcher: Dispatcher) -> Iterator[str]:
    while True:
        yield from dispatcher.work()
