"""The driver: one thread per loop, faults survived, predecessors waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from statuspage.outside import SystemClock
from statuspage.worker import loop as module
from statuspage.worker.loop import Driver

PATIENCE_S = 60.0


class Scripted:
    """A loop that does what it is told, and notes what was done to it."""

    def __init__(self, name: str, step: Callable[[], float], notes: list[str] | None = None, owner: bool = True) -> None:
        self.name = name
        self.owner = owner
        self.notes = [] if notes is None else notes
        self.stepped = threading.Event()
        self._step = step

    def step(self) -> float:
        self.notes.append("step")
        try:
            return self._step()
        finally:
            self.stepped.set()

    def close(self) -> None:
        self.notes.append("close")


@pytest.fixture
def driver() -> Iterator[Driver]:
    driver = Driver(SystemClock())
    yield driver
    assert driver.stop(PATIENCE_S) == []


class Waits:
    """Stands in for a loop's stop event: notes how long it was asked to wait, and ends the loop after some rounds."""

    def __init__(self, rounds: int) -> None:
        self.asked: list[float] = []
        self._rounds = rounds

    def is_set(self) -> bool:
        return len(self.asked) >= self._rounds

    def set(self) -> None:
        self._rounds = 0

    def wait(self, seconds: float) -> None:
        self.asked.append(seconds)


def test_a_fault_is_survived_with_a_growing_pause_and_a_good_step_begins_anew() -> None:
    outcomes = iter([*["bad"] * 7, "good", "bad", "bad"])

    def step() -> float:
        if next(outcomes) == "bad":
            raise RuntimeError("boom")
        return 0.25

    waits = Waits(rounds=10)
    running = module.Running(Scripted("hot", step), SystemClock(), stop=waits)  # type: ignore[arg-type]

    running.start()

    assert running.join(PATIENCE_S)
    assert waits.asked == [1, 2, 4, 8, 16, 30, 30, 0.25, 1, 2]
    assert running.fault == "RuntimeError"
    assert running.worked_at is not None


def test_a_good_step_notes_when_it_worked_and_when_it_is_due_again(driver: Driver) -> None:
    loop = Scripted("hot", lambda: 3600.0)

    before = driver.clock.monotonic()
    driver.run([loop])
    assert loop.stepped.wait(PATIENCE_S)
    driver.stop(PATIENCE_S)
    running = driver.running["hot"]

    assert running.worked_at is not None
    assert running.due_at is not None
    assert before <= running.worked_at <= driver.clock.monotonic()
    assert running.due_at == running.worked_at + 3600.0


def test_a_step_of_one_that_is_not_the_owner_proves_nothing(driver: Driver) -> None:
    loop = Scripted("hot", lambda: 3600.0, owner=False)

    driver.run([loop])
    assert loop.stepped.wait(PATIENCE_S)
    driver.stop(PATIENCE_S)

    assert driver.running["hot"].worked_at is None


def test_a_replacement_waits_until_its_predecessor_has_finished_its_step_and_closed(driver: Driver) -> None:
    notes: list[str] = []
    in_post, post_done = threading.Event(), threading.Event()

    def long_post() -> float:
        in_post.set()
        assert post_done.wait(PATIENCE_S)
        notes.append("post done")
        return 0.0

    old, new = Scripted("dispatcher", long_post, notes), Scripted("dispatcher", lambda: 3600.0)
    driver.run([old])
    assert in_post.wait(PATIENCE_S)
    driver.run([new])
    began_early = new.stepped.wait(0.3)  # nothing to wait for: that it does not begin is the point
    post_done.set()
    assert new.stepped.wait(PATIENCE_S)

    assert not began_early
    assert notes == ["step", "post done", "close"]


def test_of_three_configurations_in_a_row_only_the_last_runs_and_the_middle_one_never_steps(driver: Driver) -> None:
    in_post, post_done = threading.Event(), threading.Event()

    def long_post() -> float:
        in_post.set()
        post_done.wait(PATIENCE_S)
        return 0.0

    first, second, third = Scripted("a", long_post), Scripted("a", lambda: 0.0), Scripted("a", lambda: 3600.0)
    driver.run([first])
    assert in_post.wait(PATIENCE_S)
    driver.run([second])
    driver.run([third])
    post_done.set()
    assert third.stepped.wait(PATIENCE_S)

    assert second.notes == ["close"]


def test_proof_of_work_is_handed_on_to_the_replacement_so_that_a_reload_is_not_an_outage(driver: Driver) -> None:
    old, hold = Scripted("a", lambda: 3600.0), threading.Event()
    new = Scripted("a", lambda: float(not hold.wait(PATIENCE_S)))
    driver.run([old])
    assert old.stepped.wait(PATIENCE_S)
    worked_at = driver.running["a"].worked_at

    driver.run([new])

    assert driver.running["a"].worked_at == worked_at
    hold.set()


def test_stop_returns_the_names_of_those_that_do_not_finish_in_time_removed_ones_too() -> None:
    driver, in_post, hold = Driver(SystemClock()), threading.Event(), threading.Event()

    def hangs() -> float:
        in_post.set()
        hold.wait(PATIENCE_S)
        return 0.0

    driver.run([Scripted("removed", hangs), Scripted("quick", lambda: 3600.0)])
    assert in_post.wait(PATIENCE_S)
    driver.run([Scripted("quick", lambda: 3600.0)])

    late = driver.stop(0.2)
    hold.set()
    later = driver.stop(PATIENCE_S)

    assert late == ["removed"]
    assert later == []


def test_a_fault_while_closing_ends_nothing_else() -> None:
    class Bad(Scripted):
        def close(self) -> None:
            raise OSError("no room")

    driver = Driver(SystemClock())
    bad = Bad("bad", lambda: 3600.0)
    driver.run([bad])
    assert bad.stepped.wait(PATIENCE_S)

    assert driver.stop(PATIENCE_S) == []
