"""D27: a run to a list, killed by SIGKILL again and again: nobody is missed, and no kill doubles more than the mail in flight."""

from __future__ import annotations

import os
import random
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from statuspage.store import deliveries
from tests.delivery.real import FORKS, in_child, until, wait_for
from tests.mail.sink import Sink, relay
from tests.mail.stage import Office, config, people

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings(FORKS)]


def work(url: str, port: int, folder: Path) -> None:
    """As a worker does, for ever."""
    office = Office.opened(url, config(port, folder))
    while True:
        office.ctx.ports.clock.wait(office.dispatcher.step())


def killed_again_and_again(url: str, folder: Path, recipients: int, kills: int) -> None:
    """Each process gets so far that all kills fall into the run, wherever in the work of a mail they hit."""
    chance = random.Random(27)
    with relay(Sink(keep=False)) as sink:
        office = Office.opened(url, config(sink.port, folder))
        office.take_list(people(recipients))
        row = office.say()
        office.close()
        for kill in range(kills):
            child = in_child(partial(work, url, sink.port, folder))
            goal = sink.count.total() + recipients // (2 * kills)
            until(lambda goal=goal: sink.count.total() >= goal)  # type: ignore[misc]
            time.sleep(chance.uniform(0.0, 0.02))
            os.kill(child, signal.SIGKILL)
            assert wait_for(child) == signal.SIGKILL, kill
        assert sink.count.total() < recipients  # every kill came in the middle

        office = Office.opened(url, config(sink.port, folder))
        settled = office.settled(row)[0]
        counts = office.counts(row)
        with office.ctx.ports.store.reading() as session:
            resumed = [line for line in deliveries.story(session, row.id) if line.outcome == "resumed"]
        office.close()

    got = sink.got()
    doubled = sum(number - 1 for number in got.values())
    assert len(got) == recipients and set(got) == {f"person{number}@example.com" for number in range(recipients)}
    assert doubled <= kills and max(got.values()) <= 2
    assert counts["sent"] == recipients and doubled <= counts["doubtful"] <= kills  # those nobody is sure of are listed
    assert len(resumed) == counts["doubtful"] and settled.state == "delivered"


def test_five_thousand_mails_and_ten_kills_miss_nobody(sqlite_url: str, tmp_path: Path) -> None:
    killed_again_and_again(sqlite_url, tmp_path, recipients=5000, kills=10)
