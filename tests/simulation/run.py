"""Runs one seed: chaos, then heal, then judgement."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select

from statuspage.core.vocabulary import DeliveryState, SubjectKind
from statuspage.store.tables import DeliveryRow
from tests.simulation.checker import faults
from tests.simulation.occurrences import of_ledger
from tests.simulation.people import Operators, heal, script
from tests.simulation.world import Knobs, Tell, World

HEAL_S = 4 * 3600.0
_OPEN = [str(state) for state in (DeliveryState.WAITING, DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN)]
_MOVING = select(DeliveryRow.id).where(DeliveryRow.state.in_(_OPEN), DeliveryRow.subject_kind == str(SubjectKind.INCIDENT)).limit(1)


@dataclass(frozen=True)
class Outcome:
    """faults: one line each; settled_s: virtual seconds from the end of the last fault until everything was final, to a minute;
    virtual_s: how long the world went on; counts: how often each thing happened in it. The flow knows neither the first nor the last."""

    seed: int
    faults: list[str]
    digest: str
    settled_s: float
    virtual_s: float
    counts: dict[str, int] = field(default_factory=dict)


def run(seed: int, knobs: Knobs | None = None, *, tell: Tell = None) -> Outcome:
    """One seed from beginning to end. tell: is told each line of the trace."""
    world = World(seed, knobs, tell=tell)
    people = Operators(world)
    length = script(world, people)
    for process in world.processes:
        world.start(process)
    world.run_until(length)
    while world.time <= world.asleep_until:
        world.run_until(world.asleep_until + 1.0)
    return finish(world, people)


def finish(world: World, people: Operators) -> Outcome:
    """The heal phase and the judgement."""
    heal(world, people)
    healed_at = world.time
    _run_while_moving(world, healed_at + HEAL_S)
    settled = world.time - healed_at
    world.run_until(world.time + 150.0)  # what is still under way arrives, and people may yet say something
    _run_while_moving(world, healed_at + HEAL_S)
    found = [*faults(world, people, healed_at=healed_at), *sorted(world.busy)]
    world.counts.update(of_ledger(world))
    world.end()
    return Outcome(world.seed, found, world.digest(), settled, world.time, dict(world.counts))


def _run_while_moving(world: World, end: float) -> None:
    while world.time < end and _moving(world):
        world.run_until(world.time + 60.0)


def _moving(world: World) -> bool:
    with world.store.reading() as session:
        return session.execute(_MOVING).first() is not None
