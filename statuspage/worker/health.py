"""Is the product doing its work? Each part is asked for a proof, not for a sign of life.

Parts: every loop worked lately, the snapshot is fresh, the database takes a write, the disk has room, the clock is sane.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from statuspage.actions.context import Context
from statuspage.settings.process import ProcessSettings
from statuspage.store import counters, heartbeats, publications
from statuspage.store.trouble import StoreTrouble

LOOP_LIMIT = timedelta(seconds=40)  # two intervals of the slowest loop: a post's total deadline and a beat
SNAPSHOT_SLACK_S = 30.0
MIN_DISK_SHARE = 0.10
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # a clock before the product existed is wrong


@dataclass(frozen=True)
class Part:
    """One part and what was found. `detail` is for people."""

    name: str
    healthy: bool
    detail: str

    def as_json(self) -> dict[str, Any]:
        return {"healthy": self.healthy, "detail": self.detail}


@dataclass(frozen=True)
class Report:
    parts: tuple[Part, ...]

    @property
    def healthy(self) -> bool:
        return all(part.healthy for part in self.parts)


def examine(ctx: Context, process: ProcessSettings) -> Report:
    """Asks every part."""
    parts = [_disk(process), _clock(ctx)]
    try:
        parts += [_database(ctx), *_loops(ctx), _snapshot(ctx)]
    except StoreTrouble as error:
        parts.append(Part("database", False, f"does not answer: {type(error).__name__}"))
    return Report(tuple(parts))


def _database(ctx: Context) -> Part:
    with ctx.ports.store.writing() as session:
        counters.add(session, "statuspage_health_writes_total", {}, 1)
    return Part("database", True, "took a write")


def _loops(ctx: Context) -> list[Part]:
    now = ctx.now()
    with ctx.ports.store.reading() as session:
        beats = heartbeats.newest(session)
    if not beats:
        return [Part("loops", False, "no loop has worked yet")]
    return [_loop(name, beat.detail.get("worked_at"), str(beat.detail.get("fault", "")), now) for name, beat in sorted(beats.items())]


def _loop(name: str, worked_at: str | None, fault: str, now: datetime) -> Part:
    if worked_at is None:
        return Part(f"loop:{name}", False, fault or "has not worked yet")
    age = now - datetime.fromisoformat(worked_at)
    healthy = age <= LOOP_LIMIT and not fault
    return Part(f"loop:{name}", healthy, f"worked {age.total_seconds():.0f} s ago{f', then met {fault}' if fault else ''}")


def _snapshot(ctx: Context) -> Part:
    with ctx.ports.store.reading() as session:
        at = publications.last_published_at(session)
    if at is None:
        return Part("snapshot", False, "nothing was published yet")
    age = (ctx.now() - at).total_seconds()
    return Part("snapshot", age <= ctx.settings.publishing.heartbeat_s + SNAPSHOT_SLACK_S, f"made {age:.0f} s ago")


def _disk(process: ProcessSettings) -> Part:
    usage = shutil.disk_usage(process.data)
    share = usage.free / usage.total
    return Part("disk", share > MIN_DISK_SHARE, f"{share:.0%} free")


def _clock(ctx: Context) -> Part:
    now = ctx.now()
    return Part("clock", now > EARLIEST, now.isoformat())
