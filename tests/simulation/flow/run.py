"""Runs one seed of the flow: a clean one, in which one thing happens at a time, or a wild one; then judges it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from structlog.testing import capture_logs

from tests.simulation.flow import aged, clean, judge, records, wild
from tests.simulation.flow.clean import Script
from tests.simulation.flow.probers import Prober
from tests.simulation.flow.town import Town
from tests.simulation.flow.truth import Spell
from tests.simulation.run import Outcome
from tests.simulation.world import Tell


def run(seed: int, *, tell: Tell = None) -> Outcome:
    """One seed from beginning to end. One in four is wild, one in sixteen lasts for days. tell: is told each line of the trace."""
    with capture_logs():
        if seed % 16 == 11:
            return aged_one(seed, tell=tell)
        return wild_one(seed, tell=tell) if seed % 4 == 2 else clean_one(seed, tell=tell)


def clean_one(seed: int, acts: Sequence[Callable[[Script], None]] = (), *, tell: Tell = None) -> Outcome:
    """acts: episodes that are played instead of those that the seed draws."""
    town, episodes, length = clean.build(seed, acts, tell=tell)
    _begin(town)
    town.run_until(length)
    found = [*judge.of_episodes(town, episodes), *judge.Judge(town).faults(), *records.faults(town)]
    return _outcome(town, found)


def wild_one(seed: int, *, tell: Tell = None) -> Outcome:
    """Chaos, then heal."""
    town, length, jumps = wild.build(seed, tell=tell)
    _begin(town)
    town.run_until(length + wild.HEAL_S)
    found = [*wild.settled(town)]
    if jumps:
        found += records.torn(town)
    else:
        judged = judge.Judge(town, to_open=2, strict=not (town.knobs.crashes or town.knobs.store or town.knobs.pauses))
        found += [*judged.faults(), *records.faults(town)]
    return _outcome(town, found)


def aged_one(seed: int, also: Sequence[Spell] = (), *, tell: Tell = None) -> Outcome:
    """Some days. also: what happens besides, in every seed."""
    town, length = aged.build(seed, also, tell=tell)
    _begin(town)
    town.run_until(length)
    return _outcome(town, [*judge.Judge(town, strict=False).begun(), *records.faults(town)])


def _begin(town: Town) -> None:
    for worker in town.workers:
        town.start(worker)
    for place in town.bank.places:
        prober = Prober(town, place, skew_s=town.chance.choice((0.0, 0.0, 1.5, -2.0)))
        town.probers[place] = prober
        prober.configure(town.bank)


def _outcome(town: Town, found: list[str]) -> Outcome:
    faults = [*town.faults, *found]
    for line in found:
        town.note(f"FAULT {line}")
    return Outcome(town.seed, faults, town.digest(), 0.0, town.time)
