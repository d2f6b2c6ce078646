"""S4: a search that shrinks. Hypothesis chooses what people and fate do next; what goes wrong comes back as the shortest such story."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from statuspage.core.vocabulary import NoticeKind
from tests.simulation import people as fate
from tests.simulation.checker import faults_by_now
from tests.simulation.mutants import planted
from tests.simulation.networks import BROADCASTERS, MODES
from tests.simulation.people import Operators
from tests.simulation.run import finish
from tests.simulation.world import ANSWERS, Knobs, World

SUBJECTS = ("incident0000", "incident0001")
KINDS = (NoticeKind.INVESTIGATING, NoticeKind.UPDATE, NoticeKind.MONITORING, NoticeKind.CORRECTION, NoticeKind.RESOLVED)


class Delivering(RuleBasedStateMachine):
    """The same World as that of the seeds. Nothing doubled, unexpected, stale or out of order at any moment; all settled at the end."""

    world: World
    people: Operators

    @initialize(
        seed=st.integers(0, 2**16),
        classes=st.sets(st.sampled_from(sorted(BROADCASTERS)), min_size=1, max_size=2),
        modes=st.fixed_dictionaries({kind: st.sampled_from(MODES[kind]) for kind in sorted(BROADCASTERS)}),
        second=st.booleans(),
        lags=st.booleans(),
    )
    def begin(self, seed: int, classes: set[str], modes: dict[str, str], second: bool, lags: bool) -> None:
        chosen = tuple(sorted(classes))
        knobs = Knobs(chosen, modes, kinds=(), rate=0.0, lags=lags, second_process=second, jumps=True, lock_losses=True)
        self.world = World(seed, knobs)
        self.people = Operators(self.world)
        self.copies: list[object] = []
        for process in self.world.processes:
            self.world.start(process)

    # --- what passes, what people do ------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 5.0, 35.0, 130.0, 700.0, 2000.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.run_until(self.world.time + seconds)
        self._nothing_wrong_yet()

    @rule(
        subject=st.sampled_from(SUBJECTS),
        kind=st.sampled_from(KINDS),
        valid_s=st.sampled_from([None, 600.0, 7200.0]),
        hold_s=st.sampled_from([0.0, 60.0]),
    )
    def somebody_says_something(self, subject: str, kind: NoticeKind, valid_s: float | None, hold_s: float) -> None:
        self.people.update(subject, kind, valid_s=valid_s, hold_s=hold_s)

    @rule()
    def a_person_decides_on_a_post(self) -> None:
        self.people.meddle()

    @rule()
    def somebody_rewords_a_post(self) -> None:
        self.people.reword()

    @rule()
    def the_configuration_changes(self) -> None:
        self.people.reload()

    @rule(off=st.booleans())
    def posting_is_switched(self, off: bool) -> None:
        self.people.switch(off=off)

    # --- what goes wrong ------------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 4), answers=st.lists(st.sampled_from(ANSWERS[:-1]), min_size=1, max_size=4))
    def a_network_misbehaves(self, which: int, answers: list[str]) -> None:
        self._network(which).script = list(answers)

    @rule(which=st.integers(0, 4), failures=st.integers(1, 4))
    def a_timeline_cannot_be_read(self, which: int, failures: int) -> None:
        self._network(which).reads = ["error"] * failures

    @rule(which=st.integers(0, 4), down=st.booleans())
    def a_network_goes_or_comes(self, which: int, down: bool) -> None:
        self._network(which).down = down

    @rule(number=st.integers(0, 1))
    def a_process_is_killed(self, number: int) -> None:
        process = self.world.processes[number % len(self.world.processes)]
        if process.up:
            self.world.kill(process, "by the search")

    @rule(number=st.integers(0, 1), seconds=st.sampled_from([15.0, 300.0, 4200.0]))
    def a_process_is_suspended(self, number: int, seconds: float) -> None:
        self.world.freeze(self.world.processes[number % len(self.world.processes)], seconds)

    @precondition(lambda self: self.world.asleep_until <= self.world.time)
    @rule(seconds=st.sampled_from([300.0, 4200.0]))
    def the_machine_sleeps(self, seconds: float) -> None:
        self.world.nap(seconds)
        self.world.run_until(self.world.asleep_until + 1.0)

    @rule()
    def the_locks_are_lost(self) -> None:
        self.world.lose_locks()

    @rule(offset=st.sampled_from([-7200.0, -60.0, 0.0, 60.0, 7200.0]))
    def the_wall_clock_jumps(self, offset: float) -> None:
        fate.jump(self.world, offset)

    @rule()
    def a_backup_is_made(self) -> None:
        self.copies = []
        fate.back_up(self.world, self.copies)  # type: ignore[arg-type]
        self._a_moment_passes()

    @precondition(lambda self: self.copies)
    @rule()
    def the_backup_is_restored(self) -> None:
        fate.restore(self.world, self.people, self.copies)  # type: ignore[arg-type]
        self.copies = []
        self._a_moment_passes()

    def _a_moment_passes(self) -> None:
        """What is done at the very moment of a backup would be neither in it nor after it."""
        self.world.run_until(self.world.time + 0.01)

    # --- judgement ------------------------------------------------------------------------------------------------------

    def _network(self, which: int):  # type: ignore[no-untyped-def]
        names = sorted(self.world.networks)
        return self.world.networks[names[which % len(names)]]

    def _nothing_wrong_yet(self) -> None:
        assert faults_by_now(self.world, self.people) == []

    def teardown(self) -> None:
        if hasattr(self, "world"):
            for network in self.world.networks.values():
                network.script, network.reads = [], []
            assert finish(self.world, self.people).faults == []


def _search(examples: int, steps: int = 60, **more: object) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    how = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=checks, database=None, **more)  # type: ignore[arg-type]
    run_state_machine_as_test(Delivering, settings=how)


def test_a_search_over_the_same_world_finds_nothing() -> None:
    """S4, the first 40 of 200 examples of 60 steps."""
    _search(40)


@pytest.mark.long
def test_a_long_search_over_the_same_world_finds_nothing() -> None:
    """S4, 200 examples of 60 steps."""
    _search(200)


@pytest.mark.release
def test_a_search_before_a_release_finds_nothing() -> None:
    """S4, 3,000 examples."""
    _search(3000)


@pytest.mark.long
@pytest.mark.parametrize(
    ("bug", "examples"),
    [
        ("mark before send", 200),  # seen within some ten examples
        ("no thread order", 200),
        ("retry without reconcile", 200),
        ("held head does not block", 3000),  # needs a lost answer and a kill in a certain order: some 800
    ],
)
def test_the_search_can_see(bug: str, examples: int) -> None:
    """A planted bug comes back as a story; that one comes is enough here: shortening it takes minutes."""
    with planted(bug), pytest.raises(AssertionError):
        _search(examples, derandomize=True, report_multiple_bugs=False, phases=(Phase.generate,))
