"""The embedded server and what stands behind it: what the application is asked, who is cut off, who is shed, and how it all ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from statuspage.web import crew, front
from tests.processes import until
from tests.web_public.serving import Running, application, ask, running
from tests.web_public.test_serving import assert_guarded
from tests.web_public.wires import HOST, LAST, PAGE, asked, post, wire

# --- what the application is asked -----------------------------------------------------------------------------------------


def test_the_application_is_asked_as_wsgi_wants_it(published: Path) -> None:
    seen: dict[str, Any] = {}

    def inner(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        seen.update(environ, body=environ["wsgi.input"].read())
        return application(environ, start)

    more = (
        b"Content-Type: text/plain",
        b"X-Forwarded-For: 1.1.1.1",
        b"X_Forwarded_For: 2.2.2.2",
        b"Cookie: a=1",
        b"cookie: b=2",
        b"X-Forwarded-For: 3.3.3.3",
    )
    with running(published, inner) as server:
        found = asked(server.port, post(b"/console/caf%C3%A9?a=%20b", b"four", b"Connection: close", *more))

    assert found.answer.body == b"behind"
    assert seen["body"] == b"four" and seen["CONTENT_LENGTH"] == "4" and seen["CONTENT_TYPE"] == "text/plain"
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/console/café" and seen["QUERY_STRING"] == "a=%20b"
    assert (seen["REMOTE_ADDR"], seen["SERVER_PORT"], seen["HTTP_COOKIE"]) == ("127.0.0.1", str(server.port), "a=1; b=2")
    assert seen["HTTP_X_FORWARDED_FOR"] == "1.1.1.1, 3.3.3.3", "a name with _ would look like the one a front server sets"


def test_a_body_is_asked_for_where_the_client_waits_to_be_asked(server: Running) -> None:
    whole = post(b"/console/", b"a body", b"Expect: 100-continue")
    with wire(server.port) as line:
        line.say(whole.removesuffix(b"a body"))
        assert line.answer().status == 100
        line.say(b"a body")
        assert line.answer().body == b"behind"


def test_a_body_that_is_too_long_is_refused_before_it_is_sent(server: Running) -> None:
    found = asked(server.port, b"POST /console/ HTTP/1.1\r\n" + HOST + b"Content-Length: 262145\r\n\r\n")

    assert found.answer.status == 413 and found.over


def test_bodies_of_many_are_taken_up_to_a_limit(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "MOST_BODIES", 10_000)
    with wire(server.port) as first:
        first.say(b"POST /console/ HTTP/1.1\r\n" + HOST + b"Content-Length: 9000\r\nExpect: 100-continue\r\n\r\n")
        assert first.answer().status == 100
        crowded = asked(server.port, post(b"/console/", b"x" * 2000))
        first.say(b"x" * 9000)
        assert first.answer().status == 200
    with wire(server.port) as third:
        third.say(post(b"/console/", b"x" * 2000))
        assert third.answer().status == 200

    assert crowded.answer.status == 503 and crowded.answer.headers["retry-after"] == "5"


def test_what_the_application_sends_is_sent(published: Path) -> None:
    closed: list[bool] = []

    class Parts(list[bytes]):
        def close(self) -> None:
            closed.append(True)

    def inner(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        start("204 No Content" if path.endswith("nothing") else "200 OK", [("X-Path", path)])
        return Parts([b"in ", b"parts"])

    with running(published, inner) as server:
        assert ask(server.port, "/console/x").body == b"in parts"
        told = ask(server.port, "/console/x", "HEAD")
        nothing = ask(server.port, "/console/nothing")

    assert (told.body, told.headers["content-length"]) == (b"", "8")
    assert nothing.status == 204 and "content-length" not in nothing.headers
    assert len(closed) == 3


@pytest.mark.parametrize("header", [("X-One", "a\r\nSet-Cookie: b"), ("X-One", "\u20ac"), ("X\nOne", "a")])
def test_a_header_that_would_break_the_answer_is_not_sent(published: Path, header: tuple[str, str]) -> None:
    def inner(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [header])
        return [b""]

    with running(published, inner) as server:
        answer = ask(server.port, "/console/")

    assert answer.status == 500 and "set-cookie" not in answer.headers
    assert_guarded(answer, "")


def test_a_published_file_that_cannot_be_answered_keeps_nobody_else_from_theirs(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    found = server.front.files.find

    def broken(environ: dict[str, Any]) -> Any:
        return found(environ) if environ["PATH_INFO"] == "/en/" else 1 / 0

    monkeypatch.setattr(server.front.files, "find", broken)

    assert ask(server.port, "/status.txt").status == 500
    assert ask(server.port, "/en/").status == 200


def test_an_application_that_falls_is_an_answer_too(published: Path) -> None:
    def inner(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        raise RuntimeError("as if broken")

    with running(published, inner) as server:
        answers = [ask(server.port, "/console/") for _ in range(front.CONSOLE_THREADS + 1)]

    assert {answer.status for answer in answers} == {500}
    assert_guarded(answers[0], "")


# --- who is cut off --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "status"),
    [(b"", None), (b"\r\n", None), (PAGE, 200), (PAGE[:-1], 408), (post(b"/console/", b"body")[:-1], 408)],
    ids=["nothing", "an empty line", "one request", "half a head", "half a body"],
)
def test_who_does_not_go_on_is_cut_off(impatient: Running, said: bytes, status: int | None) -> None:
    """L5"""
    with wire(impatient.port) as line:
        line.say(said)
        if status:
            assert line.answer().status == status
        assert line.is_over()


def test_who_goes_on_without_end_is_cut_off(impatient: Running) -> None:
    """L5: one letter after the other, as slowly as can be, buys no time."""
    with wire(impatient.port) as line, pytest.raises(OSError):
        line.say(b"GET /en/ HTTP/1.1\r\nX-Slow: ")
        while True:
            line.say(b"x")
            threading.Event().wait(0.01)


def test_who_takes_nothing_is_given_no_more_and_cut_off(impatient: Running) -> None:
    """Thousands of pages are asked for and none is read: only a few are made, and the connection ends."""
    with closing(socket.socket()) as plug:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plug.settimeout(60)
        plug.connect(("127.0.0.1", impatient.port))
        with pytest.raises(OSError):
            while True:
                plug.sendall(PAGE * 100)
        assert ask(impatient.port, "/en/").status == 200


def test_when_there_are_too_many_the_one_that_waits_longest_makes_room(published: Path) -> None:
    with running(published, most=20) as server, ExitStack() as stack:
        lines = [stack.enter_context(wire(server.port)) for _ in range(30)]
        for line in lines[20:]:
            line.say(PAGE)

        assert {line.answer().status for line in lines[20:]} == {200}
        assert all(line.is_over() for line in lines[:10])


class Door:
    """An application that answers /console/ and the forms only once it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.inside = threading.Semaphore(0)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.inside.release()
        self.opened.wait(60)
        return application(environ, start)


