"""Signatures, verified by a library that is not ours, with keys served by a function in place of DNS."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from broadcasters.dkim import signer
from broadcasters.email import Config, leave_line, letter
from tests.mail.sink import Sink
from tests.mail.stage import Office, people

PAGE, AT = "https://status.bank.example", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


RECORD = b"v=DKIM1; k=rsa; p=" + base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def verified(raw: bytes) -> bool:
    def dns(name: bytes, timeout: int = 5) -> bytes:
        return RECORD if name == b"s1._domainkey.bank.example." else b""

    return bool(dkim.verify(raw, dnsfunc=dns))


CONFIG = Config(
    host="relay.bank.example",
    sender="status@status.bank.example",
    sender_name="Bänk",
    list="people.csv",
    leave_to="leave@bank.example",
    dkim_domain="bank.example",
    dkim_selector="s1",
    dkim_key=pem(KEY),
)


def made(words: str = "Störung: Karten (50 %)\n\nText  with   spaces \t\n.\n\n\n") -> bytes:
    content = letter(words + leave_line(PAGE) + "\n\n\n", "de", CONFIG, run="d1", root="d0", page=PAGE, at=AT)
    return content.content("ana@example.com", "a" * 32, "b" * 64).replace(b"\r\n..", b"\r\n.")


@pytest.mark.parametrize(
    "words", ["Cards\n\nText.\n", "Störung: Karten (50 %)\n\n.  Text  with   spaces \n\n\n", "x" * 300 + "\n\n" + "ü" * 500]
)
def test_a_signed_mail_is_verified_by_another_library(words: str) -> None:
    assert verified(made(words))


def test_the_signature_covers_both_unsubscribe_headers_and_every_other() -> None:
    raw = made()
    signed = re.search(rb"h=([^;]*);", raw)
    assert signed is not None
    names = re.sub(rb"\s", b"", signed.group(1)).split(b":")
    present = [line.partition(b":")[0].lower() for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n") if line[:1] not in (b" ", b"\t")]

    assert {b"list-unsubscribe", b"list-unsubscribe-post", b"from", b"subject", b"message-id"} <= set(names)
    assert set(names) == set(present) - {b"dkim-signature"} and names.count(b"from") == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: Lost"),
        (b"/unsubscribe/bb", b"/unsubscribe/cc"),
        (b"To: <ana@", b"To: <eva@"),
        (b"Text", b"Test"),
        (b"Subject:", b"From: <evil@example.com>\r\nSubject:"),
    ],
)
def test_whatever_is_changed_or_added_breaks_the_signature(before: bytes, after: bytes) -> None:
    raw = made()
    assert before in raw and verified(raw)

    assert not verified(raw.replace(before, after, 1))


def test_what_a_relay_may_do_to_spaces_and_folds_does_not_break_it() -> None:
    raw = made()

    assert verified(raw.replace(b"List-Unsubscribe-Post: ", b"List-Unsubscribe-Post:\r\n  ") + b"\r\n\r\n")


def test_mails_are_signed_on_their_way_to_the_relay(sink: Sink, office_at: Callable[..., Office]) -> None:
    own = CONFIG
    office = office_at(
        sink.port, sender=own.sender, dkim_domain=own.dkim_domain, dkim_selector=own.dkim_selector, dkim_key=own.dkim_key, connections=2
    )
    office.take_list(people(4))
    office.settled(office.say())

    assert [verified(mail.raw) for mail in sink.mails] == [True] * 4


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("rubbish", "cannot be read"),
        (pem(rsa.generate_private_key(65537, 1024)).replace("A", "B", 40), "cannot be read"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "another kind"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_and_never_shown(key: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        signer("bank.example", "s1", key)

    assert key[:40] not in str(caught.value)
    with pytest.raises(ValueError, match="dkim_key"):
        replace(CONFIG, dkim_key=key)


def test_a_signature_of_another_domain_than_the_senders_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="dkim_domain"):
        replace(CONFIG, sender="status@other.example")
