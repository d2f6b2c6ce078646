"""What the probes say of components, as actions ask for it."""

from __future__ import annotations

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
