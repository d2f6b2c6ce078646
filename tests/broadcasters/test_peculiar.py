"""What only one network does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasters import bluesky, facebook, mastodon, telegram, webhook, x
from broadcasters.errors import OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.http import Answer, Http
from broadcasters.post import Post, Remote
from statuspage.demo.networks.accounts import APP_SECRET, OLD_SIGNING_SECRET, SIGNING_SECRET
from statuspage.demo.networks.server import RunningNetworks
from tests.broadcasters.bench import LINK, WORDS, Hands, Scripted, bench_for, failure

NOW = datetime(2026, 11, 22, 14, 35, 0, 123_456, tzinfo=UTC)
POST = Post(text=WORDS, language="es", key="key-1", code="K7Q2M3X", created_at=NOW, link=LINK, record_key="3n2uxbp4pa327")
PAGE = facebook.Config("104200000000001", "page-token")


def answer(status: int, body: Any, **headers: str) -> Answer:
    return Answer(status, [(name.replace("_", "-"), value) for name, value in headers.items()], json.dumps(body).encode())


def http_with(*answers: Answer) -> tuple[Http, Scripted]:
    transport = Scripted(*answers)
    return Http(transport, now=lambda: NOW), transport


# --- Facebook -----------------------------------------------------------------------------------------------------------------------

CODES: list[tuple[int, dict[str, Any], type, OutcomeClass]] = [
    *((400, {"code": code}, Unavailable, OutcomeClass.THROTTLED) for code in (4, 17, 32, 341, 613, 80001)),
    *((403, {"code": code}, Rejected, OutcomeClass.DENIED) for code in (10, 200, 210, 299, 368)),
    (400, {"code": 100}, Rejected, OutcomeClass.CONTENT),
    *((400, {"code": 190, "error_subcode": sub}, Rejected, OutcomeClass.REAUTH) for sub in (458, 459, 460, 463, 464, 467)),
    (400, {"code": 102}, Rejected, OutcomeClass.REAUTH),
    (400, {"code": 506}, Uncertain, OutcomeClass.DUPLICATE),
    (500, {"code": 1}, Uncertain, OutcomeClass.AMBIGUOUS),
    (400, {"code": 2}, Uncertain, OutcomeClass.AMBIGUOUS),
    (400, {"code": 4711, "is_transient": True}, Uncertain, OutcomeClass.AMBIGUOUS),
    (400, {"code": 4, "is_transient": True}, Unavailable, OutcomeClass.THROTTLED),
    (400, {"code": 4711}, Rejected, OutcomeClass.CONTENT),  # unknown: the status decides
    (403, {"code": "190"}, Rejected, OutcomeClass.DENIED),  # not a number: the status decides
]


@pytest.mark.parametrize(("status", "error", "kind", "outcome"), CODES)
def test_facebook_decides_by_code_and_not_by_status(status: int, error: dict[str, Any], kind: type, outcome: OutcomeClass) -> None:
    http, _ = http_with(answer(status, {"error": error}))

    raised = failure(lambda: facebook.broadcast(replace(POST, link=""), PAGE, http))

    assert (type(raised), raised.outcome) == (kind, outcome)


def test_facebook_asks_again_without_the_link_that_it_could_not_fetch(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("facebook", networks, clock)

    receipt = bench.broadcast(bench.post(link="http://unreachable.test/u/K7Q2M3X"))

    assert receipt.notes == ("Facebook could not fetch the address: posted without a preview.",)
    assert [one["text"] for one in bench.truth()] == [WORDS]


def test_facebook_says_in_minutes_how_long_a_page_must_wait() -> None:
    usage = json.dumps({"1": [{"estimated_time_to_regain_access": 2}, {"estimated_time_to_regain_access": 9}], "2": [{}]})
    http, _ = http_with(answer(400, {"error": {"code": 32}}, X_Business_Use_Case_Usage=usage))

    raised = failure(lambda: facebook.broadcast(POST, PAGE, http))

    assert raised.retry_after_s == 540.0


@pytest.mark.parametrize("usage", ["", "[]", "{", '{"1": 5}', '{"1": ["x"]}', "null"])
def test_facebook_usage_that_says_nothing_is_no_wait(usage: str) -> None:
    http, _ = http_with(answer(400, {"error": {"code": 32}}, X_Business_Use_Case_Usage=usage))

    assert failure(lambda: facebook.broadcast(POST, PAGE, http)).retry_after_s is None


def test_a_facebook_post_whose_address_cannot_be_asked_is_still_delivered(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("facebook", networks, clock)
    networks.misbehave("facebook", "5xx", on="read")

    receipt = bench.broadcast(bench.post())

    assert receipt.url == f"https://www.facebook.com/{receipt.remote.id}"


def test_facebook_gets_the_proof_that_an_app_may_demand_and_no_token_in_an_address(networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for("facebook", networks, clock)
    bench.config = replace(bench.config, app_secret=APP_SECRET)
    http, transport = http_with(answer(200, {"id": "1_2"}), answer(200, {"permalink_url": "https://fb.test/1"}))
    wrong = replace(bench.config, app_secret="wrong-" * 2)

    bench.broadcast(bench.post())
    bench.module.broadcast(POST, bench.config, http)
    refused = failure(lambda: bench.module.broadcast(POST, wrong, bench.http()))

    assert len(bench.truth()) == 1
    assert refused.outcome is OutcomeClass.CONTENT
    assert [bench.config.page_token in request.url for request in transport.requests] == [False, False]
    assert b"appsecret_proof=" in transport.requests[0].body


# --- Telegram -----------------------------------------------------------------------------------------------------------------------

BOT = telegram.Config("-100200300", "77:bot-token-secret")
SENT = {"ok": True, "result": {"message_id": 5, "chat": {"id": -100999, "type": "supergroup"}}}


def test_telegram_follows_a_group_that_moved_and_says_so() -> None:
    moved = {"ok": False, "error_code": 400, "description": "…", "parameters": {"migrate_to_chat_id": -100999}}
    http, transport = http_with(answer(400, moved), answer(200, SENT))

    receipt = telegram.broadcast(POST, BOT, http)

    assert [json.loads(request.body)["chat_id"] for request in transport.requests] == ["-100200300", "-100999"]
    assert "set chat_id to '-100999'" in receipt.notes[0]
    assert receipt.remote.extra["chat_id"] == "-100999"
    assert receipt.url == "https://t.me/c/999/5"


MOVED = answer(400, {"ok": False, "error_code": 400, "description": "…", "parameters": {"migrate_to_chat_id": -100999}})


def test_a_message_of_a_group_that_moved_cannot_be_rewritten_so_the_thread_starts_anew() -> None:
    http, _ = http_with(MOVED)

    raised = failure(lambda: telegram.edit(replace(POST, edit=Remote("5", {"chat_id": "-100200300"})), BOT, http))

    assert (type(raised), raised.outcome, raised.parent_gone) == (Rejected, OutcomeClass.DENIED, True)
    assert "set chat_id to '-100999'" in raised.detail


def test_a_group_that_moves_for_ever_is_followed_once() -> None:
    http, transport = http_with(MOVED, MOVED, MOVED)

    raised = failure(lambda: telegram.broadcast(POST, BOT, http))

    assert isinstance(raised, Rejected)
    assert (raised.outcome, len(transport.requests)) == (OutcomeClass.DENIED, 2)


def test_a_fault_that_names_a_new_number_is_still_a_fault() -> None:
    """Nobody knows whether a 500 posted: it is never sent to the new number as well."""
    body = {"ok": False, "error_code": 500, "description": "…", "parameters": {"migrate_to_chat_id": -100999}}
    http, transport = http_with(answer(500, body))

    raised = failure(lambda: telegram.broadcast(POST, BOT, http))

    assert (type(raised), raised.outcome, len(transport.requests)) == (Uncertain, OutcomeClass.AMBIGUOUS, 1)


def test_telegram_verify_tells_of_a_group_that_moved() -> None:
    http, _ = http_with(answer(200, {"ok": True, "result": {"username": "demobot"}}), MOVED)

    assert telegram.verify(BOT, http) == "The bot @demobot sees the group. The group has a new number: set chat_id to '-100999'."


def test_telegram_waits_for_the_longer_of_header_and_body() -> None:
    body = {"ok": False, "error_code": 429, "description": "…", "parameters": {"retry_after": 35}}
    http, _ = http_with(answer(429, body, Retry_After="10"))

    assert failure(lambda: telegram.broadcast(POST, BOT, http)).retry_after_s == 35.0


def test_telegram_calls_a_wrong_token_not_found() -> None:
    http, _ = http_with(answer(404, {"ok": False, "error_code": 404, "description": "Not Found"}))

    assert failure(lambda: telegram.broadcast(POST, BOT, http)).outcome is OutcomeClass.REAUTH


@pytest.mark.parametrize("body", [None, [], {}, {"ok": True}, {"ok": True, "result": {}}, {"ok": True, "result": {"chat": {"id": 1}}}])
def test_a_telegram_success_without_what_is_needed_is_uncertain(body: Any) -> None:
    http, _ = http_with(answer(200, body))

    assert isinstance(failure(lambda: telegram.broadcast(POST, BOT, http)), Uncertain)


@pytest.mark.parametrize(("chat_id", "url"), [("@demobank", "https://t.me/demobank/7"), ("-1001234", "https://t.me/c/1234/7")])
def test_a_telegram_message_with_a_number_is_out_though_its_chat_is_not_told(chat_id: str, url: str) -> None:
    http, _ = http_with(answer(200, {"ok": True, "result": {"message_id": 7}}))

    receipt = telegram.broadcast(POST, replace(BOT, chat_id=chat_id, web_url="https://t.me"), http)

    assert (receipt.remote.id, receipt.remote.extra["chat_id"], receipt.url) == ("7", chat_id, url)


def test_a_telegram_edit_goes_to_the_chat_in_which_the_message_was_sent() -> None:
    http, transport = http_with(answer(200, SENT))

    telegram.edit(replace(POST, edit=Remote("5", {"chat_id": "-100999"})), BOT, http)

    assert json.loads(transport.requests[0].body)["chat_id"] == "-100999"


# --- X ------------------------------------------------------------------------------------------------------------------------------

USER = x.Config("1440000000000000001", "demobank", "x-token", may_reply=True)


@pytest.mark.parametrize(
    ("status", "body", "kind", "outcome"),
    [
        (402, {"title": "CreditsDepleted"}, Rejected, OutcomeClass.BILLING),
        (429, {"type": "https://api.x.com/2/problems/usage-capped"}, Rejected, OutcomeClass.BILLING),
        (403, {"type": "https://api.x.com/2/problems/client-forbidden"}, Rejected, OutcomeClass.DENIED),
        (403, {"type": "https://api.x.com/2/problems/unsupported-authentication"}, Rejected, OutcomeClass.REAUTH),
        (403, {"detail": "Your account is suspended and is not permitted to access this feature."}, Rejected, OutcomeClass.DENIED),
        (403, {"detail": "You are not allowed to create a Tweet with duplicate content."}, Uncertain, OutcomeClass.DUPLICATE),
        (403, {"errors": [{"detail": "You are not allowed to create a Tweet with duplicate content."}]}, Uncertain, OutcomeClass.DUPLICATE),
        (403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}, Uncertain, OutcomeClass.DUPLICATE),
        (403, {"errors": ["?", {"message": 5}], "detail": None}, Rejected, OutcomeClass.DENIED),
        (403, [], Rejected, OutcomeClass.DENIED),
    ],
)
def test_x_says_in_body_and_status_what_it_refuses(status: int, body: Any, kind: type, outcome: OutcomeClass) -> None:
    http, _ = http_with(answer(status, body))

    raised = failure(lambda: x.broadcast(POST, USER, http))

    assert (type(raised), raised.outcome) == (kind, outcome)


@pytest.mark.parametrize(
    "detail",
    [
        "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post.",
        "Replies are not permitted for this client.",
        "You are not allowed to reply to this post.",
    ],
)
def test_a_reply_that_x_does_not_allow_is_posted_alone_however_it_says_so(detail: str) -> None:
    http, transport = http_with(answer(403, {"detail": detail}), answer(201, {"data": {"id": "7", "text": POST.text}}))

    receipt = x.broadcast(replace(POST, reply_to=Remote("1")), USER, http)

    assert receipt.remote.id == "7" and "posted alone" in receipt.notes[0]
    assert [b"in_reply_to_tweet_id" in request.body for request in transport.requests] == [True, False]


@pytest.mark.parametrize(
    ("told", "single"),
    [
        ({"detail": "This request looks like it might be automated."}, True),
        ({"detail": "Your account is suspended and is not permitted to access this feature."}, False),
        ({"detail": "You are not permitted to perform this action."}, False),
        ({"type": "https://api.x.com/2/problems/client-forbidden"}, False),
        ({"type": "https://api.x.com/2/problems/unsupported-authentication", "detail": "Authenticating with OAuth 2.0"}, False),
    ],
)
def test_x_refuses_an_account_only_in_words_that_say_so(told: dict[str, str], single: bool) -> None:
    http, _ = http_with(answer(403, told))

    assert failure(lambda: x.broadcast(POST, USER, http)).single is single


def test_x_is_not_asked_twice_where_a_reply_is_refused_for_another_reason() -> None:
    http, transport = http_with(answer(403, {"detail": "Your account is locked."}))

    failure(lambda: x.broadcast(replace(POST, reply_to=Remote("1")), USER, http))

    assert len(transport.requests) == 1


def test_x_shows_short_addresses_and_the_long_ones_are_put_back() -> None:
    urls = [{"url": "https://t.co/abc", "expanded_url": LINK}]
    one = {"id": "5", "text": "Aviso https://t.co/abc", "created_at": "2026-11-22T14:35:00.000Z", "entities": {"urls": urls}}
    http, _ = http_with(answer(200, {"data": [one], "meta": {}}))

    found = x.find("K7Q2M3X", NOW, USER, http)

    assert found is not None
    assert found.text == f"Aviso {LINK}"


def test_x_verify_tells_of_a_wrong_user_id() -> None:
    http, _ = http_with(answer(200, {"data": {"id": "99", "username": "other"}}))

    assert "user_id is 99" in x.verify(USER, http)


def test_a_confidential_x_client_signs_in_with_its_secret() -> None:
    http, transport = http_with(answer(200, {"access_token": "a", "refresh_token": "b"}))

    x.refresh(replace(USER, refresh_token="r", client_id="c:1", client_secret="s"), http)

    assert transport.requests[0].headers["Authorization"] == "Basic " + base64.b64encode(b"c%3A1:s").decode()


# --- Bluesky ------------------------------------------------------------------------------------------------------------------------


@given(st.text(alphabet="aé€日👋🏽🇪🇸 .\n", max_size=40), st.text(alphabet="aé€日👋🏽🇪🇸 .\n", max_size=40))
def test_bluesky_facets_point_at_their_links_by_bytes(before: str, after: str) -> None:
    words = f"{before} {LINK} {after} {LINK}"

    found = bluesky.facets(words)

    pieces = [words.encode()[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode() for one in found]
    assert pieces == [LINK, LINK] == [one["features"][0]["uri"] for one in found]


def test_the_same_bluesky_post_always_gives_the_same_bytes() -> None:
    config = bluesky.Config("demobank.test", "password", access_token="token")
    sent = []
    for _ in range(2):
        http, transport = http_with(answer(200, {"uri": "at://did:plc:x/app.bsky.feed.post/3n2uxbp4pa327", "cid": "bafy"}))
        bluesky.broadcast(POST, config, http)
        sent.append(transport.requests[0].body)

    record = json.loads(sent[0])["record"]
    assert sent[0] == sent[1]
    assert (record["createdAt"], record["langs"]) == ("2026-11-22T14:35:00.123Z", ["es"])
    assert json.loads(sent[0])["swapRecord"] is None


NAMES = [
    (400, "ExpiredToken", OutcomeClass.REAUTH),
    (400, "InvalidToken", OutcomeClass.REAUTH),
    (401, "AuthenticationRequired", OutcomeClass.REAUTH),
    (401, "AccountTakedown", OutcomeClass.DENIED),
    (401, "AccountDeactivated", OutcomeClass.DENIED),
    (429, "RateLimitExceeded", OutcomeClass.THROTTLED),
    (400, "InvalidRequest", OutcomeClass.CONTENT),
    (400, "InvalidSwap", OutcomeClass.DUPLICATE),
    (500, "InternalServerError", OutcomeClass.AMBIGUOUS),
    (401, "SomethingNew", OutcomeClass.REAUTH),
]


@pytest.mark.parametrize(("status", "name", "outcome"), NAMES)
def test_bluesky_decides_by_name_and_not_by_status(status: int, name: str, outcome: OutcomeClass) -> None:
    http, _ = http_with(answer(status, {"error": name, "message": "…"}))

    raised = failure(lambda: bluesky.broadcast(POST, bluesky.Config("demobank.test", "password", access_token="token"), http))

    assert raised.outcome is outcome


# --- Mastodon -----------------------------------------------------------------------------------------------------------------------

SERVER = mastodon.Config("https://mastodon.test", "token")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<p>Uno</p><p>Dos<br />Tres</p>", "Uno\n\nDos\nTres"),
        ("<p>a &lt;b&gt; &amp; c</p>", "a <b> & c"),
        (
            '<a href="x"><span class="invisible">https://</span><span class="ellipsis">status.bank.es/u/K7</span><span>Q2M3X</span></a>',
            "https://status.bank.es/u/K7Q2M3X",
        ),
        ("", ""),
        ("<p", "<p"),
    ],
)
def test_mastodon_content_becomes_words_with_whole_addresses(content: str, words: str) -> None:
    assert mastodon.plain(content) == words


def test_mastodon_verify_tells_of_limits_that_are_not_the_servers() -> None:
    who = answer(200, {"id": "1", "acct": "bank"})
    told = answer(200, {"configuration": {"statuses": {"max_characters": 400, "characters_reserved_per_url": 32}}})
    http, _ = http_with(who, told)

    assert "max_characters: 400 and characters_per_url: 32" in mastodon.verify(SERVER, http)


def test_an_older_mastodon_server_is_asked_the_older_way_and_a_silent_one_is_believed() -> None:
    who = answer(200, {"id": "1", "acct": "bank"})
    told = answer(200, {"configuration": {"statuses": {"max_characters": 500, "characters_reserved_per_url": 23}}})
    older, transport = http_with(who, answer(404, {}), told)
    silent, _ = http_with(who, answer(404, {}), answer(404, {}))

    assert mastodon.verify(SERVER, older) == "Signed in as @bank. The server takes 500 letters and counts an address as 23."
    assert transport.requests[-1].url.endswith("/api/v1/instance")
    assert "does not say" in mastodon.verify(SERVER, silent)


def test_a_mastodon_id_that_changes_with_an_edit_is_taken_from_the_answer() -> None:
    http, _ = http_with(answer(200, {"id": "other", "url": "https://mastodon.test/other"}))

    receipt = mastodon.edit(replace(POST, edit=Remote("first")), SERVER, http)

    assert receipt.remote.id == "other"


# --- webhooks -----------------------------------------------------------------------------------------------------------------------


def test_a_webhook_is_signed_as_the_standard_says() -> None:
    http, transport = http_with(Answer(204, [], b""))

    webhook.broadcast(POST, webhook.Config("https://bank.test/hook", SIGNING_SECRET), http)

    (request,) = transport.requests
    key = base64.b64decode(SIGNING_SECRET.removeprefix("whsec_"))
    signed = b"key-1." + request.headers["webhook-timestamp"].encode() + b"." + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-id"] == "key-1"
    assert request.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert request.headers["webhook-signature"] == f"v1,{expected}"


def test_each_attempt_has_its_own_moment_and_the_same_body() -> None:
    moments = iter([NOW, NOW.replace(hour=20)])
    transport = Scripted(Answer(503, [], b""), Answer(204, [], b""))
    config = webhook.Config("https://bank.test/hook", SIGNING_SECRET)

    failure(lambda: webhook.broadcast(POST, config, Http(transport, now=lambda: next(moments))))
    webhook.broadcast(POST, config, Http(transport, now=lambda: NOW.replace(hour=20)))

    first, second = transport.requests
    assert first.body == second.body
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


@pytest.mark.parametrize("known", [SIGNING_SECRET, OLD_SIGNING_SECRET])
def test_while_a_secret_is_changed_a_receiver_may_know_either(known: str, networks: RunningNetworks, clock: Hands) -> None:
    """X32"""
    bench = bench_for("webhook", networks, clock)
    unknown = "whsec_" + base64.b64encode(b"a secret that the receiver never heard of").decode()

    for number, (secret, previous) in enumerate([(known, unknown), (unknown, known)]):
        bench.config = replace(bench.config, secret=secret, previous_secret=previous)
        bench.broadcast(bench.post(number=number))
    refused = failure(lambda: bench.module.broadcast(POST, replace(bench.config, previous_secret=""), bench.http()))

    assert len(bench.truth()) == 2
    assert refused.outcome is OutcomeClass.RETRY


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (301, Rejected, OutcomeClass.DENIED),
        (400, Unavailable, OutcomeClass.RETRY),
        (401, Unavailable, OutcomeClass.RETRY),
        (404, Unavailable, OutcomeClass.RETRY),
        (410, Rejected, OutcomeClass.GONE),
        (429, Unavailable, OutcomeClass.THROTTLED),
        (500, Uncertain, OutcomeClass.AMBIGUOUS),
        (503, Uncertain, OutcomeClass.AMBIGUOUS),
    ],
)
def test_a_receiver_that_refuses_is_tried_again_unless_it_is_gone(status: int, kind: type, outcome: OutcomeClass) -> None:
    """X32"""
    http, _ = http_with(Answer(status, [("Location", "https://elsewhere.test/")], b""))

    raised = failure(lambda: webhook.broadcast(POST, webhook.Config("https://bank.test/hook", SIGNING_SECRET), http))

    assert (type(raised), raised.outcome) == (kind, outcome)
