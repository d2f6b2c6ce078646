"""What the probes say of components, as actions ask for it."""

from __future__ import annotations

from statuspage.core.quorum import FAILING
from statuspage.core.vocabulary import ComponentStatus
from statuspage.store import Session, detector


def red(session: Session) -> set[str]:
    """Components whose probes see them failing."""
    return {slug for slug, status in detector.verdicts(session).items() if status in FAILING}


def working(session: Session) -> set[str]:
    """Components whose probes see them working; one without fresh results is not among them."""
    return {slug for slug, status in detector.verdicts(session).items() if status is ComponentStatus.OPERATIONAL}
