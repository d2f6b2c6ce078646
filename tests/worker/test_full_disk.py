"""B4 for real: a file system without a free byte. The product says so, the page stays, what was accepted stays, it recovers by itself."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statuspage.actions.context import Context
from statuspage.core.checks import CheckResult
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.outside import Folder, SystemClock
from statuspage.store import Database, alarms, counters
from statuspage.store.trouble import full
from statuspage.worker.errands import LOST_FOR_S, Errand, Errands
from statuspage.worker.outbox import Batch
from tests.processes import until
from tests.publish.stage import Press, probed
from tests.worker.real import Place, place

PATIENCE_S = 400.0  # everything is slow where the machine does other work, too


class Small:
    """A store that takes only so much: `room` says whether a write fits."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.results, self.rest = True, True  # whether check results fit, and anything else

    @contextmanager
    def writing(self) -> Iterator[Any]:
        from sqlalchemy.exc import OperationalError

        with self.database.writing() as session:
            before = _results(session)
            yield session
            grown = _results(session) > before
            if not (self.results if grown else self.rest):
                raise full(OperationalError("INSERT", None, sqlite3.OperationalError("database or disk is full")))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)


def _results(session: Any) -> int:
    return int(session.connection().exec_driver_sql("SELECT count(*) FROM check_result").scalar_one())


class Ticking(SystemClock):
    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@pytest.fixture
def small(ctx: Context) -> tuple[Context, Small, Ticking]:
    store, clock = Small(ctx.ports.store), Ticking()  # type: ignore[arg-type]
    return replace(ctx, ports=replace(ctx.ports, store=store, clock=clock)), store, clock


def hand_over(errands: Errands, ctx: Context, sequence: int) -> None:
    some = tuple(
        CheckResult(probe.name, "here", sequence, ctx.now(), Outcome.PASSED, Reason.AS_EXPECTED, latency_ms=1.0)
        for probe in ctx.settings.probes
    )
    assert errands.run(Errand(Batch(some, sequence), Batch((), 0))).delivered


def standing(ctx: Context) -> list[str]:
    with ctx.ports.store.reading() as session:
        return [alarm.key for alarm in alarms.listing(session)]


def test_results_that_were_dropped_are_an_alarm_as_soon_as_one_fits_and_counted_and_over_when_none_is_lost_any_more(
    small: tuple[Context, Small, Ticking], tmp_path: Path
) -> None:
    ctx, store, clock = small
    errands = Errands(ctx, "here", Folder(tmp_path))
    hand_over(errands, ctx, 1)
    before = standing(ctx)

    store.results = store.rest = False
    hand_over(errands, ctx, 2)
    nothing_fits = standing(ctx)
    store.rest = True
    hand_over(errands, ctx, 3)
    told = standing(ctx)
    store.results = True
    hand_over(errands, ctx, 4)
    still = standing(ctx)
    clock.ahead = LOST_FOR_S + 1
    hand_over(errands, ctx, 5)

    assert (before, nothing_fits, told, still, standing(ctx)) == ([], [], ["full:here"], ["full:here"], [])
    with ctx.ports.store.reading() as session:
        (count,) = [one.value for one in counters.all(session) if one.name == "statuspage_dropped_results_total"]
        (alarm,) = [one for one in alarms.listing(session, only_open=False) if one.key == "full:here"]
    assert count == 2 * len(ctx.settings.probes) and "no data" in alarm.text


def test_where_results_are_dropped_the_page_says_no_data_and_not_that_all_is_well(sqlite_database: Database, tmp_path: Path) -> None:
    press = Press(sqlite_database, tmp_path, of=probed("login"))
    store = Small(sqlite_database)
    ctx = replace(press.stage.ctx, ports=replace(press.stage.ctx.ports, store=store))  # type: ignore[arg-type]
    errands = Errands(ctx, "madrid", Folder(tmp_path))

    def looks(times: int) -> str:
        for _ in range(times):
            press.stage.clock.at += timedelta(seconds=20)
            number = press.sequence
            assert errands.run(Errand(Batch((press.check("login"),), number), Batch((), 0))).delivered
            press.verdicts.step()
        press.publish()
        return press.text("en/index.html")

    before = looks(3)
    store.results = False
    dropped = looks(4)
    impaired = press.json("api/v2/summary.json")["monitoring"]["impaired"]
    store.results = True
    after = looks(3)

    assert "Everything is working" in before and "Everything is working" in after
    assert "No data" in dropped and "Everything is working" not in dropped
    assert impaired is True
    with sqlite_database.reading() as session:
        assert [one.value for one in counters.all(session) if one.name == "statuspage_dropped_results_total"] == [4.0]


# --- a real file system -------------------------------------------------------------------------------------------------------------


class Tmpfs:
    """A file system of its own, of 24 MiB, filled to the last byte."""

    def __init__(self, here: Place) -> None:
        self.ballast = here.data / "ballast"

    def fill(self) -> None:
        with self.ballast.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def free(self) -> None:
        self.ballast.unlink()


def mounted(folder: Path) -> bool:
    folder.mkdir(mode=0o711)
    command = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0711", "none", str(folder)]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[tuple[Place, Tmpfs]]:
    """A limit on the size of files would not do instead: free pages within the database go on taking what is written."""
    if not mounted(tmp_path / "data"):
        pytest.skip("a file system of its own needs root")
    with place(tmp_path) as here:
        yield here, Tmpfs(here)
    subprocess.run(["umount", "-l", str(tmp_path / "data")], check=True)


@pytest.mark.long
def test_b4_a_full_disk_is_told_the_page_stays_nothing_accepted_is_lost_and_it_works_again_by_itself(
    full_disk: tuple[Place, Tmpfs],
) -> None:
    here, disk = full_disk
    up = here.start("up", "--port", str(here.port))
    until(lambda: "Everything is up." in here.log.read_text() and here.get("/status.txt")[0] == 200, up, PATIENCE_S)
    accepted = json.loads(here.command("incident", "declare", "login", "--drill").stdout)["id"]

    disk.fill()
    refused = here.command("incident", "declare", "login")
    assert refused.returncode == 1 and "The disk of the database is full: nothing was saved" in refused.stderr
    until(lambda: "the disk of the database is full: check results are dropped" in here.log.read_text(), up, PATIENCE_S)
    until(lambda: here.get("/health")[0] == 503, up, PATIENCE_S)
    pages = [here.get("/status.txt")[0] for _ in range(20)]
    disk.free()
    until(lambda: here.unhealthy() == set(), up, PATIENCE_S)
    later = json.loads(here.command("incident", "declare", "login").stdout)["id"]
    until(lambda: here.sink.received, up, PATIENCE_S)

    assert pages == [200] * 20
    assert {one["id"] for one in json.loads(here.command("incident", "list").stdout)} == {accepted, later}
    until(lambda: "full:here" in alarm_keys(here), up, PATIENCE_S)
    database = Database(f"sqlite:///{here.data / 'statuspage.db'}")
    assert database.integrity() == []
    database.close()


def alarm_keys(here: Place) -> set[str]:
    with closing(sqlite3.connect(here.data / "statuspage.db", timeout=10)) as database:
        return {key for (key,) in database.execute("SELECT key FROM alarm")}
