"""`make sim`: what it prints, how it ends, and what it says to a slip of the hand."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.simulation import __main__ as command
from tests.simulation.run import Outcome
from tests.simulation.world import Tell


def a_world(seed: int, *, tell: Tell = None) -> Outcome:
    """Seed 3 finds two faults, seed 4 breaks."""
    if tell is not None:
        tell(f"line of {seed}")
    if seed == 4:
        raise ZeroDivisionError("in the world")
    return Outcome(seed, ["lost: one", "doubled: two"] if seed == 3 else [], f"digest-{seed}", 0.0, 86_400.0)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """What the command prints, line by line, and its exit status."""
    monkeypatch.setitem(command.WORLDS, "delivery", a_world)

    def run(*arguments: str) -> tuple[list[str], int]:
        status = command.main([*arguments, "--processes", "1"])
        return capsys.readouterr().out.splitlines(), status

    return run


def test_seeds_without_a_fault_end_with_their_number_and_success(said: Any) -> None:
    lines, status = said("--seeds", "1-2")

    assert status == 0
    assert len(lines) == 1 and re.fullmatch(r"2 seeds, 0 faults, \d+ s, \d+\.\d simulated days a minute", lines[0])


def test_each_fault_is_told_with_its_seed_and_an_exception_is_one(said: Any) -> None:
    lines, status = said("--seeds", "2-5")

    assert status == 1
    assert lines[:2] == ["seed 3: lost: one", "seed 3: doubled: two"]
    assert "ZeroDivisionError: in the world" in lines and "seed 4: raised" in lines
    assert lines[-1].startswith("4 seeds, 3 faults, ")


def test_one_seed_is_told_line_by_line(said: Any) -> None:
    assert said("--seed", "7") == (["line of 7", "digest digest-7", "1 seed, 0 faults"], 0)
    assert said("--seed", "3") == (["line of 3", "digest digest-3", "seed 3: lost: one", "seed 3: doubled: two", "1 seed, 2 faults"], 1)


def test_the_trace_of_a_seed_that_breaks_goes_on_to_where_it_broke(said: Any) -> None:
    lines, status = said("--seed", "4")

    assert status == 1
    assert lines[0] == "line of 4" and lines[-1] == "1 seed, 1 fault"
    assert "ZeroDivisionError: in the world" in lines


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--seeds", "5"], "found '5'; seeds are given as FROM-TO"),
        (["--seeds", "9-3"], "found '9-3', in which there is no seed"),
        (["--seeds", "a-b"], "found 'a'; a seed is a whole number from 0 on"),
        (["--seeds", "1-2-3"], "found '2-3'; a seed"),
        (["--seeds", "-5"], "found ''; a seed"),
        (["--seeds", ""], "found ''; seeds are given as FROM-TO"),
        (["--seed", "seven"], "found 'seven'; a seed"),
        (["--seed", "1.5"], "found '1.5'; a seed"),
        (["--seeds", "1-2", "--world", "mars"], "invalid choice: 'mars'"),
        ([], "one of the arguments --seeds --seed is required"),
    ],
)
def test_a_slip_is_named_and_no_seed_is_run(said: Any, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        said(*arguments)

    out = capsys.readouterr()
    assert ended.value.code == 2
    assert told in out.err and out.out == ""


def test_a_true_seed_prints_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    status = command.main(["--seed", "5"])

    *trace, digest, last = capsys.readouterr().out.splitlines()
    assert status == 0 and last == "1 seed, 0 faults"
    assert len(trace) > 20 and all(re.match(r" *\d+\.\d{3} \S", line) for line in (trace[0], trace[-1]))
    assert re.fullmatch(r"digest [0-9a-f]{64}", digest)


def test_what_other_processes_are_asked_to_do_stands_where_they_find_it() -> None:
    """A process that is spawned never loads the module in which the command stands."""
    assert command.walk.__module__ != command.__name__
