"""LinkedIn and Bluesky: what was published is read back and compared; LinkedIn's format, versions and repeats."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasters import linkedin, pinterest
from broadcasters.errors import OutcomeClass, Rejected, Uncertain
from broadcasters.http import Answer, Http
from statuspage.demo.networks.linkedin import read
from statuspage.demo.networks.server import RunningNetworks
from tests.broadcasters.bench import WORDS, Hands, Scripted, bench_for, failure


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.text(alphabet="\\{}@[]()<>#*_~| ahtps:/.é\n"))
def test_escaping_is_undone_exactly(words: str) -> None:
    assert linkedin.plain(linkedin.escaped(words)) == words or "http" in words  # an address is left whole


@pytest.mark.parametrize("words", ["(50 %) #1_*", "a\\b", "{x} [y] <z> @w ~ |", "(https://status.bank.es/u/A_1#x) fin", "\\"])
def test_linkedin_publishes_escaped_words_whole_and_bare_ones_only_to_the_first_sign(words: str) -> None:
    assert read(linkedin.escaped(words)) == words
    assert read(words) != words


@pytest.mark.parametrize("kind", ["linkedin", "bluesky"])
def test_a_post_that_reads_otherwise_than_it_was_sent_is_told(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    good = bench.broadcast(bench.post()).wrong
    networks.misbehave(kind, "garbled")

    told = bench.broadcast(bench.post(f"Otra cosa. {WORDS}", 2)).wrong

    assert good == ""
    assert "Look at the post and correct it." in told


def test_an_edit_on_linkedin_is_read_back_too(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("linkedin", networks, clock)
    first = bench.broadcast(bench.post()).remote
    networks.misbehave("linkedin", "garbled")

    assert bench.edit(bench.post("Resuelto (50 %).", 2, edit=first)).wrong
    assert [one["text"] for one in bench.truth()] == ["Resuelto (50 %)."]


@pytest.mark.parametrize("kind", ["linkedin", "bluesky"])
def test_what_cannot_be_read_back_just_now_is_still_published(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    networks.misbehave(kind, "5xx", on="read")

    receipt = bench.broadcast(bench.post())

    assert (receipt.remote.id, receipt.wrong) == (bench.truth()[0]["id"], "")


def test_a_repeat_on_linkedin_is_taken_for_the_post_if_it_carries_our_marker(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("linkedin", networks, clock)
    networks.misbehave("linkedin", "timeout", applied=True, times=1)
    lost = failure(lambda: bench.broadcast(bench.post(), 0.3))

    receipt = bench.broadcast(bench.post())

    assert isinstance(lost, Uncertain)
    assert [one["id"] for one in bench.truth()] == [receipt.remote.id]
    assert receipt.notes == ("LinkedIn had this post already.",)


def test_a_repeat_on_linkedin_of_somebody_elses_post_is_no_success(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("linkedin", networks, clock)
    bench.broadcast(bench.post("Aviso."))

    error = failure(lambda: bench.broadcast(bench.post("Aviso.")))

    assert (type(error), error.outcome) == (Uncertain, OutcomeClass.DUPLICATE)


@pytest.mark.parametrize(("version", "warned"), [("202607", False), ("202601", True)])
def test_verify_warns_two_months_before_a_version_ends(version: str, warned: bool, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("linkedin", networks, clock)
    clock.moment = datetime(2026, 11, 22, tzinfo=UTC)

    said = bench.module.verify(replace(bench.config, version=version), bench.http())

    assert ("Set a newer one" in said) is warned


def test_a_version_that_has_ended_stops_with_its_name(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("linkedin", networks, clock)

    error = failure(lambda: bench.broadcast(bench.post(), config=replace(bench.config, version="202511")))

    assert (type(error), error.outcome, error.code) == (Rejected, OutcomeClass.DENIED, "version-ended")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("linkedin", {"client_id": "demo-client", "client_secret": "demo-client-secret-0001"}),
        ("pinterest", {"app_id": "demo-client", "app_secret": "demo-client-secret-0001"}),
    ],
)
def test_a_refresh_token_gives_a_new_access_token_where_there_is_one(
    kind: str, fields: dict[str, str], networks: RunningNetworks, clock: Hands
) -> None:
    bench = bench_for(kind, networks, clock)
    missing = failure(lambda: bench.module.refresh(bench.config, bench.http()))
    whole = replace(bench.config, refresh_token=f"{bench.config.access_token}-refresh", **fields)
    networks.misbehave(kind, "expired")
    expired = failure(lambda: bench.broadcast(bench.post(), config=whole))

    renewed = replace(whole, **bench.module.refresh(whole, bench.http()))
    bench.broadcast(bench.post(), config=renewed)

    assert "a person must sign in again" in missing.detail
    assert (missing.outcome, expired.outcome) == (OutcomeClass.REAUTH, OutcomeClass.REAUTH)
    assert len(bench.truth()) == 1


def test_an_older_app_at_pinterest_gets_a_refresh_token_that_can_be_renewed() -> None:
    transport = Scripted(Answer(200, [], b'{"access_token":"new","refresh_token":"newer"}'))
    board = pinterest.Config("1", "token", "refresh-0001", "app", "secret")

    pinterest.refresh(board, Http(transport, now=Hands()))

    asked = dict(parse_qsl(transport.requests[0].body.decode()))
    assert (asked["continuous_refresh"], asked["refresh_on"]) == ("true", "true")


def test_google_tells_of_a_text_that_it_rejects(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("google_business", networks, clock)

    receipt = bench.broadcast(bench.post("Llame al +34 900 123 456."))

    assert "rejected" in receipt.wrong


@pytest.mark.parametrize("kind", ["snapchat", "google_business"])
def test_without_an_access_token_nothing_is_sent(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)

    error = failure(lambda: bench.module.verify(replace(bench.config, access_token=""), bench.http()))

    assert (error.outcome, error.code) == (OutcomeClass.REAUTH, "NoToken")
