"""A row whose outcome another owner left open, after a person had asked for it again."""

from __future__ import annotations

from statuspage.actions import deliveries as deeds
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import deliveries, switches
from tests.delivery.stage import Stage


def test_what_was_sent_again_by_another_owner_that_died_is_looked_for_and_sent_once() -> None:
    """The first owner remembers the epoch before; found by 20,000 seeds as an exception that ended its pass."""
    stage = Stage("bare")
    stage.network("bare").script = ["rejected"]
    stage.tell()
    stage.passes(5.0)
    (stuck,) = stage.rows("bare")
    deeds.retry(stage.world.outside, stuck.id, "Ada")
    (queued,) = stage.rows("bare")
    with stage.world.store.writing() as session:
        assert deliveries.change(session, queued, state=DeliveryState.SENDING, attempts=1)
    stage.world.poke()

    stage.passes(5.0)
    looked = stage.states("bare")
    stage.passes(400.0)

    assert looked == [DeliveryState.UNKNOWN]
    assert stage.states("bare") == [DeliveryState.DELIVERED]
    assert len(stage.texts("bare")) == 1


def test_what_is_sent_again_while_posting_is_off_is_not_waited_for_when_the_machine_has_slept() -> None:
    """What backed off in the epoch before has no wait any more that sleep could shorten: the pass once ended by an exception there."""
    stage = Stage("natural")
    stage.network("natural").script = ["error"] * 9
    stage.tell()
    stage.passes(5.0)
    (unknown,) = stage.rows("natural")
    posting(stage, off=True)
    with stage.world.store.writing() as session:  # as deeds.retry() does, once its quiet period is over
        assert deliveries.change(session, unknown, state=DeliveryState.QUEUED, epoch=2, attempts=0, request=None)
    stage.world.poke()
    stage.passes(5.0)

    stage.world.nap(600.0)
    stage.passes(610.0)
    posting(stage, off=False)
    stage.passes(900.0)

    assert unknown.state is DeliveryState.UNKNOWN
    assert stage.states("natural") == [DeliveryState.DELIVERED]


def posting(stage: Stage, *, off: bool) -> None:
    with stage.world.store.writing() as session:
        switches.turn(session, switches.POSTING, off=off, by="Ada", reason="", at=stage.world.wall())
    stage.world.poke()
