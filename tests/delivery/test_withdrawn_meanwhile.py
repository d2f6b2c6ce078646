"""PostgreSQL: somebody withdraws a delivery while the dispatcher commits to send it. Whoever commits first has decided."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from statuspage.actions import deliveries as deeds
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import deliveries
from statuspage.store.engine import Database
from statuspage.worker import sender
from statuspage.worker.dispatcher import Dispatcher
from tests.delivery.kill_child import DyingTransport, context
from tests.delivery.real import served, tell, until
from tests.simulation.networks import BROADCASTERS, FakeNetwork


def throttled_once(network: FakeNetwork, dispatcher: Dispatcher) -> None:
    """The request was frozen at a first attempt, which was definitely refused: the row is queued again, request and all."""
    network.script, network.retry_after = ["throttled"], "0"
    until(lambda: dispatcher.step() >= 0 and not network.script)


@pytest.mark.parametrize("tried_before", [False, True])
def test_what_was_withdrawn_between_the_read_and_the_intent_commit_is_not_sent(
    tried_before: bool, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served("bare") as (address, network), ExitStack() as stack:
        ctx = context(postgres_url, "bare", address, DyingTransport(die=False), quiet_s=0.15)
        console, told = Database(postgres_url), tell(ctx.ports.store, "bare", 1)  # type: ignore[arg-type]
        dispatcher = Dispatcher(ctx, "bare", BROADCASTERS)
        for close in (console.close, ctx.ports.store.close, dispatcher.close):  # type: ignore[attr-defined]
            stack.callback(close)
        if tried_before:
            throttled_once(network, dispatcher)
        asked_before = sender._spent
        withdrawn: list[str] = []

        def meanwhile(*arguments: Any) -> Any:
            """Called within the transaction, after the row was read."""
            if not withdrawn:
                withdrawn.append(told.id)
                deeds.withdraw(ctx, told.id, "ana", "not needed")
            return asked_before(*arguments)

        monkeypatch.setattr(sender, "_spent", meanwhile)
        until(lambda: dispatcher.step() >= 0 and withdrawn)
        for _ in range(5):
            dispatcher.step()
        with console.reading() as session:
            row = deliveries.get(session, told.id)
            outcomes = [line.outcome for line in deliveries.story(session, told.id)]

    assert row.state is DeliveryState.WITHDRAWN
    assert len(network.posts) == 0
    assert outcomes.count("intent") == int(tried_before)
