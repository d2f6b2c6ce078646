"""D12 to D15, D20, D26 and holds: order within a thread, what gives way to what, what people withdraw. In virtual time."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest

from broadcasters.http import Answer, Request
from statuspage.actions import deliveries as deeds
from statuspage.core.errors import NotAllowed
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind
from statuspage.store import deliveries
from tests.delivery.stage import SUBJECT, Stage
from tests.simulation.many import spread
from tests.simulation.texts import code_of

DELIVERED, SUPERSEDED, STUCK = DeliveryState.DELIVERED, DeliveryState.SUPERSEDED, DeliveryState.STUCK


def _twenty_updates(seed: int) -> list[str]:
    stage = Stage("natural", "keyed", "staged", "bare", "blind", seed=seed, kinds=("slow", "error_applied", "throttled"), rate=0.3)
    for number in range(20):
        kind = NoticeKind.UPDATE if number else NoticeKind.INVESTIGATING
        stage.world.later(number * 0.1, partial(stage.tell, kind))
    stage.passes(2400.0)
    return [fault for fault in stage.wrong() if "disordered" in fault or "doubled" in fault]


def test_twenty_updates_in_two_seconds_do_not_overtake_each_other() -> None:
    """D12: 6 worlds of five threads, whose channels are slow and failing."""
    assert [_twenty_updates(seed) for seed in range(6)] == [[]] * 6


@pytest.mark.long
def test_twenty_updates_in_two_seconds_never_overtake_each_other() -> None:
    """D12, 500 threads."""
    assert list(spread(_twenty_updates, range(100))) == [[]] * 100


def _down_for_the_whole_incident(seed: int) -> tuple[list[bool], list[DeliveryState]]:
    stage = Stage("bare", seed=seed)
    stage.network("bare").down = True
    for kind in (NoticeKind.INVESTIGATING, NoticeKind.IDENTIFIED, NoticeKind.MONITORING, NoticeKind.RESOLVED):
        stage.tell(kind)
        stage.passes(stage.world.chance.uniform(1.0, 300.0))
    stage.network("bare").down = False
    stage.passes(700.0)
    return [text.startswith(f"Alone: {SUBJECT} resolved") for text in stage.texts("bare")], stage.states("bare")


STARTED_WITH_THE_END = ([True], [SUPERSEDED, SUPERSEDED, SUPERSEDED, DELIVERED])


def test_a_thread_that_had_not_begun_starts_with_the_newest_state_standing_alone() -> None:
    """D13: the channel is down for the whole incident."""
    assert [_down_for_the_whole_incident(seed) for seed in range(10)] == [STARTED_WITH_THE_END] * 10


@pytest.mark.long
def test_a_thread_that_had_not_begun_always_starts_with_the_newest_state() -> None:
    """D13, 200."""
    assert list(spread(_down_for_the_whole_incident, range(200))) == [STARTED_WITH_THE_END] * 200


def _backlog(seed: int, threads: int = 10) -> bool:
    """12 updates while the channel is down for 3 h. True if of each thread only the correction and the newest are posted, in this order."""
    stage = Stage("natural", seed=seed)
    stage.network("natural").down = True
    subjects = [f"incident{number:04d}" for number in range(threads)]
    for number in range(12):
        kind = NoticeKind.CORRECTION if number == 5 else NoticeKind.UPDATE if number else NoticeKind.INVESTIGATING
        for subject in subjects:
            stage.people.update(subject, kind, valid_s=None)
        stage.passes(900.0)
    stage.network("natural").down = False
    stage.passes(700.0)
    posted = [code_of(text) for text in stage.texts("natural")]
    with stage.world.store.reading() as session:
        stories = [deliveries.thread(session, SubjectKind.INCIDENT, subject, "natural") for subject in subjects]
    return all([code for code in posted if code in {row.code for row in rows}] == [rows[5].code, rows[11].code] for rows in stories)


def test_a_backlog_after_an_outage_collapses_but_corrections_are_kept() -> None:
    """D14."""
    assert _backlog(0, threads=1)


@pytest.mark.long
def test_every_backlog_after_an_outage_collapses() -> None:
    """D14, 100 threads."""
    assert all(spread(_backlog, range(1, 11)))


@pytest.mark.parametrize("mode", ["reply", "edit"])
@pytest.mark.parametrize("seed", range(5))
def test_a_thread_whose_post_was_deleted_starts_anew_with_an_alarm(mode: str, seed: int) -> None:
    """D15, 10 cases."""
    stage = Stage("bare", mode=mode, seed=seed)
    stage.tell()
    stage.passes(2.0)
    stage.network("bare").posts[0].gone = True

    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(5.0)
    stage.tell(NoticeKind.MONITORING)
    stage.passes(5.0)

    assert stage.states("bare") == [DELIVERED] * 3
    assert stage.texts("bare")[1].startswith(f"Alone: {SUBJECT} identified") or mode == "edit"
    assert f"parent:{SUBJECT}:bare" in stage.alarms()


@pytest.mark.parametrize("status", [400, 403, 404, 410, 413, 422])
@pytest.mark.parametrize("kind", ["natural", "keyed", "staged", "blind"])
def test_a_permanent_refusal_is_shown_within_five_seconds_and_the_next_update_replaces_it(kind: str, status: int) -> None:
    """D20, 6 x 4."""
    stage = Stage(kind)
    stage.network(kind).script, stage.network(kind).status = ["rejected"], status
    stage.tell()
    stage.passes(5.0)
    row = stage.rows(kind)[0]
    assert row.state is STUCK and row.detail
    assert f"delivery:{row.id}" in stage.alarms()

    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(5.0)
    replaced = stage.states(kind)
    if status in (403, 410):  # of the account, which is off until a person resumes it: see test_off
        deeds.resume_account(stage.world.outside, kind, "Ada")
        stage.world.poke()
        stage.passes(5.0)

    assert replaced[0] is SUPERSEDED
    assert stage.states(kind) == [SUPERSEDED, DELIVERED]


def test_a_stuck_delivery_is_sent_again_by_a_person_under_a_new_key() -> None:
    stage = Stage("bare")
    stage.network("bare").script = ["rejected"]
    stage.tell()
    stage.passes(5.0)
    before = stage.rows("bare")[0]

    deeds.retry(stage.world.outside, before.id, "Ada")
    stage.world.poke()
    stage.passes(5.0)

    after = stage.rows("bare")[0]
    assert after.state is DELIVERED
    assert (after.epoch, after.key != before.key) == (2, True)
    assert stage.alarms() == []


def test_an_older_statement_is_not_sent_again_after_a_newer_one() -> None:
    stage = Stage("bare")
    stage.network("bare").script = ["rejected"]
    stage.tell()
    stage.passes(5.0)
    stuck = stage.rows("bare")[0]
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(5.0)

    with pytest.raises(NotAllowed):
        deeds.retry(stage.world.outside, stuck.id, "Ada")

    assert stage.states("bare") == [SUPERSEDED, DELIVERED]


@pytest.mark.parametrize("first", [0, pytest.param(100, marks=pytest.mark.long), pytest.param(200, marks=pytest.mark.long)])
def test_what_was_withdrawn_before_its_intent_is_never_sent(first: int) -> None:
    """D26, 300 seeds: withdrawn at a random moment around the send. Either it is out, and stays delivered, or it never appears."""
    outcomes = set()
    for seed in range(first, first + 100):
        stage = Stage("bare", seed=seed)
        stage.tell()
        row = stage.rows("bare")[0]
        stage.passes(stage.world.chance.uniform(0.0, 0.7))
        try:
            deeds.withdraw(stage.world.outside, row.id, "Ada")
            expected = (DeliveryState.WITHDRAWN, 0)
        except NotAllowed:
            expected = (DELIVERED, 1)

        stage.passes(10.0)

        assert (stage.states("bare")[0], len(stage.texts("bare"))) == expected, seed
        outcomes.add(expected)
    assert len(outcomes) == 2


def test_a_held_post_waits_and_can_be_withdrawn_and_the_next_becomes_the_root() -> None:
    stage = Stage("bare")
    stage.tell(hold_s=60.0)
    stage.passes(30.0)
    held = stage.rows("bare")[0]
    assert held.state is DeliveryState.WAITING

    deeds.withdraw(stage.world.outside, held.id, "Ada")
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(60.0)

    assert stage.texts("bare") == [stage.rows("bare")[1].text_alone]


def test_a_wall_clock_that_jumps_neither_ends_nor_stretches_a_hold() -> None:
    stage = Stage("bare")
    stage.tell(hold_s=60.0)
    stage.passes(2.0)
    stage.world.wall_offset_s = 7200.0
    stage.world.poke()
    stage.passes(30.0)
    assert stage.texts("bare") == []
    stage.world.wall_offset_s = -7200.0
    stage.world.poke()

    stage.passes(40.0)

    assert len(stage.texts("bare")) == 1


def test_trouble_that_heals_before_anything_was_posted_is_not_posted() -> None:
    stage = Stage("bare", "keyed")
    stage.tell(hold_s=120.0)
    stage.passes(60.0)

    stage.tell(NoticeKind.RESOLVED_AUTO)
    stage.passes(300.0)

    assert stage.texts("bare") == stage.texts("keyed") == []
    assert stage.states("bare") == [SUPERSEDED, SUPERSEDED]


def test_a_statement_out_of_date_is_never_sent_by_itself() -> None:
    stage = Stage("bare")
    stage.network("bare").down = True
    stage.tell(valid_s=600.0)
    stage.passes(900.0)
    stage.network("bare").down = False

    stage.passes(900.0)

    row = stage.rows("bare")[0]
    assert stage.texts("bare") == []
    assert (row.state, row.error_class) == (STUCK, "expired")
    deeds.retry(stage.world.outside, row.id, "Ada")
    stage.world.poke()
    stage.passes(60.0)
    assert len(stage.texts("bare")) == 1


def test_what_a_withdrawn_statement_had_replaced_goes_out_in_its_place() -> None:
    """Nothing else would be said there: the one was replaced, the other is never sent."""
    stage = Stage("bare")
    stage.network("bare").down = True
    stage.tell()
    stage.passes(10.0)
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(10.0)
    first, second = stage.rows("bare")

    instead = stage.people.withdraw(second)
    stage.world.poke()
    stage.network("bare").down = False
    stage.passes(900.0)

    assert instead is not None and instead.id == first.id
    assert stage.states("bare") == [DELIVERED, DeliveryState.WITHDRAWN]
    assert stage.texts("bare") == [first.text_alone] and stage.wrong() == []


@pytest.mark.parametrize("newer", [NoticeKind.RESOLVED, NoticeKind.MONITORING, NoticeKind.CORRECTION])
def test_nobody_says_that_it_goes_on_because_the_post_of_its_end_was_withdrawn(newer: NoticeKind) -> None:
    stage = Stage("bare")
    stage.tell()
    stage.passes(5.0)
    stage.network("bare").down = True
    stage.tell(NoticeKind.UPDATE)
    stage.passes(10.0)
    stage.tell(newer)
    stage.passes(10.0)

    assert stage.people.withdraw(stage.rows("bare")[-1]) is None
    stage.world.poke()
    stage.network("bare").down = False
    stage.passes(900.0)

    assert len(stage.texts("bare")) == 1 and stage.wrong() == []


@pytest.mark.parametrize("case", ["out already", "out of date", "something newer waits"])
def test_nothing_comes_in_place_of_a_withdrawn_statement_that_would_be_untrue_or_out_of_order(case: str) -> None:
    stage = Stage("bare")
    if case == "out already":
        stage.tell()
        stage.passes(10.0)
    stage.network("bare").down = True
    if case != "out already":
        stage.tell(valid_s=60.0 if case == "out of date" else None)
        stage.passes(10.0)
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(10.0)
    withdrawn = stage.rows("bare")[-1]
    if case == "something newer waits":
        stage.tell(NoticeKind.MONITORING, hold_s=300.0)
    stage.passes(60.0)

    assert stage.people.withdraw(withdrawn) is None
    stage.world.poke()
    stage.network("bare").down = False
    stage.passes(900.0)

    assert len(stage.texts("bare")) == (0 if case == "out of date" else 1) and stage.wrong() == []


@pytest.mark.parametrize("mode", ["reply", "edit"])
def test_a_channel_that_moved_to_another_account_begins_its_thread_there_anew(mode: str) -> None:
    """An id of the former account means nothing at the new one, or somebody else's post."""
    stage = Stage("bare", "keyed", mode=mode)
    stage.tell()
    stage.passes(5.0)
    channels, info = stage.world.channels, stage.world.channels["bare"]
    moved = replace(info.channel, account="keyed", network="keyed")
    channels["bare"] = replace(info, channel=moved, delivery_class="keyed")  # type: ignore[index]

    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(60.0)
    stage.tell(NoticeKind.MONITORING)
    stage.passes(60.0)

    first, second, third = stage.rows("bare")
    assert [row.state for row in (first, second, third)] == [DELIVERED] * 3
    assert stage.texts("bare") == [first.text_alone]
    assert second.request is not None and (second.request["reply_to"], second.request["edit"]) == (None, None)
    assert third.request is not None and third.request["reply_to" if mode == "reply" else "edit"]["id"] == second.remote_id


@pytest.mark.parametrize("kind", ["natural", "keyed"])
def test_other_words_never_go_under_the_key_of_a_refused_reply(kind: str) -> None:
    """D8: a server may answer a key that it knows with what it answered before."""
    stage = Stage(kind)
    asked, real = [], stage.network(kind).exchange

    def heard(request: Request) -> Answer:
        if request.method == "POST":
            body = json.loads(request.body or b"{}")
            asked.append((body["key"], body["text"]))
        return real(request)

    stage.network(kind).exchange = heard  # type: ignore[method-assign]
    stage.tell()
    stage.passes(5.0)
    stage.network(kind).posts[0].gone = True
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(30.0)

    assert stage.states(kind) == [DELIVERED, DELIVERED]
    assert len(asked) == 3 and len({key for key, _ in asked}) == 3 and len({words for _, words in asked}) == 3
