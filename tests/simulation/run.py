"""Runs one seed: chaos, then heal, then judgement."""

from __future__ import annotations

from dataclasses import dataclass

from statuspage.core.vocabulary import DeliveryState, SubjectKind
from tests.simulation.checker import faults
from tests.simulation.people import Operators, heal, script
from tests.simulation.world import Knobs, World

HEAL_S = 4 * 3600.0
_OPEN = (DeliveryState.WAITING, DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN)


@dataclass(frozen=True)
class Outcome:
    """faults: one line each; settled_s: virtual seconds from the end of the last fault until everything was final."""

    seed: int
    faults: list[str]
    digest: str
    settled_s: float
    trace: list[str]


def run(seed: int, knobs: Knobs | None = None, *, keep_trace: bool = False) -> Outcome:
    """One seed from beginning to end."""
    world = World(seed, knobs, keep_trace=keep_trace)
    people = Operators(world)
    length = script(world, people)
    for process in world.processes:
        world.start(process)
    world.run_until(length)
    world.run_until(world.asleep_until + 1.0)
    heal(world, people)
    healed_at = world.time
    while world.time < healed_at + HEAL_S and _moving(people):
        world.run_until(world.time + 60.0)
    settled = world.time - healed_at
    world.run_until(world.time + 150.0)  # what is still under way arrives
    return Outcome(seed, faults(world, people), world.digest(), settled, world.trace)


def _moving(people: Operators) -> bool:
    return any(row.subject_kind is SubjectKind.INCIDENT for row in people.rows(*_OPEN))
