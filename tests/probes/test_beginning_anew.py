"""A prober that is started again, or follows a new configuration, goes on where the one before it stopped."""

from __future__ import annotations

import threading

import pytest

from statuspage.core.detector import Streak
from statuspage.outside import SystemClock
from statuspage.store import detector, sequences
from tests.probes.servers import Conversation, page, serving
from tests.probes.stage import Stage, probe, probing, until


def test_sequences_never_repeat_over_a_restart(stage: Stage) -> None:
    with serving(page()) as server:
        ctx = stage.context([probe("a", server.url)])
        for enough in (3, 6):
            with probing(ctx) as prober:
                until(prober, lambda enough=enough: len(stage.rows()) >= enough)

    numbers = [row.sequence for row in stage.rows()]
    with stage.store.database.reading() as session:
        assert sequences.newest(session, "here") == {"a": max(numbers)}
    assert len(set(numbers)) == len(numbers) >= 6


@pytest.mark.parametrize("told", ["by nobody", "by the verdict"])
def test_a_prober_that_begins_in_the_middle_of_an_outage_looks_closer_when_it_ends(stage: Stage, told: str) -> None:
    """A restart, or a new configuration. The interval is far longer than the test: only re-checks can confirm that it works."""
    broken = threading.Event()
    broken.set()

    def target(conversation: Conversation) -> None:
        conversation.answer(500 if broken.is_set() else 200, b"Welcome")

    with serving(target) as server:
        with probing(stage.context([probe("a", server.url)])) as before:
            until(before, lambda: len(stage.rows()) >= 4)
        failed = len(stage.rows())
        if told == "by the verdict":
            with stage.store.database.writing() as session:
                detector.save(session, detector.State({("a", "here"): before._plans[0].streak}), SystemClock().now())
        broken.clear()
        with probing(stage.context([probe("a", server.url, interval_s=3600)])) as after:
            until(after, lambda: len(stage.rows()) >= failed + 3)
            streak = after._plans[0].streak

    numbers = [row.sequence for row in stage.rows()]
    assert [row.outcome for row in stage.rows()[failed:]] == ["passed"] * 3
    assert not streak.down.bad and not streak.in_doubt
    assert numbers == sorted(set(numbers))


def test_sequences_go_on_above_what_the_verdict_has_seen_though_its_raw_results_are_gone(stage: Stage) -> None:
    """The wall clock was set back since, and retention has removed them."""
    ahead = 10**14
    with stage.store.database.writing() as session:
        detector.save(session, detector.State({("a", "here"): Streak(last_sequence=ahead)}), SystemClock().now())

    with serving(page()) as server, probing(stage.context([probe("a", server.url)])) as prober:
        until(prober, lambda: len(stage.rows()) >= 2)

    assert [row.sequence for row in stage.rows()][:2] == [ahead + 1, ahead + 2]
