"""An order that a prober sends is on its disk before it leaves, so that neither the off switch nor a restart makes another one."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from statuspage.outside import SystemClock
from statuspage.store import switches
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


def ordering(server: RawServer) -> dict[str, Any]:
    order = {
        "name": "order",
        "url": "/order",
        "method": "POST",
        "form": {"reference": "{unique}"},
        "writes": True,
        "confirm": {"url": "/orders", "expect": {"contains": ["No open orders"]}},
    }
    target = {"url": server.url, "steps": [order]}
    return {"name": "a", "kind": "journey", "target": target, "interval_s": 0.3, "recheck_s": 0.05, "timeout_s": 20}


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
