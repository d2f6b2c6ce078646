"""ntfy against the server itself."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from broadcasters import ntfy
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable
from tests.free_ports import free_port
from tests.real.counterpart import (
    INSTALLED,
    Counterpart,
    finds_a_post_by_its_code_and_proves_that_another_is_absent,
    installed,
    publishes_hostile_texts_whole,
    repeats,
    running,
    with_token,
)

pytestmark = pytest.mark.real
BURST = 60


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Counterpart]:
    program = installed(INSTALLED / "ntfy" / "usr" / "bin" / "ntfy", "ntfy")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = tmp_path / "server.yml"
    settings.write_text(
        f'base-url: "{url}"\nlisten-http: "127.0.0.1:{port}"\ncache-file: "{tmp_path}/cache.db"\nauth-file: "{tmp_path}/auth.db"\n'
        f'auth-default-access: "read-only"\nvisitor-request-limit-burst: {BURST}\n'
    )
    with running([str(program), "serve", "--config", str(settings)], tmp_path, f"{url}/v1/health"):

        def users(*arguments: str) -> str:
            environment = os.environ | {"NTFY_PASSWORD": "pw-of-the-tests"}
            done = subprocess.run([str(program), *arguments], env=environment, capture_output=True, text=True, check=True)
            return done.stdout + done.stderr

        users("user", "--config", str(settings), "add", "bot")
        users("access", "--config", str(settings), "bot", "status*", "read-write")
        found = re.search(r"tk_\w+", users("token", "--config", str(settings), "add", "bot"))
        assert found is not None
        yield Counterpart(ntfy, ntfy.Config("status", found.group(), url))


def test_hostile_texts_are_published_whole(server: Counterpart) -> None:
    publishes_hostile_texts_whole(server)


def test_a_post_is_found_by_its_code_and_absence_is_proven(server: Counterpart) -> None:
    finds_a_post_by_its_code_and_proves_that_another_is_absent(server)


def test_a_repeat_takes_the_place_of_the_first(server: Counterpart) -> None:
    """Listeners see one; the list of the topic has both, under one sequence id."""
    _, _, number = repeats(server)

    assert number in (1, 2)


def test_a_text_of_the_limit_is_taken_and_one_above_is_a_matter_of_content(server: Counterpart) -> None:
    most = ntfy.limits(server.config).maximum
    whole = replace(server.post(), text="x" * most)

    server.send(whole)

    assert server.texts()[-1] == whole.text
    with pytest.raises(Rejected) as caught:
        server.send(replace(server.post(), text="x" * (most + 1)))
    assert caught.value.outcome is OutcomeClass.CONTENT


def test_a_made_up_token_and_a_topic_of_others(server: Counterpart) -> None:
    outcomes = []
    for stranger in (
        with_token(server, "tk_madeupmadeupmadeupmadeupmade1"),
        replace(server, config=replace(server.config, topic="others")),
    ):
        with pytest.raises(Rejected) as caught:
            stranger.send(stranger.post())
        outcomes.append(caught.value.outcome)

    assert outcomes == [OutcomeClass.REAUTH, OutcomeClass.DENIED]


def test_who_sends_too_quickly_is_told_so_without_a_time(server: Counterpart) -> None:
    errors: list[BroadcastError] = []
    for _ in range(BURST + 10):
        try:
            server.send(server.post())
        except BroadcastError as error:
            errors.append(error)
            break

    assert isinstance(errors[0], Unavailable) and errors[0].outcome is OutcomeClass.THROTTLED


def test_it_says_who_we_are(server: Counterpart) -> None:
    assert "bot" in ntfy.verify(server.config, server.http)
