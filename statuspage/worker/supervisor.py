"""One process tree: starts the roles as child processes, starts again what died, and stops everything in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from statuspage.ports import Clock
from statuspage.worker.signals import Signals

STOP_WITHIN_S = 4.0  # posts in flight get 3.5 s; Ctrl-C has to be done within 5, on a busy machine too
RESTART_CAP_S = 30.0
STEADY_AFTER_S = 60.0  # a child that lived so long starts again without delay
LOOK_EVERY_S = 0.2
SUPERVISED = "STATUSPAGE_SUPERVISED"  # process id of the supervisor: a child ends when it is gone
log = structlog.get_logger("statuspage.supervisor")


@dataclass
class Child:
    """One role and its process. Times are monotonic seconds."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restarts: int = 0
    start_at: float = 0.0


class Supervisor:
    """Keeps children alive until asked to stop."""

    def __init__(self, clock: Clock, signals: Signals, environment: Mapping[str, str]) -> None:
        self.clock = clock
        self.signals = signals
        self.environment = dict(environment) | {SUPERVISED: str(os.getpid())}
        self.children: list[Child] = []

    def add(self, name: str, *arguments: str) -> None:
        """Starts `statuspage ARGUMENTS` as a child and keeps it alive."""
        self.add_command(name, [sys.executable, "-m", "statuspage", *arguments])

    def add_command(self, name: str, command: Sequence[str]) -> None:
        child = Child(name, command)
        self.children.append(child)
        self._start(child)

    def _start(self, child: Child) -> None:
        """A child has a process group of its own: Ctrl-C at the terminal reaches the supervisor alone, which then stops all in order."""
        child.started_at = self.clock.monotonic()
        try:
            child.process = subprocess.Popen(child.command, env=self.environment, stdin=subprocess.DEVNULL, process_group=0)  # noqa: S603  our own program
        except OSError as error:
            self._plan(child, f"could not be started: {error.strerror}")

    def watch(self, each_round: Callable[[], None] = lambda: None) -> None:
        """Runs until asked to stop."""
        while not self.signals.stop:
            for child in self.children:
                self._look_at(child)
            each_round()
            self.signals.wait(LOOK_EVERY_S)

    def _look_at(self, child: Child) -> None:
        if child.process is not None:
            code = child.process.poll()
            if code is None:
                return
            self._plan(child, f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}")
        if self.clock.monotonic() >= child.start_at:
            self._start(child)

    def _plan(self, child: Child, what: str) -> None:
        """When it starts again: at once after a long life, else after 1 s, 2 s, 4 s... up to the cap."""
        now = self.clock.monotonic()
        child.restarts = 0 if now - child.started_at > STEADY_AFTER_S else child.restarts + 1
        delay = min(RESTART_CAP_S, 2.0 ** (child.restarts - 1)) if child.restarts else 0.0
        log.error("a process is started again", process=child.name, why=what, after_s=delay)
        child.process, child.start_at = None, now + delay

    def end(self) -> None:
        """SIGTERM to all, SIGKILL to those that are still there when the time is over."""
        alive = [child.process for child in self.children if child.process is not None and child.process.poll() is None]
        for process in alive:
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGCONT)  # one that was stopped would not hear it
        end = self.clock.monotonic() + STOP_WITHIN_S
        for process in alive:
            try:
                process.wait(max(0.05, end - self.clock.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def orphaned(environment: Mapping[str, str]) -> bool:
    """True in a child whose supervisor is gone."""
    parent = environment.get(SUPERVISED)
    return parent is not None and os.getppid() != int(parent)
