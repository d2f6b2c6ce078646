"""What was sent to a demonstration network, got no answer, and takes effect later."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Late:
    """Used by every server of the networks. Safe to use from several threads."""

    def __init__(self) -> None:
        self.closing = threading.Event()
        self._released = threading.Event()
        self._waiting = 0
        self._changed = threading.Condition()

    def apply(self, seconds: float, what: Callable[[], object]) -> None:
        """Applies it after so many seconds, or when released; never once the networks are closing."""
        with self._changed:
            self._waiting += 1
            released = self._released
        released.wait(seconds)
        if not self.closing.is_set():
            what()
        with self._changed:
            self._waiting -= 1
            self._changed.notify_all()

    def waiting(self) -> int:
        with self._changed:
            return self._waiting

    def release(self) -> None:
        """Lets everything take effect now, and waits until it has."""
        with self._changed:
            self._released.set()
            self._changed.wait_for(lambda: self._waiting == 0)
            self._released = threading.Event()

    def close(self) -> None:
        """Ends every hanging answer; nothing takes effect any more."""
        self.closing.set()
        self._released.set()
