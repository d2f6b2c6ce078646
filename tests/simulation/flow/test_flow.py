"""The flow under faults, judged by what was true: P1-P5 and P15, promises, publications (A2, A11), sums and retention (B10, B11)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.flow.mutants import MUTANTS, caught_at
from tests.simulation.flow.run import run
from tests.simulation.many import spread

TOP = Path(__file__).parents[3]
SHARP = ("one location decides", "a refused account counts as an outage", "private components are public")
EVERY_RUN = (1, 5, 7, 8)
LIST = Path(__file__).parent / "failed_flow_seeds.txt"
FAILED = [int(line.split()[0]) for line in LIST.read_text().splitlines() if line[:1].isdigit()]


@pytest.mark.parametrize("seed", EVERY_RUN)
def test_nothing_untrue_is_said_and_nothing_true_is_kept_back(seed: int) -> None:
    """Some seeds in every run; `make test-release` runs 2,000."""
    trace: list[str] = []

    assert run(seed, tell=trace.append).faults == []
    assert len(trace) > 50


@pytest.mark.release
@pytest.mark.parametrize("first", range(1, 2001, 100))
def test_nothing_goes_wrong_in_two_thousand_seeds(first: int) -> None:
    """Before a release, on all cores: some hours, for a seed takes several seconds."""
    assert {outcome.seed: outcome.faults for outcome in spread(run, range(first, first + 100)) if outcome.faults} == {}


@pytest.mark.parametrize("seed", FAILED)
def test_a_seed_that_once_failed_does_not_fail_again(seed: int) -> None:
    """S5, for the flow."""
    assert run(seed).faults == []


def test_the_same_seed_gives_the_same_trace_under_another_hash_seed() -> None:
    """S1, for the flow: neither the process nor the order of a set reaches the trace."""
    program = (
        "from structlog.testing import capture_logs\n"
        "from tests.simulation.flow import clean\n"
        "from tests.simulation.flow.run import clean_one\n"
        "with capture_logs(): print([clean_one(seed, (clean.outage,)).digest for seed in (1, 2)])"
    )
    command = [sys.executable, "-c", program]
    digests = [
        subprocess.run(command, cwd=TOP, env={**os.environ, "PYTHONHASHSEED": number}, check=True, capture_output=True, text=True).stdout
        for number in ("1", "4242")
    ]

    assert digests[0].startswith("['") and digests[0] == digests[1]


@pytest.mark.parametrize("name", SHARP)
def test_a_planted_bug_is_found(name: str) -> None:
    """S2, for the flow: three of them in every run."""
    assert caught_at(name, range(1, 11)) is not None


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in MUTANTS if name not in SHARP])
def test_every_other_planted_bug_is_found_too(name: str) -> None:
    """S2, for the flow, within 300 seeds."""
    assert caught_at(name, range(1, 301)) is not None
