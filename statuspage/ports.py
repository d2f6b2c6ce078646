"""The five doors to the outside, as protocols: clock, randomness, HTTP, store, files.

Product code knows time, chance, the network, the database and the disk only through these, so that the
simulator can run the very same code in virtual time under faults. The real ones are in statuspage/outside.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Protocol

from broadcasters.http import Transport as HttpPort
from broadcasters.smtp import MailTransport as MailPort
from broadcasters.smtp import SmtpTransport


class Clock(Protocol):
    """Three clocks, kept apart because they fail apart."""

    def now(self) -> datetime:
        """Wall time, aware UTC. May jump; never decides who may send or how long something took."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; stand still while the machine sleeps."""
        ...

    def boottime(self) -> float:
        """Seconds since boot, sleep included."""
        ...

    def process_id(self) -> str:
        """Identity of this run of this process; monotonic times of another one mean nothing."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass; returns early when the process is asked to stop."""
        ...


class Randomness(Protocol):
    """Chance, for ids, codes, jitter and secrets."""

    def token(self, length: int, alphabet: str) -> str:
        """`length` letters drawn from `alphabet`, fit for secrets."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        ...


class StorePort(Protocol):
    """The database. Sessions are opaque here; only statuspage.store looks inside."""

    def writing(self) -> AbstractContextManager[Any]:
        """A write transaction (BEGIN IMMEDIATE on SQLite, one writer per process): commits at the end, rolls back on error."""
        ...

    def reading(self) -> AbstractContextManager[Any]:
        """A read-only session."""
        ...

    def lock(self, name: str) -> Any:
        """A lock that elects the owner of a loop and dies with its holder: statuspage.store.locks.OwnerLock."""
        ...


class FilesPort(Protocol):
    """A folder of published files."""

    def read(self, path: PurePosixPath) -> bytes | None:
        """Contents, or None if there is no such file."""
        ...

    def write(self, path: PurePosixPath, data: bytes) -> None:
        """Whole or not at all: write aside, flush, rename."""
        ...

    def write_all(self, files: Mapping[PurePosixPath, bytes]) -> None:
        """Each of them whole or not at all, in this order; cheaper than one by one. All last once the next write() has returned."""
        ...

    def remove(self, path: PurePosixPath) -> None: ...

    def list(self, under: PurePosixPath) -> Sequence[PurePosixPath]: ...

    def exclusive(self) -> AbstractContextManager[bool]:
        """True if nobody else who asks here gets True before it ends; False at once, without waiting, if somebody has it."""
        ...


@dataclass(frozen=True)
class Ports:
    """All of them, handed to whoever works. mail: a second way onto the network, which has no state of its own."""

    clock: Clock
    random: Randomness
    http: HttpPort
    store: StorePort
    files: FilesPort
    mail: MailPort = field(default_factory=SmtpTransport)
