"""What only short messages do: parts that are charged, numbers that are gone, no address in the text."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasters import sms
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.http import Answer, Http
from broadcasters.parts import message_parts
from broadcasters.post import Post, Remote
from broadcasters.text import fits, measure
from statuspage.demo.networks.accounts import SMS_ACCOUNT, SMS_RECIPIENT
from statuspage.demo.networks.server import RunningNetworks
from statuspage.words import sms as counted
from tests.broadcasters.bench import CODE, WORDS, Hands, Scripted, bench_for, failure

ACCOUNT = sms.Config(SMS_ACCOUNT, "+34900000000", SMS_RECIPIENT, "secret-of-the-account")
POST = Post(WORDS, "es", "key-1", CODE, Hands().moment)
SERVICE = "MG" + "ab" * 16


def scripted(*answers: Answer | Exception) -> tuple[Scripted, Http]:
    transport = Scripted(*answers)
    return transport, Http(transport, now=Hands())


def said(status: int, body: Any) -> Answer:
    return Answer(status, [], json.dumps(body).encode())


def message(number: int, **changes: Any) -> dict[str, Any]:
    made = {
        "sid": f"SM{number}",
        "body": f"Aviso {number}. Ref. {CODE}",
        "status": "sent",
        "direction": "outbound-api",
        "date_created": "Sun, 22 Nov 2026 14:35:01 +0000",
    }
    return {**made, **changes}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("x" * 152 + "€" + "x" * 152, 3),  # an escape is not parted from its letter
        ("ç", 1),
        ("ç" + "x" * 69, 1),
        ("ç" + "x" * 70, 2),
        ("😀" * 35, 1),
        ("x" * 66 + "😀" + "x" * 66, 3),
    ],
)
def test_parts_at_their_borders(text: str, parts: int) -> None:
    assert measure(text, sms.limits(ACCOUNT)) == parts
    assert fits(text, sms.limits(ACCOUNT)) is (parts <= 2)


@given(st.text(st.sampled_from("aéñ€[^ç😀Ω\n "), max_size=400))
def test_parts_are_those_that_the_words_count(text: str) -> None:
    """Two countings, written apart, that must agree: the words fit a text by one, the network's limit is the other."""
    assert message_parts(text) == counted.segments(text).parts


def test_ten_parts_of_the_dearest_letters_stay_below_what_the_service_takes() -> None:
    config = replace(ACCOUNT, max_parts=10)

    assert fits("x" * 1530, sms.limits(config)) and not fits("x" * 1531, sms.limits(config))


@pytest.mark.parametrize(("sender", "field"), [("+34900000000", "From"), ("Example Bnk", "From"), (SERVICE, "MessagingServiceSid")])
def test_a_message_goes_out_once_with_its_words_and_a_time_after_which_it_is_dropped(sender: str, field: str) -> None:
    transport, http = scripted(said(201, message(1)))

    receipt = sms.broadcast(POST, replace(ACCOUNT, sender=sender), http)

    (request,) = transport.requests
    assert receipt.remote == Remote("SM1")
    assert parse_qs(request.body.decode()) == {"To": [SMS_RECIPIENT], field: [sender], "Body": [WORDS], "ValidityPeriod": ["3600"]}


@pytest.mark.parametrize(("key", "user"), [("", SMS_ACCOUNT), ("SK" + "e1" * 16, "SK" + "e1" * 16)])
def test_the_key_signs_in_where_there_is_one_and_the_account_otherwise(key: str, user: str) -> None:
    transport, http = scripted(said(200, {"messages": []}))

    sms.verify(replace(ACCOUNT, key_sid=key), http)

    assert (
        base64.b64decode(transport.requests[0].headers["Authorization"].removeprefix("Basic ")).decode() == f"{user}:{ACCOUNT.auth_token}"
    )


