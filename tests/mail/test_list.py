"""The list as a file: what is taken, what is refused with its line, and that no address stands in a message."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from broadcasters.email import fault, is_address
from statuspage.core.subscribers import BrokenList, Subscriber, read_list, tag_in, tag_of, token_of
from statuspage.store import mails
from statuspage.store.mail_tables import MailSubscriberRow
from statuspage.worker import mail_list
from statuspage.worker.mail_list import MailListKeeper
from tests.mail.stage import Office, config

SECRET = b"s" * 32


def read(text: str) -> list[Subscriber]:
    found = read_list(text, name="people.csv", languages={"en", "es"}, default="en", fault=fault, secret=SECRET)
    return list(found)


def test_one_subscriber_a_line_with_or_without_a_language() -> None:
    text = '\ufeffaddress,language\r\n# since 2026\r\nana@example.com,es\r\n\r\nBob@Example.com\r\n"eva@example.com", en\n'

    found = read(text)

    assert [(person.address, person.language) for person in found] == [
        ("ana@example.com", "es"),
        ("Bob@Example.com", "en"),
        ("eva@example.com", "en"),
    ]
    assert len({person.tag for person in found}) == 3 and not any("example" in person.tag for person in found)


@pytest.mark.parametrize("heading", ["address,language", "number,language", "# people\n\naddress,language"])
def test_a_heading_may_stand_before_the_first_subscriber_and_nowhere_else(heading: str) -> None:
    assert [person.address for person in read(f"{heading}\nana@example.com\n")] == ["ana@example.com"]
    with pytest.raises(BrokenList):
        read(f"ana@example.com\n{heading}\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ana", "0 times @"),
        ("ana@a@example.com", "2 times @"),
        ("señora@example.com", "accent"),
        ("ana@example", "no address"),
        ("ana@example.com,pt", "the language 'pt'; notices go out in: en, es"),
        ("ana@example.com,es,cards", "found 3 values"),
        ("ok@EXAMPLE.com", "same address stands in line 1"),
        ('"ana@example.com', "no address"),
        ("a" * 500 + "@example.com", "512 letters"),
        ("ana@example.com\x00", "no address"),
    ],
)
def test_a_line_that_cannot_be_right_is_named_and_its_address_is_not(line: str, said: str) -> None:
    with pytest.raises(BrokenList) as caught:
        read(f"ok@example.com\n{line}\nfine@example.com\n")

    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith("people.csv:2: ") and said in caught.value.problems[0]
    assert "ana@" not in str(caught.value) and "example" not in caught.value.problems[0].partition("name@example.com")[0][12:]


def test_a_file_of_rubbish_names_twenty_lines_and_no_more() -> None:
    with pytest.raises(BrokenList) as caught:
        read("rubbish\n" * 1000)

    assert len(caught.value.problems) == 21 and "perhaps more" in caught.value.problems[-1]


@pytest.mark.parametrize("text", ["", "\n\n", "# nobody\n", "address,language\n"])
def test_an_empty_list_is_a_mistake(text: str) -> None:
    with pytest.raises(BrokenList, match="nobody is on the list"):
        read(text)


@given(st.text())
def test_no_file_whatever_breaks_the_reader(text: str) -> None:
    try:
        assert all(is_address(person.address) for person in read(text))
    except BrokenList as fault:
        assert fault.problems


def test_a_token_leads_to_its_tag_and_nothing_else_does() -> None:
    tag = tag_of("ana@example.com", SECRET)
    token = token_of(tag, SECRET)

    assert tag_of("ANA@example.com", SECRET) == tag and tag_of("ana@example.com", b"t" * 32) != tag
    assert tag_in(token, SECRET) == tag
    wrong = [token[:-1], token + "0", token.upper(), tag + "0" * 32, token_of(tag, b"t" * 32), "", "ñ" * 64, token[32:] + token[:32]]
    assert [tag_in(one, SECRET) for one in wrong] == [None] * len(wrong)


def test_a_reader_that_died_after_its_list_was_in_force_leaves_no_address_behind(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V5: whoever is taken off the file is gone from the tables, too."""
    monkeypatch.setattr(mail_list, "BATCH", 1)
    office = Office.opened(sqlite_url, config(1, tmp_path))
    office.take_list(["ana@example.com", "bob@example.com"])
    Path(office.ctx.configs["mail"].list).write_text("bob@example.com\n", encoding="utf-8")
    while in_force(office) == 1:
        office.keeper.step()  # and there it dies

    keeper = MailListKeeper(office.ctx, "mail")
    while keeper.step() < 1.0:
        continue

    with office.ctx.ports.store.reading() as session:
        assert list(session.scalars(select(MailSubscriberRow.address))) == ["bob@example.com"]
    office.close()


def in_force(office: Office) -> int:
    with office.ctx.ports.store.reading() as session:
        known = mails.mail_list(session, "mail")
    return known.edition if known is not None else 0
