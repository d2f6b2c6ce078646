"""python -m tests.simulation --seeds FROM-TO | --seed N: runs seeds; with --seed prints the trace. Exit status 1 if a fault was found."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.flow import __main__ as flow
from tests.simulation.many import run_many
from tests.simulation.run import run


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seeds", metavar="FROM-TO", help="every seed from FROM to TO, both included")
    what.add_argument("--seed", type=int, help="one seed, with its trace")
    parser.add_argument("--processes", type=int, help="how many run at once; all cores if not given")
    parser.add_argument("--world", choices=("delivery", "flow"), default="delivery", help="flow: from probes to the public page")
    options = parser.parse_args(arguments)
    if options.world == "flow":
        return flow.one(options.seed) if options.seeds is None else flow.bulk(options.seeds, options.processes)
    return _one(options.seed) if options.seeds is None else _bulk(options.seeds, options.processes)


def _one(seed: int) -> int:
    outcome = run(seed, keep_trace=True)
    print("\n".join(outcome.trace))
    print(f"digest {outcome.digest}")
    for fault in outcome.faults:
        print(f"seed {seed}: {fault}")
    print(f"1 seed, {len(outcome.faults)} faults")
    return 1 if outcome.faults else 0


def _bulk(seeds: str, processes: int | None) -> int:
    first, last = map(int, seeds.split("-"))
    found, begin = 0, time.monotonic()
    for outcome in run_many(range(first, last + 1), processes):
        for fault in outcome.faults:
            print(f"seed {outcome.seed}: {fault}", flush=True)
        found += len(outcome.faults)
    print(f"{last - first + 1} seeds, {found} faults, {time.monotonic() - begin:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
