"""python -m tests.simulation --seeds FROM-TO | --seed N: runs seeds; with --seed prints the trace. Exit status 1 if a fault was found."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.run import run


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seeds", metavar="FROM-TO", help="every seed from FROM to TO, both included")
    what.add_argument("--seed", type=int, help="one seed, with its trace")
    options = parser.parse_args(arguments)
    first, last = (options.seed, options.seed) if options.seeds is None else map(int, options.seeds.split("-"))
    found, begin = 0, time.monotonic()
    for seed in range(first, last + 1):
        outcome = run(seed, keep_trace=options.seeds is None)
        if options.seeds is None:
            print("\n".join(outcome.trace))
            print(f"digest {outcome.digest}")
        for fault in outcome.faults:
            print(f"seed {seed}: {fault}")
        found += len(outcome.faults)
    print(f"{last - first + 1} seeds, {found} faults, {time.monotonic() - begin:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
