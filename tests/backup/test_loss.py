"""B6: what is lost with the database is what was said since the newest backup, and that is never more than a minute of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from statuspage.actions import incidents
from statuspage.actions.context import Context
from statuspage.actions.incidents import Change, Declaration, Resolution
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, SubjectKind
from statuspage.outside import SystemRandomness
from statuspage.settings.keys import BACKUP
from statuspage.settings.models import Backups
from statuspage.settings.process import from_environment
from statuspage.store import deliveries, updates
from statuspage.store import incidents as incident_store
from statuspage.store.engine import Database
from statuspage.worker import backups, restoring
from statuspage.worker.assemble import build_context
from statuspage.worker.process import open_ports, running_configuration
from tests.cli.terminal import Terminal
from tests.publish.stage import Clock

MOST_S = 60.0
PERIOD_S = Backups().every_s  # that of deploy/systemd/statuspage-backup.timer, as tests/deploy/test_units.py sees to
LONGEST_BACKUP_S = 20
CHANNELS = {"mastodon-en", "press"}
Statement = tuple[str, int]  # incident and sequence


class Bank:
    """A bank that goes on talking while a timer makes backups. The clock stands still but where it is moved."""

    def __init__(self, folder: Path, migrated: bytes, seed: int) -> None:
        self.chance = Random(seed)
        self.clock: Any = Clock()  # the parts of a clock that are needed here
        terminal = Terminal(folder)
        terminal.configure()
        terminal.data.mkdir()
        self.environment = terminal.environment
        self.process = from_environment(self.environment)
        self.folder = folder / "backups"
        file = self.process.data / "statuspage.db"
        file.write_bytes(migrated)
        file.chmod(0o600)
        self.said: dict[Statement, float] = {}  # when, in seconds since the beginning
        self._begun = self.clock.now()
        self.open()

    @property
    def at_s(self) -> float:
        return float((self.clock.now() - self._begun).total_seconds())

    def open(self) -> None:
        self.database = Database(self.process.database)
        self.ports = replace(open_ports(self.process), clock=self.clock, store=self.database)
        self.ctx: Context = build_context(self.ports, self.process, running_configuration(self.ports, self.process, self.environment)[1])

    def say(self) -> None:
        """The next statement about trouble with transfers."""
        with self.database.reading() as session:
            opened = incident_store.opened(session)
        if not opened:
            told = incidents.declare(self.ctx, Declaration({"transfers": ComponentStatus.PARTIAL_OUTAGE}, "Ana"))
        elif opened[0].status is IncidentStatus.INVESTIGATING:
            told = incidents.update(self.ctx, Change(opened[0].id, "Ana", status=IncidentStatus.IDENTIFIED, cause="supplier"))
        else:
            told = incidents.resolve(self.ctx, Resolution(opened[0].id, "Ana"))
        with self.database.reading() as session:
            newest = updates.of_subject(session, SubjectKind.INCIDENT, told.id)[-1]
        self.said[told.id, newest.sequence] = self.at_s

    def back_up(self) -> Path:
        return backups.make(self.process, self.process.data / "statuspage.db", self.folder, self.key, self.clock, SystemRandomness()).path

    @property
    def key(self) -> bytes:
        return self.process.keys(BACKUP).newest()

    def live_until(self, end_s: float) -> None:
        """Statements every few seconds, a backup every period. One that is not complete when the end comes is not there."""
        moments = [("say", at) for at in self._moments(end_s)]
        moments += [("back_up", PERIOD_S * number) for number in range(1, int(end_s / PERIOD_S) + 1)]
        for what, at in sorted(moments, key=lambda moment: moment[1]):
            self.clock.at = self._begun + timedelta(seconds=at)
            if what == "say":
                self.say()
            elif at + self.chance.uniform(1, LONGEST_BACKUP_S) <= end_s:
                self.back_up()
        self.clock.at = self._begun + timedelta(seconds=end_s)

    def _moments(self, end_s: float) -> list[float]:
        found, at = [], 0.5
        while at < end_s:
            found.append(at)
            at += self.chance.uniform(2, 9)
        return found

    def lose(self) -> None:
        """The disk of the database is gone, with its keys; the medium of the backups and the key of them are elsewhere."""
        key = self.process.keys(BACKUP).path
        kept = key.read_bytes()
        self.database.close()
        for path in sorted(self.process.data.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (self.folder / "backup.key").write_bytes(kept)

    def restore(self) -> float:
        """As `statuspage restore` does it, from the newest backup; returns the moment of that one."""
        made_at, newest = backups.listing(self.folder)[-1]
        keys = (bytes.fromhex((self.folder / "backup.key").read_text().split()[0]),)
        restoring.restore(newest, keys, self.process, open_ports(self.process), self.environment, "Ana")
        self.open()
        return (made_at - self._begun).total_seconds()

    def held(self) -> dict[Statement, set[str]]:
        """Every statement that the database has, and the channels of its posts."""
        with self.database.reading() as session:
            every = [one.id for one in incident_store.listing(session, limit=None)]
            found: dict[Statement, set[str]] = {
                (incident_id, one.sequence): set()
                for incident_id, made in updates.of_subjects(session, SubjectKind.INCIDENT, every).items()
                for one in made
            }
            for row in deliveries.listing(session, limit=10_000):
                if row.subject_kind is SubjectKind.INCIDENT:
                    found[row.subject_id, row.sequence].add(row.channel)
        return found


@pytest.fixture
def bank(tmp_path: Path, migrated: bytes, request: pytest.FixtureRequest) -> Bank:
    return Bank(tmp_path, migrated, request.param)


@pytest.mark.parametrize("bank", range(10), indirect=True)
def test_what_is_lost_is_what_was_said_since_the_newest_backup_and_a_minute_at_most(bank: Bank) -> None:
    lost_at = bank.chance.uniform(PERIOD_S + LONGEST_BACKUP_S, 4 * PERIOD_S)
    bank.live_until(lost_at)
    before = bank.held()
    assert before.keys() == bank.said.keys()

    bank.lose()
    made_at = bank.restore()

    after = bank.held()
    missing = bank.said.keys() - after.keys()
    assert missing == {one for one, at in bank.said.items() if at > made_at}
    assert all(lost_at - bank.said[one] <= MOST_S for one in missing), f"lost {lost_at - made_at:.0f} s"
    assert after == {one: before[one] for one in after}  # with all its posts, and nothing besides
    assert missing and set.union(*after.values()) == CHANNELS
    bank.database.close()
