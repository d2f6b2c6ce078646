"""S1, S2, S3 and S5: the dispatcher under faults, judged by what the fake networks truly show. D28: everything settles."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import pytest

from tests.simulation.many import run_many, spread
from tests.simulation.mutants import MUTANTS, caught_at
from tests.simulation.occurrences import EXPECTED
from tests.simulation.run import Outcome, run
from tests.simulation.world import draw_knobs

TOP = Path(__file__).parents[2]
FAILED = [int(line.split()[0]) for line in (Path(__file__).parent / "failed_seeds.txt").read_text().splitlines() if line[:1].isdigit()]


@cache
def outcomes(first: int, last: int) -> tuple[Outcome, ...]:
    return tuple(run(seed) for seed in range(first, last + 1))


def _wrong(all_of_them: tuple[Outcome, ...]) -> dict[int, list[str]]:
    return {outcome.seed: outcome.faults for outcome in all_of_them if outcome.faults}


@pytest.mark.parametrize("first", [1, 51, 101, 151])
def test_nothing_is_lost_doubled_disordered_stale_or_unapproved_and_all_settles_in_ten_minutes(first: int) -> None:
    """S3 and D28, 200 seeds; `make test-long` adds 800, `make test-release` the rest of 20,000."""
    assert _wrong(outcomes(first, first + 49)) == {}


def test_everything_that_can_go_wrong_does_go_wrong() -> None:
    """A fault that is drawn but never comes about tests nothing: in the same 200 seeds each one happens."""
    happened: Counter[str] = Counter()
    for first in (1, 51, 101, 151):
        for outcome in outcomes(first, first + 49):
            happened.update(outcome.counts)

    assert [name for name in EXPECTED if not happened[name]] == []


@pytest.mark.long
def test_nothing_goes_wrong_in_further_seeds() -> None:
    """S3 and D28, seeds 201 to 1,000, on all cores."""
    assert _wrong(tuple(run_many(range(201, 1001)))) == {}


@pytest.mark.release
@pytest.mark.parametrize("first", range(1001, 20_000, 1000))
def test_nothing_goes_wrong_in_twenty_thousand_seeds(first: int) -> None:
    """S3, before a release."""
    assert _wrong(tuple(run_many(range(first, first + 1000)))) == {}


@pytest.mark.parametrize("seed", FAILED)
def test_a_seed_that_once_failed_does_not_fail_again(seed: int) -> None:
    """S5."""
    assert run(seed).faults == []


def test_the_same_seed_gives_the_same_trace() -> None:
    """S1, 20 seeds."""
    first = [outcome.digest for outcome in outcomes(1, 50)[:20]]

    again = [run(seed).digest for seed in range(1, 21)]

    assert again == first


def test_the_same_seed_gives_the_same_trace_under_another_hash_seed() -> None:
    """S1: no order of a set or dict of strings reaches the trace."""
    program = "from tests.simulation.run import run; print([run(seed).digest for seed in range(1, 11)])"
    command = [sys.executable, "-c", program]
    digests = [
        subprocess.run(command, cwd=TOP, env={**os.environ, "PYTHONHASHSEED": number}, check=True, capture_output=True, text=True).stdout
        for number in ("1", "4242")
    ]

    assert digests[0] == digests[1]


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_a_planted_bug_is_found(name: str) -> None:
    """S2: every one of them, within 300 seeds."""
    assert caught_at(name, range(1, 301)) is not None


def jumping(seed: int) -> Outcome:
    """The seed's own faults, wall clocks that jump: hours, summer time, a leap second; processes that restart and take over."""
    offsets = (-7200.0, 7200.0, -3600.0, 3600.0, -1.0, 1.0, 0.0)
    return run(seed, replace(draw_knobs(Random(seed)), jumps=True, offsets=offsets, crashes=0.01, second_process=seed % 2 == 0))


def test_a_wall_clock_that_jumps_changes_nothing() -> None:
    """D23, the first 60 of 500 seeds."""
    assert _wrong(tuple(jumping(seed) for seed in range(1, 61))) == {}


@pytest.mark.long
def test_a_wall_clock_that_jumps_never_changes_anything() -> None:
    """D23, seeds 61 to 500: who may send, quiet period, age of a key."""
    assert _wrong(tuple(spread(jumping, range(61, 501)))) == {}
