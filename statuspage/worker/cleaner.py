"""Roll-ups and retention, in small batches with pauses, so that nobody who writes waits for it.

Hours are rolled up when they are over, days from their hours. Before raw results of a day are removed, its hours and the day are
rolled up once more from all that is there, late arrivals too: raw is removed only where the roll-ups cover it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.actions import reports
from statuspage.actions.context import Context
from statuspage.core.days import bounds, day_of, hours
from statuspage.core.rollups import COVER_MOST, add_up, cover, roll_up
from statuspage.store import checks, mails, retention, rollups

BATCH = 100  # rows removed in one transaction, 1-5 ms
PAUSE_S = 0.05  # between two batches
IDLE_S = 60.0
LATE = timedelta(minutes=5)  # an hour is rolled up so long after its end
DEFAULT_INTERVAL_S = 20.0  # of probes that are not configured any more
HEARTBEATS_KEPT = timedelta(days=1)
MAILS_KEPT = timedelta(days=35)  # who was sent what; who left is kept for ever


class Cleaner:
    """One batch per step. One owner at a time; the driver holds the lock. Killed anywhere, it does the same work again."""

    name = "cleaner"

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.zone = ZoneInfo(ctx.settings.page.time_zone)
        self._covers = {probe.name: cover(probe.interval_s) for probe in ctx.settings.probes}
        self._rolled_until: datetime | None = None  # what ended before this was looked through by this process
        self._round: Iterator[str] | None = None

    def step(self) -> float:
        """The next batch of the round that is under way, or the beginning of a new one; returns the pause until the next."""
        self._round = self._round or self.work()
        if next(self._round, None) is not None:
            return PAUSE_S
        self._round = None
        return IDLE_S

    def work(self) -> Iterator[str]:
        """One round, stopping after each batch: rolled, removed, tidied."""
        now = self.ctx.now()
        with self.ctx.ports.store.reading() as session:
            pairs = checks.pairs(session)
            oldest = checks.oldest(session)
        if oldest is not None:
            yield from self._roll_recent(pairs, oldest, now)
            yield from self._remove_old(pairs, oldest, now)
        yield from self._tidy(now)

    def _roll_recent(self, pairs: list[tuple[str, str]], oldest: datetime, now: datetime) -> Iterator[str]:
        """Hours and days that are over and not rolled up yet."""
        due = now - LATE
        day, last = day_of(self._rolled_until or oldest, self.zone), day_of(due, self.zone)
        while day <= last:
            for probe, location in pairs:
                yield from self._roll_missing(probe, location, day, due)
            day += timedelta(days=1)
        self._rolled_until = due

    def _roll_missing(self, probe: str, location: str, day: date, due: datetime) -> Iterator[str]:
        start, end = bounds(day, self.zone)
        with self.ctx.ports.store.reading() as session:
            rolled = {began for began, _ in rollups.listing(session, probe, location, "hour", start, end)}
            whole = rollups.listing(session, probe, location, "day", start, end)
        new = 0
        for begin, stop in hours(day, self.zone):
            if stop <= due and begin not in rolled and self._roll_hour(probe, location, begin, stop):
                new += 1
                yield "rolled"
        if end <= due and (new or not whole):
            self._roll_day(probe, location, day)
            yield "rolled"

    def _remove_old(self, pairs: list[tuple[str, str]], oldest: datetime, now: datetime) -> Iterator[str]:
        """Whole local days that are older than the limit, the oldest first."""
        limit = now - timedelta(days=self.ctx.settings.retention.raw_checks_days)
        day = day_of(oldest, self.zone)
        while bounds(day, self.zone)[1] <= limit:
            for probe, location in pairs:
                yield from self._remove_day(probe, location, day)
            day += timedelta(days=1)

    def _remove_day(self, probe: str, location: str, day: date) -> Iterator[str]:
        """The day's last hour of raw results is left for the next day, into which it may reach; it goes with that.

        A day of which raw results were removed already is not rolled up again from the rest.
        """
        start, end = bounds(day, self.zone)
        with self.ctx.ports.store.reading() as session:
            raw = checks.count(session, probe, location, start, end)
            known = add_up((rollup for _, rollup in rollups.listing(session, probe, location, "day", start, end)), 0)
        if raw and raw >= sum(known.counts.values()):
            for begin, stop in hours(day, self.zone):
                self._roll_hour(probe, location, begin, stop)
                yield "rolled"
            self._roll_day(probe, location, day)
            yield "rolled"
        removed = BATCH
        while removed == BATCH:
            with self.ctx.ports.store.writing() as session:
                removed = retention.remove_checks(session, probe, location, end - COVER_MOST, BATCH)
            yield "removed"

    def _roll_hour(self, probe: str, location: str, start: datetime, end: datetime) -> bool:
        """False if there is nothing to roll up: no check in it, and none that reaches into it."""
        covers = self._covers.get(probe, cover(DEFAULT_INTERVAL_S))
        with self.ctx.ports.store.reading() as session:
            raw = checks.between(session, probe, location, start - covers, end)
        if not raw:
            return False
        with self.ctx.ports.store.writing() as session:
            rollups.put(session, probe, location, "hour", start, roll_up(raw, start, end, covers))
        return True

    def _roll_day(self, probe: str, location: str, day: date) -> None:
        start, end = bounds(day, self.zone)
        with self.ctx.ports.store.reading() as session:
            parts = [rollup for _, rollup in rollups.listing(session, probe, location, "hour", start, end)]
        if parts:
            whole = add_up(parts, int((end - start).total_seconds()))
            with self.ctx.ports.store.writing() as session:
                rollups.put(session, probe, location, "day", start, whole)

    def _tidy(self, now: datetime) -> Iterator[str]:
        """Roll-ups, sessions and signs of life that are older than their limits."""
        kept = self.ctx.settings.retention
        limits: tuple[tuple[rollups.Period, float], ...] = (("hour", kept.hourly_days), ("day", kept.daily_days))
        for period, days in limits:
            removed = BATCH
            while removed == BATCH:
                with self.ctx.ports.store.writing() as session:
                    removed = retention.remove_rollups(session, period, now - timedelta(days=days), BATCH)
                yield "removed"
        removed = BATCH
        while removed == BATCH:
            with self.ctx.ports.store.writing() as session:
                removed = mails.forget(session, now - MAILS_KEPT, BATCH)
            yield "removed"
        with self.ctx.ports.store.writing() as session:
            retention.remove_sessions(session, now=now, ended_before=now - timedelta(days=kept.sessions_days))
            retention.remove_heartbeats(session, now - HEARTBEATS_KEPT)
            reports.forget(session, now)
        yield "tidied"
