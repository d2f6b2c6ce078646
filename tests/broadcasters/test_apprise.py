"""Apprise: a library that sends by itself, here to a real server on this machine."""

from __future__ import annotations

import dataclasses
import json
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from broadcasters import apprise
from broadcasters.errors import OutcomeClass, Uncertain
from broadcasters.http import Http
from broadcasters.post import DeliveryClass, Post
from broadcasters.text import Limits, Unit
from tests.broadcasters.bench import CODE, LINK, WORDS, Hands, Scripted, failure, raw_server, read_request

POST = Post(WORDS, "es", "key-1", CODE, Hands().moment, LINK)
HTTP = Http(Scripted(), now=Hands())
SECRET = "secret-path-of-the-service"


@contextmanager
def service(answer: bytes, heard: list[bytes] | None = None) -> Iterator[apprise.Config]:
    """A server that takes notices as JSON and answers always the same; the configuration that leads to it."""

    def serve(line: socket.socket, closing: threading.Event) -> None:
        request = read_request(line)
        if heard is not None:
            heard.append(request)
        line.sendall(answer)

    with raw_server(serve) as port:
        yield apprise.Config(f"json://127.0.0.1:{port}/{SECRET}")


def answered(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


@pytest.mark.parametrize("words", [WORDS, "(50 %) #1_* {{ a }} :smile: \\n <b>é</b> 👨‍👩‍👧‍👦"])
def test_a_notice_arrives_word_for_word(words: str) -> None:
    heard: list[bytes] = []
    with service(answered("200 OK"), heard) as config:
        receipt = apprise.broadcast(dataclasses.replace(POST, text=words), config, HTTP)

    (request,) = heard
    assert json.loads(request.partition(b"\r\n\r\n")[2])["message"] == words
    assert (receipt.remote.id, receipt.url) == ("key-1", None)


@pytest.mark.parametrize(
    "status", ["401 Unauthorized", "429 Too Many Requests", "503 Service Unavailable", "302 Found\r\nLocation: /other"]
)
def test_all_that_is_no_clear_success_may_have_arrived_and_is_tried_once(status: str, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[bytes] = []
    with caplog.at_level(logging.DEBUG), service(answered(status), heard) as config:
        error = failure(lambda: apprise.broadcast(POST, config, HTTP), (SECRET,))

    assert (type(error), error.outcome, len(heard)) == (Uncertain, OutcomeClass.AMBIGUOUS, 1)
    assert SECRET not in caplog.text


def test_a_service_that_is_not_there_may_have_it_too_for_all_that_is_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = apprise.Config(f"json://127.0.0.1:{taken.getsockname()[1]}/{SECRET}")

    assert isinstance(failure(lambda: apprise.broadcast(POST, config, HTTP), (SECRET,)), Uncertain)


def test_a_service_that_does_not_answer_is_given_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apprise, "DEADLINE_S", 0.2)

    def serve(line: socket.socket, closing: threading.Event) -> None:
        read_request(line)
        closing.wait()

    with raw_server(serve) as port:
        error = failure(lambda: apprise.broadcast(POST, apprise.Config(f"json://127.0.0.1:{port}/{SECRET}"), HTTP), (SECRET,))

    assert error.outcome is OutcomeClass.AMBIGUOUS


@pytest.mark.parametrize("url", ["", "nothing", f"orkut://{SECRET}", f"json://a json://b/{SECRET}", f"{SECRET}://host"])
def test_an_address_that_apprise_cannot_read_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match="Apprise cannot read it") as caught:
        apprise.Config(url)

    assert SECRET not in str(caught.value)


def test_the_class_the_limit_and_what_can_be_said_before_the_first_notice() -> None:
    token = "123456789:" + "a" * 35
    config = apprise.Config(f"tgram://{token}/12315544/")

    said = apprise.verify(config, HTTP)

    assert (apprise.CLASS, apprise.MODES) == (DeliveryClass.BLIND, ("new",))
    assert apprise.limits(config) == Limits(Unit.UTF16, 4096)
    assert "Telegram (tgram://…)" in said
    assert token not in said + repr(config)


def test_importing_the_broadcasters_does_not_import_the_library() -> None:
    """It takes long, and most banks need none of it."""
    code = "import sys, broadcasters; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
