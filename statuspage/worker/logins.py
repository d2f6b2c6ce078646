"""How each login at a network stands, for terminal and console: in use, paused, stopped or off, and what of it ends soon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from broadcasters import BROADCASTERS
from statuspage.actions.context import Context
from statuspage.settings.endings import endings, stage, told
from statuspage.store import Session, accounts
from statuspage.store.accounts import Account

OFF, STOPPED, PAUSED, IN_USE = "off", "stopped", "paused", "in use"


@dataclass(frozen=True)
class Login:
    """One account.

    state     off: nothing is asked until a person resumes it; stopped: asked every few minutes; paused: nothing is asked before `until`;
              in use
    why       what its network said, where it is stopped or off; what it waits for, where it is paused
    ends      what ends on a day that is known, in words; near: the same, as far as it is time to do something
    """

    name: str
    kind: str
    channels: tuple[str, ...]
    state: str
    why: str
    until: datetime | None
    ends: tuple[str, ...]
    near: tuple[str, ...]

    @property
    def resumable(self) -> bool:
        return self.state in (OFF, STOPPED)


def logins(session: Session, ctx: Context, kinds: Mapping[str, Any] = BROADCASTERS) -> list[Login]:
    """As configured, in that order."""
    known, today, now = {one.name: one for one in accounts.all_states(session)}, ctx.now().date(), ctx.now()
    found = []
    for own in ctx.settings.accounts:
        account = known.get(own.name, Account(own.name))
        pause = _pause(account, ctx.settings.delivery.breaker_failures, now)
        state = OFF if account.held_for else STOPPED if account.stopped else PAUSED if pause else IN_USE
        why, until = pause if pause and state == PAUSED else (account.stopped, None)
        ends, near = _ends(kinds[own.kind], ctx.configs[own.name], own.expires, today)
        channels = tuple(channel.name for channel in ctx.settings.channels if channel.account == own.name)
        found.append(Login(own.name, own.kind, channels, state, why, until, ends, near))
    return found


def _pause(account: Account, most_failures: int, now: datetime) -> tuple[str, datetime] | None:
    """Why nothing is asked of it just now, and until when."""
    rests_until = account.open_until if account.failures >= most_failures else None
    pauses = (
        ("The network asked not to be asked for a while.", account.paused_until),
        ("It failed several times in a row and rests.", rests_until),
    )
    return max(((why, until) for why, until in pauses if until is not None and until > now), key=lambda one: one[1], default=None)


def _ends(module: Any, config: Any, expires: date | None, today: date) -> tuple[tuple[str, ...], tuple[str, ...]]:
    known = endings(module, config, expires)
    return tuple(told(one, today) for one in known), tuple(told(one, today) for one in known if stage(one, today) is not None)
