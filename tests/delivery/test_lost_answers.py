"""D3 to D11: an answer that never came, came late, or came broken. In virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statuspage.core.delivery_rules import Instant, key_of, key_trusted
from statuspage.core.vocabulary import DeliveryState, NoticeKind
from tests.delivery.stage import Stage
from tests.simulation.ports import START

DELIVERED, UNKNOWN = DeliveryState.DELIVERED, DeliveryState.UNKNOWN
ASKABLE = ("natural", "keyed", "staged", "bare")
QUIET = 120.0


@pytest.mark.parametrize("answer", ["lost_applied", "cut", "error_applied"])
@pytest.mark.parametrize("kind", ASKABLE)
@pytest.mark.parametrize("seed", range(5))
def test_a_post_whose_answer_was_lost_is_recognised_and_not_repeated(kind: str, answer: str, seed: int) -> None:
    """D3, 60 cases."""
    stage = Stage(kind, seed=seed)
    stage.network(kind).script = [answer]

    stage.tell()
    stage.passes(400.0)

    assert stage.states(kind) == [DELIVERED]
    assert len(stage.texts(kind)) == 1
    assert stage.wrong() == []


@pytest.mark.parametrize("answer", ["lost", "error"])
@pytest.mark.parametrize("kind", ASKABLE)
@pytest.mark.parametrize("seed", range(8))
def test_a_post_that_was_not_applied_is_posted_once(kind: str, answer: str, seed: int) -> None:
    """D4, 64 cases."""
    stage = Stage(kind, seed=seed)
    stage.network(kind).script = [answer]

    stage.tell()
    stage.passes(400.0)

    assert stage.states(kind) == [DELIVERED]
    assert len(stage.texts(kind)) == 1


@pytest.mark.parametrize("late_s", [1.0, 10.0, 60.0, 90.0])
@pytest.mark.parametrize("kind", ASKABLE)
@pytest.mark.parametrize("seed", range(3))
def test_a_post_that_arrives_after_the_client_gave_up_is_the_only_one(kind: str, late_s: float, seed: int) -> None:
    """D5, 48 cases; with a lagging timeline on top."""
    stage = Stage(kind, seed=seed, lags=True)
    stage.network(kind).script, stage.network(kind).late_s = ["late"], late_s

    stage.tell()
    stage.passes(600.0)

    assert stage.states(kind) == [DELIVERED]
    assert len(stage.texts(kind)) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("kind", [*ASKABLE, "blind"])
def test_a_server_error_on_a_create_is_unknown_and_no_failure(kind: str, status: int) -> None:
    """D6, 20 cases."""
    stage = Stage(kind)
    stage.network(kind).script, stage.network(kind).status = ["error_applied"], status

    stage.tell()
    stage.passes(1.5)

    assert ("send", "ambiguous") in stage.story(stage.rows(kind)[0])
    assert DeliveryState.STUCK not in stage.states(kind)


@pytest.mark.parametrize("pause_min", [29, 31, 59, 61, 70])
@pytest.mark.parametrize("how", ["freeze", "nap"])
@pytest.mark.parametrize("point", ["claimed", "intent-committed"])
@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("seed", range(2))
def test_a_key_is_not_trusted_after_half_its_window_whatever_paused(pause_min: int, how: str, point: str, applied: bool, seed: int) -> None:
    """D7, 80 cases: the process or the machine stops before the repeat is committed, or between its last check and its first byte."""
    stage = Stage("keyed", seed=seed)
    network = stage.network("keyed")
    network.script = ["lost_applied" if applied else "lost"]
    stage.tell()
    stage.passes(20.0)  # the first request is under way
    seconds = pause_min * 60.0
    stage.once_at(point, lambda: stage.world.nap(seconds) if how == "nap" else stage.world.freeze(stage.process, seconds))

    stage.passes(seconds + 1000.0)  # the slow backoff of ten minutes, and the quiet period

    (row,) = stage.rows("keyed")
    trusted = pause_min == 29
    assert row.state is DELIVERED
    assert len(stage.texts("keyed")) == 1
    assert row.epoch == (1 if trusted or applied else 2), "a fresh key only after half of the server's window, and after proven absence"
    assert list(network.keys) == [key_of(row.id, row.epoch)]


@settings(max_examples=1000, deadline=None)
@given(st.text(min_size=1, max_size=12), st.integers(1, 99), st.text(min_size=1, max_size=12), st.integers(1, 99))
def test_a_key_belongs_to_one_epoch_of_one_delivery(one: str, epoch: int, other: str, other_epoch: int) -> None:
    """D8."""
    same = (one, epoch) == (other, other_epoch)

    assert (key_of(one, epoch) == key_of(other, other_epoch)) is same


@pytest.mark.parametrize("seed", range(10))
def test_a_refusal_as_a_repeat_is_evidence_and_the_timeline_is_read(seed: int) -> None:
    """D9: the first attempt was applied, and its timeline hides it so long that there is a second, which meets 'equal text'."""
    stage = Stage("bare", seed=seed)
    network = stage.network("bare")
    network.script, network.refuses_equal = ["lost_applied"], True
    stage.tell()
    stage.passes(5.0)
    network.posts[0].visible_at = stage.world.time + QUIET + 90.0

    stage.passes(600.0)

    (row,) = stage.rows("bare")
    assert ("send", "duplicate") in stage.story(row)
    assert row.state is DELIVERED
    assert len(stage.texts("bare")) == 1


@pytest.mark.parametrize("first", [0, *(pytest.param(first, marks=pytest.mark.long) for first in (50, 100, 150))])
def test_a_timeline_that_lags_or_fails_never_leads_to_a_second_post(first: int) -> None:
    """D10, 200 seeds: lag up to 20 s, every second read fails."""
    for seed in range(first, first + 50):
        stage = Stage("bare", seed=seed, lags=True)
        network = stage.network("bare")
        network.script = ["lost_applied" if seed % 2 else "late"]
        network.reads = ["error", "ok"] * 10
        stage.tell()

        stage.passes(900.0)

        assert stage.states("bare") == [DELIVERED], seed
        assert len(stage.texts("bare")) == 1, seed


@pytest.mark.parametrize("first", [0, pytest.param(50, marks=pytest.mark.long)])
def test_a_blind_channel_is_held_with_an_alarm_and_counts_as_sent_after_ten_minutes(first: int) -> None:
    """D11, 100 seeds."""
    for seed in range(first, first + 50):
        stage = Stage("blind", seed=seed)
        stage.network("blind").script = ["lost_applied" if seed % 2 else "lost"]
        stage.tell()
        stage.passes(36.0)
        row = stage.rows("blind")[0]
        assert row.state is UNKNOWN and f"unknown:{row.id}" in stage.alarms(), seed
        stage.tell(NoticeKind.IDENTIFIED)
        stage.passes(500.0)
        assert stage.states("blind")[0] is UNKNOWN, seed

        stage.passes(120.0)

        assert stage.states("blind") == [DELIVERED, DELIVERED], seed
        assert ("decide", "assumed") in stage.story(row), seed


def test_a_key_is_trusted_only_while_wall_and_boot_clock_agree_within_one_run() -> None:
    stage = Stage("keyed")
    stage.tell()
    stage.passes(5.0)
    row = stage.rows("keyed")[0]
    assert row.first_attempt_at is not None and row.first_boottime is not None
    now = Instant(row.first_attempt_at, row.first_monotonic or 0.0, row.first_boottime, row.process_id)

    assert key_trusted(row, now, 3600.0)
    assert not key_trusted(row, Instant(now.wall, now.monotonic, now.boottime, "another run"), 3600.0)
    assert not key_trusted(row, Instant(now.wall, now.monotonic, now.boottime + 1800.0, now.process_id), 3600.0)
    assert not key_trusted(row, Instant(START, now.monotonic, now.boottime, now.process_id), 3600.0)
