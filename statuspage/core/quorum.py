"""From the levels that single locations confirmed to the verdict on a probe, and from its probes to the verdict on a component."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from statuspage.core.detector import Level, Streak
from statuspage.core.status import is_fresh, worst
from statuspage.core.vocabulary import ComponentStatus, Reason

FAILING = frozenset({ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE})


@dataclass(frozen=True)
class Vote:
    """What one location says of one probe. streak None: it has no vote (blind, no fresh data, or not sure yet)."""

    location: str
    streak: Streak | None


@dataclass(frozen=True)
class Verdict:
    """What the seeing locations agree on about one probe.

    level    None if too few see it: the page says that monitoring is impaired, nothing is announced
    since    moment from which a majority saw this level; None if it was so from the start
    seen_at  moment of the newest result that a seeing location has; hurt_at: of the newest that was degraded or failed
    reasons  why those that see it degraded or down say so
    """

    level: Level | None
    since: datetime | None = None
    seen_at: datetime | None = None
    hurt_at: datetime | None = None
    seeing: int = 0
    reasons: frozenset[Reason] = frozenset()


@dataclass(frozen=True)
class ComponentVerdict:
    """What a component's own probes say of it.

    status   worst over its probes; UNKNOWN if one of them is unseen and none fails
    since    when the first probe with this status began to have it; None: from the start
    failing_since   when the first of the failing probes began to fail; hurt_at: newest failing look of one; None if none fails
    """

    slug: str
    status: ComponentStatus
    since: datetime | None = None
    failing_since: datetime | None = None
    hurt_at: datetime | None = None
    seen_at: datetime | None = None
    reasons: frozenset[Reason] = frozenset()

    @property
    def failing(self) -> bool:
        return self.status in FAILING


def cast(location: str, streak: Streak | None, *, now: datetime, interval_s: float) -> Vote:
    """The location's vote on a probe, withheld while it is blind, unsure, or has no result of the last three intervals."""
    if streak is None or streak.blind or not streak.sure or not is_fresh(streak.seen_at, now, interval_s):
        return Vote(location, None)
    return Vote(location, streak)


def seeing_needed(configured: int) -> int:
    """How many locations must see before anything is said about a component: two, or the only one there is."""
    return min(2, configured)


def decide(votes: Sequence[Vote]) -> Verdict:
    """The verdict of all locations configured for one probe: the worst level that more than half of the seeing ones confirm.

    Dated from the moment from which so many had begun to see it, so that one location that failed long before by itself does
    not pre-date an outage.
    """
    streaks = [vote.streak for vote in votes if vote.streak is not None]
    if not streaks or len(streaks) < seeing_needed(len(votes)):
        return Verdict(None, seeing=len(streaks))
    majority = len(streaks) // 2 + 1
    level = max(level for level in Level if sum(streak.level >= level for streak in streaks) >= majority)
    return Verdict(
        level,
        since=_since(streaks, level, majority),
        seen_at=max(streak.seen_at for streak in streaks if streak.seen_at is not None),
        hurt_at=max((streak.hurt_at for streak in streaks if streak.hurt_at is not None), default=None),
        seeing=len(streaks),
        reasons=frozenset(streak.reason for streak in streaks if streak.reason is not None and streak.level is not Level.FINE),
    )


def _since(streaks: Sequence[Streak], level: Level, majority: int) -> datetime | None:
    agreeing = [streak for streak in streaks if (streak.level >= level if level else streak.level is Level.FINE)]
    moments = sorted(moment for streak in agreeing if (moment := _began(streak, level)) is not None)
    so_from_the_start = len(agreeing) - len(moments)
    index = min(majority, len(agreeing)) - 1 - so_from_the_start
    return moments[index] if index >= 0 else None


def _began(streak: Streak, level: Level) -> datetime | None:
    """When this location began to see at least (for FINE: exactly) that level."""
    if level is Level.DOWN:
        return streak.down.changed_at
    if streak.level is Level.DEGRADED:  # either it slowed down, or it was down and got better
        return max((side.changed_at for side in (streak.hurt, streak.down) if side.changed_at is not None), default=None)
    return streak.hurt.changed_at


def component_verdict(slug: str, probes: Iterable[tuple[Verdict, ComponentStatus]]) -> ComponentVerdict:
    """The verdict on a component, from its probes' verdicts.

    probes   each with what the component shows while that probe is down; a degraded probe shows degraded performance
    """
    parts = [(shown_for(verdict, when_down), verdict) for verdict, when_down in probes]
    status = worst(status for status, _ in parts)
    failing = [verdict for found, verdict in parts if found in FAILING]
    return ComponentVerdict(
        slug,
        status,
        since=_bound(parts, status),
        failing_since=min((verdict.since for verdict in failing if verdict.since), default=None),
        hurt_at=max((verdict.hurt_at for verdict in failing if verdict.hurt_at), default=None),
        seen_at=max((verdict.seen_at for _, verdict in parts if verdict.seen_at), default=None),
        reasons=frozenset(reason for verdict in failing for reason in verdict.reasons),
    )


def _bound(parts: Sequence[tuple[ComponentStatus, Verdict]], status: ComponentStatus) -> datetime | None:
    """A failure begins with the first probe that shows it; all is well from the last that recovered on."""
    moments = [verdict.since for found, verdict in parts if found is status and verdict.since]
    choose = max if status is ComponentStatus.OPERATIONAL else min
    return choose(moments, default=None)


def shown_for(verdict: Verdict, when_down: ComponentStatus) -> ComponentStatus:
    """What a component shows for one of its probes. when_down: the status while that probe is down."""
    if verdict.level is None:
        return ComponentStatus.UNKNOWN
    if verdict.level is Level.DOWN:
        return when_down
    return ComponentStatus.DEGRADED_PERFORMANCE if verdict.level is Level.DEGRADED else ComponentStatus.OPERATIONAL
