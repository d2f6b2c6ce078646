"""The bank's internal parts: each can be stopped, frozen or put under maintenance, as a service on another machine can.

A caller sends an operation and gets JSON back; whatever else comes back is the caller's problem, as in real life.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

MAINTENANCE_PAGE = "<!doctype html><title>Maintenance</title><h1>We are improving our service</h1>"


class PartState(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"  # refuses at once
    FROZEN = "frozen"  # takes the call and never answers
    MAINTENANCE = "maintenance"  # answers every call with a page for people


class PartDown(Exception):
    """The part refused the call, or the connection to it broke."""


class PartUnreadable(Exception):
    """It answered, with something else than data. No view expects that, so customers get the error page."""


class PartSilent(PartDown):
    """No answer within the caller's own time-out."""


class Waiting:
    """Waits that end early when a fault is switched or the bank stops."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._stopping = False

    def changed(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify_all()

    def pause(self, seconds: float, while_: Callable[[], bool]) -> None:
        """Wait `seconds`, or less: until `while_()` is false or the bank stops."""
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or not while_(), seconds)


class Part:
    """One internal part. `operations` are what it can do; `call` is the only way in."""

    def __init__(self, name: str, operations: Mapping[str, Callable[..., object]], waiting: Waiting, timeout_s: float = 2.0) -> None:
        self.name = name
        self.state = PartState.RUNNING
        self.timeout_s = timeout_s  # how long a caller waits for an answer
        self._operations = operations
        self._waiting = waiting

    def call(self, operation: str, **arguments: object) -> Any:
        """The part's answer, parsed. Raises PartDown, PartSilent, or PartUnreadable where the answer is no JSON."""
        if self.state is PartState.FROZEN:
            self._waiting.pause(self.timeout_s, while_=lambda: self.state is PartState.FROZEN)
            if self.state is PartState.FROZEN:
                raise PartSilent(f"{self.name} did not answer within {self.timeout_s:g} s")
        if self.state is PartState.STOPPED:
            raise PartDown(f"{self.name} refused the connection")
        if self.state is PartState.MAINTENANCE:
            return self._read(MAINTENANCE_PAGE)
        return self._read(json.dumps(self._operations[operation](**arguments)))

    def _read(self, answer: str) -> Any:
        try:
            return json.loads(answer)
        except ValueError:
            raise PartUnreadable(f"{self.name} answered something that is no JSON") from None
