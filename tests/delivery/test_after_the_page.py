"""A post leaves when the page tells of it: who follows it there must not read that all is well, or that its code is not ours."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import PAGE_FIRST, waits_for_page
from statuspage.core.vocabulary import NoticeKind
from statuspage.store import publications
from tests.delivery.stage import Stage


def published(stage: Stage, generation: int) -> None:
    with stage.world.store.writing() as session:
        publications.note_published(session, generation, stage.world.wall())


def told_long_after_an_edition(seconds: float) -> tuple[Stage, float]:
    """The stage, and the moment at which something was said."""
    stage = Stage("bare")
    published(stage, 1)
    stage.passes(seconds)
    stage.tell()
    return stage, stage.world.time


def sent_after_s(stage: Stage, said: float) -> list[float]:
    return [at - said for at, _, _ in stage.network("bare").requests]


def test_a_post_waits_for_the_edition_that_tells_of_it() -> None:
    stage, said = told_long_after_an_edition(60.0)

    stage.passes(1.0)
    early = sent_after_s(stage, said)
    published(stage, 2)
    stage.passes(0.6)

    assert early == []
    assert len(sent_after_s(stage, said)) == 1


def test_a_page_that_does_not_come_delays_a_post_by_two_seconds() -> None:
    stage, said = told_long_after_an_edition(3600.0)

    stage.passes(10.0)

    (after,) = sent_after_s(stage, said)
    assert PAGE_FIRST.total_seconds() <= after <= PAGE_FIRST.total_seconds() + 1.0


def test_where_nobody_publishes_nothing_is_waited_for() -> None:
    stage = Stage("bare")
    said = stage.world.time

    stage.tell()
    stage.passes(1.0)

    assert len(sent_after_s(stage, said)) == 1


def test_what_was_held_back_waits_for_the_edition_after_its_release() -> None:
    stage = Stage("bare")
    stage.tell(NoticeKind.INVESTIGATING, hold_s=30.0)
    stage.passes(29.0)
    published(stage, 1)
    stage.passes(1.5)
    early = list(stage.network("bare").requests)
    published(stage, 2)
    stage.passes(1.0)

    assert early == []
    assert len(stage.network("bare").requests) == 1


@pytest.fixture(scope="module")
def row() -> Delivery:
    stage = Stage("bare")
    stage.tell()
    return stage.rows("bare")[0]


@given(published_ms=st.none() | st.integers(-10_000, 10_000), passed_ms=st.integers(-10_000, 10_000))
def test_nothing_waits_longer_whatever_the_clocks_say(row: Delivery, published_ms: int | None, passed_ms: int) -> None:
    published_at = None if published_ms is None else row.created_at + timedelta(milliseconds=published_ms)

    waits = waits_for_page(row, published_at, row.created_at + timedelta(milliseconds=passed_ms))

    assert waits == (published_ms is not None and published_ms < 0 <= passed_ms < 2000)
