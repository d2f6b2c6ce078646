"""Tells operators in good time what of an account is about to end: credentials, a version of an API. Nearer to the end it is told again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statuspage.actions.alarms import replace_in
from statuspage.settings.endings import stage, told
from statuspage.store import alarms

if TYPE_CHECKING:
    from statuspage.worker.desk import Desk


def tell_of_endings(desk: Desk) -> None:
    """Looks at the calendar once a day, and when the account is taken over: a new configuration may have put it right."""
    today = desk.ctx.now().date()
    if desk.endings_told == today:
        return
    expires = next(own.expires for own in desk.ctx.settings.accounts if own.name == desk.account)
    stages = [(ending, stage(ending, today)) for ending in desk.network.endings(expires)]
    due = {ending.topic: (days, told(ending, today)) for ending, days in stages if days is not None}
    desk.write(lambda session: _tell(desk, session, due))
    desk.endings_told = today


def _tell(desk: Desk, session: Any, due: dict[str, tuple[int, str]]) -> None:
    standing = {alarm.key.split(":")[2]: alarm for alarm in alarms.open_with(session, f"ending:{desk.account}:")}
    for topic in sorted(standing.keys() - due.keys()):
        desk.clear(session, standing[topic].key)
    for topic, (days, words) in sorted(due.items()):
        key, text, former = f"ending:{desk.account}:{topic}:{days}", f"{desk.account}: {words}", standing.get(topic)
        if former is None:
            desk.alarm(session, key, text)
        elif former.key != key:
            replace_in(session, desk.ctx, former, key, text)
