"""One process tree: starts the roles as child processes, starts again what died, and stops everything in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from statuspage.ports import Clock

STOP_WITHIN_S = 4.5  # posts in flight get 4 s; Ctrl-C has to be done within 5
RESTART_CAP_S = 30.0
STEADY_AFTER_S = 60.0  # a child that lived so long starts again without delay
LOOK_EVERY_S = 0.2
SUPERVISED = "STATUSPAGE_SUPERVISED"  # a supervised child leaves Ctrl-C to its parent, and ends when the parent is gone
log = structlog.get_logger("statuspage.supervisor")


@dataclass
class Child:
    """One role and its process."""

    name: str
    arguments: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restarts: int = 0
    start_at: float = 0.0
    environment: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """Keeps children alive until asked to stop."""

    def __init__(self, clock: Clock, stop: threading.Event, environment: Mapping[str, str]) -> None:
        self.clock = clock
        self.stop = stop
        self.environment = dict(environment) | {SUPERVISED: str(os.getpid())}
        self.children: list[Child] = []

    def add(self, name: str, *arguments: str) -> None:
        """Starts `statuspage ARGUMENTS` as a child and keeps it alive."""
        child = Child(name, arguments)
        self.children.append(child)
        self._start(child)

    def _start(self, child: Child) -> None:
        command = [sys.executable, "-m", "statuspage", *child.arguments]
        child.process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL)  # noqa: S603  our own program
        child.started_at = self.clock.monotonic()

    def watch(self, ready: Callable[[], bool] | None = None) -> None:
        """Runs until asked to stop. `ready` is called each round until it answers True."""
        while not self.stop.is_set():
            for child in self.children:
                self._look_at(child)
            if ready is not None and ready():
                ready = None
            self.stop.wait(LOOK_EVERY_S)

    def _look_at(self, child: Child) -> None:
        now = self.clock.monotonic()
        if child.process is not None:
            code = child.process.poll()
            if code is None:
                return
            child.restarts = 0 if now - child.started_at > STEADY_AFTER_S else child.restarts + 1
            delay = min(RESTART_CAP_S, 2.0 ** (child.restarts - 1)) if child.restarts else 0.0
            log.error("a process ended and is started again", role=child.name, exit_status=code, again_after_s=delay)
            child.process, child.start_at = None, now + delay
        if now >= child.start_at:
            self._start(child)

    def signal_reload(self) -> None:
        """Passes SIGHUP on to one role: it accepts the configuration file, and all others follow the new generation."""
        for child in self.children:
            if child.name == "worker" and child.process is not None:
                child.process.send_signal(signal.SIGHUP)

    def end(self) -> None:
        """SIGTERM to all, SIGKILL to those that are still there when the time is over."""
        alive = [child.process for child in self.children if child.process is not None and child.process.poll() is None]
        for process in alive:
            process.send_signal(signal.SIGTERM)
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