ERRORS: list[tuple[int, int, type[BroadcastError], OutcomeClass]] = [
    (401, 20003, Rejected, OutcomeClass.REAUTH),
    (429, 20429, Unavailable, OutcomeClass.THROTTLED),
    (400, 21211, Rejected, OutcomeClass.GONE),
    (400, 21217, Rejected, OutcomeClass.GONE),
    (400, 21614, Rejected, OutcomeClass.GONE),
    (400, 21214, Rejected, OutcomeClass.GONE),
    (400, 21265, Rejected, OutcomeClass.GONE),
    (400, 21635, Rejected, OutcomeClass.GONE),
    (400, 21266, Rejected, OutcomeClass.DENIED),
    (400, 21608, Rejected, OutcomeClass.DENIED),
    (400, 29999, Rejected, OutcomeClass.CONTENT),
    (403, 29999, Rejected, OutcomeClass.DENIED),
    (409, 20409, Uncertain, OutcomeClass.DUPLICATE),
    (400, 21610, Rejected, OutcomeClass.GONE),
    (400, 21408, Rejected, OutcomeClass.DENIED),
    (400, 21606, Rejected, OutcomeClass.DENIED),
    (400, 21612, Rejected, OutcomeClass.DENIED),
    (400, 21617, Rejected, OutcomeClass.CONTENT),
    (400, 21602, Rejected, OutcomeClass.CONTENT),
    (400, 21611, Unavailable, OutcomeClass.THROTTLED),
    (429, 30001, Unavailable, OutcomeClass.THROTTLED),
    (429, 63038, Rejected, OutcomeClass.BILLING),
    (500, 20500, Uncertain, OutcomeClass.AMBIGUOUS),
    (503, 20003, Uncertain, OutcomeClass.AMBIGUOUS),
]


@pytest.mark.parametrize(("status", "code", "kind", "outcome"), ERRORS)
def test_refusals_are_told_apart_by_their_number(status: int, code: int, kind: type[BroadcastError], outcome: OutcomeClass) -> None:
    _, http = scripted(said(status, {"code": code, "message": "no", "status": status}))

    error = failure(lambda: sms.broadcast(POST, ACCOUNT, http), (ACCOUNT.auth_token,))

    assert (type(error), error.outcome) == (kind, outcome)
    assert error.code == (str(code) if status < 500 else "")  # known to us or not: people look it up


@pytest.mark.parametrize("body", [{}, {"sid": 7}, {"sid": ""}, "ok", None])
def test_a_success_without_an_id_is_uncertain(body: Any) -> None:
    _, http = scripted(said(201, body))

    assert isinstance(failure(lambda: sms.broadcast(POST, ACCOUNT, http)), Uncertain)


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_message_that_failed_before_it_left_counts_as_never_sent(status: str) -> None:
    _, http = scripted(said(200, {"messages": [message(1, status=status)], "next_page_uri": None}))

    assert sms.find(CODE, Hands().moment, ACCOUNT, http) is None


def test_what_the_phone_answers_is_no_post_of_ours() -> None:
    _, http = scripted(said(200, {"messages": [message(1, direction="inbound", status="received")], "next_page_uri": None}))

    assert sms.find(CODE, Hands().moment, ACCOUNT, http) is None


@pytest.mark.parametrize("elsewhere", ["https://evil.test/next", "//evil.test/next", "/\\evil.test", "@evil.test/", 7])
def test_the_key_is_never_sent_to_another_host_for_the_next_page(elsewhere: Any) -> None:
    transport, http = scripted(said(200, {"messages": [message(1)], "next_page_uri": elsewhere}))

    assert isinstance(failure(lambda: sms.find("K0THER1", Hands().moment, ACCOUNT, http)), Unavailable)
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("change", "outcome"), [({"recipient": "+34900000002"}, OutcomeClass.GONE), ({"sender": "otherbank"}, OutcomeClass.DENIED)]
)
def test_a_wrong_number_or_sender_is_refused_by_the_network(
    change: dict[str, str], outcome: OutcomeClass, networks: RunningNetworks, clock: Hands
) -> None:
    bench = bench_for("sms", networks, clock)
    bench.config = replace(bench.config, **change)

    assert failure(lambda: bench.broadcast(bench.post())).outcome is outcome
    assert bench.truth() == []
