"""What all demonstration networks share: the truth, the faults, the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from statuspage.demo.networks.accounts import ACCOUNTS, Account
from statuspage.demo.networks.faults import Misbehaviour
from statuspage.demo.networks.late import Late
from statuspage.demo.networks.pictures import Pictures
from statuspage.demo.networks.truth import Entry, Truth
from statuspage.demo.networks.wire import Call, Reply


@dataclass
class Container:
    """A post that was made and is not published: nobody sees it. post: its id once it is."""

    account: str
    text: str
    made_at: datetime
    reply_to: str | None = None
    picture: str = ""
    alt: str = ""
    state: str = "FINISHED"
    post: str = ""


@dataclass
class World:
    """Handed to every network with every call, under one lock: calls take effect one after the other."""

    truth: Truth
    faults: Misbehaviour
    now: Callable[[], datetime]
    pictures: Pictures
    containers: dict[tuple[str, str], Container] = field(default_factory=dict)  # (network, its id) -> container
    sessions: dict[str, str] = field(default_factory=dict)  # token that a network gave out -> account it opens
    late: Late = field(default_factory=Late)

    def lag_s(self, network: str) -> float:
        lag = self.faults.standing(network, "lag")
        return float(lag["seconds"]) if lag else 0.0

    def timeline(self, network: str, account: Account) -> list[Entry]:
        """The account's posts as the network shows them now, newest first."""
        return self.truth.timeline(network, account.name, self.lag_s(network))


class Network(Protocol):
    """A module that answers the contract of one network."""

    NAME: str
    TITLE: str
    API: tuple[str, ...]  # beginnings of its paths; whatever else is asked for is a page for people

    def answer(self, call: Call, world: World) -> Reply: ...

    def refusal(self, kind: str) -> Reply:
        """How this network says 429, 5xx, revoked, expired, duplicate or denied; the caller adds Retry-After."""
        ...


def opened_by(network: str, token: str) -> Account | None:
    """The account of a network that a token opens."""
    return next((one for one in ACCOUNTS if one.network == network and one.token == token), None) if token else None
