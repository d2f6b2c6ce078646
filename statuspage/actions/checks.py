"""Taking in what locations saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from statuspage.actions import alarms
from statuspage.actions.context import Context
from statuspage.core.checks import CheckResult
from statuspage.store import Session, checks, counters
from statuspage.store.trouble import StoreFull

SKEW_ALLOWED = timedelta(seconds=5)
log = structlog.get_logger("statuspage.checks")


def record(ctx: Context, results: Sequence[CheckResult], *, sent_at: datetime | None = None) -> int:
    """Keeps check results, stamped with the moment of their arrival. Repeats of a (location, probe, sequence) change nothing.

    results   of one location
    sent_at   the location's own clock as it sent them; None: recorded in our own process, by our own clock. More than
              SKEW_ALLOWED away from ours: operators are alarmed, and the results are dated by our clock instead
    disk full samples are dropped first: nothing is raised, the loss is logged, and the oldest samples make room for what people write
    returns   how many were dropped for that; the caller tells the operators
    raises    other trouble of the store; nothing is kept then, and the same call may be repeated
    """
    if not results:
        return 0
    received_at = ctx.now()
    skew = _skew(results, sent_at, received_at)
    dated = [replace(result, at=_dated(result.at, skew, received_at)) for result in results]
    try:
        with ctx.ports.store.writing() as session:
            new = checks.add(session, dated, received_at)
            _mind_clock(session, ctx, results[0].location, skew, new)
        return 0
    except StoreFull:
        log.error("the disk of the database is full: check results are dropped", location=results[0].location, dropped=len(results))
        _make_room(ctx)
        return len(results)


def _skew(results: Sequence[CheckResult], sent_at: datetime | None, received_at: datetime) -> timedelta:
    """How far the location's clock is behind ours (negative: ahead), as far as can be told.

    Without sent_at only a check from the future betrays a wrong clock: an old one may simply have waited.
    """
    if sent_at is not None:
        return received_at - sent_at
    return min(received_at - max(result.at for result in results), timedelta(0))


def _dated(at: datetime, skew: timedelta, received_at: datetime) -> datetime:
    """The moment of a check by our clock, never after its arrival."""
    return min(at + skew if abs(skew) > SKEW_ALLOWED else at, received_at)


def _mind_clock(session: Session, ctx: Context, location: str, skew: timedelta, new: int) -> None:
    key = f"clock:{location}"
    if abs(skew) <= SKEW_ALLOWED:
        alarms.clear_in(session, ctx, key)
        return
    if new:
        counters.add(session, "results_with_wrong_clock", {"location": location}, new)
    seconds, word = abs(skew).total_seconds(), "behind" if skew > timedelta(0) else "ahead of"
    text = f"The clock of location {location} is {seconds:.0f} s {word} ours. Its results are dated by our clock until it is set right."
    alarms.raise_in(session, ctx, key, text)


def _make_room(ctx: Context) -> None:
    """Drops the oldest samples: their pages are used again, for what people write."""
    try:
        with ctx.ports.store.writing() as session:
            checks.drop_oldest(session)
    except StoreFull:
        log.error("the disk of the database is so full that not even old check results can be dropped")
