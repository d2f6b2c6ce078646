"""D17: three networks that hang keep nobody from the fourth. The worker's own threads, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from statuspage.actions import incidents
from statuspage.actions.context import Context
from statuspage.actions.incidents import Change, Declaration
from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, SubjectKind
from statuspage.demo import stage
from statuspage.demo.networks import server
from statuspage.demo.networks.server import RunningNetworks
from statuspage.outside import SystemClock
from statuspage.settings.loader import load_file
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database, deliveries
from statuspage.worker.assemble import build_context
from statuspage.worker.loop import Driver
from statuspage.worker.process import open_ports
from statuspage.worker.roles import worker_loops
from tests.processes import until

pytestmark = pytest.mark.long
HANGING = ("facebook", "telegram", "x")
WORKING = "mastodon"
NOTICES = 50
LONGER_THAN_ANY_TEST_S = 3600.0  # the requests end when the test lets go of them, and not before


@dataclass
class Worker:
    """All loops of the worker role, each in its thread, over four networks of which three never answer."""

    ctx: Context
    networks: RunningNetworks

    def rows(self, account: str) -> list[Delivery]:
        with self.ctx.ports.store.reading() as session:
            found = [row for row in deliveries.listing(session) if row.account == account and row.subject_kind is SubjectKind.INCIDENT]
        return sorted(found, key=lambda row: row.sequence)

    def hangs(self) -> dict[str, tuple[int, DeliveryState, int]]:
        """Account -> the first statement, which was begun once and has no answer."""
        return {name: (first.sequence, first.state, first.attempts) for name in HANGING for first in self.rows(name)[:1]}

    def accepted(self) -> int:
        return len(self.networks.truth(WORKING))


@pytest.fixture
def worker(tmp_path: Path, database: Database, networks: RunningNetworks, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    monkeypatch.setattr(server, "LONGEST_HANG_S", LONGER_THAN_ANY_TEST_S)
    process = ProcessSettings(stage.CONFIGURATION, tmp_path, database.engine.url.render_as_string(hide_password=False))
    environ = stage.environment("127.0.0.1", 9, tmp_path) | {"NETWORKS_URL": networks.url}
    loaded = load_file(stage.CONFIGURATION, environ)
    one_each = {channel.account: channel for channel in loaded.settings.channels if channel.account in (*HANGING, WORKING)}
    patient = loaded.settings.delivery.model_copy(update={"deadline_s": LONGER_THAN_ANY_TEST_S})
    settings = loaded.settings.model_copy(update={"channels": list(one_each.values()), "delivery": patient})
    ctx = build_context(replace(open_ports(process), store=database), process, replace(loaded, settings=settings))
    for name in HANGING:
        networks.misbehave(name, "timeout", on="any")
    driver = Driver(SystemClock())
    driver.run(worker_loops(ctx, process))
    yield Worker(ctx, networks)
    networks.world.late.close()  # now every request that hangs gets an end
    assert driver.stop(60.0) == []


def test_fifty_notices_are_accepted_by_one_network_while_three_still_hang(worker: Worker) -> None:
    declared = incidents.declare(worker.ctx, Declaration({"cards": ComponentStatus.PARTIAL_OUTAGE}, "Ada"))
    begun = dict.fromkeys(HANGING, (1, DeliveryState.SENDING, 1))
    until(lambda: worker.hangs() == begun)
    until(lambda: worker.accepted() == 1)

    for number in range(2, NOTICES + 1):
        incidents.update(worker.ctx, Change(declared.id, "Ada"))
        until(lambda number=number: worker.accepted() == number)

    assert worker.hangs() == begun  # each of them has been silent since before the second notice was made
    assert [len(worker.networks.truth(name)) for name in HANGING] == [0, 0, 0]
    assert [row.sequence for row in worker.rows(WORKING)] == list(range(1, NOTICES + 1))
