"""Seeds that last for days: roll-ups and retention run beside the flow, results come hours late, clocks move to summer time."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.simulation.flow.bank import PARTS, Bank
from tests.simulation.flow.town import Knobs, Town
from tests.simulation.flow.truth import Fog, Ill, Spell, Truth
from tests.simulation.world import Tell

DAY_S = 86400.0
# Days from the first of all worlds until shortly before the clocks move.
CHANGES = {"Europe/Madrid": 25, "America/New_York": 4, "Australia/Lord_Howe": 32, "UTC": 0}


def build(seed: int, also: Sequence[Spell] = (), *, tell: Tell = None) -> tuple[Town, float]:
    """The world and its length. also: what happens in it whatever the seed draws."""
    chance = Random(f"aged {seed}")
    zone = chance.choice(sorted(CHANGES))
    bank = Bank(
        PARTS[2:4], places=("madrid", "utrecht")[: chance.choice((1, 2))], interval_s=chance.choice((600.0, 900.0)), zone=zone,
        raw_days=chance.choice((0.25, 0.5)), heartbeat_s=21_600.0, stable_s=3600.0, reopen_s=3600.0, apart_s=3600.0,
    )  # fmt: skip
    length = chance.uniform(1.5, 2.3) * DAY_S
    spells = [*also]
    for _ in range(chance.randint(1, 3)):
        begin = chance.uniform(0.0, length)
        what, key = chance.choice((Ill.DOWN, Ill.SLOW)), chance.choice(("cards", "atm"))
        spells.append(Spell(what, begin, begin + chance.uniform(1200.0, 9000.0), key))
    for _ in range(chance.randint(0, 3)):
        begin = chance.uniform(0.0, length)
        fog, place = chance.choice((Fog.AWAY, Fog.SILENT, Fog.BLIND)), chance.choice((None, *bank.places))
        spells.append(Spell(fog, begin, begin + chance.choice((1800.0, 14_400.0)), None, place))
    knobs = Knobs(doubles=0.2, shuffles=chance.choice((0.0, 0.2)), unhurried=30.0, crashes=chance.choice((0.0, 0.01)))
    day = CHANGES[zone] + chance.randint(0, 1)
    return Town(seed, bank, Truth(spells), knobs, day=day, tell=tell), length
