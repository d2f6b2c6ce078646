"""S1, S2, S3 and S5: the dispatcher under faults, judged by what the fake networks truly show. D28: everything settles."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.mutants import MUTANTS, caught_at
from tests.simulation.run import run

TOP = Path(__file__).parents[2]
SHARP = (
    "mark before send",
    "retry without reconcile",
    "new key per attempt",
    "5xx means not applied",
    "no quiet period",
    "collapse eats a correction",
    "no thread order",
    "marker per incident instead of per update",
)
FAILED = [int(line.split()[0]) for line in (Path(__file__).parent / "failed_seeds.txt").read_text().splitlines() if line[:1].isdigit()]


@pytest.mark.parametrize("first", range(1, 201, 25))
def test_nothing_is_lost_doubled_disordered_stale_or_unapproved(first: int) -> None:
    """S3, 200 seeds; `make test-long` adds 400, `make test-release` the rest of 20,000."""
    wrong = {seed: found for seed in range(first, first + 25) if (found := run(seed).faults)}

    assert wrong == {}


@pytest.mark.long
@pytest.mark.parametrize("first", range(201, 601, 100))
def test_nothing_goes_wrong_in_further_seeds(first: int) -> None:
    """S3, up to seed 600."""
    wrong = {seed: found for seed in range(first, first + 100) if (found := run(seed).faults)}

    assert wrong == {}


@pytest.mark.release
@pytest.mark.parametrize("first", range(601, 20_001, 200))
def test_nothing_goes_wrong_in_twenty_thousand_seeds(first: int) -> None:
    """S3, before a release."""
    wrong = {seed: found for seed in range(first, first + 200) if (found := run(seed).faults)}

    assert wrong == {}


@pytest.mark.parametrize("seed", FAILED)
def test_a_seed_that_once_failed_does_not_fail_again(seed: int) -> None:
    """S5."""
    assert run(seed).faults == []


def test_the_same_seed_gives_the_same_trace() -> None:
    """S1, 20 seeds."""
    first = [run(seed).digest for seed in range(1, 21)]

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


@pytest.mark.parametrize("name", SHARP)
def test_a_planted_bug_is_found(name: str) -> None:
    """S2: eight of them in every run, within 40 seeds."""
    assert caught_at(name, range(1, 41)) is not None


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in MUTANTS if name not in SHARP])
def test_every_other_planted_bug_is_found_too(name: str) -> None:
    """S2, within 300 seeds."""
    assert caught_at(name, range(1, 301)) is not None
