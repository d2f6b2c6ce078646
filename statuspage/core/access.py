"""Who may do what in the console, and for how long a sign-in lasts."""

from __future__ import annotations

from datetime import datetime, timedelta

from statuspage.core.vocabulary import Role

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
LINK_LIFE = timedelta(hours=24)
PASSWORD_MIN, PASSWORD_MAX = 15, 128  # NIST SP 800-63B-4: 15 where a password stands alone

_RANK = {Role.VIEWER: 0, Role.RESPONDER: 1, Role.APPROVER: 2, Role.ADMINISTRATOR: 3}


def may(role: Role, needed: Role) -> bool:
    """True if a person of `role` may do what asks for `needed`; each role may do all that those below it may."""
    return _RANK[role] >= _RANK[needed]


def session_over(*, seen_at: datetime, expires_at: datetime, now: datetime) -> bool:
    """True if a sign-in has ended by idling or by age."""
    return now >= expires_at or now - seen_at >= IDLE
