"""Many seeds, spread over the cores: each process has its own database in memory and runs one seed after the other."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator

from tests.simulation.run import Outcome, run


def run_many(seeds: Iterable[int], processes: int | None = None, deed: Callable[[int], Outcome] = run) -> Iterator[Outcome]:
    """The outcomes in the order of the seeds. processes: all cores if not given; 1 runs them here."""
    number = processes or os.cpu_count() or 1
    if number == 1:
        yield from map(deed, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(number) as pool:
        yield from pool.imap(deed, seeds, chunksize=5)
