"""What the probes say of components, as actions ask for it."""

from __future__ import annotations

from statuspage.actions.context import Context
from statuspage.core.quorum import FAILING
from statuspage.core.vocabulary import ComponentStatus
from statuspage.store import Session, components


def red(session: Session, ctx: Context) -> set[str]:
    """Components whose probes see them failing."""
    return {slug for slug, status in components.verdicts(session).items() if status in FAILING}


def working(session: Session, ctx: Context) -> set[str]:
    """Components whose probes see them working."""
    return {slug for slug, status in components.verdicts(session).items() if status is ComponentStatus.OPERATIONAL}
