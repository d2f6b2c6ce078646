"""X9: a post on an own account that is not ours is an alarm within one reading; ours, edited ones and people's replies are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcasters import BROADCASTERS
from broadcasters.http import Http, RequestsTransport
from broadcasters.post import Post, Remote
from broadcasters.text import make_tid
from statuspage.actions import incidents
from statuspage.actions.context import Context
from statuspage.actions.deliveries import RESTORED
from statuspage.actions.incidents import Change, Declaration
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, IncidentStatus
from statuspage.demo import stage
from statuspage.demo.networks.server import RunningNetworks
from statuspage.settings.loader import load_file
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database, alarms, configurations, deliveries
from statuspage.worker.assemble import build_context
from statuspage.worker.dispatcher import Dispatcher
from statuspage.worker.process import open_ports
from statuspage.worker.timeline_watch import TimelineWatch

KINDS = ("mastodon", "bluesky", "x", "facebook", "slack", "matrix", "ntfy")
FRAUD = (
    "Win 500 euros: https://bank-help.example",
    "Your account is blocked. Call us now.",
    "Ref ABC2345: everything works again.",  # a code that is none
    "Everything works again. http://status.bank.example/u/K7Q2M3X",
    "Hola 🎉",
)


class Bank:
    """The demonstration's accounts on running networks, and one of them watched."""

    def __init__(self, ctx: Context, networks: RunningNetworks, account: str) -> None:
        self.ctx, self.networks, self.account = ctx, networks, account
        self.module = BROADCASTERS[account]
        self.http = Http(RequestsTransport(), deadline_s=10.0, connect_timeout_s=5.0, now=ctx.now)
        self.dispatcher = Dispatcher(ctx, account)
        self.dispatcher.step()
        self.watch = TimelineWatch(ctx, self.dispatcher, account)

    def tells(self) -> None:
        """An incident with an update, both posted."""
        status = {"log-in": ComponentStatus.MAJOR_OUTAGE}
        declared = incidents.declare(self.ctx, Declaration(components=status, who="Ada"))
        self.posts_all()
        incidents.update(self.ctx, Change(declared.id, who="Ada", status=IncidentStatus.IDENTIFIED, cause="supplier"))
        self.posts_all()

    def posts_all(self) -> None:
        for _ in range(50):
            self.dispatcher.step()
            if all(row.state is DeliveryState.DELIVERED for row in self.rows()):
                break
        assert [row.state for row in self.rows()] == ["delivered"] * len(self.rows()) and self.rows()

    def rows(self) -> list[Any]:
        with self.ctx.ports.store.reading() as session:
            return [row for row in deliveries.listing(session) if row.account == self.account]

    def somebody_posts(self, text: str, number: int = 1) -> Remote:
        now = datetime.now(UTC) + timedelta(microseconds=number)
        post = Post(text=text, language="en", key=f"theirs-{number}", code="", created_at=now, record_key=make_tid(now, 9))
        network = self.dispatcher.network
        assert network is not None
        return self.module.broadcast(post, network.config, self.http).remote  # type: ignore[no-any-return]

    def alarms(self) -> list[alarms.Alarm]:
        with self.ctx.ports.store.reading() as session:
            return [alarm for alarm in alarms.listing(session) if alarm.key.startswith(("foreign:", "timeline:"))]


@pytest.fixture
def bank(tmp_path: Path, networks: RunningNetworks, sqlite_database: Database) -> Callable[[str], Bank]:
    def make(account: str) -> Bank:
        process = ProcessSettings(stage.CONFIGURATION, tmp_path, "sqlite://")
        environ = stage.environment("127.0.0.1", 9, tmp_path) | {"NETWORKS_URL": networks.url}
        loaded = load_file(stage.CONFIGURATION, environ)
        ports = replace(open_ports(process), store=sqlite_database)
        with sqlite_database.writing() as session:
            configurations.accept(session, text=loaded.text, digest=loaded.digest, at=ports.clock.now())
        return Bank(build_context(ports, process, loaded), networks, account)

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_x9_our_own_posts_and_their_updates_alarm_nobody_and_five_foreign_ones_do_once_each(bank: Callable[[str], Bank], kind: str) -> None:
    here = bank(kind)
    here.tells()
    here.watch.step()
    assert here.alarms() == []

    for number, text in enumerate(FRAUD, 1):
        posted = here.somebody_posts(text, number)
        here.watch.step()
        found = here.alarms()
        assert len(found) == number
        assert f"foreign:{kind}:{posted.id}:unknown" in {alarm.key for alarm in found}
        assert any(text in alarm.text for alarm in found)
    here.watch.step()

    assert len(here.alarms()) == len(FRAUD)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_our_post_with_its_code_is_found(bank: Callable[[str], Bank], kind: str) -> None:
    here = bank(kind)
    here.tells()
    genuine = here.rows()[0]

    here.somebody_posts(f"Log in here: https://bank-help.example Ref {genuine.code}")
    here.watch.step()

    (alarm,) = here.alarms()
    assert alarm.key.endswith(":copy")


