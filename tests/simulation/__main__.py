"""python -m tests.simulation --seeds FROM-TO | --seed N: runs seeds; with --seed prints the trace. Exit status 1 if a fault was found."""

from __future__ import annotations

import argparse
import re
import sys
import time
from functools import partial

from tests.simulation.many import spread
from tests.simulation.worlds import WORLDS, walk


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seeds", type=seeds_from_to, metavar="FROM-TO", help="every seed from FROM to TO, both included")
    what.add_argument("--seed", type=seed_number, metavar="N", help="one seed, with its trace")
    parser.add_argument("--processes", type=int, help="how many run at once; all cores if not given")
    parser.add_argument("--world", choices=sorted(WORLDS), default="delivery", help="flow: from probes to the public page")
    options = parser.parse_args(arguments)
    if options.seeds is None:
        return _one(options.world, options.seed)
    return _bulk(options.world, options.seeds, options.processes)


def seed_number(text: str) -> int:
    """Raises ArgumentTypeError for anything but a whole number from 0 on."""
    if re.fullmatch(r"[0-9]{1,18}", text) is None:
        raise argparse.ArgumentTypeError(f"found {text!r}; a seed is a whole number from 0 on, e.g. 7")
    return int(text)


def seeds_from_to(text: str) -> range:
    """Raises ArgumentTypeError for anything but two seeds, the smaller one first."""
    first, dash, last = text.partition("-")
    if not dash:
        raise argparse.ArgumentTypeError(f"found {text!r}; seeds are given as FROM-TO, e.g. 1-1000")
    seeds = range(seed_number(first), seed_number(last) + 1)
    if not seeds:
        raise argparse.ArgumentTypeError(f"found {text!r}, in which there is no seed; the smaller one comes first, e.g. 1-1000")
    return seeds


def _one(world: str, seed: int) -> int:
    outcome = walk(world, seed, print)
    print(f"digest {outcome.digest}")
    for fault in outcome.faults:
        print(f"seed {seed}: {fault}")
    print(f"{_number(1, 'seed')}, {_number(len(outcome.faults), 'fault')}")
    return 1 if outcome.faults else 0


def _bulk(world: str, seeds: range, processes: int | None) -> int:
    found, days, begin = 0, 0.0, time.monotonic()
    for outcome in spread(partial(walk, world), seeds, processes):
        for fault in outcome.faults:
            print(f"seed {outcome.seed}: {fault}", flush=True)
        found += len(outcome.faults)
        days += outcome.virtual_s / 86_400.0
    took = time.monotonic() - begin
    told = f"{_number(len(seeds), 'seed')}, {_number(found, 'fault')}"
    print(f"{told}, {took:.0f} s, {days * 60.0 / took:.1f} simulated days a minute")
    return 1 if found else 0


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


if __name__ == "__main__":
    sys.exit(main())
