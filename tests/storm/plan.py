"""What befalls the product, when, and for how long: all of it drawn from one seed before the storm begins."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

PROCESSES = ("web", "prober", "worker-1", "worker-2")
BANK_FAULTS = ("sign_in_stopped", "balance_missing", "error_503", "everything_down", "keys_out_of_step", "sorry_page")
NETWORK_FAULTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("timeout", {"applied": True}),
    ("timeout", {"applied": False}),
    ("5xx", {"status": 502, "applied": True}),
    ("5xx", {"status": 503, "applied": False}),
    ("cut", {"applied": True}),
    ("429", {"retry_after_s": 3}),
    ("lag", {"seconds": 5}),
)
NETWORKS = ("mastodon", "bluesky", "x", "facebook", "telegram")


@dataclass(frozen=True, order=True)
class Deed:
    """at: seconds since the storm began; what: name of a method of Weather; whom: its first argument; more: the others."""

    at: float
    what: str
    whom: str
    more: tuple[object, ...] = ()


def plan(seed: int, seconds: float) -> list[Deed]:
    """Everything that happens, in its order. The same seed and length give the same plan."""
    chance = random.Random(seed)
    deeds = [*_processes(chance, seconds), *_bank(chance, seconds), *_networks(chance, seconds), *_people(chance, seconds)]
    return sorted(deeds, key=lambda deed: deed.at)


def _processes(chance: random.Random, seconds: float) -> Iterator[Deed]:
    """Every 1 to 4 s one of the processes is killed, asked to end, suspended, or suspended and cut off from its database."""
    busy_until = dict.fromkeys(PROCESSES, 0.0)
    at = chance.uniform(1.0, 4.0)
    while at < seconds:
        free = [name for name in PROCESSES if busy_until[name] <= at]
        if free:
            whom = chance.choice(free)
            what = chance.choices(("kill", "kill_group", "end", "suspend", "cut_off"), (3, 3, 1, 4, 3))[0]
            pause = chance.uniform(10.0, 20.0) if what in ("suspend", "cut_off") and chance.random() < 0.2 else chance.uniform(0.3, 5.0)
            busy_until[whom] = at + pause + 1.0
            yield Deed(at, what, whom)
            yield Deed(at + pause, "go_on" if what in ("suspend", "cut_off") else "start", whom)
        at += chance.uniform(1.0, 4.0)


def _bank(chance: random.Random, seconds: float) -> Iterator[Deed]:
    """The bank breaks and heals: the first time soon, and long enough to be noticed."""
    at, lasts = 2.0, 25.0
    while at < seconds:
        fault = chance.choice(BANK_FAULTS)
        yield Deed(at, "break_bank", fault)
        yield Deed(at + lasts, "mend_bank", fault)
        at += lasts + chance.uniform(10.0, 40.0)
        lasts = chance.uniform(8.0, 40.0)


def _networks(chance: random.Random, seconds: float) -> Iterator[Deed]:
    at = chance.uniform(5.0, 15.0)
    while at < seconds:
        fault, settings = chance.choice(NETWORK_FAULTS)
        yield Deed(at, "misbehave", chance.choice(NETWORKS), (fault, {**settings, "times": chance.randint(1, 2)}))
        at += chance.uniform(5.0, 15.0)


def _people(chance: random.Random, seconds: float) -> Iterator[Deed]:
    """Somebody at the console says the next thing about trouble that no probe can see."""
    at = chance.uniform(3.0, 12.0)
    while at < seconds:
        yield Deed(at, "say", chance.choice(("cards", "cash-machines")))
        at += chance.uniform(5.0, 15.0)
