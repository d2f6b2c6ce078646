"""Which words and which address the frozen request of a post has: the link mode of the channel, whatever its update mode."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind, UpdateMode
from statuspage.worker.postmaster import freeze

T0 = datetime(2026, 11, 23, 13, 35, tzinfo=UTC)


def address(code: str) -> str:
    return f"https://status.example.com/u/{code}"


def post(sequence: int, mode: UpdateMode, **changes: object) -> Delivery:
    """A post of a channel whose posts carry the link once: later ones say "Ref CODE" where they continue a thread."""
    made = Delivery(
        id=f"d{sequence}",
        notice_id=f"n{sequence}",
        subject_kind=SubjectKind.INCIDENT,
        subject_id="i1",
        sequence=sequence,
        kind=NoticeKind.UPDATE,
        channel="x-en",
        account="x",
        network="x",
        language="en",
        mode=mode,
        text=f"Words. Ref C{sequence}",
        text_alone=f"Words. {address(f'C{sequence}')}",
        story=f"Words. {address(f'C{sequence}')}\n\nEarlier: words." if mode is UpdateMode.EDIT else "",
        code=f"C{sequence}",
        digest="",
        state=DeliveryState.QUEUED,
        created_at=T0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


OUT = {"state": DeliveryState.DELIVERED, "remote_id": "1"}


@pytest.mark.parametrize(
    ("mode", "first", "carries_link"),
    [
        (UpdateMode.REPLY, OUT, False),
        (UpdateMode.NEW, OUT, False),
        (UpdateMode.EDIT, OUT, True),  # the post that carried it is rewritten
        (UpdateMode.REPLY, {"state": DeliveryState.SUPERSEDED}, True),
        (UpdateMode.NEW, {"state": DeliveryState.SUPERSEDED}, True),
        (UpdateMode.NEW, {"state": DeliveryState.STUCK}, True),
    ],
)
def test_the_link_of_a_thread_is_in_its_first_post_that_is_out(mode: UpdateMode, first: dict[str, object], carries_link: bool) -> None:
    rows = [post(1, mode, **first), post(2, mode)]

    request = freeze(rows[1], rows, can_edit=True, now=T0, address=address)

    assert (request["link"] == address("C2")) is carries_link
    assert (address("C2") in request["text"]) is carries_link
    assert ("Ref C2" in request["text"]) is not carries_link
    assert (request["reply_to"] is not None) is (mode is UpdateMode.REPLY and first is OUT)
