"""From check results of one probe at one location to a confirmed level: fine, degraded or down.

Two thresholds are watched side by side, each by the same rule: is the target at least degraded, and is it down? A level is
confirmed by some results in a row, never by one, and dated from the first of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from statuspage.core.checks import CheckResult
from statuspage.core.errors import OutOfOrder
from statuspage.core.vocabulary import Outcome, Reason


class Level(IntEnum):
    """How a target does, seen by one probe; a greater number is worse."""

    FINE = 0
    DEGRADED = 1
    DOWN = 2


@dataclass(frozen=True)
class Policy:
    """Thresholds, counted in checks; time to detect = (failures_to_open - 1) x re-check interval after the first failure."""

    failures_to_open: int = 3
    successes_to_close: int = 3

    def needed(self, bad: bool) -> int:
        """Results in a row that confirm the bad or the good side."""
        return self.failures_to_open if bad else self.successes_to_close


@dataclass(frozen=True)
class Side:
    """On which side of one threshold the target is.

    bad         the confirmed side
    changed_at  moment of the FIRST result of the run that confirmed it; None while it never changed
    run, since  contrary results in a row, and the moment of the first of them
    doubt       results that agree with `bad` still wanted before the newest contrary one is forgotten; 0: no doubt
    """

    bad: bool = False
    changed_at: datetime | None = None
    run: int = 0
    since: datetime | None = None
    doubt: int = 0


@dataclass(frozen=True)
class Streak:
    """What is known of one probe at one location; Streak() for one never checked.

    hurt, down   the two thresholds: at least degraded; down. What is down is hurt too
    sure         False from the start, and after the location was blind, until a result agrees or a run confirms the contrary
    blind        the location's own network failed at the newest look: it has no vote
    seen_at      moment of the newest result that shows the target, or that somebody got through to it (an account problem)
    hurt_at, reason   moment and reason of the newest result that was degraded or failed
    """

    last_sequence: int = -1
    hurt: Side = Side()
    down: Side = Side()
    sure: bool = False
    blind: bool = False
    seen_at: datetime | None = None
    hurt_at: datetime | None = None
    reason: Reason | None = None

    @property
    def level(self) -> Level:
        return Level.DOWN if self.down.bad else Level.DEGRADED if self.hurt.bad else Level.FINE

    @property
    def in_doubt(self) -> bool:
        """True from a contrary result on until it is confirmed or cleared: meanwhile the probe is repeated at short intervals."""
        return self.hurt.doubt > 0 or self.down.doubt > 0

    @property
    def worsening(self) -> bool:
        """True while a run of results worse than the confirmed level is under way."""
        return any(side.run > 0 and not side.bad for side in (self.hurt, self.down))


@dataclass(frozen=True)
class Change:
    """A confirmed new level, dated from the FIRST result of the run that confirmed it."""

    level: Level
    since: datetime


def level_of(result: CheckResult) -> Level:
    """The level that one result speaks for. A failure of a part only (one address of five, a late step) is degraded."""
    if result.outcome is Outcome.PASSED:
        return Level.FINE
    if result.outcome is Outcome.FAILED and not result.partial:
        return Level.DOWN
    return Level.DEGRADED


def observe(streak: Streak, result: CheckResult, policy: Policy) -> tuple[Streak, Change | None]:
    """Fold one check result into a streak.

    A threshold is crossed after policy.failures_to_open results in a row beyond it, and crossed back after
    policy.successes_to_close in a row on the other side. One contrary result starts the count again; one that says nothing
    about the target (no data, account problem, blocked) counts for nothing. A blind location forgets unfinished runs.

    streak   what is known so far
    result   one check, next in its location's sequence
    returns  the new streak, and a Change if the level changed
    raises   OutOfOrder, if the result's sequence is not above streak.last_sequence (repeats are dropped before this)
    source   consecutive-failure rule, as in Nagios soft and hard states
    """
    if result.sequence <= streak.last_sequence:
        raise OutOfOrder(f"result {result.sequence} came after {streak.last_sequence}; feed results in their location's sequence")
    blind = result.reason is Reason.LOCATION_BLIND
    if result.outcome.counts:
        return _count(streak, result, policy)
    seen = replace(streak, last_sequence=result.sequence, blind=blind)
    if blind:
        return replace(seen, hurt=_forget(seen.hurt), down=_forget(seen.down), sure=False), None
    return (replace(seen, seen_at=result.at) if result.outcome is Outcome.ACCOUNT_PROBLEM else seen), None


def _count(streak: Streak, result: CheckResult, policy: Policy) -> tuple[Streak, Change | None]:
    seen, before = level_of(result), streak.level
    hurt = _cross(streak.hurt, seen >= Level.DEGRADED, result.at, policy)
    down = _cross(streak.down, seen >= Level.DOWN, result.at, policy)
    level = Level.DOWN if down.bad else Level.DEGRADED if hurt.bad else Level.FINE
    after = Streak(
        last_sequence=result.sequence,
        hurt=hurt,
        down=down,
        sure=streak.sure or level is not before or seen is before,
        seen_at=result.at,
        hurt_at=streak.hurt_at if seen is Level.FINE else result.at,
        reason=streak.reason if seen is Level.FINE else result.reason,
    )
    if level is before:
        return after, None
    side = down if Level.DOWN in (before, level) and level is not Level.FINE else hurt
    return after, Change(level, side.changed_at or result.at)


def _cross(side: Side, bad: bool, at: datetime, policy: Policy) -> Side:
    if bad == side.bad:
        if not side.run and not side.doubt:
            return side
        return replace(side, run=0, since=None, doubt=max(0, side.doubt - 1))
    run, since = side.run + 1, side.since or at
    if run < policy.needed(bad):
        return replace(side, run=run, since=since, doubt=policy.needed(side.bad))
    return Side(bad=bad, changed_at=since)


def _forget(side: Side) -> Side:
    return replace(side, run=0, since=None, doubt=0)
