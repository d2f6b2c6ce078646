"""What only chats do: errors that come as successes, signs that would be taken for markup, threads that are flat."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasters import slack
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.http import Answer, Http
from broadcasters.post import Post, Remote
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
