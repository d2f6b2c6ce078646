"""Is the product doing its work? Each part is asked for a proof, not for a sign of life.

Parts: every loop that the configuration needs worked lately, wherever it runs; the snapshot is fresh; the database takes a write;
the disk has room; the clock is sane. Whoever stops proving it is reported after LOOP_SLACK_S, two intervals of a watcher who asks
every 10 s; a dispatcher may besides wait for its network for as long as a post may take.
"""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from statuspage.actions.context import Context
from statuspage.settings import Settings
from statuspage.settings.process import ProcessSettings
from statuspage.store import counters, heartbeats, publications
from statuspage.store.trouble import StoreTrouble
from statuspage.worker.roles import dispatcher_name, expected_loops
from statuspage.worker.timeline_watch import watch_name

LOOP_SLACK_S = 20.0  # a sign of work is written every 5 s
SNAPSHOT_SLACK_S = 20.0
STORE_ANSWERS_WITHIN_S = 3.0  # a watcher waits for 5 s
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


@dataclass
class _Asking:
    """A question to the store that may hang as long as it likes, in a thread of its own."""

    done: threading.Event = field(default_factory=threading.Event)
    parts: list[Part] = field(default_factory=list)


class Examiner:
    """Asks every part, and answers in time even if the store does not. One question to the store at a time is under way."""

    def __init__(self, within_s: float = STORE_ANSWERS_WITHIN_S) -> None:
        self._within_s = within_s
        self._lock = threading.Lock()
        self._asking: _Asking | None = None

    def examine(self, ctx: Context, process: ProcessSettings) -> Report:
        parts = [_disk(process), _clock(ctx)]
        asking = self._ask(ctx)
        if asking.done.wait(self._within_s):
            parts += asking.parts
        else:
            parts.append(Part("database", False, f"has not answered for {self._within_s:g} s"))
        return Report(tuple(parts))

    def _ask(self, ctx: Context) -> _Asking:
        with self._lock:
            if self._asking is None or self._asking.done.is_set():
                self._asking = _Asking()
                threading.Thread(target=_answer, args=(self._asking, ctx), name="health", daemon=True).start()
            return self._asking


def _answer(asking: _Asking, ctx: Context) -> None:
    try:
        asking.parts += store_parts(ctx)
    except StoreTrouble as error:
        asking.parts.append(Part("database", False, f"does not answer: {type(error).__name__}"))
    except Exception as error:
        asking.parts.append(Part("database", False, f"our own fault while asking: {type(error).__name__}"))
        raise
    finally:
        asking.done.set()


def store_parts(ctx: Context) -> list[Part]:
    """What the store knows: that it takes a write, when each loop worked, when the page was made. Raises StoreTrouble."""
    with ctx.ports.store.writing() as session:
        counters.add(session, "statuspage_health_writes_total", {}, 1)
    now = ctx.now()
    with ctx.ports.store.reading() as session:
        beats = heartbeats.newest(session, now)
        published_at = publications.last_published_at(session)
    loops = [_loop(name, beats.get(name), now, slack_s(ctx.settings, name)) for name in sorted(expected_loops(ctx.settings))]
    return [Part("database", True, "took a write"), *loops, _snapshot(ctx.settings, published_at, now)]


def slack_s(settings: Settings, loop: str) -> float:
    """How long after its time a loop may be late before it counts as gone."""
    accounts = {channel.account for channel in settings.channels}
    posts = loop in {name(account) for account in accounts for name in (dispatcher_name, watch_name)}
    return LOOP_SLACK_S + (settings.delivery.deadline_s if posts else 0.0)


def _loop(name: str, beat: heartbeats.Heartbeat | None, now: datetime, slack: float) -> Part:
    part = f"loop:{name}"
    if beat is None or beat.worked_at is None:
        return Part(part, False, f"has not worked yet{f', it met {beat.fault}' if beat and beat.fault else ''}")
    age = (now - beat.worked_at).total_seconds()
    if age < -heartbeats.AHEAD.total_seconds():
        return Part(part, False, "worked in the future: the clock was put back, or a host's clock is wrong")
    said = f"worked {max(age, 0.0):.0f} s ago"
    if beat.fault:
        return Part(part, False, f"{said}, then met {beat.fault}")
    return Part(part, now - (beat.due_at or beat.worked_at) <= timedelta(seconds=slack), said)


def _snapshot(settings: Settings, at: datetime | None, now: datetime) -> Part:
    if at is None:
        return Part("snapshot", False, "nothing was published yet")
    age = (now - at).total_seconds()
    fresh = -heartbeats.AHEAD.total_seconds() <= age <= settings.publishing.heartbeat_s + SNAPSHOT_SLACK_S
    return Part("snapshot", fresh, f"made {age:.0f} s ago")


def _disk(process: ProcessSettings) -> Part:
    try:
        usage = shutil.disk_usage(process.data)
    except OSError as error:
        return Part("disk", False, f"the data folder cannot be read: {error.strerror}")
    share = usage.free / usage.total
    return Part("disk", share > MIN_DISK_SHARE, f"{share:.0%} free")


def _clock(ctx: Context) -> Part:
    now = ctx.now()
    return Part("clock", now > EARLIEST, now.isoformat())
