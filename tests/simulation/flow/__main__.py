"""python -m tests.simulation.flow --seeds FROM-TO | --seed N: the flow; --seed prints the trace. Exit status 1: a fault was found."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.flow.run import run
from tests.simulation.many import run_many

DAY_S = 86_400.0


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.flow", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seeds", metavar="FROM-TO", help="every seed from FROM to TO, both included")
    what.add_argument("--seed", type=int, help="one seed, with its trace")
    parser.add_argument("--processes", type=int, help="how many run at once; all cores if not given")
    options = parser.parse_args(arguments)
    return one(options.seed) if options.seeds is None else bulk(options.seeds, options.processes)


def one(seed: int) -> int:
    """One seed with its trace."""
    outcome = run(seed, keep_trace=True)
    print("\n".join(outcome.trace))
    print(f"digest {outcome.digest}")
    for fault in outcome.faults:
        print(f"seed {seed}: {fault}")
    print(f"1 seed, {len(outcome.faults)} faults")
    return 1 if outcome.faults else 0


def bulk(seeds: str, processes: int | None) -> int:
    """Many seeds, over all cores; how many virtual days they lasted."""
    first, last = map(int, seeds.split("-"))
    found, days, begin = 0, 0.0, time.monotonic()
    for outcome in run_many(range(first, last + 1), processes, run):
        for fault in outcome.faults:
            print(f"seed {outcome.seed}: {fault}", flush=True)
        found, days = found + len(outcome.faults), days + outcome.settled_s / DAY_S
    took = time.monotonic() - begin
    print(f"{days:.1f} simulated days, {days / took * 60:.2f} a minute")
    print(f"{last - first + 1} seeds, {found} faults, {took:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
