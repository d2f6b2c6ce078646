"""Many worlds, spread over the cores: each process has its own database in memory and runs one world after the other."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tests.simulation.run import Outcome, run

T = TypeVar("T")


def spread(deed: Callable[[int], T], seeds: Iterable[int], processes: int | None = None) -> Iterator[T]:
    """What `deed`, a function of a module, makes of each seed, in their order. processes: all cores if not given; 1 runs them here."""
    number = processes or os.cpu_count() or 1
    if number == 1:
        yield from map(deed, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(number) as pool:
        yield from pool.imap(deed, seeds, chunksize=2)


def run_many(seeds: Iterable[int], processes: int | None = None) -> Iterator[Outcome]:
    """The outcomes of those seeds, in their order."""
    return spread(run, seeds, processes)
