"""Matrix against Synapse, the server that most rooms live on."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests
import yaml

from broadcasters import matrix
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable
from tests.free_ports import free_port
from tests.real.counterpart import (
    Counterpart,
    finds_a_post_by_its_code_and_proves_that_another_is_absent,
    publishes_hostile_texts_whole,
    repeats,
    running,
    with_token,
)

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Home:
    """A home server, and the secret with which users are made."""

    url: str
    secret: str


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    if importlib.util.find_spec("synapse") is None:
        raise AssertionError("Synapse is not here. Install it with: .venv/bin/pip install matrix-synapse")
    folder, port = tmp_path_factory.mktemp("synapse"), free_port()
    configuration = folder / "homeserver.yaml"
    start = [sys.executable, "-m", "synapse.app.homeserver", "--config-path", str(configuration)]
    made = subprocess.run([*start, "--server-name", "localhost", "--generate-config", "--report-stats=no"], cwd=folder, capture_output=True)
    assert made.returncode == 0, made.stderr.decode()[-2000:]
    values = yaml.safe_load(configuration.read_text())
    values["listeners"] = [{"port": port, "bind_addresses": ["127.0.0.1"], "type": "http", "resources": [{"names": ["client"]}]}]
    values |= {"suppress_key_server_warning": True, "federation_domain_whitelist": [], "trusted_key_servers": []}
    configuration.write_text(yaml.safe_dump(values))
    url = f"http://127.0.0.1:{port}"
    with running(start, folder, f"{url}/health"):
        yield Home(url, values["registration_shared_secret"])


@pytest.fixture
def server(home: Home) -> Counterpart:
    """A user and a room of their own for each test: Synapse lets a user send ten messages at once, then one in five seconds."""
    token = registered(home)
    room = ask(home, token, "POST", "createRoom", {"preset": "private_chat"})["room_id"]
    return Counterpart(matrix, matrix.Config(home.url, room, token))


def registered(home: Home) -> str:
    """Token of a new user."""
    url, user = f"{home.url}/_synapse/admin/v1/register", f"bot{secrets.token_hex(4)}"
    nonce = requests.get(url, timeout=20).json()["nonce"]
    proof = hmac.new(home.secret.encode(), "\0".join((nonce, user, "pw", "notadmin")).encode(), hashlib.sha1).hexdigest()
    answer = requests.post(url, json={"nonce": nonce, "username": user, "password": "pw", "admin": False, "mac": proof}, timeout=20)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def ask(home: Home, token: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.request(method, f"{home.url}/_matrix/client/v3/{path}", json=body, headers=headers, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_hostile_texts_are_published_whole(server: Counterpart) -> None:
    publishes_hostile_texts_whole(server)


def test_a_post_is_found_by_its_code_and_absence_is_proven(server: Counterpart) -> None:
    finds_a_post_by_its_code_and_proves_that_another_is_absent(server)


def test_a_repeat_under_the_same_key_is_the_same_event(server: Counterpart) -> None:
    first, second, number = repeats(server)

    assert (first, number) == (second, 1)
    assert server.module.CLASS == "keyed"


def test_another_text_under_the_same_key_is_answered_with_the_first_event(server: Counterpart) -> None:
    """So a key is never used for other words: the answer would be taken for theirs."""
    post = server.post("Uno.")
    first = server.send(post)

    again = server.send(replace(post, text="Otra cosa."))

    assert again.remote == first.remote and server.texts() == [post.text]


def test_updates_stand_in_one_thread_and_edits_show_the_newest_words(server: Counterpart, home: Home) -> None:
    root = server.send(server.post("Uno.")).remote
    reply = server.send(server.post("Dos.", reply_to=root, root=root)).remote
    event = ask(home, server.config.access_token, "GET", f"rooms/{server.config.room}/event/{reply.id}")
    rewritten = server.post("Tres.", edit=root)

    server.edit(rewritten)
    server.edit(rewritten)

    assert event["content"]["m.relates_to"]["rel_type"] == "m.thread" and event["content"]["m.relates_to"]["event_id"] == root.id
    assert rewritten.text in server.texts() and not any(text.startswith("Uno.") for text in server.texts())


def test_what_was_taken_down_is_not_rewritten(server: Counterpart, home: Home) -> None:
    root = server.send(server.post("Uno.")).remote
    ask(home, server.config.access_token, "PUT", f"rooms/{server.config.room}/redact/{root.id}/t1", {})

    with pytest.raises(Rejected) as caught:
        server.edit(server.post("Dos.", edit=root))

    assert caught.value.parent_gone


def test_it_says_who_we_are_and_whose_token_counts_no_longer(server: Counterpart, home: Home) -> None:
    said = server.module.verify(server.config, server.http)
    ask(home, server.config.access_token, "POST", "logout", {})

    assert said.startswith("Signed in as @bot") and said.endswith(":localhost, who is in the room.")
    for token in (server.config.access_token, "syt_made_up"):
        assert refused(with_token(server, token)).outcome is OutcomeClass.REAUTH


def test_a_room_that_the_user_is_not_in_is_denied(server: Counterpart, home: Home) -> None:
    assert refused(with_token(server, registered(home))).outcome is OutcomeClass.DENIED


def test_a_text_of_the_limit_is_taken_and_one_far_above_is_a_matter_of_content(server: Counterpart) -> None:
    most = server.module.limits(server.config).maximum
    whole = server.post("x" * (most - 20))

    server.send(whole)
    server.edit(server.post("y" * (most - 20), edit=server.send(server.post("Uno.")).remote))

    with pytest.raises(Rejected) as caught:
        server.send(server.post("x" * 70_000))
    assert caught.value.outcome is OutcomeClass.CONTENT and whole.text in server.texts()


def test_who_sends_too_quickly_is_told_how_long_to_wait(server: Counterpart) -> None:
    errors: list[BroadcastError] = []
    for _ in range(200):
        try:
            server.send(server.post())
        except BroadcastError as error:
            errors.append(error)
            break

    assert isinstance(errors[0], Unavailable) and errors[0].outcome is OutcomeClass.THROTTLED
    assert errors[0].retry_after_s is not None and 0 < errors[0].retry_after_s < 60


def refused(server: Counterpart) -> Rejected:
    with pytest.raises(Rejected) as caught:
        server.send(server.post())
    return caught.value
