"""X32 and D20 at the demonstration networks: an account that its network refuses is asked once, whatever is told after that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from broadcasters.http import Answer, Request, RequestsTransport
from statuspage.actions import alarms, incidents
from statuspage.actions import deliveries as deeds
from statuspage.actions.context import Context
from statuspage.actions.incidents import Change, Declaration, Resolution
from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, IncidentStatus
from statuspage.demo import stage
from statuspage.demo.networks.server import RunningNetworks
from statuspage.settings.loader import load_file
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database, deliveries
from statuspage.store import alarms as alarm_store
from statuspage.worker.assemble import build_context
from statuspage.worker.dispatcher import Dispatcher
from statuspage.worker.process import open_ports

KINDS = ("mastodon", "bluesky", "x", "facebook", "telegram", "threads", "linkedin", "slack", "discord", "matrix", "ntfy")
QUEUED, STUCK, SUPERSEDED, DELIVERED = DeliveryState.QUEUED, DeliveryState.STUCK, DeliveryState.SUPERSEDED, DeliveryState.DELIVERED
STEPS = 12  # passes of the loop; more than these deliveries need


class Counted(RequestsTransport):
    """The real way out, which notes what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def exchange(self, request: Request) -> Answer:
        self.asked.append(f"{request.method} {request.url}")
        return super().exchange(request)


class Bank:
    """One account of the demonstration on running networks."""

    def __init__(self, ctx: Context, account: str, way: Counted) -> None:
        self.ctx, self.account, self.way = ctx, account, way
        self.dispatcher = Dispatcher(ctx, account)

    def works(self) -> None:
        for _ in range(STEPS):
            self.dispatcher.step()

    def rows(self) -> list[Delivery]:
        with self.ctx.ports.store.reading() as session:
            found = [row for row in deliveries.listing(session) if row.account == self.account]
        return sorted(found, key=lambda row: (row.created_at, row.sequence))

    def alarms(self, topic: str) -> list[str]:
        with self.ctx.ports.store.reading() as session:
            return [alarm.key for alarm in alarm_store.listing(session) if alarm.key.startswith(f"{topic}:")]


@pytest.fixture
def bank(tmp_path: Path, networks: RunningNetworks, sqlite_database: Database) -> Callable[[str], Bank]:
    def make(account: str) -> Bank:
        process, way = ProcessSettings(stage.CONFIGURATION, tmp_path, "sqlite://"), Counted()
        environ = stage.environment("127.0.0.1", 9, tmp_path) | {"NETWORKS_URL": networks.url}
        ports = replace(open_ports(process), store=sqlite_database, http=way)
        return Bank(build_context(ports, process, load_file(stage.CONFIGURATION, environ)), account, way)

    return make


@pytest.mark.parametrize("account", KINDS)
def test_four_statements_to_an_account_that_is_refused_make_one_attempt_and_the_last_goes_when_it_is_resumed(
    account: str, bank: Callable[[str], Bank], networks: RunningNetworks
) -> None:
    here = bank(account)
    networks.misbehave(account, "denied")
    declared = incidents.declare(here.ctx, Declaration(components={"log-in": ComponentStatus.MAJOR_OUTAGE}, who="Ada"))
    here.works()
    after_one = len(here.way.asked)

    for status in (IncidentStatus.IDENTIFIED, IncidentStatus.MONITORING):
        incidents.update(here.ctx, Change(declared.id, who="Ada", status=status, cause="supplier"))
        here.works()
    incidents.resolve(here.ctx, Resolution(declared.id, who="Ada"))
    here.works()
    asked, alarmed = len(here.way.asked), here.alarms("account")
    waiting = [row.state for row in here.rows() if row.sequence == 4]
    networks.mend(account)
    deeds.resume_account(here.ctx, account, "Ada")
    here.works()

    assert asked == after_one
    assert alarmed == [f"account:{account}"]
    assert set(waiting) == {QUEUED}
    assert {row.state for row in here.rows() if row.sequence == 4} == {DELIVERED}
    assert {row.state for row in here.rows() if row.sequence < 4} == {SUPERSEDED}
    assert here.alarms("account") == []


def test_operators_alarms_to_a_receiver_that_answers_410_are_one_request_and_wait(
    bank: Callable[[str], Bank], networks: RunningNetworks
) -> None:
    here = bank("operators")
    networks.misbehave("webhook", "denied")

    for number in range(8):
        alarms.raise_alarm(here.ctx, f"disk:{number}", f"Disk {number} is full.")
        here.works()

    own = here.rows()  # what tells of the account itself stands among them, and waits with the others
    assert len(here.way.asked) == 1
    assert [row.state for row in own if row.state is not QUEUED] == [STUCK] and len(own) == 9
    assert here.alarms("account") == ["account:operators"]

    networks.mend("webhook")
    deeds.retry(here.ctx, own[0].id, "Ada")
    here.works()

    assert [row.state for row in here.rows() if row.text.startswith("Disk")] == [DELIVERED] * 8
    assert not [row for row in here.rows() if row.state is DELIVERED and "operators:" in row.text], "it is over before it was told"


def test_another_operators_channel_hears_that_the_first_is_off(bank: Callable[[str], Bank], networks: RunningNetworks) -> None:
    here = bank("operators")
    second = next(info for info in here.ctx.channels.values() if info.channel.account == "mastodon")
    here.ctx.channels[second.channel.name] = replace(second, channel=replace(second.channel, operators=True))  # type: ignore[index]
    other = Dispatcher(here.ctx, "mastodon")
    networks.misbehave("webhook", "denied")
    alarms.raise_alarm(here.ctx, "disk:1", "Disk 1 is full.")

    for _ in range(STEPS):
        here.dispatcher.step()
        other.step()

    texts = [post["text"] for post in networks.truth("mastodon")]
    (heard,) = [text for text in texts if "operators:" in text]
    assert "answered 410" in heard and "statuspage account resume operators" in heard
    assert "is stuck" in heard and f"console/deliveries/{here.rows()[0].id}" in heard
