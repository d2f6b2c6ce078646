"""The mail itself: what stands in its headers, that nothing in a text becomes a header, that every letter arrives."""

from __future__ import annotations

import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadcasters.email import Config, is_address, leave_line, letter

PAGE = "https://status.bank.example"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TAG, TOKEN = "a" * 32, "b" * 64
CONFIG = Config(
    host="relay.bank.example",
    sender="status@bank.example",
    sender_name="Example Bank",
    list="subscribers.csv",
    leave_to="leave@bank.example",
)
BODY = f"Card payments fail.\n\nTo leave the list:\n{leave_line(PAGE)}"


def made(words: str, config: Config = CONFIG, root: str = "") -> EmailMessage:
    """As a receiver reads it, dots undone as its relay does."""
    content = letter(words, "en", config, run="d1", root=root, page=PAGE, at=AT).content("ana@example.com", TAG, TOKEN)
    plain = content.replace(b"\r\n..", b"\r\n.")
    return BytesParser(policy=email.policy.default).parsebytes(plain)  # type: ignore[return-value]


def text_of(mail: EmailMessage) -> str:
    return str(mail.get_content()).replace("\r\n", "\n")


def test_a_mail_says_who_sends_it_to_whom_and_how_to_leave() -> None:
    mail = made(f"Card payments\n\n{BODY}")

    assert mail["From"] == "Example Bank <status@bank.example>"
    assert mail["To"] == "ana@example.com"
    assert mail["Subject"] == "Card payments"
    assert mail["Message-ID"] == f"<d1.{TAG}@bank.example>"
    assert mail["In-Reply-To"] is None and mail["References"] is None
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Precedence"] == "bulk"
    assert mail["List-Id"] == "<status.bank.example>"
    assert mail["Feedback-ID"] == "d1:en:notice:statuspage"
    assert mail["List-Unsubscribe"] == f"<{PAGE}/unsubscribe/{TOKEN}>, <mailto:leave@bank.example?subject=leave%20{TOKEN}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Content-Language"] == "en" and mail.get_content_type() == "text/plain"
    assert text_of(mail) == f"Card payments fail.\n\nTo leave the list:\n{PAGE}/unsubscribe/{TOKEN}\n"


def test_a_later_mail_of_an_incident_continues_the_first_and_keeps_its_subject() -> None:
    first, later = made(f"Card payments\n\n{BODY}"), made(f"Card payments\n\n{BODY}", root="d0")

    assert later["In-Reply-To"] == later["References"] == f"<d0.{TAG}@bank.example>"
    assert later["Subject"] == first["Subject"] and later["Message-ID"] == first["Message-ID"]


def test_where_the_page_takes_no_clicks_people_leave_elsewhere() -> None:
    config = replace(CONFIG, leave_url="https://app.bank.example/")
    words = f"Card payments\n\nFailing.\n{leave_line(PAGE, config)}"

    mail = made(words, config)

    assert mail["List-Unsubscribe"].startswith(f"<https://app.bank.example/unsubscribe/{TOKEN}>")
    assert text_of(mail) == f"Failing.\nhttps://app.bank.example/unsubscribe/{TOKEN}\n"
    with pytest.raises(ValueError, match="leave_url"):
        replace(CONFIG, leave_url="http://app.bank.example")


def test_mail_that_comes_back_names_its_recipient_by_a_tag() -> None:
    plain, tagged = (
        letter(f"S\n\n{BODY}", "en", config, run="d1", root="", page=PAGE, at=AT)
        for config in (CONFIG, replace(CONFIG, bounces_to="back@bank.example"))
    )

    assert plain.envelope(TAG) == "status@bank.example"
    assert tagged.envelope(TAG) == f"back+{TAG}@bank.example"


HOSTILE = [
    "Cards\r\nBcc: everybody@example.com",
    "Cards\nBcc: everybody@example.com",
    "Cards\rX-Evil: 1",
    "Cards\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029X-Evil: 1",
    "Cards\x00\x1b[31m",
    "=?utf-8?q?Bcc=3A_everybody?=",
    "Überweisungen – Störung 🏦 (50 %) #1_*",
    "x" * 400,
    "ü" * 400,
    '"; <evil@example.com>, Cards',
    "\ud800 half a letter",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_no_subject_and_no_name_becomes_another_header(words: str) -> None:
    expected = set(made(f"Cards\n\n{BODY}").keys())
    name = "".join(letter for letter in words if letter.isprintable())[:100]

    mail = made(f"{words}\n\n{BODY}", replace(CONFIG, sender_name=name))

    assert set(mail.keys()) == expected
    assert mail["From"].addresses[0].addr_spec == "status@bank.example" and len(mail["From"].addresses) == 1
    assert "Bcc" not in mail and "X-Evil" not in mail


@pytest.mark.parametrize("words", [words for words in HOSTILE if words.isprintable()])
def test_every_printable_subject_arrives_whole(words: str) -> None:
    assert made(f"{words}\n\n{BODY}")["Subject"] == words


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=300))
@example(".\n..\n.")
@example("a" * 200 + " \n. \n .")
@example("= =3D =\n--\n")
def test_every_text_arrives_whole_and_ends_no_mail_early(words: str) -> None:
    content = letter(f"S\n\n{words}\n{BODY}", "en", CONFIG, run="d1", root="", page=PAGE, at=AT).content("ana@example.com", TAG, TOKEN)
    lines = content.split(b"\r\n")

    mail = made(f"S\n\n|{words}\n{BODY}")

    assert b"." not in lines and all(len(line) < 998 and line.isascii() and b"\n" not in line for line in lines)
    assert text_of(mail) == f"|{words}\n{BODY[:-1]}{TOKEN}\n"


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("ana@example.com", True), ("a.b+c@mail.example.co", True), ("ana@localhost", False), ("ana", False), ("@example.com", False),
        ("ana@@example.com", False), ("ana@example..com", False), (".ana@example.com", False), ("ana.@example.com", False),
        ("ana@-example.com", False), ("añа@example.com", False), ("ana@exämple.com", False), ("ana@example.com\r\nBcc: x@y.de", False),
        ("ana@example.com>", False), ("<ana@example.com>", False), ('"a b"@example.com', False), ("ana@[127.0.0.1]", False),
        ("a" * 65 + "@example.com", False),
        ("ana@" + "a." * 130 + "com", False), ("ana@example.com\n", False), ("ana b@example.com", False),
    ],
)  # fmt: skip
def test_only_plain_addresses_are_taken(address: str, good: bool) -> None:
    assert is_address(address) is good


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", "relay.bank.example:25"), ("port", 0), ("security", "none"), ("security", "ssl"), ("user", "me"),
        ("sender", "Example <status@bank.example>"), ("sender", "status@bank.example\nBcc: x@y.de"), ("leave_to", "leave"),
        ("sender_name", "a\nb"), ("list", "a@b.de\nc@d.de"), ("per_second", 0), ("connections", 0), ("answer_s", 0), ("list_id", "a b"),
        ("bounces_to", "back"), ("dkim_domain", "a b"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_right_is_refused_with_a_reason(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=field):
        replace(CONFIG, **{field: value})  # type: ignore[arg-type]
