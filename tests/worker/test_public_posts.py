"""Which codes stand for genuine messages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from statuspage.core.vocabulary import DeliveryState
from statuspage.worker.public_posts import Posts
from tests.delivery.stage import Stage


@pytest.mark.parametrize(
    ("state", "attempts", "epoch", "genuine"),
    [
        (DeliveryState.DELIVERED, 1, 1, True),
        (DeliveryState.UNKNOWN, 1, 1, True),
        (DeliveryState.SUPERSEDED, 0, 1, False),  # never left
        (DeliveryState.SUPERSEDED, 1, 1, True),  # a run over a list that gave way after its first readers
        (DeliveryState.SUPERSEDED, 0, 2, True),  # an edit that may have been seen before the next one
        (DeliveryState.REFUSED, 1, 1, False),
        (DeliveryState.WITHDRAWN, 0, 1, False),
    ],
)
def test_a_code_is_genuine_if_somebody_may_have_read_it(state: DeliveryState, attempts: int, epoch: int, genuine: bool) -> None:
    stage = Stage("bare")
    stage.tell()
    (row,) = stage.rows("bare")

    codes, void = Posts(()).codes([replace(row, state=state, attempts=attempts, epoch=epoch)], "")

    assert ([code.code for code in codes], void) == (([row.code], []) if genuine else ([], [row.code]))
