"""Drives the loops of a process: one thread each, restarted after a fault, replaced when the configuration changes."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from statuspage.ports import Clock

AFTER_FAULT_S = 1.0  # a loop whose step raised is asked again after this, doubling up to the cap
AFTER_FAULT_CAP_S = 30.0
log = structlog.get_logger("statuspage.loop")


class Loop(Protocol):
    """Background work that is asked again and again.

    Two things it may have besides: `close()`, called in its thread after its last step; and `owner`, False while another process
    owns this work, so that a step proves nothing.
    """

    @property
    def name(self) -> str: ...

    def step(self) -> float:
        """One pass over what is due; returns the seconds after which it wants to be asked again."""
        ...


@dataclass
class Running:
    """One loop in its thread.

    worked_at, due_at   monotonic times of the end of its last step that did its work, and of when the next one is due
    fault               kind of error that its last step ended with; empty if it ended well
    """

    loop: Loop
    clock: Clock
    stop: threading.Event = field(default_factory=threading.Event)
    worked_at: float | None = None
    due_at: float | None = None
    fault: str = ""
    thread: threading.Thread | None = None

    def start(self, after: Running | None = None) -> None:
        if after is not None:
            self.worked_at, self.due_at = after.worked_at, after.due_at  # the work goes on, whoever does it
        self.thread = threading.Thread(target=self._run, args=(after,), name=self.loop.name, daemon=True)
        self.thread.start()

    def _run(self, after: Running | None) -> None:
        if after is not None:
            after.join(None)  # two of one name never run at once: the old one finishes its post first
        pause = AFTER_FAULT_S
        while not self.stop.is_set():
            try:
                delay = max(self.loop.step(), 0.0)
                self._worked(delay)
                pause = AFTER_FAULT_S
            except Exception as error:
                self.fault = type(error).__name__
                log.exception("a loop met a fault and is asked again", loop=self.loop.name, again_after_s=pause)
                delay, pause = pause, min(pause * 2, AFTER_FAULT_CAP_S)
            self.stop.wait(delay)
        self._close()

    def _worked(self, delay: float) -> None:
        self.fault = ""
        if getattr(self.loop, "owner", True):
            self.worked_at = self.clock.monotonic()
            self.due_at = self.worked_at + delay

    def _close(self) -> None:
        close = getattr(self.loop, "close", None)
        if close is None:
            return
        try:
            close()
        except Exception:
            log.exception("a loop met a fault while it was closed", loop=self.loop.name)

    def join(self, timeout_s: float | None) -> bool:
        """True if the thread has ended."""
        if self.thread is None:
            return True
        self.thread.join(timeout_s)
        return not self.thread.is_alive()


class Driver:
    """All loops of one process."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.running: dict[str, Running] = {}
        self._leaving: list[Running] = []  # replaced or removed, but perhaps still in their last step

    def run(self, loops: Iterable[Loop]) -> None:
        """Runs exactly these from now on; one of the same name takes over when its predecessor has finished its step."""
        wanted = {loop.name: loop for loop in loops}
        before, self.running = self.running, {}
        for running in before.values():
            running.stop.set()
        self._leaving = [running for running in (*self._leaving, *before.values()) if not running.join(0.0)]
        for name, loop in wanted.items():
            self.running[name] = Running(loop, self.clock)
            self.running[name].start(after=before.get(name))

    def stop(self, within_s: float) -> list[str]:
        """Asks all to finish; returns the names of those that had not after `within_s`."""
        everything = [*self._leaving, *self.running.values()]
        for running in everything:
            running.stop.set()
        end = self.clock.monotonic() + within_s
        late = {running.loop.name for running in everything if not running.join(max(0.0, end - self.clock.monotonic()))}
        return sorted(late)
