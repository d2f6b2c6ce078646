"""What probes remember from check to check: attempts, accounts that rest, orders whose outcome is not known,
certificates, registrations.

Kept by the prober on its own disk, so that a restart neither locks a test account out nor repeats an order.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

_HOUR = timedelta(hours=1)
_CERTIFICATES = 8  # remembered per server


class StepMemory(Protocol):
    """Which one-time codes were used, by all probers together."""

    def claim(self, account: str, step: int) -> bool:
        """True, once, if neither this step (Unix time // period) nor a later one was ever used for the account."""
        ...


class StepsInMemory:
    """For a single process, and for tests."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._lock = threading.Lock()

    def claim(self, account: str, step: int) -> bool:
        with self._lock:
            if step <= self._newest.get(account, -1):
                return False
            self._newest[account] = step
            return True


@dataclass
class _Notes:
    """Of one account: moments of its sign-ins during the last hour, until when it rests."""

    attempts: list[datetime] = field(default_factory=list)
    rests_until: datetime | None = None


@dataclass(frozen=True)
class Registration:
    """What is known of a domain.

    told_at   of the newest answer; of the first question while there was none
    trouble   why the last question brought no answer, or ""
    """

    asked_at: datetime
    told_at: datetime
    ends: datetime | None = None
    held: tuple[str, ...] = ()
    trouble: str = ""

    def dump(self) -> dict[str, Any]:
        ends = self.ends.isoformat() if self.ends else None
        moments = {"asked_at": self.asked_at.isoformat(), "told_at": self.told_at.isoformat(), "ends": ends}
        return {**moments, "held": list(self.held), "trouble": self.trouble}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Registration:
        asked_at, told_at = (datetime.fromisoformat(data[key]) for key in ("asked_at", "told_at"))
        ends = datetime.fromisoformat(data["ends"]) if data["ends"] else None
        return cls(asked_at, told_at, ends, tuple(map(str, data["held"])), str(data["trouble"]))


class Notebook:
    """Of one location. Accounts go by a key that tells nothing of the login. `changed` tells the keeper that there is something to save."""

    def __init__(self) -> None:
        self.changed = False
        self._notes: dict[str, _Notes] = {}
        self._turn: dict[str, int] = {}
        self._pending: dict[str, datetime] = {}
        self._certificates: dict[str, list[tuple[str, datetime]]] = {}
        self._registrations: dict[str, Registration] = {}
        self._waits: dict[str, datetime] = {}
        self.used_steps: dict[str, int] = {}  # newest one-time step that we know to be used, to choose accounts by

    def next_turn(self, probe: str) -> int:
        """Counts the checks of a journey, so that its accounts take turns."""
        self._turn[probe] = self._turn.get(probe, -1) + 1
        return self._turn[probe]

    def attempts(self, account: str, now: datetime) -> int:
        """Sign-ins of the account during the hour before `now`."""
        notes = self._of(account)
        notes.attempts = [at for at in notes.attempts if now - at < _HOUR]
        return len(notes.attempts)

    def note_attempt(self, account: str, now: datetime) -> None:
        self._of(account).attempts.append(now)
        self.changed = True

    def rest(self, account: str, until: datetime) -> None:
        """Its credentials were refused: do not use it before `until`."""
        self._of(account).rests_until = until
        self.changed = True

    def rests(self, account: str, now: datetime) -> bool:
        until = self._of(account).rests_until
        return until is not None and now < until

    def wake(self, account: str) -> None:
        """Its credentials were accepted."""
        if self._of(account).rests_until is not None:
            self._of(account).rests_until = None
            self.changed = True

    def pending_since(self, order: str) -> datetime | None:
        """Since when nobody knows what became of an order (`probe/step`); None if all is known."""
        return self._pending.get(order)

    def note_pending(self, order: str, now: datetime) -> None:
        self._pending.setdefault(order, now)
        self.changed = True

    def settle(self, order: str) -> None:
        if self._pending.pop(order, None) is not None:
            self.changed = True

    def meet(self, server: str, fingerprint: str, not_after: datetime) -> datetime | None:
        """Notes a server's certificate. If it was never seen there: when the one met before would have expired; None for the first.

        A few are remembered, since several machines may stand behind one address.
        """
        known = self._certificates.setdefault(server, [])
        if any(fingerprint == seen for seen, _ in known):
            return None
        before = known[-1][1] if known else None
        self._certificates[server] = [*known, (fingerprint, not_after)][-_CERTIFICATES:]
        self.changed = True
        return before

    def registration(self, url: str) -> Registration | None:
        """What is known of the domain that this address of a registry is about."""
        return self._registrations.get(url)

    def note_registration(self, url: str, known: Registration) -> None:
        self._registrations[url] = known
        self.changed = True

    def wait(self, what: str, now: datetime) -> datetime:
        """Since when something has been missing; from now on if it was not before. Forgotten with the process."""
        self._waits[what] = min(self._waits.get(what, now), now)
        return self._waits[what]

    def end_wait(self, what: str) -> None:
        self._waits.pop(what, None)

    def join(self, other: Notebook) -> None:
        """Takes over what another notebook knows of test accounts: their sign-ins, and until when they rest."""
        for name, theirs in other._notes.items():
            notes = self._of(name)
            notes.attempts = sorted({*notes.attempts, *theirs.attempts})
            notes.rests_until = max(filter(None, (notes.rests_until, theirs.rests_until)), default=None)

    def dump(self) -> dict[str, Any]:
        """As JSON takes it. Holds no secret: names and moments only."""
        self.changed = False
        return {
            "accounts": {
                name: {
                    "attempts": [at.isoformat() for at in notes.attempts],
                    "rests_until": notes.rests_until.isoformat() if notes.rests_until else None,
                }
                for name, notes in self._notes.items()
            },
            "pending": {order: at.isoformat() for order, at in self._pending.items()},
            "certificates": {
                server: [[fingerprint, not_after.isoformat()] for fingerprint, not_after in known]
                for server, known in self._certificates.items()
            },
            "registrations": {url: known.dump() for url, known in self._registrations.items()},
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Notebook:
        """What dump() gave. Raises KeyError, TypeError or ValueError if it is something else."""
        book = cls()
        for name, notes in data["accounts"].items():
            until = notes["rests_until"]
            attempts = [datetime.fromisoformat(at) for at in notes["attempts"]]
            book._notes[name] = _Notes(attempts, datetime.fromisoformat(until) if until else None)
        book._pending = {order: datetime.fromisoformat(at) for order, at in data["pending"].items()}
        book._certificates = {
            str(server): [(str(fingerprint), datetime.fromisoformat(at)) for fingerprint, at in known]
            for server, known in data.get("certificates", {}).items()
        }
        book._registrations = {str(url): Registration.load(known) for url, known in data.get("registrations", {}).items()}
        return book

    def _of(self, account: str) -> _Notes:
        return self._notes.setdefault(account, _Notes())