@pytest.mark.parametrize("kind", ["mastodon", "facebook", "slack", "matrix"])
def test_a_post_of_ours_that_somebody_rewrote_is_found(bank: Callable[[str], Bank], kind: str) -> None:
    here = bank(kind)
    here.tells()
    row = here.rows()[0]
    network = here.dispatcher.network
    assert network is not None and row.remote_id

    now = datetime.now(UTC)
    edit = Post("Send us your password", "en", "k", "", now, edit=Remote(row.remote_id, dict(row.remote.get("extra", {}))))
    here.module.edit(edit, network.config, here.http)
    here.watch.step()

    assert [alarm.key.rsplit(":", 1)[1] for alarm in here.alarms()] == ["changed"]


def test_what_was_posted_before_the_account_was_configured_is_nobodys_concern(bank: Callable[[str], Bank]) -> None:
    here = bank("mastodon")
    here.somebody_posts("Good morning")
    with here.ctx.ports.store.writing() as session:
        session.connection().exec_driver_sql("UPDATE configuration SET accepted_at = '2100-01-01 00:00:00'")
    here.watch.step()

    assert here.alarms() == []


def test_an_edit_of_ours_whose_answer_was_lost_is_no_foreign_hand(bank: Callable[[str], Bank]) -> None:
    here = bank("facebook")
    declared = incidents.declare(here.ctx, Declaration(components={"log-in": ComponentStatus.MAJOR_OUTAGE}, who="Ada"))
    here.posts_all()
    incidents.update(here.ctx, Change(declared.id, who="Ada", status=IncidentStatus.IDENTIFIED, cause="supplier"))
    here.networks.misbehave("facebook", "cut", applied=True)
    for _ in range(5):
        here.dispatcher.step()
    here.networks.mend()
    (lost,) = [row for row in here.rows() if row.state is DeliveryState.UNKNOWN]

    here.watch.step()

    assert [lost.code in one["text"] for one in here.networks.truth("facebook")] == [True]
    assert here.alarms() == []


def test_a_post_that_is_under_way_is_ours_though_no_answer_came(bank: Callable[[str], Bank]) -> None:
    here = bank("x")
    here.networks.misbehave("x", "cut", applied=True)
    incidents.declare(here.ctx, Declaration(components={"log-in": ComponentStatus.MAJOR_OUTAGE}, who="Ada"))
    for _ in range(5):
        here.dispatcher.step()
    here.networks.mend()
    assert [row.state for row in here.rows()] == ["unknown"]

    here.watch.step()

    assert len(here.networks.truth("x")) == 1
    assert here.alarms() == []


def test_a_post_that_a_backup_forgot_is_ours_before_it_is_found(bank: Callable[[str], Bank]) -> None:
    here = bank("mastodon")
    incidents.declare(here.ctx, Declaration(components={"log-in": ComponentStatus.MAJOR_OUTAGE}, who="Ada"))
    here.posts_all()
    forgotten = {"state": "unknown", "attempts": 0, "remote_id": None, "remote": {}, "request": None, "error_class": RESTORED}
    with here.ctx.ports.store.writing() as session:
        for row in deliveries.listing(session):
            if row.account == here.account:
                deliveries.change(session, row, **forgotten)

    here.watch.step()

    assert here.networks.truth("mastodon")
    assert here.alarms() == []


def test_a_timeline_that_cannot_be_read_is_an_alarm_when_it_lasts_and_over_when_it_can(bank: Callable[[str], Bank]) -> None:
    here = bank("mastodon")
    here.watch.step()
    here.networks.misbehave("mastodon", "5xx", on="read")

    here.watch.step()
    quiet = here.alarms()
    here.watch._read_at -= 700
    here.watch.step()
    lasting = here.alarms()
    here.networks.mend()
    here.watch.step()

    assert (quiet, [alarm.key for alarm in lasting], here.alarms()) == ([], ["timeline:mastodon"], [])


def test_nobody_but_the_owner_of_the_account_reads(bank: Callable[[str], Bank]) -> None:
    here = bank("mastodon")
    here.somebody_posts("Good morning")
    here.dispatcher.close()

    here.watch.step()

    assert not here.watch.owner and here.alarms() == []
