"""How a demonstration network is told to misbehave. docs/demonstration-networks.md lists the same table for people."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

# Name -> settings with their defaults. Every fault also takes `times`: so many calls, then it mends itself; null: until it is mended.
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "429": {"retry_after_s": 5, "on": "write"},  # refused for rate; retry_after_s: a number, any text as it is, or null for none
    "5xx": {"status": 503, "applied": False, "on": "write"},
    "timeout": {"applied": False, "on": "write"},  # no answer at all
    "late": {"after_s": 10},  # no answer; what was sent takes effect after so many seconds
    "revoked": {},  # the account's token no longer counts
    "expired": {},  # the session or token ran out; a refresh helps, but not at Threads and Instagram
    "duplicate": {},  # refused as a repeat of an earlier text
    "denied": {},  # refused for this account
    "cut": {"applied": True, "on": "write"},  # half an answer, then the connection ends
    "drip": {"applied": True, "every_s": 1.0, "on": "write"},  # the answer's headers, one byte at a time
    "lag": {"seconds": 20},  # the timeline shows posts only after so long
    "keys_forgotten": {},  # Mastodon, Matrix, ntfy: keys are ignored, as some compatible or old servers do
    "replies_allowed": {},  # X: the account may reply, as enterprise accounts may
    "preparing": {"seconds": 5},  # Instagram, Threads: a container cannot be published before so long
    "spent": {},  # Instagram, Threads: containers that are made now can never be published
    "unfetched": {},  # Instagram: the picture's address did not answer
    "garbled": {},  # Bluesky, LinkedIn: what is read back differs from what was sent
}
LONGEST_S = 86_400
_SERVER_FAULTS = tuple(status.value for status in HTTPStatus if status.value >= 500)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_S  # false for NaN, too


def _is_count(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)


def _is_wait(value: object) -> bool:
    text = isinstance(value, str) and value.isascii() and value.isprintable()
    return value is None or text or _is_number(value)


_SECONDS = (f"a number from 0 to {LONGEST_S}", _is_number)
_FITS: Mapping[str, tuple[str, Callable[[object], bool]]] = {  # setting -> what is allowed, in words, and whether a value is
    "retry_after_s": (f"{_SECONDS[0]}, a text without control characters, or null", _is_wait),
    "status": ("a status of HTTP from 500, e.g. 503", lambda value: isinstance(value, int) and value in _SERVER_FAULTS),
    "applied": ("true or false", lambda value: isinstance(value, bool)),
    "after_s": _SECONDS,
    "every_s": _SECONDS,
    "seconds": _SECONDS,
    "on": ("write, read, any", lambda value: value in ("write", "read", "any")),
    "times": ("a whole number from 1, or null for ever", _is_count),
}


class BadFault(Exception):
    """Says what was found and what is allowed."""


@dataclass(frozen=True)
class Fault:
    """One misbehaviour that is on. times: calls left, None for ever."""

    name: str
    settings: Mapping[str, Any]
    times: int | None = None

    def __getitem__(self, setting: str) -> Any:
        return self.settings[setting]

    def hits(self, write: bool) -> bool:
        on = self.settings.get("on")
        return on in (None, "any") or on == ("write" if write else "read")

    def as_json(self) -> dict[str, Any]:
        return {"fault": self.name, **self.settings, "times": self.times}


def fault_from(body: Any) -> Fault:
    """A fault from the JSON of PUT /misbehave/NETWORK. Raises BadFault."""
    name = body.get("fault") if isinstance(body, dict) else body
    if not isinstance(name, str) or not isinstance(body, dict) or name not in FAULTS:
        raise BadFault(f"fault: found {name!r}. Allowed: {', '.join(FAULTS)}. Nothing was changed.")
    defaults = FAULTS[name]
    given = {key: value for key, value in body.items() if key != "fault"}
    for key, value in given.items():
        if key != "times" and key not in defaults:
            raise BadFault(f"{key}: the fault {name} does not know it. Allowed: {', '.join([*defaults, 'times'])}. Nothing was changed.")
        allowed, fits = _FITS[key]
        if not fits(value):
            raise BadFault(f"{key}: found {value!r}. Allowed: {allowed}. Nothing was changed.")
    times = given.pop("times", None)
    return Fault(name, {**defaults, **given}, times)


class Misbehaviour:
    """Which faults are on, per network; a fault of the same name replaces the earlier one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on: dict[str, dict[str, Fault]] = {}

    def put(self, network: str, fault: Fault) -> None:
        with self._lock:
            self._on.setdefault(network, {})[fault.name] = fault

    def clear(self, network: str | None = None, fault: str | None = None) -> None:
        """Mend one fault of a network, all of them, or all of all networks."""
        with self._lock:
            for name in [network] if network else list(self._on):
                if fault is None:
                    self._on.pop(name, None)
                else:
                    self._on.get(name, {}).pop(fault, None)

    def listing(self) -> dict[str, list[dict[str, Any]]]:
        with self._lock:
            return {network: [fault.as_json() for fault in faults.values()] for network, faults in self._on.items() if faults}

    def standing(self, network: str, name: str) -> Fault | None:
        """A fault that colours answers (lag, keys_forgotten), without using it up."""
        with self._lock:
            return self._on.get(network, {}).get(name)

    def take(self, network: str, write: bool, names: tuple[str, ...]) -> Fault | None:
        """The first fault among `names` that hits this call, counted as used once."""
        with self._lock:
            faults = self._on.get(network, {})
            fault = next((one for one in faults.values() if one.name in names and one.hits(write)), None)
            if fault is not None and fault.times is not None:
                if fault.times <= 1:
                    del faults[fault.name]
                else:
                    faults[fault.name] = replace(fault, times=fault.times - 1)
            return fault
