"""The plan of a storm is drawn from its seed alone, and leaves nobody lying on the ground."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storm.plan import PROCESSES, Deed, plan

seeds = st.integers(0, 1_000_000)


@settings(deadline=None, max_examples=30)
@given(seeds, st.sampled_from([60, 600]))
def test_the_same_seed_gives_the_same_storm(seed: int, seconds: int) -> None:
    deeds = plan(seed, seconds)

    assert deeds == plan(seed, seconds)
    assert deeds == sorted(deeds, key=lambda deed: deed.at)


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_whoever_falls_or_is_suspended_gets_up_before_the_next_blow(seed: int) -> None:
    for name in PROCESSES:
        blows = [deed for deed in plan(seed, 600) if deed.whom == name]

        assert len(blows) % 2 == 0
        for fall, rise in zip(blows[::2], blows[1::2], strict=True):
            assert rise.what == ("go_on" if fall.what in ("suspend", "cut_off") else "start")


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_ten_minutes_hold_enough_of_everything(seed: int) -> None:
    done: dict[str, list[Deed]] = {}
    for deed in plan(seed, 600):
        done.setdefault(deed.what, []).append(deed)

    assert {"kill", "kill_group", "end", "suspend", "cut_off", "break_bank", "misbehave", "say"} <= done.keys()
    assert sum(len(deeds) for what, deeds in done.items() if what in ("kill", "kill_group", "end", "suspend", "cut_off")) > 150
