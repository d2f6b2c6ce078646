"""The way to the relay: verified TLS, sign-in, and servers that hang, drip, lie or hang up at every step."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from broadcasters import email
from broadcasters.errors import OutcomeClass, Rejected, Unavailable
from broadcasters.smtp import Refused, Server, SmtpTransport
from broadcasters.wire import NoAnswer, NotSent
from tests.mail.sink import PASSWORD, STORE_AND_CUT, USER, Sink, relay, rude
from tests.mail.stage import config

MAIL = b"Subject: x\r\n\r\nText.\r\n"
GREETING, HELLO, OK = b"220 relay\r\n", b"250 relay\r\n", b"250 ok\r\n"


def at(port: int, **changes: object) -> Server:
    return replace(Server("127.0.0.1", port, "none", deadline_s=0.4, answer_s=0.4), **changes)  # type: ignore[arg-type]


def send_one(port: int, deadline_s: float = 0.4) -> None:
    line = SmtpTransport().open(at(port, deadline_s=deadline_s))
    try:
        line.send("status@bank.example", "ana@example.com", MAIL)
    finally:
        line.quit()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusted(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def served_as(authority: trustme.CA, name: str) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(found)
    return found


@pytest.fixture(params=["tls", "starttls"])
def security(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def test_mail_goes_over_verified_tls_to_a_relay_that_wants_a_sign_in(authority: trustme.CA, trusted: str, security: str) -> None:
    context = served_as(authority, "127.0.0.1")
    with relay(Sink(), **{security: context}, auth=True) as sink:  # type: ignore[arg-type]
        server = at(sink.port, security=security, user=USER, password=PASSWORD, ca_file=trusted, deadline_s=10.0, answer_s=10.0)
        line = SmtpTransport().open(server)
        said = line.send("status@bank.example", "ana@example.com", MAIL)
        line.quit()

    assert said.startswith("2.0.0 Ok: queued") and [mail.raw for mail in sink.mails] == [MAIL]


@pytest.mark.parametrize("fault", ["another host", "nobody knows the authority"])
def test_a_relay_that_is_not_the_one_we_mean_gets_neither_password_nor_mail(
    authority: trustme.CA, trusted: str, security: str, fault: str
) -> None:
    context = served_as(authority, "relay.evil.example" if fault == "another host" else "127.0.0.1")
    with relay(Sink(), **{security: context}, auth=True) as sink:  # type: ignore[arg-type]
        ca_file = trusted if fault == "another host" else ""
        with pytest.raises(NotSent, match="certificate verify failed"):
            SmtpTransport().open(at(sink.port, security=security, user=USER, password=PASSWORD, ca_file=ca_file, deadline_s=10.0))

    assert not sink.mails


def test_a_relay_without_starttls_gets_neither_password_nor_mail(sink: Sink) -> None:
    with pytest.raises(NotSent, match="offers no STARTTLS"):
        SmtpTransport().open(at(sink.port, security="starttls", user=USER, password=PASSWORD, deadline_s=10.0))


def test_what_stood_in_clear_text_behind_starttls_is_not_taken_for_an_answer() -> None:
    injected = b"220 go\r\n250 relay\r\n235 signed in\r\n"
    with rude(GREETING, b"250-relay\r\n250 STARTTLS\r\n", injected) as port, pytest.raises(NotSent):
        SmtpTransport().open(at(port, security="starttls", user=USER, password=PASSWORD))


def test_a_wrong_password_is_one_try_and_the_accounts_trouble() -> None:
    with relay(Sink(login_ok=False), auth=True) as sink, pytest.raises(Rejected) as caught:
        email.open_line(SmtpTransport(), at(sink.port, user=USER, password="wrong-pass-1", deadline_s=10.0))

    assert caught.value.outcome is OutcomeClass.REAUTH and "wrong-pass-1" not in caught.value.detail


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ((), NotSent),  # says nothing at all
        ((b"",), NotSent),
        ((b"220",), NotSent),  # half a line
        ((b"554 go away\r\n",), Refused),
        ((b"hello there\r\n",), NotSent),
        ((b"220-" + b"x" * 9000,), NotSent),
        ((b"220-x\r\n" * 200,), NotSent),
        ((GREETING, b""), NotSent),
        ((GREETING, b"421 4.3.2 busy\r\n", b"421 4.3.2 busy\r\n"), Refused),
        ((GREETING, HELLO, b""), NotSent),
        ((GREETING, HELLO, b"550 5.7.1 no\r\n"), Refused),
        ((GREETING, HELLO, OK, b"550 5.1.1 unknown\r\n"), Refused),
        ((GREETING, HELLO, OK, OK, b"451 later\r\n"), Refused),
        ((GREETING, HELLO, OK, OK, b""), NotSent),
        ((GREETING, HELLO, OK, OK), NotSent),  # hangs at DATA
    ],
)
def test_before_the_final_dot_nothing_was_sent_whatever_goes_wrong(answers: tuple[bytes, ...], error: type[Exception]) -> None:
    patient = error is Refused  # who answers is waited for, however busy this machine is; its RSET and QUIT are answered, too
    with rude(*answers, *([OK] * 2 if patient else [])) as port, pytest.raises(error):
        send_one(port, 10.0 if patient else 0.4)


@pytest.mark.parametrize("ending", [b"", b"250", b"nonsense\r\n", None])
def test_after_the_final_dot_only_an_answer_counts(ending: bytes | None) -> None:
    lines_of_the_mail = (b" ", b" ", b" ")  # a blank is the beginning of an answer, and no answer
    after = () if ending is None else (ending,)
    with rude(GREETING, HELLO, OK, OK, b"354 go\r\n", *lines_of_the_mail, *after) as port, pytest.raises(NoAnswer):
        send_one(port, deadline_s=10.0)


def test_a_relay_that_cuts_after_storing_gave_no_answer(sink: Sink) -> None:
    sink.endings = {"ana@example.com": [STORE_AND_CUT]}
    line = SmtpTransport().open(at(sink.port, deadline_s=10.0, answer_s=10.0))

    with pytest.raises(NoAnswer, match="after the final dot"):
        line.send("status@bank.example", "ana@example.com", MAIL)
    assert len(sink.mails) == 1
    line.quit()


def test_a_relay_that_drips_gets_no_more_time_than_any_other() -> None:
    stop = threading.Event()
    with rude() as silent, _dripping(stop) as port:
        began = time.monotonic()
        with pytest.raises(NotSent):
            SmtpTransport().open(at(port))
        with pytest.raises(NotSent):
            SmtpTransport().open(at(silent))
        assert time.monotonic() - began < 30.0  # without a limit on the whole it would take the two minutes of the drips


@contextmanager
def _dripping(stop: threading.Event) -> Iterator[int]:
    """A server that sends one byte every tenth of a second for two minutes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            for _ in range(1200):
                try:
                    connection.sendall(b"2")
                except OSError:
                    return
                if stop.wait(0.1):
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        thread.join(10)
        listener.close()


