"""A9: health is a proof of work. Each part that dies or stops is reported within two intervals of a watcher, and nothing else hides it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from statuspage.actions.context import Context
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database, heartbeats, publications
from statuspage.worker import health
from statuspage.worker.health import Examiner, Report
from statuspage.worker.roles import expected_loops

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
INTERVAL_S = 10  # of a watcher
SILENT = ["verdicts", "promises", "publisher", "cleaner", "dispatcher-mastodon", "prober:here"]


@pytest.fixture(autouse=True)
def room_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine's disk looks like."""
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(100, 50, 50))


class Frozen:
    """A clock that stands still, at a moment of the test's choice."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at


def at(ctx: Context, now: datetime) -> Context:
    return replace(ctx, ports=replace(ctx.ports, clock=Frozen(now)))


def beat(ctx: Context, names: Any, worked_at: datetime | None, *, process: str = "one", fault: str = "", due_s: float = 1.0) -> None:
    detail = {
        "worked_at": worked_at and worked_at.isoformat(),
        "due_at": worked_at and (worked_at + timedelta(seconds=due_s)).isoformat(),
        "fault": fault,
    }
    with ctx.ports.store.writing() as session:
        heartbeats.beat(session, process_id=process, at=worked_at or NOW, loops=dict.fromkeys(names, detail))


@pytest.fixture
def working(ctx: Context) -> Context:
    """A product whose every part worked just now."""
    beat(ctx, expected_loops(ctx.settings), NOW)
    with ctx.ports.store.writing() as session:
        publications.note_published(session, publications.claim(session, NOW), NOW)
    return at(ctx, NOW)


def unhealthy(report: Report) -> list[str]:
    return sorted(part.name for part in report.parts if not part.healthy)


def examine(ctx: Context, process: ProcessSettings) -> Report:
    return Examiner(within_s=60).examine(ctx, process)


def test_all_parts_that_work_are_named_and_healthy(working: Context, process: ProcessSettings) -> None:
    report = examine(working, process)

    loops = {f"loop:{name}" for name in expected_loops(working.settings)}
    assert {part.name for part in report.parts} == {"disk", "clock", "database", "snapshot", *loops}
    assert report.healthy


def test_nothing_that_ever_ran_is_unhealthy_for_every_loop(ctx: Context, process: ProcessSettings) -> None:
    report = examine(at(ctx, NOW), process)

    assert unhealthy(report) == sorted(["snapshot", *(f"loop:{name}" for name in expected_loops(ctx.settings))])


@pytest.mark.parametrize("name", SILENT)
def test_a_loop_that_falls_silent_is_reported_within_two_intervals_while_all_others_work(
    working: Context, process: ProcessSettings, name: str
) -> None:
    slack = health.slack_s(working.settings, name)
    posting = working.settings.delivery.deadline_s if name.startswith("dispatcher") else 0
    others = expected_loops(working.settings) - {name}
    later = NOW + timedelta(seconds=2 * INTERVAL_S + posting + 1.5)
    beat(working, others, later)

    report = examine(at(working, later), process)

    assert slack <= 2 * INTERVAL_S + posting
    assert unhealthy(report) == [f"loop:{name}"]


@pytest.mark.parametrize("name", SILENT)
def test_a_loop_that_meets_faults_is_reported_at_once(working: Context, process: ProcessSettings, name: str) -> None:
    beat(working, [name], NOW, fault="OSError")

    report = examine(working, process)

    assert unhealthy(report) == [f"loop:{name}"]
    assert any("OSError" in part.detail for part in report.parts)


def test_a_process_that_only_waits_to_become_the_owner_hides_nothing(working: Context, process: ProcessSettings) -> None:
    later = NOW + timedelta(minutes=2)
    everything = expected_loops(working.settings)
    beat(working, everything - {"verdicts"}, later)
    beat(working, ["verdicts"], None, process="standby")

    report = examine(at(working, later), process)

    assert "loop:verdicts" in unhealthy(report)


def test_the_fault_of_one_that_only_waits_counts_for_nothing_while_the_owner_works(working: Context, process: ProcessSettings) -> None:
    beat(working, ["verdicts"], None, process="standby", fault="OperationalError")

    report = examine(working, process)

    assert report.healthy


def test_a_loop_whose_signs_of_life_were_forgotten_is_missed_all_the_same(working: Context, process: ProcessSettings) -> None:
    later = NOW + 2 * heartbeats.FORGOTTEN_AFTER
    beat(working, ["prober:here"], later)

    report = examine(at(working, later), process)

    assert {"loop:verdicts", "loop:publisher", "loop:dispatcher-x"} < set(unhealthy(report))


def test_a_loop_that_the_configuration_no_longer_needs_is_not_missed(working: Context, process: ProcessSettings) -> None:
    beat(working, ["dispatcher-closed-account"], NOW - timedelta(minutes=50))

    report = examine(working, process)

    assert report.healthy


def test_a_loop_that_works_once_a_minute_is_not_missed_in_between(working: Context, process: ProcessSettings) -> None:
    later = NOW + timedelta(seconds=55)
    beat(working, expected_loops(working.settings) - {"cleaner"}, later)
    beat(working, ["cleaner"], NOW, due_s=60)

    report = examine(at(working, later), process)

    assert report.healthy


def test_work_from_the_future_proves_nothing_and_new_work_counts_again(working: Context, process: ProcessSettings) -> None:
    earlier = NOW - timedelta(hours=1)

    after_step_back = examine(at(working, earlier), process)
    beat(working, expected_loops(working.settings), earlier, process="restarted")
    after_new_work = examine(at(working, earlier), process)

    assert set(unhealthy(after_step_back)) == {"snapshot", *(f"loop:{name}" for name in expected_loops(working.settings))}
    assert unhealthy(after_new_work) == ["snapshot"]  # until it is published anew


def test_a_page_that_is_not_made_anew_is_reported_within_two_intervals(working: Context, process: ProcessSettings) -> None:
    later = NOW + timedelta(seconds=working.settings.publishing.heartbeat_s + 2 * INTERVAL_S + 1)
    beat(working, expected_loops(working.settings), later)

    report = examine(at(working, later), process)

    assert unhealthy(report) == ["snapshot"]


@pytest.mark.parametrize(("free", "healthy"), [(11, True), (10, False), (0, False)])
def test_a_disk_must_have_more_than_a_tenth_free(
    working: Context, process: ProcessSettings, monkeypatch: pytest.MonkeyPatch, free: int, healthy: bool
) -> None:
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(100, 100 - free, free))

    report = examine(working, process)

    assert report.healthy is healthy


def test_a_data_folder_that_is_gone_is_reported(working: Context, process: ProcessSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    report = examine(working, replace(process, data=process.data / "gone"))

    assert unhealthy(report) == ["disk"]


def test_a_clock_from_before_the_product_existed_is_reported(working: Context, process: ProcessSettings) -> None:
    report = examine(at(working, datetime(1970, 1, 1, tzinfo=UTC)), process)

    assert "clock" in unhealthy(report)


class Stuck:
    """A store that answers nobody until it is let go."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.asked = 0

    @contextmanager
    def writing(self) -> Iterator[Any]:
        self.asked += 1
        self.go_on.wait(60)
        raise OperationalError("let go", None, Exception())
        yield

    reading = writing


