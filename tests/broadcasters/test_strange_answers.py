"""Answers that no contract allows: nothing that lacks its id counts as published, and no server writes what it likes into our texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from broadcasters import facebook, google_business, linkedin, mastodon, oauth, pinterest, slack, sms, snapchat, telegram, threads, x
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.http import Http
from broadcasters.mapping import CODE_LETTERS
from broadcasters.post import Image, Post, Remote
from broadcasters.wire import Answer
from statuspage.core.vocabulary import DeliveryState
from statuspage.worker.postmaster import Network
from tests.broadcasters.bench import Scripted, failure

NOW = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)
POST = Post(text="Cards fail. Ref K7Q2M3X", language="en", key="k", code="K7Q2M3X", created_at=NOW, link="", record_key="3n2uxbp4pa327")
PICTURED = replace(POST, image=Image("https://status.example.com/cards/1.png", "Cards fail."))
EDITED = replace(POST, edit=Remote("7", {}))
NO_IDS = (None, "", {}, [], True, 1.5, ["7"])

X = x.Config("1", "bank", "token-of-x")
PAGE = facebook.Config("1", "token-of-page")
CHANNEL = telegram.Config(bot_token="1:token-of-bot", chat_id="@bank")
ORGANISATION = linkedin.Config("1", "token-of-linkedin")
THREADS = threads.Config("1", "token-of-threads")
WORKSPACE = slack.Config(channel="C0123456789", bot_token="xoxb-token-of-slack")


def http(*answers: tuple[int, Any]) -> Http:
    return Http(Scripted(*(Answer(status, [], json.dumps(body).encode()) for status, body in answers)), now=lambda: NOW)


def created() -> Iterator[Any]:
    """Kind, answer with an id left open, and the call that creates a post."""
    yield "x", lambda told: {"data": {"id": told}}, lambda by: x.broadcast(POST, X, by)
    yield "facebook", lambda told: {"id": told}, lambda by: facebook.broadcast(POST, PAGE, by)
    board = pinterest.Config(board_id="1", access_token="token-of-pinterest")
    yield "pinterest", lambda told: {"id": told}, lambda by: pinterest.broadcast(PICTURED, board, by)
    place = google_business.Config("1", "2", "client", "secret-of-google", "refresh-of-google", enable=True, access_token="token-of-google")
    yield "google_business", lambda told: {"name": told}, lambda by: google_business.broadcast(POST, place, by)
    profile = snapchat.Config("1", "client", "secret-of-snapchat", "refresh-of-snapchat", enable=True, access_token="token-of-snapchat")
    yield "snapchat", lambda told: {"story_id": told}, lambda by: snapchat.publish("c", PICTURED, profile, by)
    message = {"chat": {"id": -100, "username": "bank"}}
    yield "telegram", lambda told: {"ok": True, "result": {**message, "message_id": told}}, lambda by: telegram.broadcast(POST, CHANNEL, by)


@pytest.mark.parametrize("told", NO_IDS, ids=repr)
@pytest.mark.parametrize(("kind", "answer", "create"), list(created()))
def test_a_success_without_an_id_says_nothing(kind: str, answer: Callable[[Any], Any], create: Callable[[Http], Any], told: Any) -> None:
    error = failure(lambda: create(http((200, answer(told)))))

    assert (type(error), error.outcome) == (Uncertain, OutcomeClass.AMBIGUOUS), kind


@pytest.mark.parametrize("told", NO_IDS, ids=repr)
def test_a_container_or_a_token_without_a_name_is_none(told: Any) -> None:
    quota = (200, {"data": [{"quota_usage": 0, "config": {"quota_total": 250}}]})

    staged = failure(lambda: threads.stage(POST, THREADS, http(quota, (200, {"id": told}))))
    renewed = failure(lambda: oauth.renewed(http((200, {"access_token": told})), "https://x.example/token", "refresh"))

    assert [type(staged), type(renewed)] == [Unavailable, Unavailable]


@pytest.mark.parametrize(
    "quota", [{"data": []}, {"data": None}, {"data": [None]}, {"data": [{"config": None}, {}]}, {"data": [7]}, [], None], ids=repr
)
def test_a_quota_that_cannot_be_read_is_asked_again_and_never_a_fault_of_ours(quota: Any) -> None:
    error = failure(lambda: threads.stage(POST, THREADS, http((200, quota), (200, {"id": "c"}))))

    assert (type(error), error.outcome) == (Unavailable, OutcomeClass.RETRY)


def test_a_quota_without_a_limit_is_none() -> None:
    unlimited = (200, {"data": [{"quota_usage": 3, "config": None}]})

    assert threads.stage(POST, THREADS, http(unlimited, (200, {"id": "c"}))) == "c"


@pytest.mark.parametrize("deed", ["stage", "find", "recent", "verify", "refresh", "ask"])
def test_a_broadcaster_that_breaks_while_it_asks_is_a_network_that_does_not_answer(deed: str) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("strange")

    request = {"text": "t", "language": "en", "key": "k", "code": "K7Q2M3X", "created_at": NOW.isoformat(), "link": "", "record_key": ""}
    whole = {**request, "reply_to": None, "root": None, "edit": None, "container": "c"}
    network = Network(SimpleNamespace(KIND="broken", **{deed: broken}), PAGE, http())
    row: Any = SimpleNamespace(code="K7Q2M3X", created_at=NOW, state=DeliveryState.UNKNOWN)
    ways: dict[str, Callable[[], Any]] = {
        "stage": lambda: network.stage(whole),
        "find": lambda: network.find(row),
        "recent": lambda: network.recent(NOW, http()),
        "verify": network.verify,
        "refresh": network.refresh,
        "ask": lambda: network.ask(whole),
    }

    with pytest.raises(Unavailable, match="The broadcaster failed with KeyError") as told:
        ways[deed]()

    assert told.value.outcome is OutcomeClass.RETRY


@pytest.mark.parametrize("told", [None, [], {}, "x", {"ok": False}, {"ok": "true"}, {"ok": 1}], ids=repr)
def test_a_page_in_the_way_does_not_count_as_an_edit(told: Any) -> None:
    of_telegram = failure(lambda: telegram.edit(EDITED, CHANNEL, http((200, told))))
    of_linkedin = failure(lambda: linkedin.edit(EDITED, ORGANISATION, http((200, told))))

    assert (type(of_telegram), type(of_linkedin)) == (Unavailable, Unavailable)


def test_a_text_that_stands_there_already_counts_as_an_edit() -> None:
    same = {"ok": False, "error_code": 400, "description": "Bad Request: message is not modified: specified new message content …"}

    assert telegram.edit(EDITED, CHANNEL, http((400, same))).remote == EDITED.edit


@pytest.mark.parametrize(
    ("subcode", "stands", "spent"),
    [
        *((subcode, "FINISHED", True) for subcode in (2207003, 2207020, 2207032, 2207053)),
        (2207053, "PUBLISHED", False),  # it was published all the same: another would be a second post
        (2207053, None, False),  # nobody knows
        (2207001, "FINISHED", False),  # a fault of the server, which says nothing of the container
    ],
)
def test_a_container_makes_way_for_another_only_if_it_says_that_it_was_not_published(subcode: int, stands: str | None, spent: bool) -> None:
    ready, refused = (200, {"id": "c", "status": "FINISHED"}), (400, {"error": {"code": -2, "error_subcode": subcode}})
    asked_again = (500, {}) if stands is None else (200, {"id": "c", "status": stands})

    error = failure(lambda: threads.publish("c", POST, THREADS, http(ready, refused, asked_again)))

    assert (error.outcome, error.container_spent) == (OutcomeClass.RETRY, spent)


ECHOES: list[tuple[str, Callable[[str], Any], Callable[[Http], Any], str]] = [
    ("slack", lambda said: {"ok": False, "error": said}, lambda by: slack.broadcast(POST, WORKSPACE, by), WORKSPACE.bot_token),
    ("meta", lambda said: {"error": {"code": 190, "error_subcode": said}}, lambda by: facebook.broadcast(POST, PAGE, by), PAGE.page_token),
]


@pytest.mark.parametrize(("kind", "answer", "create", "secret"), ECHOES)
def test_what_a_server_calls_its_code_is_short_and_holds_no_secret(
    kind: str, answer: Callable[[str], Any], create: Callable[[Http], Any], secret: str
) -> None:
    """X34"""
    error = failure(lambda: create(http((200 if kind == "slack" else 400, answer(f"A{secret}" + "B" * 50_000)))))

    assert secret not in f"{error.detail}{error.code}"
    assert len(error.code) <= CODE_LETTERS and len(error.detail) < 500


@pytest.mark.parametrize("piece", ["abc%2Bdef%2Fghi", "abc+def/ghi"])
def test_an_address_that_is_a_secret_is_hidden_as_it_was_sent_and_as_it_reads(piece: str) -> None:
    """X34"""
    sent = f"https://hooks.example/workflows/B01234567/run?sig={piece}"
    by = http((400, {"error": {"message": f"no such path /workflows/B01234567/run?sig={piece}"}}))

    error = failure(lambda: by.send("POST", sent, create=True))

    assert piece not in error.detail and "B01234567" not in error.detail


@pytest.mark.parametrize(
    ("number", "kind", "outcome"),
    [
        *((number, Rejected, OutcomeClass.GONE) for number in (30003, 30005, 30006)),
        (30007, Rejected, OutcomeClass.CONTENT),
        (30008, Uncertain, OutcomeClass.AMBIGUOUS),
    ],
)
def test_a_short_message_that_may_have_arrived_is_not_called_refused(
    number: int, kind: type[BroadcastError], outcome: OutcomeClass
) -> None:
    phone = sms.Config(account_sid="AC" + "0" * 32, auth_token="token-of-sms", sender="+34600000000", recipient="+34600000001")

    error = failure(lambda: sms.broadcast(POST, phone, http((400, {"code": number, "message": "no", "status": 400}))))

    assert (type(error), error.outcome) == (kind, outcome)


def of_mastodon(*pages: int) -> Http:
    """A server that gives, whatever is asked, the newest statuses: so many at each reading."""

    def statuses(many: int) -> list[dict[str, Any]]:
        return [{"id": str(100 - place), "content": "Uno.", "created_at": NOW.isoformat()} for place in range(many)]

    return http((200, {"id": "1"}), *((200, statuses(many)) for many in pages))


def test_a_server_that_gives_the_same_few_statuses_again_has_no_more() -> None:
    server = mastodon.Config("https://social.example", "token-of-mastodon")

    assert mastodon.find("K7Q2M3X", NOW, server, of_mastodon(7, 7)) is None
    assert len(mastodon.recent(server, of_mastodon(7, 7), NOW)) == 7
    assert mastodon.recent(server, of_mastodon(0), NOW) == []


def test_a_server_that_gives_the_same_many_statuses_again_proves_nothing() -> None:
    server = mastodon.Config("https://social.example", "token-of-mastodon")

    error = failure(lambda: mastodon.find("K7Q2M3X", NOW, server, of_mastodon(*[20] * 10)))

    assert (type(error), error.outcome) == (Unavailable, OutcomeClass.RETRY)
