"""Short messages to a list: the same run as for mails, at a service that remembers nothing by key but can be asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql

from broadcasters import sms_list
from broadcasters.parts import message_parts
from statuspage.actions.deliveries import retry
from statuspage.core.seal import digest_of
from statuspage.core.vocabulary import DeliveryState
from statuspage.demo.networks.server import RunningNetworks, running_networks
from statuspage.store import alarms, mails
from statuspage.worker.mail_lines import nameless
from tests.mail.stage import Office, texting

Opened = Callable[..., Office]
NUMBERS = [f"+4477009000{number:02d}" for number in range(1, 31)]
LANDLINE = "+442079460000"
SECRET = "demo-sms-auth-token-0002"


@pytest.fixture
def networks(tmp_path: Path) -> Iterator[RunningNetworks]:
    with running_networks(tmp_path / "networks") as running:
        yield running


@pytest.fixture
def office_at(sqlite_url: str, tmp_path: Path, networks: RunningNetworks) -> Iterator[Opened]:
    """Opens an office; keyword `delivery`: parameters of delivery, the others: of the account."""
    opened: list[Office] = []

    def make(delivery: dict[str, Any] | None = None, url: str = sqlite_url, **changes: Any) -> Office:
        opened.append(Office.opened(url, texting(networks.url, tmp_path, **changes), **(delivery or {})))
        return opened[-1]

    yield make
    for office in opened:
        office.close()


def heard(networks: RunningNetworks) -> dict[str, list[str]]:
    """Number -> what its phone showed."""
    found: dict[str, list[str]] = {}
    for post in networks.truth("sms"):
        found.setdefault(post["account"], []).append(post["text"])
    return found


def people(number: int, language: str = "en") -> list[str]:
    return [f"{one},{language}" for one in NUMBERS[:number]]


@pytest.mark.parametrize("database_url", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.long)])
def test_everybody_on_the_list_gets_one_message_in_their_language_and_its_parts_are_told(
    database_url: str, request: pytest.FixtureRequest, networks: RunningNetworks, office_at: Opened
) -> None:
    office = office_at(url=request.getfixturevalue(database_url), connections=3)
    office.take_list(["number,language", *people(8), *(f"{number},es" for number in NUMBERS[20:24])])

    english, spanish = office.say(language="en"), office.say(language="es", subject="incident2")
    settled = office.settled(english, spanish)

    assert [row.state for row in settled] == [DeliveryState.DELIVERED] * 2
    assert set(heard(networks)) == {*NUMBERS[:8], *NUMBERS[20:24]} and {len(texts) for texts in heard(networks).values()} == {1}
    assert all("incident2" in heard(networks)[number][0] for number in NUMBERS[20:24])
    assert message_parts(english.text) == 1 and settled[0].detail == "Messages of 1 part: 8 taken by the service."


def test_a_message_of_several_parts_says_how_many_are_charged(office_at: Opened) -> None:
    office = office_at()
    office.take_list(people(2))
    long = "Tarjetas: no funcionan. " * 10

    row = office.say(text=long, text_alone=long, digest=digest_of(long, long, ""))

    assert office.settled(row)[0].detail == "Messages of 2 parts: 2 taken by the service."


def test_a_number_that_the_service_refuses_harms_nobody_else(networks: RunningNetworks, office_at: Opened) -> None:
    office = office_at()
    office.take_list([*people(3), "+4470000000,en", *(f"{number},en" for number in NUMBERS[3:6])])

    settled = office.settled(row := office.say())[0]

    assert set(heard(networks)) == set(NUMBERS[:6])
    assert settled.state is DeliveryState.DELIVERED and office.counts(row) == {"sent": 6, "refused": 1, "doubtful": 0}
    assert "1 refused for good" in settled.detail


ELSEWHERE = [f"+4490987900{number:02d}" for number in range(40)]  # refused, each for itself, by a code that nobody here lists


def test_a_number_refused_by_a_code_that_is_not_listed_harms_nobody_else_and_the_code_is_seen(
    networks: RunningNetworks, office_at: Opened
) -> None:
    """A landline or a premium number among the others: everybody else is told, of this notice and of the next."""
    office = office_at()
    office.take_list([*people(5), f"{LANDLINE},en", *(f"{number},en" for number in ELSEWHERE[:3])])

    first, second = office.settled(row := office.say(1), office.say(1, subject="incident2"))

    assert {number: len(texts) for number, texts in heard(networks).items()} == dict.fromkeys(NUMBERS[:5], 2)
    assert first.state is second.state is DeliveryState.DELIVERED and office.counts(row) == {"sent": 5, "refused": 4, "doubtful": 0}
    assert {"code 21635", "code 21268"} <= {code for said in _said(office) for code in re.findall("code [0-9]+", said)}


def test_a_run_whose_first_ones_are_all_refused_stops_and_nobody_is_given_up(networks: RunningNetworks, office_at: Opened) -> None:
    """A permission that is off, found out with 20 numbers and not with all of them; put right, a retry reaches these too."""
    office = office_at(connections=2)
    office.take_list(people(30))
    networks.misbehave("sms", "denied")
    row = office.say()
    stopped = office.settled(row)[0]
    office.until(lambda: "sending" not in office.counts(row))
    tried = office.counts(row)

    networks.mend("sms")
    retry(office.ctx, row.id, "Ana")
    settled = office.settled(row)[0]

    assert stopped.state is DeliveryState.STUCK and "first 20" in stopped.detail and "code 21408" in stopped.detail
    assert tried.keys() == {"deferred", "doubtful"} and 20 <= tried["deferred"] <= 22
    assert settled.detail == "Messages of 1 part: 30 taken by the service."
    assert {number: len(texts) for number, texts in heard(networks).items()} == dict.fromkeys(NUMBERS, 1)


def test_a_short_list_that_was_refused_as_a_whole_is_tried_again_by_a_retry(networks: RunningNetworks, office_at: Opened) -> None:
    office = office_at()
    office.take_list(people(4))
    networks.misbehave("sms", "denied")
    row = office.say()
    assert "refused all of them" in office.settled(row)[0].detail

    networks.mend("sms")
    retry(office.ctx, row.id, "Ana")

    assert office.settled(row)[0].detail == "Messages of 1 part: 4 taken by the service."


def test_many_who_are_gone_do_not_stop_a_run(networks: RunningNetworks, office_at: Opened) -> None:
    """An old list: most of its numbers are no more. That says nothing about the others."""
    office = office_at()
    office.take_list([*people(2), *(f"+44207946{number:04d},en" for number in range(100))])

    settled = office.settled(office.say())[0]

    assert settled.detail == "Messages of 1 part: 2 taken by the service, 100 refused for good."
    assert set(heard(networks)) == set(NUMBERS[:2])


def test_no_number_stands_in_what_people_are_told(networks: RunningNetworks, office_at: Opened, capfd: pytest.CaptureFixture[str]) -> None:
    office = office_at()
    office.take_list([f"{LANDLINE},en", *(f"{number},en" for number in ELSEWHERE)])

    stopped = office.settled(office.say())[0]

    tables = ("delivery", "delivery_attempt", "mail", "mail_list", "mail_left", "alarm", "audit")
    with office.ctx.ports.store.reading() as session:
        kept = str([session.execute(sql(f"SELECT * FROM {table}")).all() for table in tables])
    logged = "".join(capfd.readouterr())
    assert stopped.state is DeliveryState.STUCK and "number [address] is not permitted" in stopped.detail
    assert "[address]" in _alarms(office)
    assert not any(number.lstrip("+") in kept + logged for number in (LANDLINE, *ELSEWHERE))


@pytest.mark.parametrize("written", ["+442079460000", "442079460000", "%2B442079460000", "+44 20 7946 0000", "+44 (20) 7946-0000"])
def test_a_number_is_taken_out_of_words_however_it_is_written(written: str) -> None:
    said = nameless(f"The 'To' number {written} is wrong (code 21211, from +34900000000).", LANDLINE)

    assert said == "The 'To' number [address] is wrong (code 21211, from +34900000000)."


@pytest.mark.parametrize("restarted", [False, True])
def test_a_wall_clock_that_leaps_ahead_shortens_no_quiet_period(restarted: bool, networks: RunningNetworks, office_at: Opened) -> None:
    """Absence proves something only when a request that is still under way can arrive no more: minutes on the wall say nothing."""
    office = office_at({"quiet_s": 600.0, "deadline_s": 1.0})
    office.take_list(people(5))
    networks.misbehave("sms", "timeout", applied=False, times=1)
    row = office.say()
    office.until(lambda: office.counts(row) == {"sent": 4, "deferred": 1, "doubtful": 1})
    if restarted:
        office.close()
        office = office_at({"quiet_s": 600.0, "deadline_s": 1.0})
    office.ctx.ports.clock.ahead = timedelta(minutes=20)  # type: ignore[attr-defined]
    office.until(lambda: office.dispatcher.owner)
    desk = office.dispatcher._desk
    assert desk is not None
    for _ in range(5):
        desk.due[row.id] = 0.0  # whenever it would look again
        office.until(lambda: desk.due[row.id] > desk.mono() + 0.1)  # it does, and then waits, and does not go round and round

    assert office.counts(row) == {"sent": 4, "deferred": 1, "doubtful": 1}
    assert len(heard(networks)) == 4 and office.now(row).state is DeliveryState.SENDING


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_is_cleared_up_by_reading_before_anything_is_sent_again(
    applied: bool, networks: RunningNetworks, office_at: Opened
) -> None:
    office = office_at({"quiet_s": 0.2, "deadline_s": 1.0})
    office.take_list(people(5))
    networks.misbehave("sms", "timeout", applied=applied, times=1)

    settled = office.settled(row := office.say())[0]

    assert {number: len(texts) for number, texts in heard(networks).items()} == dict.fromkeys(NUMBERS[:5], 1)
    assert office.counts(row) == {"sent": 5, "doubtful": 1}
    assert "1 looked for, and sent again where they are not found" in settled.detail


def test_a_refusal_for_rate_holds_the_whole_account_for_as_long_as_asked(networks: RunningNetworks, office_at: Opened) -> None:
    office = office_at()
    office.take_list(people(4))
    networks.misbehave("sms", "429", retry_after_s=1, times=1)
    begun = office.ctx.ports.clock.monotonic()

    office.settled(office.say())

    assert office.ctx.ports.clock.monotonic() - begun >= 1.0
    assert {len(texts) for texts in heard(networks).values()} == {1} and len(heard(networks)) == 4


def test_a_refused_key_stops_the_account_and_nobody_is_lost(networks: RunningNetworks, office_at: Opened) -> None:
    office = office_at()
    office.take_list(people(4))
    networks.misbehave("sms", "revoked")
    row = office.say()
    office.until(lambda: _alarms(office))
    told = _alarms(office)
    assert heard(networks) == {} and office.now(row).state is DeliveryState.SENDING

    networks.mend("sms")
    office.dispatcher._desk.gate.stopped_trial_at = 0.0  # type: ignore[union-attr]  # five minutes later
    office.settled(row)

    assert "refused our credentials" in told and SECRET not in told
    assert set(heard(networks)) == set(NUMBERS[:4])


def test_who_has_not_had_the_older_notice_gets_the_newer_one_alone(networks: RunningNetworks, office_at: Opened) -> None:
    office = office_at(per_second=40.0)
    office.take_list(people(20))
    first = office.say(1)
    office.until(lambda: len(networks.truth("sms")) >= 3)
    second = office.say(2)
    overtaken, newest = office.settled(first, second)

    said = {
        number: ["statement 1" if "statement 1" in text else "statement 2" for text in texts] for number, texts in heard(networks).items()
    }
    assert len(said) == 20 and {tuple(texts) for texts in said.values()} == {("statement 2",), ("statement 1", "statement 2")}
    assert newest.state is DeliveryState.DELIVERED and "the others get update 2" in overtaken.detail


def test_a_number_that_cannot_be_right_is_named_by_its_line_and_not_shown(office_at: Opened) -> None:
    office = office_at()

    office.take_list([*people(1), "+44 7700 900002,en", "07700900003,en", f"{NUMBERS[0]},en"])

    told = _alarms(office)
    assert "people.csv:2: this is no telephone number." in told and "people.csv:3: " in told
    assert "people.csv:4: the same address stands in line 1" in told and "7700" not in told


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("list", ""),
        ("per_second", 0),
        ("connections", 0),
        ("retry_s", 0),
        ("sender", "a sender too long"),
        ("max_parts", 11),
        ("valid_s", 1),
    ],
)
def test_a_value_that_cannot_be_right_is_refused_with_its_name(field: str, value: Any, tmp_path: Path) -> None:
    own = texting("http://127.0.0.1:1", tmp_path)

    with pytest.raises(ValueError, match=field):
        replace(own, **{field: value})
    assert own.auth_token not in repr(own)


def test_the_account_is_asked_without_sending_anything(networks: RunningNetworks, office_at: Opened) -> None:
    office = office_at()
    office.dispatcher.step()

    assert office.dispatcher.network is not None
    assert "the numbers of the list" in office.dispatcher.network.verify() and networks.truth("sms") == []


def test_a_list_of_numbers_is_counted_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    own = replace(texting("http://127.0.0.1:1", tmp_path), list="numbers.csv")

    assert own.located(Path("/etc/bank")).list == "/etc/bank/numbers.csv" and sms_list.limits(own).maximum == 2


def _said(office: Office) -> list[str]:
    with office.ctx.ports.store.reading() as session:
        return list(session.scalars(select(mails.MailRow.said)))


def _alarms(office: Office) -> str:
    with office.ctx.ports.store.reading() as session:
        return " ".join(one.text for one in alarms.listing(session))
