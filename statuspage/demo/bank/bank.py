"""The bank as a whole: its parts, and what the faults that are on do to them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from statuspage.demo.bank.customers import CUSTOMERS
from statuspage.demo.bank.faults import Settings
from statuspage.demo.bank.ledger import Ledger
from statuspage.demo.bank.parts import Part, PartState, Waiting
from statuspage.demo.bank.services import LETTERS, Orders, SignIn, SigningKey
from statuspage.demo.bank.sessions import SESSION_LIFE_S, Forms, Sessions
from statuspage.ports import Clock, Randomness

CALL_TIMEOUT_S = 2.0


class Bank:
    """Parts by name, wired as the front end sees them. Nothing in a page or call asks for a fault: faults act on the parts only."""

    def __init__(self, folder: Path, clock: Clock, random: Randomness, waiting: Waiting) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.clock = clock
        self.ledger = Ledger(folder / "bank.db", clock.now().date())
        self._random = random
        key = self._new_key()
        self.sign_in_service = SignIn(self.ledger, clock, random, key)
        self.sessions = Sessions(key, clock)
        self.forms = Forms(random)
        self.sign_in = Part("sign-in service", self.sign_in_service.operations, waiting, CALL_TIMEOUT_S)
        self.balances = Part("balance service", {"balances": self.ledger.accounts}, waiting, CALL_TIMEOUT_S)
        self.bookings = Part("booking database", {"bookings": self.ledger.bookings}, waiting, CALL_TIMEOUT_S)
        self.orders = Part("payment service", Orders(self.ledger, clock).operations, waiting, CALL_TIMEOUT_S)

    def _new_key(self) -> SigningKey:
        return SigningKey(self._random.token(43, LETTERS).encode())

    def suffer(self, on: Mapping[str, Settings]) -> None:
        """Put every part into the state that the faults which are on ask for, and the others back to work."""
        stopped, frozen = "sign_in_stopped" in on, on.get("sign_in_frozen")
        self.sign_in.timeout_s = float(frozen["seconds"]) if frozen else CALL_TIMEOUT_S
        self.sign_in.state = PartState.STOPPED if stopped else PartState.FROZEN if frozen else PartState.RUNNING
        self.bookings.state = PartState.STOPPED if "database_stopped" in on else PartState.RUNNING
        missing, maintenance = "balance_missing" in on, "maintenance_page" in on
        self.balances.state = PartState.STOPPED if missing else PartState.MAINTENANCE if maintenance else PartState.RUNNING
        short = on.get("session_short")
        self.sessions.life_s = float(short["seconds"]) if short else SESSION_LIFE_S
        expired = on.get("canary_expired")
        self.sign_in_service.expired = frozenset({f"canary-{expired['account']}"} & set(CUSTOMERS)) if expired else frozenset()
        in_step = self.sign_in_service.key is self.sessions.key
        if "keys_out_of_step" in on and in_step:
            self.sign_in_service.key = self._new_key()  # changed here, and nobody told the front end
        elif "keys_out_of_step" not in on and not in_step:
            self.sessions.key = self.sign_in_service.key

    def restart_database(self) -> None:
        """The kept connection of the sign-in service is dead, as after a restart of the customer database."""
        self.sign_in_service.database.database_restarted()


class WorkerPool:
    """The front end's workers. While all are busy, a request waits for one of them to finish the work it has."""

    def __init__(self, size: int, waiting: Waiting) -> None:
        self.busy_s = 0.0
        self._slots = threading.BoundedSemaphore(size)
        self._waiting = waiting

    def __enter__(self) -> None:
        if self.busy_s:
            self._waiting.pause(self.busy_s, while_=lambda: self.busy_s > 0)
        self._slots.acquire()

    def __exit__(self, *_error: object) -> None:
        self._slots.release()
