"""Patience with what flaps: how long it must be good before customers are told that it works again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.limits import FLAP_WINDOW, calm_needed
from statuspage.demo import stage
from statuspage.settings.loader import load_file
from statuspage.worker.verdicts import rules_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@given(st.lists(st.integers(min_value=0, max_value=7200), max_size=8), st.floats(min_value=1, max_value=3600))
def test_only_what_failed_three_times_within_half_an_hour_has_to_be_good_for_longer(ages_s: list[int], flapping_s: float) -> None:
    failed_at = [NOW - timedelta(seconds=age) for age in ages_s]

    calm = calm_needed(failed_at, NOW, flapping_s=flapping_s)

    flaps = sum(timedelta(seconds=age) < FLAP_WINDOW for age in ages_s) >= 3
    assert calm == timedelta(seconds=flapping_s if flaps else 0)


def test_in_the_demonstration_whoever_breaks_one_thing_after_another_does_not_wait_for_minutes() -> None:
    references = stage.environment("127.0.0.1", 8000, Path("/nowhere"))

    rules = rules_of(load_file(stage.CONFIGURATION, references).settings)

    assert rules.flapping_calm_s <= 30
