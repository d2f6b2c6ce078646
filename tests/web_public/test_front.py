"""The embedded server as a server of HTTP/1.1: what it reads and what it refuses."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.web import front, heads
from statuspage.web.heads import Refused, read_head
from tests.processes import until
from tests.publish.samples import outage, snapshot
from tests.web_public.serving import Running, application, ask, publish, running
from tests.web_public.test_serving import assert_guarded
from tests.web_public.wires import HOST, LAST, PAGE, asked, wire

# --- what is read ----------------------------------------------------------------------------------------------------------


def test_requests_in_one_piece_are_answered_in_their_order(server: Running) -> None:
    paths = [b"/en/", b"/status.txt", b"/nothing", b"/console/x", b"/en/", b"/de/"]

    with wire(server.port) as line:
        line.say(b"".join(b"GET %s HTTP/1.1\r\n%s\r\n" % (path, HOST) for path in paths))
        answers = [line.answer() for _ in paths]

    assert [answer.status for answer in answers] == [200, 200, 404, 200, 200, 200]
    assert answers[0].body == answers[4].body == ask(server.port, "/en/").body
    assert answers[3].body == b"behind"
    assert b'lang="de"' in answers[5].body


def test_a_request_may_come_letter_by_letter(server: Running) -> None:
    with wire(server.port) as line:
        line.plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(len(PAGE)):
            line.say(PAGE[number : number + 1])
        slow = line.answer()
        line.say(b"\r\n" + PAGE)  # some clients send an empty line between
        quick = line.answer()

    assert slow.body == quick.body == ask(server.port, "/en/").body


@pytest.mark.parametrize(
    "last", [LAST, b"GET /en/ HTTP/1.0\r\n\r\n", b"GET /en/ HTTP/1.1\r\nHost: x\r\nconnection: Keep-Alive, CLOSE\r\n\r\n"]
)
def test_the_connection_ends_when_the_client_wants_it(server: Running, last: bytes) -> None:
    found = asked(server.port, last)

    assert found.answer.status == 200 and found.over
    assert found.answer.headers["connection"] == "close"


def test_an_address_as_to_a_proxy_is_understood(server: Running) -> None:
    found = asked(server.port, LAST.replace(b"/en/", b"http://status.bank.example/en/", 1))

    assert found.answer.body == ask(server.port, "/en/").body


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/console/login?next=http://a.example/b", "/console/login", "next=http://a.example/b"),
        (b"http://status.bank.example/console?next=https://a.example/b", "/console", "next=https://a.example/b"),
        (b"/metrics?https://a.example", "/metrics", "https://a.example"),
    ],
)
def test_an_address_within_an_address_stays_where_it_is(published: Path, target: bytes, path: str, query: str) -> None:
    seen: list[tuple[str, str]] = []
    told = lambda environ, start: seen.append((environ["PATH_INFO"], environ["QUERY_STRING"])) or application(environ, start)  # noqa: E731
    with running(published, told) as server:
        asked(server.port, LAST.replace(b"/en/", target, 1))

    assert seen == [(path, query)]


@pytest.mark.parametrize("target", [b"/consolehttp://a.example/login", b"/metricshttps://a.example", b"/healthHTTP://a.example?b"])
def test_an_address_that_only_contains_another_one_leads_nowhere_else(published: Path, target: bytes) -> None:
    """A server in front may let everybody ask for /consolehttp:, and nobody for /console."""
    seen: list[str] = []
    with running(published, lambda environ, start: seen.append(environ["PATH_INFO"]) or application(environ, start)) as server:
        found = asked(server.port, LAST.replace(b"/en/", target, 1))

    assert (found.answer.status, seen) == (400, [])


def test_the_same_request_gets_the_same_answer_whether_it_was_asked_before_or_not(server: Running) -> None:
    """Answers are kept for a second under the bytes of the request; nothing else may come of it than speed."""
    with wire(server.port) as line:
        line.say(PAGE)
        first = line.answer()
        kept = server.front.ready.get(PAGE)
        line.say(PAGE)
        second = line.answer()

    undated = [{name: value for name, value in one.headers.items() if name != "date"} for one in (first, second)]
    assert kept is None or kept.endswith(first.body)
    assert undated[0] == undated[1] and first.body == second.body
    assert_guarded(first, "/en/")


def test_answers_are_kept_for_a_second_only_and_never_beyond_a_limit(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "MOST_READY", 200_000)
    with wire(server.port) as line:
        for number in range(60):
            line.say(PAGE.replace(b"\r\n\r\n", b"\r\nX-Number: %d\r\n\r\n" % number))
            line.answer()
            assert sum(len(raw) + len(sent) for raw, sent in server.front.ready.items()) <= 200_000

    until(lambda: not server.front.ready)


def test_a_new_edition_reaches_those_who_ask_for_the_same_again_and_again(tmp_path: Path) -> None:
    publish(tmp_path, snapshot(), 1)
    with running(tmp_path) as server, wire(server.port) as line:

        def page() -> bytes:
            line.say(PAGE)
            return line.answer().body

        assert b"Everything is working" in page()
        publish(tmp_path, outage(), 2)
        until(lambda: b"Some of our services are down" in page())


# --- what is refused -------------------------------------------------------------------------------------------------------

SMUGGLED = {
    "chunked": (b"Transfer-Encoding: chunked", 411),
    "chunked with a length": (b"Content-Length: 3\r\nTransfer-Encoding: chunked", 411),
    "chunked in disguise": (b"Transfer-Encoding:\tidentity, chunked", 411),
    "two lengths": (b"Content-Length: 3\r\nContent-Length: 4", 400),
    "one length twice": (b"Content-Length: 3\r\nContent-Length: 3", 400),
    "a list of lengths": (b"Content-Length: 3, 3", 400),
    "a length with a sign": (b"Content-Length: +3", 400),
    "a negative length": (b"Content-Length: -3", 400),
    "a length in hexadecimal": (b"Content-Length: 0x3", 400),
    "no length": (b"Content-Length:", 400),
    "a space before the colon": (b"Content-Length : 3", 400),
    "a folded line": (b"X-One: 1\r\n Content-Length: 3", 400),
    "a bare line feed": (b"X-One: 1\nContent-Length: 3", 400),
    "a bare carriage return": (b"X-One: 1\rContent-Length: 3", 400),
    "a zero byte": (b"X-One: \x00", 400),
    "no name": (b": 3", 400),
    "no colon": (b"Content-Length", 400),
    "a second host": (b"Host: other.example", 400),
    "too many fields": (b"\r\n".join(b"X-%d: 1" % number for number in range(heads.MOST_FIELDS)), 431),
    "a head that is too long": (b"X-One: " + b"x" * heads.MOST_HEAD, 431),
}


@pytest.mark.parametrize("what", SMUGGLED)
def test_a_request_whose_end_is_uncertain_is_refused_and_nothing_after_it_is_read(published: Path, what: str) -> None:
    """X40: the application is never asked."""
    lines, status = SMUGGLED[what]
    asked_for: list[str] = []
    with running(published, lambda environ, start: asked_for.append(environ["PATH_INFO"]) or application(environ, start)) as server:
        smuggled = b"POST /console/ HTTP/1.1\r\n" + HOST + lines + b"\r\n\r\n" + b"GET /console/secret HTTP/1.1\r\n" + HOST + b"\r\n"
        found = asked(server.port, smuggled)

    assert found.answer.status == status and found.over
    assert asked_for == []
    assert_guarded(found.answer, "")
    assert found.answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /en/", 400),
        (b"GET  /en/ HTTP/1.1", 400),
        (b"GET /en/ HTTP/1.1 ", 400),
        (b" GET /en/ HTTP/1.1", 400),
        (b"get /en/ HTTP/1.1", 400),
        (b"GET /en/\x00 HTTP/1.1", 400),
        (b"GET /en/\xff HTTP/1.1", 400),
        (b"GET /\ten/ HTTP/1.1", 400),
        (b"GET /en/ HTTP/1.10", 400),
        (b"GET /en/ HTTP/2.0", 505),
        (b"PRI * HTTP/2.0", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    ],
)
def test_what_is_no_request_is_refused(server: Running, request_line: bytes, status: int) -> None:
    """X40"""
    found = asked(server.port, request_line + b"\r\n" + HOST + b"\r\n")

    assert found.answer.status == status and found.over
    assert_guarded(found.answer, "")


@pytest.mark.parametrize(
    "host", [b"", b"Host: a b\r\n", b"Host: a/b\r\n", b"Host: a:b\r\n", b"Host: a\r\nHost: a\r\n", b"Host: user@a\r\n"]
)
def test_a_request_says_for_whom_it_is_once(server: Running, host: bytes) -> None:
    found = asked(server.port, b"GET /en/ HTTP/1.1\r\n" + host + b"\r\n")

    assert found.answer.status == 400 and found.over


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"TRACE /en/", 405),
        (b"CONNECT x:1", 400),
        (b"OPTIONS *", 400),
        (b"BREW /en/", 405),
        (b"GET /%2e%2e/secret", 400),
        (b"GET /en/%00", 400),
        (b"GET /en/%0d%0aSet-Cookie:x", 400),
        (b"GET /" + b"x" * 5000, 414),
        (b"DELETE /en/", 405),
    ],
)
def test_an_address_or_method_that_nobody_in_good_faith_uses_is_refused_in_words(server: Running, line: bytes, status: int) -> None:
    """X40"""
    found = asked(server.port, line + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")

    assert found.answer.status == status
    assert_guarded(found.answer, "")


def test_a_body_that_nobody_wants_is_no_second_request(server: Running) -> None:
    hidden = b"GET /status.txt HTTP/1.1\r\n" + HOST + b"\r\n"
    found = asked(server.port, b"GET /en/ HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(hidden) + hidden)

    assert found.answer.body == ask(server.port, "/en/").body
    assert found.over


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(line: bytes, fields: bytes) -> None:
    for raw in (
        line + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n\r\n",
        b"GET " + line + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        try:
            head = read_head(raw)
        except Refused as refused:
            assert refused.status[:3] in ("400", "411", "431", "505")
        else:
            assert head.length >= 0 and head.target
            assert not any(letter in value for value in head.fields.values() for letter in "\r\n\x00")
