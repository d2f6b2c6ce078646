"""What is truly the case, second by second: how each component does, and what comes between it and those who look."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from statuspage.core.vocabulary import Outcome, Reason


class Ill(StrEnum):
    """What truly ails a component."""

    DOWN = "down"
    HANGING = "hanging"  # down, and every look waits for its time-out
    SLOW = "slow"
    PART = "part"  # one step of a journey, one address of five


class Fog(StrEnum):
    """What keeps a location from seeing. None of it is the component's fault."""

    BLIND = "blind"  # its own network is down: reference targets fail too
    SILENT = "silent"  # its prober stands still
    AWAY = "away"  # it cannot reach the hub: results come late, all at once
    ACCOUNT = "account"
    BLOCKED = "blocked"
    ALONE = "alone"  # this location alone sees the component failing


@dataclass(frozen=True)
class Spell:
    """From `begin` up to, not including, `end`. key None: every component; place None: every location."""

    what: Ill | Fog
    begin: float
    end: float
    key: str | None = None
    place: str | None = None

    def holds(self, t: float, key: str | None, place: str | None) -> bool:
        return self.begin <= t < self.end and self.key in (None, key) and self.place in (None, place)


@dataclass(frozen=True)
class Shown:
    """What one look shows, and how long it takes."""

    outcome: Outcome
    reason: Reason
    partial: bool = False
    takes_s: float = 0.05


FINE = Shown(Outcome.PASSED, Reason.AS_EXPECTED)
_ILL = {
    Ill.DOWN: Shown(Outcome.FAILED, Reason.CONNECT_REFUSED),
    Ill.HANGING: Shown(Outcome.FAILED, Reason.CONNECT_TIMEOUT, takes_s=10.0),
    Ill.SLOW: Shown(Outcome.DEGRADED, Reason.TOO_SLOW, takes_s=3.0),
    Ill.PART: Shown(Outcome.FAILED, Reason.VALUE_WRONG, partial=True),
}
_FOG = {
    Fog.BLIND: Shown(Outcome.NO_DATA, Reason.LOCATION_BLIND, takes_s=3.0),
    Fog.ACCOUNT: Shown(Outcome.ACCOUNT_PROBLEM, Reason.CREDENTIALS_REFUSED),
    Fog.BLOCKED: Shown(Outcome.BLOCKED, Reason.BLOCKED_AS_BOT),
    Fog.ALONE: Shown(Outcome.FAILED, Reason.CONNECT_REFUSED),
}
_FIRST = (Fog.BLIND, Fog.ACCOUNT, Fog.BLOCKED)  # what hides the component hides its illness


@dataclass(frozen=True)
class Noise:
    """For so long that share of the looks at a component shows the opposite of what is true."""

    begin: float
    end: float
    key: str
    share: float


@dataclass
class Truth:
    """Everything that is so, and everything that only seems so."""

    spells: list[Spell] = field(default_factory=list)
    noises: list[Noise] = field(default_factory=list)

    def fog(self, what: Fog, t: float, key: str | None, place: str) -> Spell | None:
        return next((spell for spell in self.spells if spell.what is what and spell.holds(t, key, place)), None)

    def ill(self, t: float, key: str) -> Ill | None:
        """The gravest that ails the component, wherever it is looked at from."""
        found = [spell.what for spell in self.spells if isinstance(spell.what, Ill) and spell.holds(t, key, None)]
        return min(found, key=tuple(Ill).index, default=None)

    def shows(self, t: float, key: str, place: str, chance: Random) -> Shown:
        for what in _FIRST:
            if self.fog(what, t, key, place):
                return _FOG[what]
        ill = self.ill(t, key)
        lie = any(n.begin <= t < n.end and n.key == key and chance.random() < n.share for n in self.noises)
        if ill is not None:
            return FINE if lie else _ILL[ill]
        return _FOG[Fog.ALONE] if lie or self.fog(Fog.ALONE, t, key, place) else FINE
