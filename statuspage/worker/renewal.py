"""Renews credentials that run out and cannot be renewed once they have: in good time, and only while nothing is to be sent.

Nothing of this is stored: each process renews an hour after it took an account over, and then as often as the network's module says.
A network may refuse to renew what is younger than a day; it is asked again the next day, and people hear of it when that lasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from broadcasters.errors import BroadcastError

if TYPE_CHECKING:
    from statuspage.worker.desk import Desk

FIRST_S = 3600.0
AGAIN_S = 86400.0
TOLD_AFTER = 3  # refusals in a row


@dataclass
class Renewal:
    """due: monotonic; None before the first look. refused: how often in a row."""

    due: float | None = None
    refused: int = 0


def renew_if_due(desk: Desk) -> None:
    """Asks for fresh credentials if it is time, and stores them sealed before anything else uses them."""
    every, memory, now = desk.network.renew_after_s, desk.renewal, desk.mono()
    if not every or desk.gate.stopped:
        return
    if memory.due is None:
        memory.due = now + FIRST_S
    if now < memory.due:
        return
    key = f"renewal:{desk.account}"
    try:
        values = desk.network.refresh()
    except BroadcastError as error:
        memory.due, memory.refused = now + AGAIN_S, memory.refused + 1
        if memory.refused >= TOLD_AFTER:
            text = (
                f"{desk.account}: the credentials could not be renewed for {memory.refused} days ({error.detail}) They still work, "
                "but not for ever. Sign in again and put the new ones into the configuration."
            )
            desk.write(lambda session: desk.alarm(session, key, text))
        return
    memory.due, memory.refused = now + every, 0
    desk.write(lambda session: desk.keep(session, values))
    desk.write(lambda session: desk.clear(session, key))
