"""Signals, as the main thread meets them between two rounds of its work.

A handler only puts a note into a queue, which is safe at any point of the program; taking the lock of an event there is not.
"""

from __future__ import annotations

import os
import signal
import sys
from queue import Empty, SimpleQueue

from statuspage import interrupt


class Signals:
    """What was asked for: `stop` (SIGTERM, Ctrl-C) stays true; `reload` (SIGHUP) is true until asked for."""

    def __init__(self) -> None:
        self.stop = False
        self._reload = False
        self._notes: SimpleQueue[int] = SimpleQueue()
        self._had_terminal = _has_terminal()

    def listen(self) -> None:
        """From now on. Called in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda received, _: self._notes.put(received))
        self.stop = self.stop or interrupt.heard()

    def wait(self, seconds: float) -> None:
        """Returns after that time, or at once when a signal comes."""
        try:
            note = self._notes.get(timeout=seconds)
            while True:
                self._take(note)
                note = self._notes.get_nowait()
        except Empty:
            return

    def reload(self) -> bool:
        """True once after each SIGHUP."""
        asked, self._reload = self._reload, False
        return asked

    def _take(self, number: int) -> None:
        if number == signal.SIGHUP and not (self._had_terminal and not _has_terminal()):
            self._reload = True
        else:
            self.stop = True  # a terminal that was closed sends SIGHUP too, and means the end


def _has_terminal() -> bool:
    return sys.stderr is not None and os.isatty(sys.stderr.fileno())
