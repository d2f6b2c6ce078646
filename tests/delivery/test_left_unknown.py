"""A row whose outcome another owner left open, after a person had asked for it again."""

from __future__ import annotations

from statuspage.actions import deliveries as deeds
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import deliveries
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
