"""Threads, Instagram and Snapchat: what was made and not published is no post, and publishing it twice makes none more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broadcasters import containers
from broadcasters.errors import OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.post import Image
from broadcasters.text import Limits, Unit, fits, measure
from statuspage.demo.networks.server import RunningNetworks
from tests.broadcasters.bench import CODE, LINK, WORDS, Bench, Hands, bench_for, failure

STAGED = ("threads", "instagram", "snapchat")
META = ("threads", "instagram")
DAY_S = 86400


def made(kind: str, networks: RunningNetworks, clock: Hands) -> tuple[Bench, Any, str]:
    bench = bench_for(kind, networks, clock)
    post = bench.post()
    return bench, post, bench.module.stage(post, bench.config, bench.http())


@pytest.mark.parametrize("kind", STAGED)
def test_what_was_made_and_not_published_is_no_post_and_can_still_become_one(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench, post, container = made(kind, networks, clock)
    before = (bench.truth(), bench.module.ask(container, post, bench.config, bench.http()))

    receipt = bench.module.publish(container, post, bench.config, bench.http())

    assert before == ([], None)
    assert [one["id"] for one in bench.truth()] == [receipt.remote.id]
    assert bench.module.ask(container, post, bench.config, bench.http()).remote == receipt.remote


@pytest.mark.parametrize("kind", STAGED)
@pytest.mark.parametrize("fault", [{"fault": "timeout", "applied": True}, {"fault": "5xx", "applied": True}, {"fault": "cut"}])
def test_a_publication_without_answer_is_cleared_up_by_asking_and_repeated_without_harm(
    kind: str, fault: dict[str, Any], networks: RunningNetworks, clock: Hands
) -> None:
    bench, post, container = made(kind, networks, clock)
    networks.misbehave(kind, **fault, times=1)
    error = failure(lambda: bench.module.publish(container, post, bench.config, bench.http(0.3)))

    asked = bench.module.ask(container, post, bench.config, bench.http())
    again = bench.module.publish(container, post, bench.config, bench.http())

    assert isinstance(error, Uncertain)
    assert [one["id"] for one in bench.truth()] == [asked.remote.id] == [again.remote.id]


@pytest.mark.parametrize("kind", STAGED)
def test_a_publication_that_never_arrived_can_be_repeated(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench, post, container = made(kind, networks, clock)
    networks.misbehave(kind, "timeout", applied=False, times=1)
    failure(lambda: bench.module.publish(container, post, bench.config, bench.http(0.3)))

    asked = bench.module.ask(container, post, bench.config, bench.http())
    bench.module.publish(container, post, bench.config, bench.http())

    assert asked is None
    assert len(bench.truth()) == 1


@pytest.mark.parametrize("kind", META)
def test_a_container_in_preparation_is_left_alone_for_some_seconds(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench, post, container = made(kind, networks, clock)
    networks.misbehave(kind, "preparing", seconds=10)

    error = failure(lambda: bench.module.publish(container, post, bench.config, bench.http()))
    asked = bench.module.ask(container, post, bench.config, bench.http())
    clock.turn(11)
    bench.module.publish(container, post, bench.config, bench.http())

    assert (type(error), error.outcome, error.retry_after_s, error.container_spent) == (Unavailable, OutcomeClass.RETRY, 3.0, False)
    assert asked is None
    assert len(bench.truth()) == 1


@pytest.mark.parametrize("kind", META)
def test_a_container_that_ran_out_asks_for_another_and_proves_that_nothing_was_published(
    kind: str, networks: RunningNetworks, clock: Hands
) -> None:
    bench, post, container = made(kind, networks, clock)
    clock.turn(DAY_S + 1)

    error = failure(lambda: bench.module.publish(container, post, bench.config, bench.http()))
    proof = failure(lambda: bench.module.ask(container, post, bench.config, bench.http()))

    assert (type(error), error.outcome, error.container_spent) == (Unavailable, OutcomeClass.RETRY, True)
    assert (type(proof), proof.outcome) == (Rejected, OutcomeClass.CONTENT)
    assert bench.truth() == []


@pytest.mark.parametrize("kind", META)
def test_the_posts_of_a_day_are_counted_before_one_more_is_made(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    quota = {"threads": 250, "instagram": 50}[kind]
    for number in range(quota):
        networks.world.truth.add(kind, "demobank", str(number), f"Aviso {number}.")

    error = failure(lambda: bench.broadcast(bench.post()))
    clock.turn(DAY_S)
    bench.broadcast(bench.post())

    assert (type(error), error.outcome, error.retry_after_s) == (Unavailable, OutcomeClass.THROTTLED, containers.FULL_S)
    assert len(bench.truth()) == quota + 1


@pytest.mark.parametrize("kind", META)
def test_a_token_is_renewed_before_it_expires_and_never_after(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)

    renewed = replace(bench.config, **bench.module.refresh(bench.config, bench.http()))
    bench.broadcast(bench.post(), config=renewed)
    networks.misbehave(kind, "expired")
    error = failure(lambda: bench.module.refresh(renewed, bench.http()), (renewed.access_token,))

    assert renewed.access_token != bench.config.access_token
    assert (type(error), error.outcome, error.code) == (Rejected, OutcomeClass.REAUTH, "190/463")
    assert len(bench.truth()) == 1


def test_a_reply_to_a_post_that_was_taken_down_says_that_the_parent_is_gone(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("threads", networks, clock)
    root = bench.broadcast(bench.post()).remote
    networks.remove("threads", root.id)

    error = failure(lambda: bench.broadcast(bench.post("Sigue.", 2, reply_to=root, root=root)))

    assert isinstance(error, Rejected)
    assert error.parent_gone


@pytest.mark.parametrize("kind", ["instagram", "snapchat", "pinterest"])
def test_a_picture_that_is_not_there_yet_is_fetched_again_later(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    post = bench.post(image=Image(f"{networks.url}/pictures/0000.jpg", "x"))

    error = failure(lambda: bench.broadcast(post))

    assert bench.truth() == []
    assert (type(error), error.outcome) == (Unavailable, OutcomeClass.RETRY)
    assert error.code == {"instagram": "9004/2207052"}.get(kind, error.code)


@pytest.mark.parametrize("kind", ["instagram", "snapchat", "pinterest"])
def test_without_a_picture_nothing_is_sent(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)

    error = failure(lambda: bench.broadcast(bench.post(image=None)))

    assert (type(error), error.outcome) == (Rejected, OutcomeClass.CONTENT)


def test_the_alternative_text_goes_with_the_picture(networks: RunningNetworks, clock: Hands) -> None:
    for kind in ("instagram", "pinterest"):
        bench = bench_for(kind, networks, clock)
        bench.broadcast(bench.post())

        assert bench.image is not None
        assert [one["alt"] for one in bench.truth()] == [bench.image.alt]


@pytest.mark.parametrize(
    ("text", "length"), [("abc", 3), ("é", 1), ("👍", 4), ("👍🏽", 8), ("👨‍👩‍👧", 18), ("🇪🇸", 8), ("1️⃣", 7), ("☺️", 6), ("日本", 2), ("©", 2)]
)
def test_threads_counts_an_emoji_as_its_bytes(text: str, length: int) -> None:
    assert measure(text, Limits(Unit.EMOJI_BYTES, 500)) == length


def test_threads_takes_five_different_addresses(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("threads", networks, clock)
    limits = bench.module.limits(bench.config)
    five = " ".join(f"https://bank.es/{number}" for number in range(5))

    error = failure(lambda: bench.broadcast(bench.post(f"{five} {LINK}")))

    assert (fits(f"{five} https://bank.es/1", limits), fits(f"{five} {LINK}", limits)) == (True, False)
    assert error.outcome is OutcomeClass.CONTENT
    assert bench.broadcast(bench.post(five)).remote.id == bench.truth()[0]["id"]


def test_a_picture_for_snapchat_arrives_as_it_was(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("snapchat", networks, clock)
    bench.broadcast(bench.post(WORDS))

    (posted,) = bench.truth()
    assert bench.image is not None
    assert (posted["text"], posted["picture"]) == (CODE, bench.image.url.rpartition("/")[2].removesuffix(".jpg"))
