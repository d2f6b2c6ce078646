"""A notice to a list, through a real relay: everybody once, in the right language, in order; what is refused, put off, overtaken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql

from statuspage.actions.stories import story_of
from statuspage.core.subscribers import tag_of, token_of
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import alarms, deliveries, mails, switches
from tests.mail.sink import STORE_AND_CUT, Sink, relay, rude
from tests.mail.stage import ACCOUNT, Office, people

Opened = Callable[..., Office]


def alarm_texts(office: Office) -> list[str]:
    with office.ctx.ports.store.reading() as session:
        return [alarm.text for alarm in alarms.listing(session, limit=50) if alarm.cleared_at is None]


@pytest.mark.parametrize("database_url", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.long)])
def test_everybody_on_the_list_gets_one_mail_in_their_language(
    database_url: str, sink: Sink, office_at: Opened, request: pytest.FixtureRequest
) -> None:
    office = office_at(sink.port, url=request.getfixturevalue(database_url), connections=3)
    office.take_list([*people(20), *(f"persona{number}@example.com,es" for number in range(10))])

    english, spanish = office.say(language="en"), office.say(language="es", subject="incident2")
    settled = office.settled(english, spanish)

    assert [row.state for row in settled] == [DeliveryState.DELIVERED] * 2
    assert len(sink.mails) == 30 and set(sink.got().values()) == {1}
    assert {mail.message["Content-Language"] for mail in sink.mails if mail.recipient.startswith("persona")} == {"es"}
    assert settled[0].detail == "Mails: 20 taken by the relay." and office.counts(english) == {"sent": 20, "doubtful": 0}
    with office.ctx.ports.store.reading() as session:
        assert "email" in deliveries.first_accepted(session, ["incident1"])["incident1"]


def test_later_mails_of_an_incident_stand_in_the_thread_of_the_first(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port)
    office.take_list(people(2))
    office.settled(office.say(1))
    office.settled(office.say(2))
    office.settled(office.say(3))

    firsts = {mail.recipient: mail.message["Message-ID"] for mail in sink.mails[:2]}

    assert [mail.message["References"] for mail in sink.mails[:2]] == [None, None]
    assert all(mail.message["References"] == mail.message["In-Reply-To"] == firsts[mail.recipient] for mail in sink.mails[2:])
    assert len({mail.message["Message-ID"] for mail in sink.mails}) == 6


def test_a_run_under_way_tells_operators_what_it_is_and_how_far_it_is(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port, per_second=5.0)
    office.take_list(people(20))
    row = office.say()
    office.until(lambda: "so far" in office.now(row).detail)

    def why() -> str:
        with office.ctx.ports.store.reading() as session:
            return story_of(session, office.ctx, row.id).standing.why

    under_way = why()
    with office.ctx.ports.store.writing() as session:
        switches.turn(session, switches.POSTING, off=True, by="Ana", reason="", at=office.ctx.now())

    assert office.now(row).state is DeliveryState.SENDING
    assert (
        under_way.startswith("Goes to its list, one subscriber after the other") and "Mails that the relay has taken so far: " in under_way
    )
    assert why().endswith("All automatic posting is switched off by Ana: nobody more is sent to.")


def test_nobody_gets_an_older_notice_after_a_newer_one(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port, per_second=40.0)
    office.take_list(people(30))
    first = office.say(1)
    office.until(lambda: len(sink.mails) >= 5)
    second = office.say(2)
    overtaken, newest = office.settled(first, second)

    heard: dict[str, list[str]] = {}
    for mail in sink.mails:
        heard.setdefault(mail.recipient, []).append("1" if "Statement 1" in mail.text else "2")
    assert len(heard) == 30 and {tuple(texts) for texts in heard.values()} == {("2",), ("1", "2")}
    assert overtaken.state is DeliveryState.DELIVERED and "the others get update 2" in overtaken.detail
    assert newest.detail == "Mails: 30 taken by the relay."


def test_a_correction_reaches_everybody_before_what_comes_after_it(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port, per_second=100.0)
    office.take_list(people(30))
    correction = office.say(1, essential=True)
    office.until(lambda: len(sink.mails) >= 3)
    office.settled(correction, office.say(2))

    assert ["Statement 1" in mail.text for mail in sink.mails] == [True] * 30 + [False] * 30


def test_not_now_is_asked_again_and_never_is_not(sink: Sink, office_at: Opened) -> None:
    sink.answers = {
        "person1@example.com": ["450 4.2.1 greylisted, try again", "451 4.7.1 still"],
        "person2@example.com": ["550 5.1.1 <person2@example.com> no such user"],
        "person3@example.com": ["552 5.2.2 mailbox full"],
        "person4@example.com": ["421 4.3.2 closing"],
    }
    sink.endings = {"person5@example.com": ["554 5.6.0 content refused"], "person6@example.com": ["451 4.3.0 later"]}
    office = office_at(sink.port)
    office.take_list(people(10))
    row = office.say()

    settled = office.settled(row)[0]

    assert sink.got() == {f"person{number}@example.com": 1 for number in (0, 1, 3, 4, 6, 7, 8, 9)}
    assert settled.state is DeliveryState.DELIVERED and settled.detail == "Mails: 8 taken by the relay, 2 refused for good."
    with office.ctx.ports.store.reading() as session:
        known = mails.mail_list(session, ACCOUNT)
        assert known is not None
        refused = session.get(mails.MailRow, (row.id, tag_of("person2@example.com", known.secret)))
    assert (refused.attempts, refused.state) == (1, "refused")
    assert "no such user" in refused.said and "person2@" not in refused.said


def test_a_relay_that_cuts_after_the_final_dot_is_sent_the_same_mail_again(sink: Sink, office_at: Opened) -> None:
    sink.endings = {"person1@example.com": [STORE_AND_CUT]}
    office = office_at(sink.port)
    office.take_list(people(3))

    settled = office.settled(office.say())[0]

    twice = [mail for mail in sink.mails if mail.recipient == "person1@example.com"]
    assert sink.got() == {"person0@example.com": 1, "person1@example.com": 2, "person2@example.com": 1}
    assert twice[0].raw == twice[1].raw
    assert "1 sent again under the same Message-ID, since nobody knew whether they had arrived" in settled.detail


def test_a_relay_that_refuses_our_sign_in_stops_the_account_and_loses_nobody(office_at: Opened) -> None:
    with relay(Sink(login_ok=False), auth=True) as sink:
        office = office_at(sink.port, user="relay-user", password="wrong-password-9")
        office.take_list(people(5))
        row = office.say()
        office.until(lambda: alarm_texts(office))

        assert "refused our credentials" in alarm_texts(office)[0] and "wrong-password-9" not in str(alarm_texts(office))
        assert office.now(row).state is DeliveryState.SENDING and not sink.mails


def test_a_relay_that_refuses_our_sender_makes_the_notice_stuck_and_a_retry_goes_on(sink: Sink, office_at: Opened) -> None:
    from statuspage.actions.deliveries import retry

    sink.sender_answer = "550 5.7.1 not allowed to send from there"
    office = office_at(sink.port)
    office.take_list(people(5))
    row = office.say()
    stuck = office.settled(row)[0]
    assert stuck.state is DeliveryState.STUCK and "not allowed" in stuck.detail and alarm_texts(office)

    sink.sender_answer = ""
    retry(office.ctx, row.id, "Ana")
    assert office.settled(row)[0].detail == "Mails: 5 taken by the relay."
    assert set(sink.got().values()) == {1} and len(sink.got()) == 5


def test_a_relay_that_is_away_delays_and_loses_nothing(office_at: Opened) -> None:
    with rude(b"") as port:
        office = office_at(port)
        office.take_list(people(4))
        row = office.say()
        office.until(lambda: any(line.outcome == "retry" for line in _story(office, row)))
    assert office.now(row).state is DeliveryState.SENDING
    office.close()

    with relay(Sink()) as sink:
        again = office_at(sink.port)
        assert again.settled(row)[0].detail == "Mails: 4 taken by the relay."
        assert set(sink.got().values()) == {1}


def _story(office: Office, row: deliveries.Delivery) -> list[deliveries.Attempt]:
    with office.ctx.ports.store.reading() as session:
        return deliveries.story(session, row.id)


def test_without_a_list_a_notice_waits_for_it(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port)
    row = office.say()
    office.until(lambda: office.now(row).attempts)
    for _ in range(3):
        office.dispatcher.step()
    assert not sink.mails and office.now(row).state is DeliveryState.SENDING

    office.take_list(people(2))

    assert office.settled(row)[0].state is DeliveryState.DELIVERED and len(sink.mails) == 2


def test_a_list_that_is_wrong_leaves_the_old_one_in_force_and_says_where(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port)
    first = office.take_list(people(3))
    assert first is not None and first.subscribers == 3

    kept = office.take_list([*people(3), "new@example.com", "broken"])

    assert kept == first
    assert "people.csv:5: the address has 0 times @" in alarm_texts(office)[0] and "stays in force" in alarm_texts(office)[0]
    office.settled(office.say(1))
    assert len(sink.mails) == 3

    office.take_list([*people(2), "new@example.com"])
    assert alarm_texts(office) == []
    office.settled(office.say(2, subject="incident2"))
    assert {mail.recipient for mail in sink.mails[3:]} == {"person0@example.com", "person1@example.com", "new@example.com"}


def test_a_list_that_changes_in_the_middle_of_a_run_counts_at_once(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port, per_second=100.0)
    office.take_list([*people(30), "goes@example.com"])
    sink.answers = {"goes@example.com": ["450 4.2.0 later"] * 100}
    row = office.say()
    office.until(lambda: len(sink.mails) >= 5)

    office.take_list([*people(30), "comes@example.com"])

    settled = office.settled(row)[0]
    assert sink.got() == {**{f"person{number}@example.com": 1 for number in range(30)}, "comes@example.com": 1}
    assert settled.detail == "Mails: 31 taken by the relay."


def test_a_list_that_changes_while_the_pace_lets_nobody_out_is_read_before_the_run_ends(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port, per_second=0.5, retry_s=1.0)
    office.take_list(["goes@example.com"])
    sink.answers = {"goes@example.com": ["450 4.2.0 later"] * 100}
    row = office.say()
    office.until(lambda: office.counts(row).get(mails.DEFERRED))

    office.take_list(["comes@example.com"])

    assert office.settled(row)[0].detail == "Mails: 1 taken by the relay."
    assert sink.got() == {"comes@example.com": 1}


def test_who_left_gets_no_mail_also_when_it_is_queued_and_the_list_names_them_anew(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port, per_second=10.0)
    known = office.take_list(people(20))
    assert known is not None
    row = office.say()
    office.until(lambda: len(sink.mails) >= 2)
    with office.ctx.ports.store.reading() as session:
        begun = set(session.scalars(select(mails.MailRow.tag)))
    everybody = [f"person{number}@example.com" for number in range(20)]
    leaving = [person for person in everybody if tag_of(person, known.secret) not in begun][:3]

    with office.ctx.ports.store.writing() as session:
        for person in leaving:
            mails.leave(session, tag_of(person, known.secret), office.ctx.now())
    office.settled(row)
    office.take_list([*people(20), "more@example.com"])
    office.settled(office.say(2))

    got = sink.got()
    assert len(leaving) == 3 and [got[person] for person in leaving] == [0, 0, 0]
    assert got["more@example.com"] == 1 and sum(number > 0 for number in got.values()) == 18


def test_the_off_switch_stops_a_run_in_the_middle(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port, per_second=20.0)
    office.take_list(people(40))
    row = office.say()
    office.until(lambda: len(sink.mails) >= 3)
    _switch(office, off=True)
    office.until(lambda: "sending" not in office.counts(row))
    heard = len(sink.mails)
    for _ in range(5):
        office.dispatcher.step()
    assert len(sink.mails) == heard < 40

    _switch(office, off=False)

    assert office.settled(row)[0].state is DeliveryState.DELIVERED and set(sink.got().values()) == {1}


def _switch(office: Office, *, off: bool) -> None:
    with office.ctx.ports.store.writing() as session:
        switches.turn(session, switches.POSTING, off=off, by="Ana", reason="", at=office.ctx.now())


def test_what_is_out_of_date_is_not_sent_to_the_rest_and_people_hear_of_it(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port, per_second=5.0)
    office.take_list(people(100))
    row = office.say(valid_until=datetime.now(UTC) + timedelta(hours=1))
    office.until(lambda: sink.mails)
    office.ctx.ports.clock.ahead = timedelta(hours=2)  # type: ignore[attr-defined]

    settled = office.settled(row)[0]

    assert 0 < len(sink.mails) < 100 and "out of date" in settled.detail
    assert any("did not reach everybody in time" in text for text in alarm_texts(office))


def test_a_text_changed_in_the_database_goes_to_nobody_more(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port, per_second=20.0)
    office.take_list(people(40))
    row = office.say()
    office.until(lambda: len(sink.mails) >= 2)
    with office.ctx.ports.store.writing() as session:
        session.execute(sql("UPDATE delivery SET request = replace(request, 'Statement 1', 'Send us your PIN')"))

    settled = office.settled(row)[0]

    assert settled.state is DeliveryState.REFUSED and len(sink.mails) < 40
    assert not any("PIN" in mail.text for mail in sink.mails)


def test_nobody_who_reads_a_language_is_no_delivery(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port)
    office.take_list(people(2, "en"))

    settled = office.settled(office.say(language="es"))[0]

    assert (settled.state, settled.detail) == (DeliveryState.WITHDRAWN, "Nobody on the list reads es: nothing was sent.")


def test_the_pace_is_kept(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port, per_second=40.0, connections=4)
    office.take_list(people(30))
    began = office.ctx.ports.clock.monotonic()
    office.settled(office.say())

    assert office.ctx.ports.clock.monotonic() - began >= 26 / 40.0  # a burst of a twentieth of a second is allowed


def test_no_address_stands_anywhere_but_in_the_list(sink: Sink, office_at: Opened, tmp_path: Path) -> None:
    office = office_at(sink.port)
    sink.answers = {"canary7@example.com": ["550 5.1.1 canary7@example.com unknown", "550 no"]}
    office.take_list(["canary7@example.com", "canary8@example.com"])
    office.settled(office.say())

    tables = ("delivery", "delivery_attempt", "mail", "mail_list", "mail_left", "alarm", "audit")
    with office.ctx.ports.store.reading() as session:
        assert "canary" not in str([session.execute(sql(f"SELECT * FROM {table}")).all() for table in tables])
    assert all("canary" not in mail.message["List-Unsubscribe"] + mail.message["Message-ID"] for mail in sink.mails)


def test_no_address_that_a_relay_repeats_gets_into_stories_or_alarms_or_logs(
    sink: Sink, office_at: Opened, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever the relay says: in trouble of its own, in a refusal, in a yes; and however it writes the address."""
    sink.answers = {"canary7@example.com": ["421 4.3.2 too much for <CANARY7@Example.com>, closing"]}
    sink.endings = {"canary8@example.com": ["250 2.0.0 queued for canary8@example.com"]}
    office = office_at(sink.port)
    office.take_list(["canary7@example.com", "canary8@example.com"])
    row = office.say()
    office.settled(row)

    told = " ".join(line.detail for line in _story(office, row))
    tables = ("delivery", "delivery_attempt", "mail", "alarm", "audit")
    with office.ctx.ports.store.reading() as session:
        kept = str([session.execute(sql(f"SELECT * FROM {table}")).all() for table in tables])
    assert "too much for <[address]>" in told and "queued for [address]" in kept
    assert "canary" not in (kept + "".join(capfd.readouterr())).lower()


def test_tokens_differ_from_person_to_person(sink: Sink, office_at: Opened) -> None:
    office = office_at(sink.port)
    known = office.take_list(people(5))
    assert known is not None
    office.settled(office.say())

    for mail in sink.mails:
        token = token_of(tag_of(mail.recipient, known.secret), known.secret)
        assert f"/unsubscribe/{token}>" in mail.message["List-Unsubscribe"] and f"/unsubscribe/{token}" in mail.text
