"""Seeds in which everything happens at once, and then heals: nothing untrue may ever be said, and in the end everything is as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from statuspage.store import alarms
from tests.simulation.flow.bank import PARTS, Bank
from tests.simulation.flow.people import People
from tests.simulation.flow.town import Knobs, Town
from tests.simulation.flow.truth import Fog, Ill, Spell, Truth
from tests.simulation.world import Tell

HEAL_S = 1300.0  # flapping is waited out, then the stable period, each with the loops' pauses
OURS = ("unseen:", "withheld:", "contradiction:", "refused:", "unwatched:")


def build(seed: int, *, tell: Tell = None) -> tuple[Town, float, bool]:
    """The world, when it begins to heal, and whether the wall clock jumps."""
    chance = Random(f"wild {seed}")

    def often(odds: float) -> bool:
        return chance.random() < odds

    places = ("madrid", "utrecht", "lyon")[: chance.choice((1, 2, 3))]
    bank = Bank(
        PARTS, places=places, interval_s=chance.choice((20.0, 60.0)), to_open=chance.choice((3, 3, 2)), folders=chance.choice((1, 2)),
        per_day=chance.choice((2, 20)), apart_s=chance.choice((300.0, 900.0)),
    )  # fmt: skip
    knobs = Knobs(
        crashes=chance.choice((0.0, 0.0, 0.02)), pauses=chance.choice((0.0, 0.0, 0.02)), files=chance.choice((0.0, 0.003)),
        store=chance.choice((0.0, 0.0, 0.01)), doubles=chance.choice((0.0, 0.3)), shuffles=chance.choice((0.0, 0.3)),
        lag_s=chance.choice((0.1, 1.0, 5.0)), workers=chance.choice((1, 1, 2)),
    )  # fmt: skip
    length = chance.uniform(900.0, 1800.0)
    town = Town(seed, bank, Truth(_spells(chance, bank, length)), knobs, day=chance.randint(0, 40), tell=tell)
    people = People(town, chance)
    for _ in range(chance.randint(0, 8)):
        town.later(chance.uniform(30.0, length), people.act)
    if knobs.crashes:
        town.later(chance.uniform(0.0, length), _kill, town)
    jumps = often(0.15)
    if jumps:
        for offset in (chance.choice((-7200.0, 7200.0, 60.0, -60.0)), 0.0):
            town.later(chance.uniform(0.0, length), _jump, town, offset)
    town.later(length, _heal, town, people)
    return town, length, jumps


def _spells(chance: Random, bank: Bank, length: float) -> list[Spell]:
    found = []
    keys = [part.key for part in bank.parts]
    for _ in range(chance.randint(2, 6)):
        begin = chance.uniform(60.0, length - 30.0)
        end = min(begin + chance.choice((3.0, 40.0, 200.0, 600.0)), length)
        for key in chance.sample(keys, chance.choice((1, 1, 2, 4))):
            found.append(Spell(chance.choice(tuple(Ill)), begin + chance.uniform(0.0, 20.0), end, key))
    for _ in range(chance.randint(0, 4)):
        begin = chance.uniform(0.0, length - 30.0)
        end = min(begin + chance.choice((30.0, 200.0, 600.0)), length)
        what = chance.choice(tuple(Fog))
        place = chance.choice(bank.places) if what is Fog.ALONE else chance.choice((None, *bank.places))
        if what is Fog.ALONE and len(bank.places) == 1:
            continue
        found.append(Spell(what, begin, end, chance.choice((None, chance.choice(keys))), place))
    return found


def _kill(town: Town) -> None:
    for worker in town.workers:
        town.kill(worker, "by fate")


def _jump(town: Town, offset: float) -> None:
    town.wall_offset_s, town.jumped = town.first_offset_s + offset, True
    town.note(f"wall clock off by {offset}")
    town.stir("verdicts", "promises", "publisher")


def _heal(town: Town, people: People) -> None:
    """No new faults from now on; people end what they began. Half of the worlds bring back what was removed."""
    town.note("healed")
    town.chaos = False
    town.wall_offset_s = town.first_offset_s
    for worker in town.workers:
        worker.frozen_until = min(worker.frozen_until, town.time)
        town.start(worker)
    bank = replace(town.bank, parts=tuple(replace(part, gone=False) for part in town.bank.parts))
    if bank != town.bank and town.chance.random() < 0.5:
        town.reconfigure(bank)
    people.tidy()
    town.later(120.0, people.answer)


def settled(town: Town) -> Iterator[str]:
    """Everything works again and everybody is told so; nobody is alarmed about what is over."""
    last = town.watch.editions[-1]
    wrong = {name: status for name, status in last.shown.items() if status != "operational"}
    if wrong or last.impaired or last.indicator != "none":
        yield f"settled: the page shows {wrong}, indicator {last.indicator}"
    if set(last.shown) != {part.name for part in town.bank.present if not part.private}:
        yield f"settled: the page lists {sorted(last.shown)}"
    if last.opened:
        yield f"settled: the page tells of {dict(last.opened)}"
    for one, history in sorted(town.watch.incidents.items()):
        if history[-1][1].is_open:
            yield f"settled: {one} stays {history[-1][1].status}: {dict(history[-1][1].components)}"
    with town.store.reading() as session:
        for alarm in alarms.listing(session):
            if alarm.key.startswith(OURS):
                yield f"settled: {alarm.key} still alarms"
