"""What the looks that arrived bear out, worked out anew from nothing but the looks: three in a row say that a component fails."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from tests.simulation.flow.watch import LookMade


@dataclass(frozen=True)
class Turn:
    """From `at` on a location is sure of this. run_began: the first look of the run that made it sure."""

    at: float
    bad: bool
    run_began: float


class Levels:
    """One component, all locations."""

    def __init__(self, looks: Iterable[LookMade], *, to_open: int, to_close: int = 3, interval_s: float) -> None:
        self.interval_s = interval_s
        self.places: dict[str, list[LookMade]] = {}
        for look in sorted(looks, key=lambda one: one.sequence):
            self.places.setdefault(look.place, []).append(look)
        self.turns = {place: _turns(found, to_open, to_close) for place, found in self.places.items()}
        self.arrivals = {place: sorted(look.received for look in found) for place, found in self.places.items()}

    def bad_at(self, place: str, t: float) -> Turn | None:
        """What the location was sure of at that moment, if it was sure that the component fails."""
        turns = self.turns[place]
        index = bisect_right([turn.at for turn in turns], t) - 1
        return turns[index] if index >= 0 and turns[index].bad else None

    def fresh(self, place: str, t: float) -> bool:
        """It saw something lately, and its own network works."""
        known = [look for look in self.places[place] if look.received <= t]
        newest = max(known, key=lambda one: one.sequence, default=None)
        sees = any(look.sees and look.began >= t - 3 * self.interval_s - 5.0 for look in known[-30:])
        return newest is not None and not newest.blind and sees

    def failing(self, t: float) -> list[Turn]:
        """The locations that are sure of it and still see."""
        return [turn for place in self.turns if (turn := self.bad_at(place, t)) is not None and self.fresh(place, t)]

    def borne_out(self, t: float, slack_s: float, needed: int) -> bool:
        """At some moment within the slack before t so many locations were sure that it fails."""
        moments = {t, max(0.0, t - slack_s)}
        moments |= {turn.at for turns in self.turns.values() for turn in turns if t - slack_s <= turn.at <= t}
        return any(len(self.failing(moment)) >= needed for moment in moments)


def _turns(looks: list[LookMade], to_open: int, to_close: int) -> list[Turn]:
    found: list[Turn] = []
    bad, run, began, known = False, 0, 0.0, 0.0
    for look in looks:
        known = max(known, look.received)  # what overtook others on its way waits for them
        if look.blind:
            run = 0
        if look.bad is None:
            continue
        if look.bad == bad:
            run = 0
            continue
        run, began = run + 1, look.began if run == 0 else began
        if run >= (to_close if bad else to_open):
            bad, run = not bad, 0
            found.append(Turn(known, bad, began))
    return found