@pytest.mark.parametrize(
    ("code", "said", "step", "outcome", "code_of"),
    [
        (421, "4.3.2 closing", "recipient", OutcomeClass.RETRY, "relay"),
        (450, "4.2.1 greylisted", "recipient", OutcomeClass.RETRY, ""),
        (452, "4.5.3 too many", "recipient", OutcomeClass.RETRY, ""),
        (550, "5.1.1 unknown", "recipient", OutcomeClass.GONE, ""),
        (553, "bad mailbox", "recipient", OutcomeClass.GONE, ""),
        (550, "5.7.1 policy", "recipient", OutcomeClass.DENIED, ""),
        (552, "5.2.2 full", "recipient", OutcomeClass.RETRY, ""),
        (552, "5.3.4 too big", "content", OutcomeClass.CONTENT, ""),
        (554, "5.6.0 content", "content", OutcomeClass.CONTENT, ""),
        (550, "5.7.1 not allowed", "sender", OutcomeClass.DENIED, "relay"),
        (530, "5.7.0 sign in first", "sender", OutcomeClass.REAUTH, "relay"),
        (535, "5.7.8 wrong", "sign_in", OutcomeClass.REAUTH, "relay"),
        (454, "4.7.0 not now", "sign_in", OutcomeClass.RETRY, "relay"),
        (554, "no service here", "hello", OutcomeClass.DENIED, "relay"),
    ],
)
def test_each_answer_means_one_thing(code: int, said: str, step: str, outcome: OutcomeClass, code_of: str) -> None:
    found = email.meaning(Refused(code, said, step), "relay.test")

    assert (found.outcome, found.code) == (outcome, code_of)
    assert isinstance(found, Unavailable if outcome is OutcomeClass.RETRY else Rejected)


def test_the_trial_proves_the_sign_in_and_sends_nothing(tmp_path: Path) -> None:
    with relay(Sink(), auth=True) as sink:
        said = email.verify(config(sink.port, tmp_path, user=USER, password=PASSWORD), SmtpTransport())

    assert f"signed in as {USER}" in said and PASSWORD not in said and not sink.mails
