"""Not before a network wants to be asked again, and not after a statement is out of date. In virtual time."""

from __future__ import annotations

import pytest

from statuspage.core.vocabulary import DeliveryState, NoticeKind
from tests.delivery.stage import Stage


@pytest.mark.parametrize("kind", ["natural", "keyed", "bare", "blind"])
def test_a_fault_that_asks_to_wait_holds_the_whole_account_back_and_no_timeline_is_read_before(kind: str) -> None:
    """D16 with a 503: the answer leaves the post unknown, and its Retry-After counts all the same."""
    stage = Stage(kind, mode="new" if kind == "blind" else "reply")
    network = stage.network(kind)
    network.script, network.status, network.retry_after = ["error"], 503, "900"
    stage.tell()
    stage.passes(10.0)
    stage.people.update("incident0001", NoticeKind.INVESTIGATING, valid_s=None)

    stage.passes(1500.0)

    asked = [at for at, _, _ in network.requests]
    assert asked[1] - asked[0] >= 900.0
    assert len(network.posts) == (1 if kind == "blind" else 2)  # what nobody can look for counts as sent


def test_a_fault_that_asks_to_wait_for_more_than_an_hour_is_an_alarm() -> None:
    stage = Stage("bare")
    network = stage.network("bare")
    network.script, network.status, network.retry_after = ["error"], 503, "7200"

    stage.tell()
    stage.passes(5.0)

    assert "wait:bare" in stage.alarms()


def test_a_wait_that_a_network_asked_for_holds_the_whole_account_back_after_a_restart_too() -> None:
    stage = Stage("bare")
    network = stage.network("bare")
    network.script, network.retry_after = ["throttled"], "900"
    stage.tell()
    stage.passes(5.0)
    stage.world.kill(stage.process, "in the test")
    stage.passes(65.0)
    stage.people.update("incident0001", NoticeKind.INVESTIGATING, valid_s=None)

    stage.passes(900.0)

    asked = [at for at, _, _ in network.requests]
    assert asked[1] - asked[0] >= 900.0
    assert len(network.posts) == 2


@pytest.mark.parametrize("kind", ["natural", "keyed", "bare", "blind"])
def test_what_goes_out_of_date_between_the_commit_and_the_first_byte_is_not_sent(kind: str) -> None:
    stage = Stage(kind)
    stage.once_at("intent-committed", lambda: stage.world.freeze(stage.process, 6.0))

    stage.tell(valid_s=4.0)
    stage.passes(60.0)

    (row,) = stage.rows(kind)
    assert stage.texts(kind) == []
    assert (row.state, row.error_class) == (DeliveryState.STUCK, "expired")
    assert f"delivery:{row.id}" in stage.alarms()


def test_a_lost_edit_that_is_out_of_date_waits_until_it_can_do_no_harm_and_asks_nobody() -> None:
    """Nothing is there to decide: it is not repeated, and what came after it follows. It once waited ten minutes for a person."""
    stage = Stage("keyed", mode="edit")
    stage.tell()
    stage.passes(5.0)
    stage.network("keyed").script = ["lost_applied"]
    stage.tell(NoticeKind.CORRECTION, valid_s=10.0)
    stage.passes(5.0)
    stage.tell(NoticeKind.MONITORING)

    stage.passes(170.0)  # the deadline of the request, and the quiet period

    first, lost, last = stage.rows("keyed")
    assert (first.state, lost.state, last.state) == (DeliveryState.DELIVERED, DeliveryState.STUCK, DeliveryState.DELIVERED)
    assert f"unknown:{lost.id}" not in stage.alarms()


def test_an_edit_whose_repeat_is_refused_holds_the_next_one_back_until_the_lost_one_can_no_longer_arrive() -> None:
    """Found by seeds 6673 and 10100: the older words came late, over the newer ones."""
    stage = Stage("keyed", mode="edit")
    stage.tell()
    stage.passes(5.0)
    network = stage.network("keyed")
    network.script, network.late_s = ["late", "rejected"], 80.0
    stage.tell(NoticeKind.UPDATE)
    stage.passes(5.0)
    stage.tell(NoticeKind.CORRECTION)

    stage.passes(400.0)

    assert stage.states("keyed") == [DeliveryState.DELIVERED, DeliveryState.SUPERSEDED, DeliveryState.DELIVERED]
    assert stage.wrong() == []
