"""What follows a restored backup, before anything runs again."""

from __future__ import annotations

from datetime import datetime, timedelta

from statuspage.actions.context import Context
from statuspage.actions.deliveries import after_restore
from statuspage.core.errors import NotAllowed
from statuspage.store import audit, copies, publications, switches

GENERATIONS_SKIPPED = 1_000_000  # one edition a second would need eleven days for them
AHEAD = timedelta(minutes=5)  # so far two hosts' clocks may differ


def settle_restored(ctx: Context, who: str, backup_at: datetime, *, keep_posting: bool = False) -> int:
    """The database is that of `backup_at`. Call it before any process of the product starts. Returns how many deliveries are unknown.

    Everything that was unfinished is unknown, and is looked for before anything is sent. Nobody is signed in any more. The page's
    editions are numbered far above all that may be out. Posting stays off until a person has looked, unless keep_posting: an incident
    that was closed after the backup is open again, and its promised updates would be untrue. Raises NotAllowed for a backup of the future.
    """
    now = ctx.now()
    if backup_at > now + AHEAD:
        raise NotAllowed(
            f"The backup is said to be of {backup_at:%Y-%m-%d %H:%M} UTC, and it is {now:%Y-%m-%d %H:%M} UTC. Nothing was changed."
        )
    unknown = after_restore(ctx, who, backup_at)
    with ctx.ports.store.writing() as session:
        publications.skip(session, now, GENERATIONS_SKIPPED)
        copies.forget_pictures(session)
        copies.end_sessions(session)
        if not keep_posting:
            reason = f"restored from a backup of {backup_at:%Y-%m-%d %H:%M} UTC: look at what is open first"
            switches.turn(session, switches.POSTING, off=True, by=who, reason=reason, at=now)
            audit.append(session, at=now, who=who, what="switch.off", subject=switches.POSTING, detail={"reason": reason})
    return unknown
