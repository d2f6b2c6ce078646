"""What only chats do: errors that come as successes, signs that would be taken for markup, threads that are flat."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasters import discord, matrix, ntfy, slack, slack_webhook, teams
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.http import Answer, Http
from broadcasters.post import Post, Receipt, Remote
from broadcasters.text import fits, measure
from statuspage.demo.networks.server import RunningNetworks
from tests.broadcasters.bench import CODE, LINK, WORDS, Hands, Scripted, bench_for, failure

POST = Post(WORDS, "es", "key-1", CODE, Hands().moment, LINK)
WORKSPACE = slack.Config("C0DEMO0BANK", "xoxb-secret-of-the-bot")


def scripted(*answers: Answer | Exception) -> tuple[Scripted, Http]:
    transport = Scripted(*answers)
    return transport, Http(transport, now=Hands())


def said(status: int, body: Any, *headers: tuple[str, str]) -> Answer:
    return Answer(status, headers, json.dumps(body).encode())


# --- Slack --------------------------------------------------------------------------------------------------------------------------

SLACK_ERRORS: list[tuple[str, type[BroadcastError], OutcomeClass]] = [
    ("rate_limited", Unavailable, OutcomeClass.THROTTLED),
    ("token_expired", Rejected, OutcomeClass.REAUTH),
    ("is_archived", Rejected, OutcomeClass.DENIED),
    ("a_word_of_next_year", Rejected, OutcomeClass.DENIED),
    ("msg_blocks_too_long", Rejected, OutcomeClass.CONTENT),
    ("internal_error", Uncertain, OutcomeClass.AMBIGUOUS),
]


@pytest.mark.parametrize(("word", "kind", "outcome"), SLACK_ERRORS)
def test_slack_says_its_errors_as_a_success_and_they_are_read(word: str, kind: type[BroadcastError], outcome: OutcomeClass) -> None:
    _, http = scripted(said(200, {"ok": False, "error": word}))

    error = failure(lambda: slack.broadcast(POST, WORKSPACE, http), (WORKSPACE.bot_token,))

    assert (type(error), error.outcome, error.code) == (kind, outcome, word)


@pytest.mark.parametrize(
    ("word", "single"),
    [("is_archived", False), ("missing_scope", False), ("restricted_action_read_only_channel", False), ("a_word_of_next_year", True)],
)
def test_a_word_of_slack_that_is_not_known_switches_no_account_off(word: str, single: bool) -> None:
    _, http = scripted(said(200, {"ok": False, "error": word}))

    assert failure(lambda: slack.broadcast(POST, WORKSPACE, http)).single is single


@pytest.mark.parametrize("body", [{"ok": True}, {"ok": True, "ts": 5, "message": {}}, {}, "ok", None])
def test_a_slack_success_without_what_is_needed_is_uncertain(body: Any) -> None:
    _, http = scripted(said(200, body))

    assert isinstance(failure(lambda: slack.broadcast(POST, WORKSPACE, http)), Uncertain)


def test_a_refusal_in_words_below_a_server_fault_proves_nothing_at_slack() -> None:
    _, http = scripted(said(500, {"ok": False, "error": "not_in_channel"}))

    assert isinstance(failure(lambda: slack.broadcast(POST, WORKSPACE, http)), Uncertain)


def test_a_slack_message_that_lost_its_thread_is_told_and_one_without_permalink_is_still_out() -> None:
    _, http = scripted(said(200, {"ok": True, "ts": "1.000001", "message": {}}), said(500, {}))
    root = Remote("0.000001")

    receipt = slack.broadcast(replace(POST, reply_to=root, root=root), WORKSPACE, http)

    assert (receipt.remote, receipt.url) == (Remote("1.000001"), None)
    assert receipt.notes == ("The message replied to is gone: posted alone.",)


def test_a_slack_reply_with_its_moment_is_out_though_the_message_is_not_repeated() -> None:
    _, http = scripted(said(200, {"ok": True, "channel": "C0DEMO0BANK", "ts": "1.000001"}), said(500, {}))
    root = Remote("0.000001")

    assert slack.broadcast(replace(POST, reply_to=root, root=root), WORKSPACE, http) == Receipt(Remote("1.000001"))


def test_replies_on_slack_stand_in_the_channel_too_and_so_can_be_found(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("slack", networks, clock)
    root = bench.broadcast(bench.post("Uno.")).remote

    bench.broadcast(bench.post(number=2, reply_to=root, root=root))

    assert bench.find().remote.id == bench.truth()[1]["id"]


def test_what_colleagues_write_in_the_channel_is_not_ours(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("slack", networks, clock)
    bench.broadcast(bench.post("Uno."))

    assert [one.text for one in slack.recent(bench.config, bench.http(), clock())] == ["Uno."]


@given(st.text(alphabet="&<>amp;lt;gt; é", max_size=30))
def test_escaping_for_slack_is_undone_exactly(words: str) -> None:
    assert slack.plain(slack.escaped(words)) == words


# --- Slack, by an incoming webhook --------------------------------------------------------------------------------------------------

INCOMING = slack_webhook.Config("T0TEST/B0TEST/secretOfTheHook")


@pytest.mark.parametrize(
    ("status", "word", "kind", "outcome"),
    [
        (400, "invalid_payload", Rejected, OutcomeClass.CONTENT),
        (403, "action_prohibited", Rejected, OutcomeClass.DENIED),
        (403, "invalid_token", Rejected, OutcomeClass.REAUTH),
        (404, "no_service", Rejected, OutcomeClass.GONE),
        (404, "a_word_of_next_year", Rejected, OutcomeClass.DENIED),
        (410, "channel_is_archived", Rejected, OutcomeClass.GONE),
        (429, "rate_limited", Unavailable, OutcomeClass.THROTTLED),
        (500, "rollup_error", Uncertain, OutcomeClass.AMBIGUOUS),
        (500, "no_service", Uncertain, OutcomeClass.AMBIGUOUS),
        (200, "", Uncertain, OutcomeClass.AMBIGUOUS),
        (200, "no_text", Uncertain, OutcomeClass.AMBIGUOUS),
    ],
)
def test_the_one_word_of_a_webhook_of_slack_is_read(status: int, word: str, kind: type[BroadcastError], outcome: OutcomeClass) -> None:
    _, http = scripted(Answer(status, [], word.encode()))

    error = failure(lambda: slack_webhook.broadcast(POST, INCOMING, http), (INCOMING.hook_token, INCOMING.hook_token.rpartition("/")[2]))

    assert (type(error), error.outcome) == (kind, outcome)


# --- Microsoft Teams ----------------------------------------------------------------------------------------------------------------

FLOW = teams.Config("https://flows.test/workflows/abc/invoke?sp=%2Frun", "secret+of/the=flow")


def test_only_202_or_silence_is_a_success_of_a_flow() -> None:
    """Connectors answered 200 with an error in their text."""
    for status, body, taken in (
        (202, b"", True),
        (202, b"queued", True),
        (200, b"", True),
        (200, b"Webhook message delivery failed", False),
    ):
        _, http = scripted(Answer(status, [], body))
        if taken:
            assert teams.broadcast(POST, FLOW, http).url is None
        else:
            assert isinstance(failure(lambda http=http: teams.broadcast(POST, FLOW, http)), Uncertain)  # type: ignore[misc]


@pytest.mark.parametrize("signature", ["secret+of/the=flow", "secret%2Bof%2Fthe%3Dflow"])
def test_the_signature_of_a_flow_may_be_copied_as_it_stands_in_the_address(signature: str) -> None:
    transport, http = scripted(Answer(202, [], b""))

    teams.broadcast(POST, replace(FLOW, signature=signature), http)

    assert transport.requests[0].url == f"{FLOW.url}&sig=secret%2Bof%2Fthe%3Dflow"


def test_what_a_flow_echoes_of_its_signature_is_not_shown() -> None:
    _, http = scripted(said(400, {"error": {"message": "bad request for sig secret+of/the=flow"}}))

    error = failure(lambda: teams.broadcast(POST, FLOW, http), (FLOW.signature,))

    assert "bad request for sig [hidden]" in error.detail


def test_a_repeat_on_teams_is_a_second_card_with_language_and_link(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("teams", networks, clock)
    bench.broadcast(bench.post())
    bench.broadcast(bench.post())

    assert [(one["text"], one["language"]) for one in bench.truth()] == [(WORDS, "es")] * 2
    assert [one.memory["link"] for one in networks.world.truth.all()] == [LINK] * 2


@given(st.lists(st.sampled_from(['"', "\\", "\n", "é", "x" * 50, "日"]), min_size=1, max_size=9000))
def test_no_card_of_a_text_that_fits_is_too_large_for_teams(pieces: list[str]) -> None:
    words = "".join(pieces)
    words = words[: next(end for end in range(len(words), -1, -500) if fits(words[: max(end, 0)], teams.limits(FLOW)))]
    transport, http = scripted(Answer(202, [], b""))

    teams.broadcast(replace(POST, text=words), FLOW, http)

    assert len(transport.requests[0].body) < 28 * 1024


# --- Discord ------------------------------------------------------------------------------------------------------------------------

HOOK = discord.Config("7", "webhook-token-secret")


def test_discord_waits_for_the_longer_of_header_and_body() -> None:
    _, http = scripted(said(429, {"message": "slow down", "retry_after": 64.5, "global": False}, ("Retry-After", "2")))

    assert failure(lambda: discord.broadcast(POST, HOOK, http)).retry_after_s == 64.5


@pytest.mark.parametrize(
    ("status", "code", "outcome", "parent_gone"),
    [
        (404, 10015, OutcomeClass.GONE, False),
        (404, 10008, OutcomeClass.CONTENT, True),
        (400, 50035, OutcomeClass.CONTENT, False),
        (403, 50013, OutcomeClass.DENIED, False),
        (401, 50027, OutcomeClass.REAUTH, False),
    ],
)
def test_discord_is_read_by_its_codes(status: int, code: int, outcome: OutcomeClass, parent_gone: bool) -> None:
    _, http = scripted(said(status, {"code": code, "message": "webhook-token-secret"}))

    error = failure(lambda: discord.edit(replace(POST, edit=Remote("5")), HOOK, http), (HOOK.webhook_token,))

    assert (error.outcome, error.parent_gone) == (outcome, parent_gone)


def test_discord_is_asked_to_wait_mentions_nobody_and_an_answer_without_words_is_no_success() -> None:
    transport, http = scripted(Answer(204, [], b""))

    error = failure(lambda: discord.broadcast(replace(POST, text="@everyone"), HOOK, http))

    sent = json.loads(transport.requests[0].body)
    assert (sent["allowed_mentions"], transport.requests[0].url.endswith("?wait=true")) == ({"parse": []}, True)
    assert isinstance(error, Uncertain)


def test_a_discord_message_with_a_number_is_out_though_its_channel_is_not_told() -> None:
    _, http = scripted(said(200, {"id": "9"}))

    assert discord.broadcast(POST, HOOK, http) == Receipt(Remote("9"), None)


@given(st.text(alphabet="\\*_~`|<>#[]-aé \n", max_size=30))
def test_escaping_for_discord_counts_as_it_is_sent(words: str) -> None:
    assert len(discord.escaped(words)) == measure(words, discord.limits(HOOK))


# --- Matrix -------------------------------------------------------------------------------------------------------------------------

ROOM = matrix.Config("https://matrix.test", "!room:matrix.test", "matrix-token-secret")


def test_matrix_gives_its_waits_in_milliseconds() -> None:
    _, http = scripted(said(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 4321}, ("Retry-After", "4")))

    error = failure(lambda: matrix.broadcast(POST, ROOM, http), (ROOM.access_token,))

    assert (error.outcome, error.code) == (OutcomeClass.THROTTLED, "M_LIMIT_EXCEEDED")
    assert error.retry_after_s == pytest.approx(4.321)


def test_another_text_under_the_same_transaction_id_is_answered_with_the_first(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("matrix", networks, clock)
    first = bench.broadcast(bench.post())

    second = bench.broadcast(bench.post("Otra cosa."))

    assert (first, [one["text"] for one in bench.truth()]) == (second, [WORDS])


def test_a_server_that_forgot_the_transaction_posts_twice(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("matrix", networks, clock)
    networks.misbehave("matrix", "keys_forgotten")
    bench.broadcast(bench.post())
    bench.broadcast(bench.post())

    assert len(bench.truth()) == 2


def test_a_room_shows_the_newest_words_of_an_edited_message_and_nothing_of_others(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("matrix", networks, clock)
    first = bench.broadcast(bench.post())
    bench.edit(bench.post("Resuelto.", 2, edit=first.remote))

    assert [one.text for one in matrix.recent(bench.config, bench.http(), clock())] == ["Resuelto."]


def test_a_user_who_is_not_in_the_room_is_told_so(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("matrix", networks, clock)
    elsewhere = replace(bench.config, room="!other:matrix.test")

    error = failure(lambda: matrix.verify(elsewhere, bench.http()))

    assert (error.outcome, "Invite this user" in error.detail) == (OutcomeClass.DENIED, True)


@given(st.lists(st.sampled_from(['"', "\\", "\n", "é", "x" * 50, "日"]), min_size=1, max_size=9000))
def test_an_edit_of_a_text_that_fits_is_not_too_large_an_event(pieces: list[str]) -> None:
    words = "".join(pieces)
    words = words[: next(end for end in range(len(words), -1, -500) if fits(words[: max(end, 0)], matrix.limits(ROOM)))]
    transport, http = scripted(said(200, {}), said(200, {"event_id": "$2"}))

    matrix.edit(replace(POST, text=words, edit=Remote("$1")), ROOM, http)

    assert len(transport.requests[1].body) < 65536 - 4096


# --- ntfy ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("forgotten", "notifications"), [(False, 1), (True, 2)])
def test_a_repeat_on_ntfy_takes_the_place_of_the_first_on_newer_servers(
    forgotten: bool, notifications: int, networks: RunningNetworks, clock: Hands
) -> None:
    bench = bench_for("ntfy", networks, clock)
    if forgotten:
        networks.misbehave("ntfy", "keys_forgotten")

    bench.broadcast(bench.post())
    bench.broadcast(bench.post())

    assert len(bench.truth()) == notifications


def test_two_languages_of_one_notice_stand_beside_each_other_on_a_topic(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("ntfy", networks, clock)

    for number, language in enumerate(("es", "en")):
        bench.broadcast(bench.post(number=number, language=language))

    assert len(bench.truth()) == 2
    assert [one.memory["link"] for one in networks.world.truth.all()] == [LINK] * 2


def test_what_ntfy_has_forgotten_is_no_proof_of_absence(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("ntfy", networks, clock)
    long_ago = clock() - timedelta(hours=12)

    error = failure(lambda: ntfy.find(CODE, long_ago, bench.config, bench.http()))

    assert isinstance(error, Unavailable)
    assert bench.find() is None


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [(429, 42901, OutcomeClass.THROTTLED), (400, 40014, OutcomeClass.CONTENT), (403, 40301, OutcomeClass.DENIED)],
)
def test_ntfy_is_read_by_its_numbers(status: int, code: int, outcome: OutcomeClass) -> None:
    _, http = scripted(said(status, {"code": code, "http": status, "error": "no"}))

    error = failure(lambda: ntfy.broadcast(POST, ntfy.Config("demobank"), http))

    assert (error.outcome, error.code, error.retry_after_s) == (outcome, str(code), None)


def test_of_a_repeat_only_the_newer_counts_and_a_server_without_sequences_shows_both() -> None:
    """Seen at 2.27: each repeat is kept under an id of its own; 2.11 names no sequence."""
    for sequence, ids in (({"sequence_id": "s"}, ["b"]), ({}, ["b", "a"])):
        lines = [{"id": number, "time": 1, "event": "message", "message": WORDS, **sequence} for number in ("a", "b")]
        body = b"".join(json.dumps(line).encode() + b"\n" for line in [*lines, {"event": "keepalive", "id": "c"}])
        _, http = scripted(Answer(200, [], body))

        assert [one.remote.id for one in ntfy.recent(ntfy.Config("demobank"), http, Hands().moment)] == ids
