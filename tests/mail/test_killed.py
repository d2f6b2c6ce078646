"""D27: a run to a list, killed by SIGKILL again and again: nobody is missed, and no kill doubles more than the mail in flight."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from broadcasters import email, sms_list
from statuspage.core.deliveries import Delivery
from statuspage.demo.networks.server import running_networks
from statuspage.store import deliveries
from tests.delivery.real import FORKS, in_child, until, wait_for
from tests.mail.sink import Sink, relay
from tests.mail.stage import Office, config, people, texting

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings(FORKS)]
KILLS = 10


def work(url: str, own: email.Config | sms_list.Config) -> None:
    """As a worker does, for ever."""
    office = Office.opened(url, own, quiet_s=0.2)
    while True:
        office.ctx.ports.clock.wait(office.dispatcher.step())


def killed_again_and_again(
    url: str, own: email.Config | sms_list.Config, lines: list[str], taken: Callable[[], int]
) -> tuple[Delivery, dict[str, int]]:
    """Each process gets so far that all kills fall into the run, wherever in the work of a mail they hit. taken: how many are out."""
    chance = random.Random(27)
    office = Office.opened(url, own)
    office.take_list(lines)
    row = office.say()
    office.close()
    for kill in range(KILLS):
        child = in_child(partial(work, url, own))
        goal = taken() + len(lines) // (2 * KILLS)
        until(lambda goal=goal: taken() >= goal)  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, 0.02))
        os.kill(child, signal.SIGKILL)
        assert wait_for(child) == signal.SIGKILL, kill
    assert taken() < len(lines)  # every kill came in the middle

    office = Office.opened(url, own, quiet_s=0.2)
    settled, counts = office.settled(row)[0], office.counts(row)
    with office.ctx.ports.store.reading() as session:
        resumed = [line for line in deliveries.story(session, row.id) if line.outcome == "resumed"]
    office.close()
    assert settled.state == "delivered" and counts["sent"] == len(lines)
    assert len(resumed) == counts["doubtful"] <= KILLS
    return settled, counts


@pytest.mark.parametrize(("database_url", "recipients"), [("sqlite_url", 5000), ("postgres_url", 1000)])
def test_thousands_of_mails_and_ten_kills_miss_nobody(
    database_url: str, recipients: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with relay(Sink(keep=False)) as sink:
        own = config(sink.port, tmp_path)
        _, counts = killed_again_and_again(request.getfixturevalue(database_url), own, people(recipients), sink.count.total)
        got = sink.got()

    doubled = sum(number - 1 for number in got.values())
    assert len(got) == recipients and set(got) == {f"person{number}@example.com" for number in range(recipients)}
    assert doubled <= counts["doubtful"] and max(got.values()) <= 2  # those nobody is sure of are listed


def test_ninety_short_messages_and_ten_kills_miss_nobody_and_double_nothing(sqlite_url: str, tmp_path: Path) -> None:
    """What was under way is looked for before it is sent again: no kill doubles anything."""
    numbers = [f"+4477009000{number:02d}" for number in range(1, 91)]
    with running_networks(tmp_path / "networks") as networks:
        own = texting(networks.url, tmp_path, per_second=200.0)
        killed_again_and_again(sqlite_url, own, [f"{number},en" for number in numbers], lambda: len(networks.truth("sms")))
        got = Counter(post["account"] for post in networks.truth("sms"))

    assert got == Counter(numbers)