def test_a_crowd_before_the_console_is_shed_and_keeps_nobody_from_the_page_or_the_forms(published: Path) -> None:
    """L2: 503 with Retry-After, and when it is over all is as before."""
    door = Door()
    room = front.CONSOLE_THREADS + front.CONSOLE_WAITING
    with running(published, door) as server, ExitStack() as stack:
        lines = [stack.enter_context(wire(server.port)) for _ in range(room)]
        for number, line in enumerate(lines):
            line.say(b"GET /console/ HTTP/1.1\r\n" + HOST + b"\r\n")
            if number < front.CONSOLE_THREADS:
                door.inside.acquire()  # one after the other, or the queue could be full before a thread has taken anything out of it
        until(server.front._console._jobs.full)
        shed = asked(server.port, LAST.replace(b"/en/", b"/console/")).answer
        report = stack.enter_context(wire(server.port))
        report.say(post(b"/report/send", b"component=cards"))
        door.inside.acquire()  # a customer's form is not behind the console's crowd

        assert (shed.status, shed.headers["retry-after"]) == (503, "5")
        assert_guarded(shed, "")
        assert {ask(server.port, "/en/").status for _ in range(50)} == {200}
        door.opened.set()
        assert {line.answer().status for line in (*lines, report)} == {200}


# --- how it ends -----------------------------------------------------------------------------------------------------------


def test_what_was_begun_is_finished_before_the_end_and_nothing_new_begins(published: Path) -> None:
    door = Door()
    with running(published, door) as server, wire(server.port) as busy, wire(server.port) as idle:
        idle.say(PAGE)
        idle.answer()
        busy.say(b"GET /console/ HTTP/1.1\r\n" + HOST + b"\r\n")
        door.inside.acquire()
        ending = threading.Thread(target=server.end)
        ending.start()
        assert idle.is_over()
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", server.port), 5).close()
        door.opened.set()
        last = busy.answer()
        ending.join()

    assert (last.body, last.headers["connection"]) == (b"behind", "close")


def test_an_application_that_hangs_does_not_keep_the_server_from_ending(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "FINISH_WITHIN_S", 0.1)
    door = Door()
    with running(published, door) as server, wire(server.port) as busy:
        busy.say(b"GET /console/ HTTP/1.1\r\n" + HOST + b"\r\n")
        door.inside.acquire()
        server.end()

        assert busy.is_over()
        door.opened.set()


def test_the_crew_survives_a_client_that_did_not_wait_for_its_answer(published: Path) -> None:
    door = Door()
    with running(published, door) as server:
        for _ in range(front.CONSOLE_THREADS):
            with wire(server.port) as line:
                line.say(b"GET /console/ HTTP/1.1\r\n" + HOST + b"\r\n")
                door.inside.acquire()
        door.opened.set()
        assert ask(server.port, "/console/").body == b"behind"


def test_only_what_http_knows_may_be_in_a_header() -> None:
    assert crew._UNSENDABLE.search("a\tb \xe4") is None
    assert all(crew._UNSENDABLE.search(letter) for letter in "\r\n\x00\x7f\u20ac")
