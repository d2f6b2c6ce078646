"""What a run needs of a network: one notice to many people on a list, each of them for himself.

A module with RUN = True has, besides KIND, CLASS, MODES, limits() and verify():

Config            with `list` (path of the file), per_second, connections and retry_s
fault(address)    what is wrong with an address of the list, in words that do not repeat it; "" if nothing is
opener(config, way, deadline_s=…, connect_timeout_s=…)    what opens a Line; it raises Unavailable or Rejected
draft(words, language, config, code=…, run=…, root=…, page=…, at=…)    a Draft

Errors that speak of the account, and so of everybody, have `code` ACCOUNT; all others speak of one person or message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

ACCOUNT = "relay"


class Line(Protocol):
    """One way to whoever takes the messages, for one thread; cut() for any."""

    def quit(self) -> None:
        """Takes leave; never raises."""
        ...

    def cut(self) -> None:
        """Ends it from outside: whoever waits on it wakes soon."""
        ...


@dataclass(frozen=True)
class Recipient:
    """One person of a list, at one attempt.

    tag     stands for the person in ids; token: lets the person leave the list
    doubtful    True if an earlier attempt may have arrived
    """

    address: str
    tag: str
    token: str
    doubtful: bool = False


Errand = Callable[[Any], str]  # sends one message over a Line; what was answered. Raises Rejected, Unavailable or Uncertain


class Draft(Protocol):
    """One notice in one language, but for what differs from person to person.

    noun, taker   what goes out and who takes it, for people: "Mails", "the relay"
    in_doubt      what becomes of those of which nobody knows whether they arrived
    looks         True where these are looked for, which proves nothing before the quiet period is over; False: they are sent again
    refused_first so many refused at the beginning of a run, none of them known to be gone, and nobody reached: it is not their doing.
                  The run stops, and a retry tries them again. 0: each refusal is believed
    """

    noun: str
    taker: str
    in_doubt: str
    looks: bool
    refused_first: int

    def errand(self, to: Recipient) -> Errand: ...


def check_pace(per_second: float, connections: int, retry_s: float) -> None:
    """Raises ValueError for a pace that nobody means."""
    if not 0.01 <= per_second <= 10_000:
        raise ValueError(f"per_second: found {per_second}, allowed are 0.01 to 10000 a second")
    if not 1 <= connections <= 50:
        raise ValueError(f"connections: found {connections}, allowed are 1 to 50")
    if not 0 < retry_s <= 3600:
        raise ValueError(f"retry_s: found {retry_s}, allowed are more than 0 and up to 3600 seconds")


def check_list(path: str) -> None:
    """Raises ValueError for a value that is no path."""
    if not path.strip() or "\n" in path:
        raise ValueError("list: name the file of the subscribers; file: or ${…} would put its content here")
