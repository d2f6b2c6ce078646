"""Starting and stopping the bank with its switchboard: serve() for a process of its own, running_bank() for tests."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from statuspage.core.hosts import in_url
from statuspage.demo.bank.bank import Bank
from statuspage.demo.bank.certificates import Authority
from statuspage.demo.bank.faults import Faults, Settings
from statuspage.demo.bank.front_door import FrontDoor
from statuspage.demo.bank.listener import Line, Listener
from statuspage.demo.bank.parts import Waiting
from statuspage.demo.bank.switchboard import create_switchboard
from statuspage.demo.bank.website import create_website
from statuspage.outside import SystemClock, SystemRandomness
from statuspage.ports import Clock


class RunningBank:
    """The bank on its two ports and the switchboard on a third, in threads. `stop` ends them all within a second.

    url, tls_url, switchboard   addresses without a slash at the end
    ca_file   the authority that a client must trust for tls_url
    watch     what the switchboard's page links to beside the bank, name -> address
    """

    def __init__(
        self, host: str, ports: tuple[int, int, int], folder: Path, clock: Clock | None = None, watch: Mapping[str, str] | None = None
    ) -> None:
        clock = clock or SystemClock()
        self._waiting = Waiting()
        self.bank = Bank(folder, clock, SystemRandomness(), self._waiting)
        authority = Authority(folder, clock.now())
        self.ca_file = authority.ca_file
        self._good = authority.context("good", host, expired=False)
        self._expired = authority.context("expired", host, expired=True)
        self._door = FrontDoor(create_website(self.bank), self._waiting)
        self.faults = Faults(self._changed)
        started: list[Listener] = []
        board_waiting = Waiting()
        try:
            started.append(Listener(host, ports[0], self._door, self._waiting))
            started.append(Listener(host, ports[1], self._door, self._waiting, Line(tls=self._good)))
            urls = [f"{scheme}://{in_url(host)}:{one.port}" for scheme, one in zip(("http", "https"), started, strict=True)]
            links = {**(watch or {}), "The bank": urls[0], "over https": urls[1]}
            started.append(Listener(host, ports[2], create_switchboard(self.faults, links), board_waiting))
        except OSError:
            for listener in started:
                listener.stop()
            self.bank.ledger.close()
            raise
        self._plain, self._tls, self._board = started
        self.url, self.tls_url = urls
        self.switchboard = f"http://{in_url(host)}:{self._board.port}"

    def fault(self, name: str, **settings: object) -> None:
        """Turn a fault on, as the switchboard does."""
        self.faults.turn_on(name, settings)

    def mend(self, name: str) -> None:
        """Turn a fault off, as the switchboard does."""
        self.faults.turn_off(name)

    def stop(self) -> None:
        self._waiting.stop()
        for listener in (self._plain, self._tls, self._board):
            listener.stop()
        self.bank.ledger.close()

    def _changed(self, on: Mapping[str, Settings], turned_on: str | None) -> None:
        self.bank.suffer(on)
        if turned_on == "database_restarted":
            self.bank.restart_database()
        self._door.suffer(on)
        drip = on.get("drip")
        down = "everything_down" in on
        for listener, certificate in ((self._plain, None), (self._tls, self._expired if "expired_certificate" in on else self._good)):
            line = Line(
                refuse=down or "refuse" in on,
                cut=down,
                hang="hang" in on,
                drip_bytes_per_s=float(drip["bytes_per_s"]) if drip else None,
                tls=certificate,
            )
            listener.behave(line)
        self._waiting.changed()


@contextmanager
def running_bank(folder: Path, clock: Clock | None = None) -> Iterator[RunningBank]:
    """A bank on free loopback ports, with its data in `folder`."""
    bank = RunningBank("127.0.0.1", (0, 0, 0), folder, clock)
    try:
        yield bank
    finally:
        bank.stop()


def serve(host: str, bank_port: int, bank_tls_port: int, switchboard_port: int, folder: Path) -> None:
    """Run until SIGTERM or SIGINT, then stop within a second, hanging visitors or not. Raises OSError if a port is taken."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    bank = RunningBank(host, (bank_port, bank_tls_port, switchboard_port), folder)
    stop.wait()
    bank.stop()
