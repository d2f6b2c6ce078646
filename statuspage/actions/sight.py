"""What the probes say of components, as actions ask for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from statuspage.actions.context import Context
from statuspage.core.quorum import FAILING
from statuspage.core.status import is_fresh
from statuspage.core.vocabulary import ComponentStatus
from statuspage.store import Session, detector


def red(session: Session) -> set[str]:
    """Components whose probes saw them failing at the last look."""
    return {slug for slug, status in detector.verdicts(session).items() if status in FAILING}


def working(session: Session, ctx: Context) -> set[str]:
    """Components whose probes see them working. One without a fresh result, or without a probe, is not among them."""
    streaks, now = detector.load(session).streaks, ctx.now()
    interval_s = {probe.name: probe.interval_s for probe in ctx.settings.probes}
    seen = {name for (name, _), streak in streaks.items() if name in interval_s and is_fresh(streak.seen_at, now, interval_s[name])}
    fresh = {probe.component for probe in ctx.settings.probes if probe.name in seen}
    return {slug for slug, status in detector.verdicts(session).items() if status is ComponentStatus.OPERATIONAL and slug in fresh}


def sure(session: Session, ctx: Context, slugs: Collection[str]) -> bool | None:
    """Whether what the verdict says of these components rests on what is seen now.

    True: every fresh look of theirs agrees with it, or the configuration has none of them any more, and what was said is told to its end;
    False: some look contradicts it, so that it may change any second; None: nobody sees them.
    """
    interval_s = {probe.name: probe.interval_s for probe in ctx.settings.probes if probe.component in slugs}
    if not interval_s:
        return None if {component.slug for component in ctx.settings.components} & set(slugs) else True
    streaks, now = detector.load(session).streaks, ctx.now()
    fresh = [streak for (name, _), streak in streaks.items() if name in interval_s and is_fresh(streak.seen_at, now, interval_s[name])]
    return not any(streak.in_doubt for streak in fresh) if fresh else None


def working_since(session: Session, ctx: Context, start: datetime) -> set[str]:
    """Those of them that every one of their probes saw without complaint after `start`, so that it may be said in public.

    What was fine just before trouble began elsewhere may be failing by now, and nobody has looked yet.
    """
    streaks = detector.load(session).streaks
    sure = {name for (name, _), streak in streaks.items() if streak.seen_at is not None and streak.seen_at > start and not streak.in_doubt}
    unsure = {probe.component for probe in ctx.settings.probes if probe.name not in sure}
    return working(session, ctx) - unsure
