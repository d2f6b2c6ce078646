"""python -m tests.simulation --seeds FROM-TO | --seed N: runs seeds; with --seed prints the trace. Exit status 1 if a fault was found."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from tests.simulation.flow.run import run as run_flow
from tests.simulation.many import spread
from tests.simulation.run import Outcome, run

WORLDS: dict[str, Callable[..., Outcome]] = {"delivery": run, "flow": run_flow}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seeds", metavar="FROM-TO", help="every seed from FROM to TO, both included")
    what.add_argument("--seed", type=int, help="one seed, with its trace")
    parser.add_argument("--processes", type=int, help="how many run at once; all cores if not given")
    parser.add_argument("--world", choices=sorted(WORLDS), default="delivery", help="flow: from probes to the public page")
    options = parser.parse_args(arguments)
    world = WORLDS[options.world]
    return _one(world, options.seed) if options.seeds is None else _bulk(world, options.seeds, options.processes)


def _one(world: Callable[..., Outcome], seed: int) -> int:
    outcome = world(seed, keep_trace=True)
    print("\n".join(outcome.trace))
    print(f"digest {outcome.digest}")
    for fault in outcome.faults:
        print(f"seed {seed}: {fault}")
    print(f"1 seed, {len(outcome.faults)} faults")
    return 1 if outcome.faults else 0


def _bulk(world: Callable[..., Outcome], seeds: str, processes: int | None) -> int:
    first, last = map(int, seeds.split("-"))
    found, begin = 0, time.monotonic()
    for outcome in spread(world, range(first, last + 1), processes):
        for fault in outcome.faults:
            print(f"seed {outcome.seed}: {fault}", flush=True)
        found += len(outcome.faults)
    print(f"{last - first + 1} seeds, {found} faults, {time.monotonic() - begin:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
