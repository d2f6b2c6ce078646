"""The demonstration networks keep the contracts of the real ones, where no broadcaster of ours would notice."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from statuspage.demo.networks import RunningNetworks, running_networks
from statuspage.demo.networks.accounts import account
from statuspage.demo.networks.counting import clusters, mastodon_length, x_length
from tests.demo_networks.test_server import MASTODON, ask

DID = account("bluesky").id


class Clock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def networks(tmp_path: Path, clock: Clock) -> Iterator[RunningNetworks]:
    with running_networks(tmp_path, clock) as running:
        yield running


# --- Mastodon -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "posts"), [(0, 1), (59, 1), (61, 2)])
def test_mastodon_remembers_a_key_for_an_hour_even_for_another_text(
    networks: RunningNetworks, clock: Clock, minutes: int, posts: int
) -> None:
    url, headers = f"{networks.url}/mastodon/api/v1/statuses", {**MASTODON, "Idempotency-Key": "k"}

    first = ask("POST", url, {"status": "Uno"}, headers)[1]
    clock.moment += timedelta(minutes=minutes)
    second = ask("POST", url, {"status": "Dos"}, headers)[1]

    assert len(networks.truth()) == posts
    assert (first["id"] == second["id"]) is (posts == 1)


@pytest.mark.parametrize("body", [{}, {"status": ""}, {"status": " "}, {"status": "x" * 501}, {"status": "x", "language": "!!"}])
def test_mastodon_refuses_what_it_cannot_publish(networks: RunningNetworks, body: dict[str, str]) -> None:
    assert ask("POST", f"{networks.url}/mastodon/api/v1/statuses", body, MASTODON)[0] == 422


def test_mastodon_takes_forms_too_and_keeps_the_history_of_edits(networks: RunningNetworks) -> None:
    url = f"{networks.url}/mastodon/api/v1/statuses"
    form = urllib.request.Request(url, b"status=Uno&language=es", MASTODON)
    with urllib.request.urlopen(form) as answer:
        number = json.load(answer)["id"]
    ask("PUT", f"{url}/{number}", {"status": "Dos"}, MASTODON)

    history = ask("GET", f"{url}/{number}/history", headers=MASTODON)[1]

    assert [one["content"] for one in history] == ["<p>Uno</p>", "<p>Dos</p>"]


@pytest.mark.parametrize("token", ["", "Bearer wrong", f"Bearer {account('x').token}", f"Basic {account('mastodon').token}"])
def test_a_token_of_another_network_opens_nothing(networks: RunningNetworks, token: str) -> None:
    headers = {"Authorization": token} if token else {}

    assert ask("POST", f"{networks.url}/mastodon/api/v1/statuses", {"status": "x"}, headers)[0] == 401
    assert networks.truth() == []


def test_one_account_does_not_see_or_edit_what_another_posted(networks: RunningNetworks) -> None:
    url = f"{networks.url}/mastodon/api/v1"
    other = account("rehearsals")
    number = ask("POST", f"{url}/statuses", {"status": "Uno"}, MASTODON)[1]["id"]
    theirs = {"Authorization": f"Bearer {other.token}"}

    assert ask("PUT", f"{url}/statuses/{number}", {"status": "Dos"}, theirs)[0] == 404
    assert ask("GET", f"{url}/accounts/{other.id}/statuses", headers=theirs)[1] == []


# --- Bluesky ------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def session(networks: RunningNetworks) -> dict[str, Any]:
    credentials = {"identifier": account("bluesky").name, "password": account("bluesky").token}
    found = ask("POST", f"{networks.url}/bluesky/xrpc/com.atproto.server.createSession", credentials)[1]
    assert isinstance(found, dict)
    return found


def put(networks: RunningNetworks, session: dict[str, Any], rkey: str = "3n2uxbp4pa327", **changes: Any) -> tuple[int, Any]:
    record = {"$type": "app.bsky.feed.post", "text": "Uno", "createdAt": "2026-11-22T14:35:00.000Z", **changes.pop("record", {})}
    body = {"repo": DID, "collection": "app.bsky.feed.post", "rkey": rkey, "swapRecord": None, "record": record, **changes}
    headers = {"Authorization": f"Bearer {session['accessJwt']}"}
    return ask("POST", f"{networks.url}/bluesky/xrpc/com.atproto.repo.putRecord", body, headers)


def test_a_record_put_again_is_answered_the_same_without_a_commit(networks: RunningNetworks, session: dict[str, Any]) -> None:
    first, second = put(networks, session)[1], put(networks, session)[1]

    assert (first["uri"], first["cid"]) == (second["uri"], second["cid"])
    assert first["cid"].startswith("bafyrei")
    assert ("commit" in first, "commit" in second) == (True, False)


def test_another_record_under_the_name_is_refused_unless_nobody_asked_for_care(networks: RunningNetworks, session: dict[str, Any]) -> None:
    put(networks, session)
    careful = put(networks, session, record={"text": "Dos"})
    headers = {"Authorization": f"Bearer {session['accessJwt']}"}
    record = {"$type": "app.bsky.feed.post", "text": "Tres", "createdAt": "2026-11-22T14:35:00.000Z"}
    body = {"repo": DID, "collection": "app.bsky.feed.post", "rkey": "3n2uxbp4pa327", "record": record}
    careless = ask("POST", f"{networks.url}/bluesky/xrpc/com.atproto.repo.putRecord", body, headers)

    assert (careful[0], careful[1]["error"]) == (400, "InvalidSwap")
    assert careless[0] == 200
    assert networks.truth()[0]["text"] == "Tres"


@pytest.mark.parametrize(
    "changes",
    [
        {"rkey": "self"},
        {"rkey": "zzzzzzzzzzzzz"},
        {"repo": "did:plc:other"},
        {"collection": "app.bsky.feed.like"},
        {"record": {"text": "x" * 301}},
        {"record": {"text": "👨‍👩‍👧‍👦" * 121}},
        {"record": {"langs": ["en", "es", "nl", "fr"]}},
        {"record": {"langs": ["not a tag"]}},
        {"record": {"createdAt": None}},
    ],
)
def test_bluesky_refuses_what_its_lexicon_forbids(networks: RunningNetworks, session: dict[str, Any], changes: dict[str, Any]) -> None:
    status, answer = put(networks, session, **changes)

    assert (status, answer["error"]) == (400, "InvalidRequest")


def test_a_bluesky_record_is_read_by_its_name_and_an_unknown_one_is_not_found(networks: RunningNetworks, session: dict[str, Any]) -> None:
    put(networks, session)
    url = f"{networks.url}/bluesky/xrpc/com.atproto.repo.getRecord?repo={DID}&collection=app.bsky.feed.post&rkey="

    assert ask("GET", f"{url}3n2uxbp4pa327")[1]["value"]["text"] == "Uno"
    assert ask("GET", f"{url}3n2uxbp4pa333")[1]["error"] == "RecordNotFound"


def test_a_refreshed_bluesky_session_ends_the_earlier_access(networks: RunningNetworks, session: dict[str, Any]) -> None:
    url = f"{networks.url}/bluesky/xrpc/com.atproto.server.refreshSession"

    renewed = ask("POST", url, None, {"Authorization": f"Bearer {session['refreshJwt']}"})[1]

    assert put(networks, session)[1]["error"] == "InvalidToken"
    assert put(networks, renewed)[0] == 200


# --- X, Facebook, Telegram ----------------------------------------------------------------------------------------------------------


def test_x_refuses_unknown_fields_and_long_texts(networks: RunningNetworks) -> None:
    headers = {"Authorization": f"Bearer {account('x').token}"}
    bodies: list[dict[str, Any]] = [{"text": "a", "lang": "es"}, {"text": "日" * 141}, {"text": ""}, {}]

    assert [ask("POST", f"{networks.url}/x/2/tweets", body, headers)[0] for body in bodies] == [400] * 4
    assert ask("POST", f"{networks.url}/x/2/tweets", {"text": "日" * 140}, headers)[0] == 201


def test_a_facebook_comment_hangs_on_its_post_and_stays_out_of_the_feed(networks: RunningNetworks) -> None:
    page, headers = account("facebook").id, {"Authorization": f"Bearer {account('facebook').token}"}
    base = f"{networks.url}/facebook/v26.0"
    number = ask("POST", f"{base}/{page}/feed", {"message": "Uno"}, headers)[1]["id"]

    comment = ask("POST", f"{base}/{number}/comments", {"message": "Dos"}, headers)[1]["id"]
    feed = ask("GET", f"{base}/{page}/feed", headers=headers)[1]["data"]

    assert [(post["id"], post["in_reply_to"]) for post in networks.truth()] == [(number, None), (comment, number)]
    assert [post["message"] for post in feed] == ["Uno"]


def test_facebook_refuses_the_same_text_twice_in_a_row_only(networks: RunningNetworks) -> None:
    page, headers = account("facebook").id, {"Authorization": f"Bearer {account('facebook').token}"}
    texts = ["Uno", "Uno", "Dos", "Uno"]

    answers = [ask("POST", f"{networks.url}/facebook/v26.0/{page}/feed", {"message": text}, headers) for text in texts]

    assert [status for status, _ in answers] == [200, 400, 200, 200]
    assert answers[1][1]["error"]["code"] == 506


def test_a_telegram_bot_can_post_only_where_it_is_let_in(networks: RunningNetworks) -> None:
    url = f"{networks.url}/telegram/bot{account('telegram').token}/sendMessage"

    status, answer = ask("POST", url, {"chat_id": "@elsewhere", "text": "x"})

    assert (status, answer["description"]) == (400, "Bad Request: chat not found")
    assert json.dumps(answer).count(account("telegram").token) == 0


# --- their counting -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("", 0),
        ("abc", 3),
        ("e\u0301", 1),
        ("👨‍👩‍👧‍👦", 1),
        ("🇪🇸🇧🇪", 2),
        ("👋🏽", 1),
        ("1️⃣", 1),
        ("☺️", 1),
        ("\r\n", 1),
        ("각", 1),
        ("\u1112\u1161\u11ab", 1),
        ("日本", 2),
    ],
)
def test_clusters_are_what_a_reader_takes_for_letters(text: str, letters: int) -> None:
    assert len(clusters(text)) == letters


def test_the_networks_count_addresses_their_own_way() -> None:
    assert mastodon_length("Ver https://bank.es/aviso.", 23) == 28
    assert x_length("Ver https://bank.es/aviso.") == 28
    assert x_length("https://status.demo/u") == 21
    assert x_length("€…日👋🏽") == 8
