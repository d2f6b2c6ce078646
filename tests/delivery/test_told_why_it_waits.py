"""What people are told of a delivery is so: why it waits and until when, the next try, what was asked and answered, what they can do."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text as sql

from statuspage.actions.stories import Story, story_of
from statuspage.core.delivery_story import Deed
from statuspage.core.vocabulary import DeliveryState, NoticeKind
from tests.delivery.stage import Stage
from tests.simulation.ports import wall_of

DELIVERED, UNKNOWN = DeliveryState.DELIVERED, DeliveryState.UNKNOWN
SOON_S = 6.0  # a look, a request and its answer


def told(stage: Stage, kind: str, update: int = 1) -> Story:
    row = next(row for row in stage.rows(kind) if row.sequence == update)
    with stage.world.store.reading() as session:
        return story_of(session, stage.world.outside, row.id)


def seconds_until(stage: Stage, moment: datetime | None) -> float:
    assert moment is not None
    return (moment - wall_of(stage.world.time, 0.0)).total_seconds()


def asked(stage: Stage, kind: str, path: str = "posts") -> list[float]:
    """When the network was asked for that."""
    return [at for at, method, asked_for in stage.network(kind).requests if asked_for == path and (method == "POST" or path == "me")]


def test_a_hold_is_told_with_its_end_and_ends_then() -> None:
    stage = Stage("bare")
    stage.tell(hold_s=60.0)
    stage.passes(10.0)

    story = told(stage, "bare")
    left = seconds_until(stage, story.standing.until)
    stage.passes(left - 1.0)
    before = stage.texts("bare")
    stage.passes(1.0 + SOON_S)

    assert story.standing.why.startswith("On hold")
    assert (before, len(stage.texts("bare"))) == ([], 1)
    assert [choice.deed for choice in story.choices] == [Deed.WITHDRAW]


def test_a_wait_that_a_network_asked_for_is_told_with_the_next_try_which_comes_then() -> None:
    stage = Stage("natural")
    stage.network("natural").script, stage.network("natural").retry_after = ["throttled"], "300"
    stage.tell()
    stage.passes(10.0)

    story = told(stage, "natural")
    due = stage.world.time + seconds_until(stage, story.standing.next_at)
    stage.passes(400.0)

    assert story.standing.why.startswith("The network asked the account to wait.") and "429" in story.standing.why
    assert due <= asked(stage, "natural")[1] <= due + SOON_S


def test_a_network_that_fails_is_told_with_the_moment_at_which_it_is_asked_again() -> None:
    stage = Stage("natural")
    stage.network("natural").down = True
    stage.tell()
    stage.passes(120.0)
    while stage.world.time - asked(stage, "natural", "me")[-1] < 3.0:  # not in the middle of a trial
        stage.passes(1.0)

    story = told(stage, "natural")
    due = stage.world.time + seconds_until(stage, story.standing.next_at)
    trials = len(asked(stage, "natural", "me"))
    stage.passes(60.0)

    assert story.standing.why.startswith("The network failed several times in a row")
    assert due <= asked(stage, "natural", "me")[trials] <= due + SOON_S


def test_a_stopped_account_and_the_off_switch_are_told_as_the_reason() -> None:
    stage = Stage("bare")
    stage.network("bare").token, stage.network("bare").refreshable = "revoked", False
    stage.tell()
    stage.passes(5.0)
    stopped = told(stage, "bare").standing
    stage.people.switch(off=True)
    stage.passes(1.0)

    assert stopped.why.startswith("The account is stopped")
    assert told(stage, "bare").standing.why == "All automatic posting is switched off by operator."


def test_what_follows_an_unknown_post_is_told_that_it_waits_for_it() -> None:
    stage = Stage("bare")
    stage.network("bare").script = ["lost"]
    stage.tell()
    stage.passes(35.0)
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(5.0)

    assert told(stage, "bare", 2).standing.why.startswith("Waits for update 1 of this thread: until it is known")
    assert stage.states("bare") == [UNKNOWN, DeliveryState.QUEUED]


def test_an_unknown_post_is_told_with_the_end_of_the_quiet_period_before_which_nothing_is_sent_anew() -> None:
    stage = Stage("bare")
    stage.network("bare").script = ["lost"]
    stage.tell()
    stage.passes(40.0)

    story = told(stage, "bare")
    end = stage.world.time + seconds_until(stage, story.standing.until)
    stage.passes(300.0)

    assert f"The own timeline is read for code {story.row.code}" in story.standing.why
    assert end <= asked(stage, "bare")[1] <= end + SOON_S
    assert [choice.deed for choice in story.choices] == [Deed.SEEN, Deed.NOT_THERE, Deed.CORRECT]
    assert [choice.deed for choice in story.choices if choice.may_double] == [Deed.NOT_THERE]


def test_a_blind_network_is_told_with_the_moment_at_which_the_post_counts_as_published() -> None:
    stage = Stage("blind")
    stage.network("blind").script = ["lost"]
    stage.tell()
    stage.passes(40.0)

    story = told(stage, "blind")
    left = seconds_until(stage, story.standing.until)
    stage.passes(left - 1.0)
    before = stage.states("blind")
    stage.passes(1.0 + SOON_S)

    assert "look at the channel. Without a decision it counts as published" in story.standing.why
    assert (before, stage.states("blind")) == ([UNKNOWN], [DELIVERED])


@pytest.mark.parametrize(
    ("kind", "says"), [("natural", "under the same key"), ("keyed", "under the same key"), ("staged", "prepared post")]
)
def test_how_an_unknown_post_is_settled_is_told_by_the_network_that_it_is_on(kind: str, says: str) -> None:
    stage = Stage(kind)
    stage.network(kind).script = ["lost"] * 3
    stage.tell()
    stage.world.run_until(60.0, lambda: stage.states(kind) == [UNKNOWN])

    story = told(stage, kind)
    stage.passes(900.0)

    assert says in story.standing.why
    assert stage.states(kind) == [DELIVERED]


def test_a_refused_post_is_told_with_what_the_network_answered_and_what_a_person_can_do() -> None:
    stage = Stage("bare")
    stage.network("bare").script = ["rejected"]
    stage.tell()
    stage.passes(5.0)

    story = told(stage, "bare")

    assert story.standing.why.startswith("Waits for a person's decision.") and "422" in story.standing.why
    assert [(choice.deed, choice.command) for choice in story.choices] == [
        (Deed.RETRY, f"statuspage deliveries retry {story.row.id}"),
        (Deed.WITHDRAW, f"statuspage deliveries withdraw {story.row.id}"),
    ]


def test_a_row_that_somebody_changed_is_told_as_never_sent() -> None:
    stage = Stage("bare")
    stage.tell(hold_s=30.0)
    with stage.world.store.writing() as session:
        session.execute(sql("UPDATE delivery SET text = 'x', text_alone = 'x'"))
    stage.passes(60.0)

    story = told(stage, "bare")

    assert story.row.state is DeliveryState.REFUSED
    assert story.standing.why.startswith("Never sent: ") and story.choices == ()


def test_a_post_of_an_account_that_is_configured_no_more_is_told_so() -> None:
    stage = Stage("bare", "natural")
    stage.tell(hold_s=30.0)
    stage.world.reload(("natural",))
    stage.passes(1.0)
    with stage.world.store.writing() as session:
        session.execute(sql("UPDATE delivery SET state = 'queued' WHERE channel = 'bare'"))

    assert "not configured any more" in told(stage, "bare").standing.why


def test_the_story_has_every_request_and_answer_with_its_evidence_in_their_order() -> None:
    stage = Stage("bare")
    stage.network("bare").script = ["lost_applied"]
    stage.tell()
    stage.passes(300.0)

    story = told(stage, "bare")

    assert [line.what for line in story.lines] == [
        "Sent",
        "No clear answer: nobody knows whether it is out",
        "Looked at the own timeline: it is there",
    ]
    assert "a post that stands alone" in story.lines[0].evidence and f"code {story.row.code}" in story.lines[0].evidence
    assert "no answer within the deadline" in story.lines[1].evidence
    moments = [line.attempt.at for line in story.lines]
    assert moments == sorted(moments) and len(set(moments)) == 3
    assert story.standing.until is None and story.standing.next_at is None


def test_what_counts_as_published_without_a_decision_is_told_with_the_moment_that_counts_also_after_a_restart() -> None:
    """The minutes in which people can look begin anew with the process."""
    stage = Stage("blind")
    stage.network("blind").script = ["lost_applied"]
    stage.tell()
    stage.passes(300.0)
    before = told(stage, "blind").standing.until
    stage.world.kill(stage.process, "in the test")
    stage.world.start(stage.process)
    stage.passes(10.0)

    until = told(stage, "blind").standing.until
    left = seconds_until(stage, until)
    stage.passes(left - 5.0)
    still = stage.states("blind")
    stage.passes(5.0 + SOON_S)

    assert before is not None and until is not None and until > before
    assert (still, stage.states("blind")) == ([UNKNOWN], [DELIVERED])
