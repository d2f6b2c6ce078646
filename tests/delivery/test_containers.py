"""Posts that are made first and published then: a container that ran out, one made for old words, credentials that run out."""

from __future__ import annotations

from typing import Any

import pytest

from broadcasters.errors import OutcomeClass, Rejected, Unavailable
from statuspage.core.vocabulary import DeliveryState
from statuspage.worker import renewal
from tests.delivery.stage import Stage
from tests.simulation import networks

DELIVERED, QUEUED = DeliveryState.DELIVERED, DeliveryState.QUEUED
STAGED: Any = networks.BROADCASTERS["staged"]


def test_a_container_that_ran_out_gives_way_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage("staged")
    published: list[str] = []

    def publish(container: str, *rest: Any) -> Any:
        published.append(container)
        if len(published) == 1:
            raise Unavailable(OutcomeClass.RETRY, "The container has expired.", container_spent=True)
        return networks.publish(container, *rest)

    monkeypatch.setattr(STAGED, "publish", publish)
    stage.tell()
    stage.passes(30.0)

    assert stage.states("staged") == [DELIVERED]
    assert len(set(published)) == 2
    assert len(stage.texts("staged")) == 1
    assert stage.wrong() == []


def test_words_changed_while_their_container_was_made_are_not_published_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage("staged")
    made: list[str] = []

    def make(*rest: Any) -> str:
        container = networks.stage(*rest)
        if not made:
            stage.people.reword()
        made.append(container)
        return container

    monkeypatch.setattr(STAGED, "stage", make)
    stage.tell()
    stage.passes(30.0)

    (row,) = stage.rows("staged")
    assert row.state is DELIVERED
    assert len(made) == 2
    assert [text.startswith("Reworded: ") for text in stage.texts("staged")] == [True]


def test_a_container_whose_parent_is_gone_starts_the_thread_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage("staged")
    stage.tell()
    stage.passes(5.0)

    def make(post: Any, *rest: Any) -> str:
        if post.reply_to is not None:
            raise Rejected(OutcomeClass.CONTENT, "There is no such post.", parent_gone=True)
        return networks.stage(post, *rest)

    monkeypatch.setattr(STAGED, "stage", make)
    stage.tell()
    stage.passes(10.0)

    assert stage.states("staged") == [DELIVERED, DELIVERED]
    assert stage.network("staged").posts[-1].text.startswith("Alone: ")


def test_containers_that_cannot_be_made_are_attempts_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """D21, for networks of two steps: it says who we are and takes no container. Asked for half an hour at least, then a person hears."""
    stage = Stage("staged")
    made: list[float] = []

    def make(*_: Any) -> str:
        made.append(stage.world.time)
        raise Unavailable(OutcomeClass.RETRY, "No container today.")

    monkeypatch.setattr(STAGED, "stage", make)
    stage.tell()
    stage.passes(86_400.0)

    (row,) = stage.rows("staged")
    assert (row.state, row.attempts, len(made)) == (DeliveryState.STUCK, 30, 30)
    assert made[-1] - made[0] > 1800.0
    assert [line for line in stage.story(row) if line[0] == "send"] == [("send", "retry")] * 30
    assert f"delivery:{row.id}" in stage.alarms()


def later(stage: Stage, seconds: float) -> None:
    """Time passes, and then everybody looks: the simulator's dispatchers sleep while nothing is due."""
    stage.passes(seconds)
    stage.world.poke()
    stage.passes(2.0)


def test_credentials_that_run_out_are_renewed_in_good_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """And people hear when that fails for days; posts go on meanwhile."""
    stage = Stage("staged")
    monkeypatch.setattr(STAGED, "RENEW_AFTER_S", 7 * 86400.0, raising=False)
    asked: list[float] = []

    def refuse(*_: Any) -> dict[str, str]:
        asked.append(stage.world.time)
        raise Rejected(OutcomeClass.CONTENT, "Too young to be renewed.")

    monkeypatch.setattr(STAGED, "refresh", refuse)
    stage.tell()
    stage.passes(5.0)
    for wait in (renewal.FIRST_S, renewal.AGAIN_S - 60.0, 60.0, renewal.AGAIN_S):
        later(stage, wait)
    alarmed = [key for key in stage.alarms() if key.startswith("renewal:")]
    monkeypatch.setattr(STAGED, "refresh", networks.refresh)
    later(stage, renewal.AGAIN_S)

    assert stage.states("staged") == [DELIVERED]
    assert (len(asked), len(alarmed)) == (3, 1)
    assert not [key for key in stage.alarms() if key.startswith("renewal:")]
    assert stage.network("staged").token.startswith("renewed-")
