"""Slows down the guessing of passwords, by account and by address, without locking anybody out for long."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

FREE_TRIES = 5  # wrong ones before the first wait
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 30.0
FORGOTTEN_AFTER_S = 900.0
REMEMBERED = 10_000  # names and addresses; the oldest go first


@dataclass
class _Tries:
    wrong: int = 0
    last_at: float = 0.0


class Guesses:
    """Wrong tries of this process, by account and by address."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, now: float, name: str, address: str) -> float:
        """Seconds until the next try is looked at; 0 for at once. `now` is monotonic."""
        with self._lock:
            return max(self._wait_s(now, key) for key in _keys(name, address))

    def wrong(self, now: float, name: str, address: str) -> None:
        with self._lock:
            for key in _keys(name, address):
                tries = self._tries.setdefault(key, _Tries())
                if now - tries.last_at > FORGOTTEN_AFTER_S:
                    tries.wrong = 0
                tries.wrong += 1
                tries.last_at = now
                self._tries.move_to_end(key)
            while len(self._tries) > REMEMBERED:
                self._tries.popitem(last=False)

    def right(self, name: str) -> None:
        """The owner is in: the account's wait is over. The address keeps its own."""
        with self._lock:
            self._tries.pop(_keys(name, "")[0], None)

    def _wait_s(self, now: float, key: str) -> float:
        tries = self._tries.get(key)
        if tries is None or tries.wrong < FREE_TRIES:
            return 0.0
        wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (tries.wrong - FREE_TRIES))
        return max(0.0, tries.last_at + wait - now)


def _keys(name: str, address: str) -> tuple[str, ...]:
    """What is slowed down. Through a front server on this machine everybody has one address: then the account alone counts."""
    account = f"account {name.casefold()}"
    return (account,) if address in ("", "127.0.0.1", "::1") else (account, f"address {address}")


GUESSES = Guesses()
