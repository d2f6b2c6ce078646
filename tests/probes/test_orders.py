"""An order that a prober sends is on its disk before it leaves, so that neither the off switch nor a restart makes another one."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

import pytest

from statuspage.core.errors import NotAllowed
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.outside import SystemClock
from statuspage.store import switches
from statuspage.worker.prober import run_once
from tests.probes.servers import Conversation, RawServer, serving
from tests.probes.stage import Stage, probing, until

NOTES = PurePosixPath("prober/here/notebook.json")


class Orders:
    """A bank that takes orders and answers none; the page about them says that one is open."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def __call__(self, conversation: Conversation) -> None:
        if conversation.method == "POST":
            self.taken.append(conversation.body)
            conversation.stop.wait(30)
        else:
            conversation.answer(200, b"1 open order")


def ordering(server: RawServer, timeout_s: float = 20.0) -> dict[str, Any]:
    order = {
        "name": "order",
        "url": "/order",
        "method": "POST",
        "form": {"reference": "{unique}"},
        "writes": True,
        "confirm": {"url": "/orders", "expect": {"contains": ["No open orders"]}},
    }
    target = {"url": server.url, "steps": [order]}
    return {"name": "a", "kind": "journey", "target": target, "interval_s": 0.3, "recheck_s": 0.05, "timeout_s": timeout_s}


def turn_off(stage: Stage, *, off: bool) -> None:
    with stage.store.database.writing() as session:
        switches.turn(session, switches.PROBING, off=off, by="a person", reason="", at=SystemClock().now())


def test_an_order_that_the_off_switch_cuts_is_not_followed_by_another(stage: Stage) -> None:
    bank = Orders()
    with serving(bank) as server:
        ctx = stage.context([ordering(server)])
        with probing(ctx) as prober:
            until(prober, lambda: bank.taken)
            noted = json.loads(ctx.ports.files.read(NOTES) or b"{}")
            turn_off(stage, off=True)
            until(prober, lambda: any(row.reason == "paused" for row in stage.rows()))
            turn_off(stage, off=False)
            until(prober, lambda: any(row.reason == "unknown_outcome" for row in stage.rows()))

    assert list(noted["pending"]) == ["a/order"]
    assert len(bank.taken) == 1
    assert "order:a/order" in stage.open_alarms()


def test_a_prober_that_begins_anew_knows_of_an_order_that_was_under_way(stage: Stage) -> None:
    """The first one is left as if it had been killed: nothing of what it remembers is saved once more."""
    bank = Orders()
    with serving(bank) as server:
        ctx = stage.context([ordering(server)])
        with probing(ctx) as first:
            until(first, lambda: bank.taken)
            noted = ctx.ports.files.read(NOTES) or b""
        ctx.ports.files.write(NOTES, noted)
        with probing(ctx) as second:
            until(second, lambda: any(row.reason == "unknown_outcome" for row in stage.rows()))

    assert len(bank.taken) == 1


def test_an_order_sent_by_hand_is_known_to_the_next_check_by_hand_and_to_the_prober(stage: Stage) -> None:
    bank = Orders()
    with serving(bank) as server:
        ctx = stage.context([ordering(server, timeout_s=0.5)])
        first, second = run_once(ctx, "a"), run_once(ctx, "a")
        with probing(ctx) as prober:
            until(prober, lambda: any(row.reason == "unknown_outcome" for row in stage.rows()))

    assert (first.reason, second.reason) == (Reason.UNKNOWN_OUTCOME, Reason.UNKNOWN_OUTCOME)
    assert second.outcome is Outcome.NO_DATA and "is still open" in second.evidence
    assert len(bank.taken) == 1


def test_an_order_that_is_settled_by_hand_is_settled_for_the_prober(stage: Stage) -> None:
    def done(conversation: Conversation) -> None:
        conversation.answer(200, b"No open orders")

    with serving(done) as server:
        ctx = stage.context([ordering(server)])
        notes = {"accounts": {}, "pending": {"a/order": "2026-11-22T14:00:00+00:00"}, "certificates": {}}
        ctx.ports.files.write(NOTES, json.dumps(notes).encode())
        result = run_once(ctx, "a")

    assert result.outcome is Outcome.PASSED
    assert json.loads(ctx.ports.files.read(NOTES) or b"{}")["pending"] == {}


def test_no_order_is_sent_by_hand_while_a_prober_looks_from_there(stage: Stage) -> None:
    bank = Orders()
    with serving(bank) as server:
        ctx = stage.context([ordering(server, timeout_s=0.5)])
        lock = ctx.ports.store.lock("prober:here")
        assert lock.acquire()
        with pytest.raises(NotAllowed, match="prober of here"):
            run_once(ctx, "a")
        lock.release()
        refused = len(bank.taken)
        run_once(ctx, "a")

    assert (refused, len(bank.taken)) == (0, 1)
    assert lock.acquire()  # it was given back
    lock.release()
