"""The one door: what an answer means, and what the way out does with servers that misbehave."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.http import Answer, Http, NoAnswer, NotSent, Request, RequestsTransport, checked_base
from tests.broadcasters.bench import Scripted, failure, raw_server, read_request

NOW = datetime(2026, 11, 22, 14, 35, 0, tzinfo=UTC)
URL = "https://network.test/posts"

MEANINGS: list[tuple[int, type[BroadcastError], OutcomeClass]] = [
    (302, Rejected, OutcomeClass.DENIED),
    (308, Rejected, OutcomeClass.DENIED),
    (400, Rejected, OutcomeClass.CONTENT),
    (401, Rejected, OutcomeClass.REAUTH),
    (402, Rejected, OutcomeClass.BILLING),
    (403, Rejected, OutcomeClass.DENIED),
    (404, Rejected, OutcomeClass.DENIED),
    (405, Rejected, OutcomeClass.DENIED),
    (409, Uncertain, OutcomeClass.DUPLICATE),
    (410, Rejected, OutcomeClass.GONE),
    (413, Rejected, OutcomeClass.CONTENT),
    (415, Rejected, OutcomeClass.CONTENT),
    (422, Rejected, OutcomeClass.CONTENT),
    (429, Unavailable, OutcomeClass.THROTTLED),
]


def http_with(*answers: Answer | Exception) -> Http:
    return Http(Scripted(*answers), now=lambda: NOW)


@pytest.mark.parametrize(("status", "error", "outcome"), MEANINGS)
@pytest.mark.parametrize("create", [True, False])
def test_a_refusal_means_the_same_for_creates_and_edits(
    status: int, error: type[BroadcastError], outcome: OutcomeClass, create: bool
) -> None:
    raised = failure(lambda: http_with(Answer(status, [], b"")).send("POST", URL, json={}, create=create))

    assert (type(raised), raised.outcome) == (error, outcome)


@pytest.mark.parametrize(
    ("status", "single"), [(402, False), (403, False), (404, False), (410, False), (302, True), (405, True), (451, True)]
)
def test_a_refusal_speaks_of_the_account_unless_something_on_the_way_may_have_said_it(status: int, single: bool) -> None:
    raised = failure(lambda: http_with(Answer(status, [], b"")).send("POST", URL, json={}, create=True))

    assert raised.single is single


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_picture_that_cannot_be_fetched_says_nothing_of_an_account(status: int) -> None:
    assert failure(lambda: http_with(Answer(status, [], b"")).fetch("https://page.test/card.jpg")).single


@pytest.mark.parametrize("status", [408, 418, 500, 502, 503, 504, 599])
def test_a_fault_of_the_server_is_uncertain_on_a_create_and_to_be_repeated_on_an_edit(status: int) -> None:
    created = failure(lambda: http_with(Answer(status, [], b"")).send("POST", URL, json={}, create=True))
    edited = failure(lambda: http_with(Answer(status, [], b"")).send("PUT", URL, json={}, create=False))

    assert (type(created), created.outcome) == (Uncertain, OutcomeClass.AMBIGUOUS)
    assert (type(edited), edited.outcome) == (Unavailable, OutcomeClass.RETRY)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id"', b"[]", b'{"other": 1}', b"null", b"[" * 100_000, b"\xff"])
def test_a_success_that_cannot_be_read_is_uncertain_on_a_create(body: bytes) -> None:
    def send(create: bool) -> BroadcastError:
        return failure(lambda: http_with(Answer(200, [], body)).send("POST", URL, json={}, create=create, read=lambda answer: answer["id"]))

    assert (type(send(True)), type(send(False))) == (Uncertain, Unavailable)


def test_nothing_sent_may_be_tried_again_and_no_answer_is_uncertain_on_a_create() -> None:
    unsent = failure(lambda: http_with(NotSent("refused")).send("POST", URL, json={}, create=True))
    unanswered = failure(lambda: http_with(NoAnswer("cut")).send("POST", URL, json={}, create=True))

    assert (type(unsent), unsent.outcome) == (Unavailable, OutcomeClass.RETRY)
    assert (type(unanswered), unanswered.outcome) == (Uncertain, OutcomeClass.AMBIGUOUS)


def test_an_error_repeats_the_servers_words_without_the_secrets_it_may_echo() -> None:
    token, proof = "-".join(["bear", "token", "123456"]), "p" * 20
    said = f"bad token {token} for /bot77:{proof}/send\x1b[31m: text too long"
    http = http_with(Answer(400, [], f'{{"error": {{"message": {said!r}}}}}'.replace("'", '"').replace("\\x1b", "\\u001b").encode()))

    error = failure(
        lambda: http.send(
            "POST", f"https://api.test/bot77:{proof}/send", headers={"Authorization": f"Bearer {token}"}, json={}, create=True
        ),
        (token, proof, "\x1b"),
    )

    assert "text too long" in error.detail
    assert "api.test answered 400" in error.detail


@pytest.mark.parametrize("name", ["password", "refresh_token", "client_secret", "appsecret_proof"])
def test_secret_fields_of_a_body_or_an_address_are_taken_out_of_the_servers_words(name: str) -> None:
    secret = "s3cret-" * 2
    answers = [Answer(400, [], f'{{"error": "no {secret} here"}}'.encode()) for _ in range(3)]
    http = http_with(*answers)

    errors = [
        failure(lambda: http.send("POST", URL, json={name: secret}, create=True), (secret,)),
        failure(lambda: http.send("POST", URL, form={name: secret}, create=True), (secret,)),
        failure(lambda: http.send("GET", f"{URL}?{name}={secret}", create=False), (secret,)),
    ]

    assert ["[hidden]" in error.detail for error in errors] == [True] * 3


def test_the_representation_of_a_request_holds_nothing_secret() -> None:
    request = Request("POST", "https://api.test/bot-secret/x", {"Authorization": "secret"}, b"secret")

    assert "secret" not in repr(request)


def test_half_a_letter_is_refused_before_anything_is_sent() -> None:
    transport = Scripted()

    error = failure(lambda: Http(transport, now=lambda: NOW).send("POST", URL, json={"text": "\ud83d"}, create=True))

    assert (error.outcome, transport.requests) == (OutcomeClass.CONTENT, [])


@pytest.mark.parametrize(
    "url", ["https://bank.test", "https://bank.test/x/", "http://127.0.0.1:8000", "http://localhost/", "http://[::1]:1"]
)
def test_addresses_that_keep_a_secret_are_taken(url: str) -> None:
    assert checked_base(url, "base_url") == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["http://bank.test", "ftp://bank.test", "bank.test", "https://", "https://user:pass@bank.test", "http://127.0.0.1.evil.test"]
)
def test_addresses_that_would_give_a_secret_away_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="base_url must be an https address"):
        checked_base(url, "base_url")


# --- the real way out ---------------------------------------------------------------------------------------------------------------


def ask(port: int, *, deadline_s: float = 5.0, scheme: str = "http", ca: str | None = None, host: str = "127.0.0.1") -> Answer:
    request = Request("POST", f"{scheme}://{host}:{port}/x", {"X-Mine": "1"}, b'{"a":1}', deadline_s, connect_timeout_s=0.5)
    return RequestsTransport(ca).exchange(request)


def answering(data: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def serve(line: socket.socket, _: threading.Event) -> None:
        read_request(line)
        line.sendall(data)

    return serve


def test_an_answer_comes_back_whole_and_the_request_went_out_as_given() -> None:
    seen: list[bytes] = []

    def serve(line: socket.socket, _: threading.Event) -> None:
        seen.append(read_request(line))
        line.sendall(b"HTTP/1.1 201 Created\r\nX-Their: 2\r\nContent-Length: 2\r\n\r\nok")

    with raw_server(serve) as port:
        answer = ask(port)

    assert (answer.status, answer.header("x-their"), answer.body) == (201, "2", b"ok")
    assert seen[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert b"X-Mine: 1\r\n" in seen[0]
    assert seen[0].endswith(b'\r\n\r\n{"a":1}')


def test_a_chunked_answer_comes_back_whole() -> None:
    with raw_server(answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")) as port:
        assert ask(port).body == b"abc"


CUT = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 2",
    "no HTTP": b"220 mail.test ESMTP\r\n",
    "a status line": b"HTTP/1.1 200 OK\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a head, cut between lines": b"HTTP/1.1 200 OK\r\nServer: x\r\n",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nabc",
    "too long": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (1024 * 1024 + 1),
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 800) for n in range(90)) + b"\r\n",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 2000 + b"\r\n",
    "one endless header": b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 200_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("situation", CUT)
def test_an_answer_that_is_not_whole_or_too_large_is_none_and_no_library_logs_its_address(
    situation: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    with raw_server(answering(CUT[situation])) as port, pytest.raises(NoAnswer):
        ask(port)

    assert caplog.records == []


@pytest.mark.parametrize("head", [b"HTTP/1.1 401 Unauthorized\r\nx-creator: snac/2.75\r\n\r\n", b"HTTP/1.1 422 No\r\nServ"])
def test_a_refusal_without_a_body_and_its_length_is_one(head: bytes) -> None:
    with raw_server(answering(head)) as port:
        assert ask(port).status == int(head[9:12])


@pytest.mark.parametrize("head", [b"HTTP/1.0 202 Accepted\r\nServer: small\r\n\r\n", b"HTTP/1.1 200 OK\n\n", b"HTTP/1.1 500 No\r\n\r\n"])
def test_a_whole_head_is_an_answer_though_only_the_end_of_the_connection_ends_it(head: bytes) -> None:
    with raw_server(answering(head)) as port:
        answer = ask(port)

    assert (answer.status, answer.body) == (int(head[9:12]), b"")


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    seen: list[bytes] = []

    def serve(line: socket.socket, _: threading.Event) -> None:
        seen.append(read_request(line))
        line.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")

    with raw_server(serve) as port:
        answer = ask(port)

    assert (answer.status, len(seen)) == (307, 1)


def test_no_cookie_is_kept() -> None:
    seen: list[bytes] = []

    def serve(line: socket.socket, _: threading.Event) -> None:
        seen.append(read_request(line))
        line.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")

    transport = RequestsTransport()
    with raw_server(serve) as port:
        for _ in range(2):
            transport.exchange(Request("GET", f"http://127.0.0.1:{port}/"))

    assert [b"ookie" in one for one in seen] == [False, False]


def test_settings_of_the_environment_send_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    seen: list[bytes] = []

    def serve(line: socket.socket, _: threading.Event) -> None:
        seen.append(read_request(line))
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with raw_server(serve) as port:
        ask(port)

    assert b"Authorization" not in seen[0]


def test_a_packed_answer_is_not_unpacked() -> None:
    """X26: nothing can swell."""
    with raw_server(answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd")) as port:
        assert ask(port).body == b"abcd"


def drip(line: socket.socket, closing: threading.Event) -> None:
    """The headers of an answer, one byte at a time, for ever."""
    read_request(line)
    line.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
    while not closing.wait(0.02):
        line.sendall(b"a")


def drip_body(line: socket.socket, closing: threading.Event) -> None:
    read_request(line)
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not closing.wait(0.02):
        line.sendall(b"a")


def drip_continue(line: socket.socket, closing: threading.Event) -> None:
    read_request(line)
    while not closing.wait(0.02):
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def hang(line: socket.socket, closing: threading.Event) -> None:
    read_request(line)
    closing.wait()


def never_read(_: socket.socket, closing: threading.Event) -> None:
    closing.wait()


SLOW = [drip, drip_body, drip_continue, hang]


@pytest.mark.parametrize("serve", SLOW)
def test_a_server_that_never_ends_its_answer_is_cut_off(serve: Callable[[socket.socket, threading.Event], None]) -> None:
    with raw_server(serve) as port, pytest.raises(NoAnswer, match="total deadline"):
        ask(port, deadline_s=0.2)


def test_an_address_that_never_reacts_does_not_hide_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with two addresses, as with a broken way to IPv6: the connect time-out is shared, not spent on the first."""
    with ExitStack() as stack:
        port = stack.enter_context(raw_server(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")))
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.2", port))
        full.listen(0)
        for _ in range(4):  # fills the queue of connections that wait to be accepted
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        given: list[float] = []

        class Noting(socket.socket):
            def connect(self, address: object) -> None:
                given.append(self.gettimeout() or 0.0)
                super().connect(address)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "socket", Noting)

        assert ask(port, host="network.test").body == b"ok"

    assert len(given) == 2 and min(given) > 0.1  # of 0.5 s: a connection over a real network takes longer than one on this machine


def test_a_server_that_never_reads_is_cut_off() -> None:
    with raw_server(never_read) as port, pytest.raises(NoAnswer, match="total deadline"):
        RequestsTransport().exchange(Request("POST", f"http://127.0.0.1:{port}/", {}, b"x" * 20_000_000, deadline_s=0.3))


@pytest.mark.long
@pytest.mark.parametrize("serve", SLOW)
@pytest.mark.parametrize("attempt", range(20))
def test_the_deadline_holds_to_the_second(serve: Callable[[socket.socket, threading.Event], None], attempt: int) -> None:
    """D18"""
    with raw_server(serve) as port:
        start = time.monotonic()
        with pytest.raises(NoAnswer):
            ask(port, deadline_s=0.5)
        took = time.monotonic() - start

    assert 0.5 <= took <= 1.5


def test_a_refused_connection_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(NotSent, match="refused"):
        ask(port)


def test_a_server_too_busy_to_accept_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            waiting.append(one)
        try:
            with pytest.raises(NotSent, match="timed out"):
                ask(full.getsockname()[1])
        finally:
            for one in waiting:
                one.close()


def test_a_name_that_nobody_knows_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(NotSent, match="not known"):
        ask(80, host="nobody.test")


def test_a_name_server_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hanging(*_: object, **__: object) -> list[object]:
        release.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    try:
        with pytest.raises(NotSent, match="no connection"):
            ask(80, host="slow.test")
    finally:
        release.set()


def test_the_second_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = taken.getsockname()[1]
    with raw_server(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as port:
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", one)) for one in (dead, port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)

        assert ask(port, host="two.test").status == 200


@contextmanager
def tls_server(authority: trustme.CA, name: str) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    serve = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    with raw_server(serve, lambda line: context.wrap_socket(line, server_side=True)) as port:
        yield port


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def test_tls_is_spoken_with_who_has_a_trusted_certificate(authority: trustme.CA, bundle: str) -> None:
    with tls_server(authority, "127.0.0.1") as port:
        assert ask(port, scheme="https", ca=bundle).status == 200


def test_an_untrusted_certificate_gets_nothing(authority: trustme.CA) -> None:
    with tls_server(authority, "127.0.0.1") as port, pytest.raises(NotSent, match="certificate verify failed"):
        ask(port, scheme="https")


def test_a_certificate_for_another_name_gets_nothing(authority: trustme.CA, bundle: str) -> None:
    with tls_server(authority, "other.test") as port, pytest.raises(NotSent, match="certificate verify failed"):
        ask(port, scheme="https", ca=bundle)


def test_a_handshake_that_hangs_sent_nothing(bundle: str) -> None:
    with raw_server(never_read) as port, pytest.raises(NotSent):
        ask(port, scheme="https", ca=bundle, deadline_s=0.3)


def test_a_dripping_answer_over_tls_is_cut_off(authority: trustme.CA, bundle: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    with (
        raw_server(drip, lambda line: context.wrap_socket(line, server_side=True)) as port,
        pytest.raises(NoAnswer, match="total deadline"),
    ):
        ask(port, scheme="https", ca=bundle, deadline_s=0.3)