def test_a_database_that_hangs_is_reported_in_time_and_asked_only_once_at_a_time(ctx: Context, process: ProcessSettings) -> None:
    stuck, examiner = Stuck(), Examiner(within_s=0.05)
    hung = replace(ctx, ports=replace(ctx.ports, store=stuck))

    reports = [examiner.examine(hung, process) for _ in range(5)]
    stuck.go_on.set()

    assert {tuple(unhealthy(report)) for report in reports} == {("database",)}
    assert stuck.asked == 1


def test_a_database_that_takes_no_write_is_reported(ctx: Context, process: ProcessSettings, tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'without-tables.db'}")

    report = examine(replace(ctx, ports=replace(ctx.ports, store=empty)), process)
    empty.close()

    assert unhealthy(report) == ["database"]


MOMENTS = st.one_of(st.none(), st.integers(-10_000, 10_000).map(lambda s: NOW + timedelta(seconds=s)))


@given(st.lists(MOMENTS, min_size=1, max_size=6))
def test_the_newest_work_of_the_past_speaks_for_a_loop_whatever_other_processes_wrote(moments: list[datetime | None]) -> None:
    beats = [heartbeats.Heartbeat("x", NOW, {"worked_at": m and m.isoformat()}) for m in moments]

    chosen = max(beats, key=lambda one: heartbeats._rank(one, NOW))

    past = [m for m in moments if m is not None and m <= NOW + heartbeats.AHEAD]
    assert chosen.worked_at == max(past) if past else all(m is None or m > NOW for m in [chosen.worked_at])
