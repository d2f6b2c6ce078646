"""The two off switches: all automatic posting, all probing."""

from __future__ import annotations

from statuspage.actions.context import Context
from statuspage.core.errors import NotAllowed, NotFound
from statuspage.store import audit, switches


def turn_off(ctx: Context, name: str, *, who: str, reason: str) -> None:
    """Stops it within a second, everywhere. Raises NotFound for an unknown switch, NotAllowed without a reason."""
    if not reason.strip():
        raise NotAllowed(f"Turning {name} off needs a reason, which is recorded. Nothing was changed.")
    _turn(ctx, name, off=True, who=who, reason=reason)


def turn_on(ctx: Context, name: str, *, who: str, reason: str = "") -> None:
    """Lets it go on. Raises NotFound for an unknown switch."""
    _turn(ctx, name, off=False, who=who, reason=reason)


def require_on(ctx: Context, name: str) -> None:
    """Raises NotAllowed while it is off, with who turned it off, when, why, and how to go on."""
    with ctx.ports.store.reading() as session:
        (found,) = (switch for switch in switches.listing(session) if switch.name == name)
    if found.off:
        at = f" on {found.at:%Y-%m-%d at %H:%M} UTC" if found.at else ""
        told = f"All {name} was switched off by {found.by}{at}: {found.reason}"
        raise NotAllowed(f"{told}. Nothing was done. To go on: statuspage resume {name}")


def _turn(ctx: Context, name: str, *, off: bool, who: str, reason: str) -> None:
    if name not in switches.NAMES:
        raise NotFound(f"There is no switch {name!r}. Use: {', '.join(switches.NAMES)}. Nothing was changed.")
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        switches.turn(session, name, off=off, by=who, reason=reason, at=now)
        audit.append(session, at=now, who=who, what=f"switch.{'off' if off else 'on'}", subject=name, detail={"reason": reason})
