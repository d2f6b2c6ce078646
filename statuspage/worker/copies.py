"""Watches that every copy of the page gets it: an alarm names the one that stays behind, and ends when it has caught up.

Apart from those who write the copies, since a folder or a storage may hang for as long as it likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

from statuspage.actions import alarms
from statuspage.actions.context import Context
from statuspage.store import alarms as alarm_store
from statuspage.worker.publisher import Publisher

STEP_S = 2.0
LATE_S = 60.0  # behind for so long: an alarm. The catalogue (A7) grants two minutes
_TOPIC = "copy"
_KEY_LETTERS = 180  # an alarm's key has 200


class Copies:
    """In each process that may publish; it speaks only in the one that does. places: what the publisher's targets are called."""

    name = "copies"

    def __init__(self, ctx: Context, publisher: Publisher, places: Sequence[str]) -> None:
        self._ctx = ctx
        self._publisher = publisher
        self._places = places

    def step(self) -> float:
        """One look at all copies."""
        found = self._publisher.behind()
        if found is None:
            return STEP_S
        with self._ctx.ports.store.reading() as session:
            standing = {alarm.key for alarm in alarm_store.listing(session) if alarm.key.startswith(f"{_TOPIC}:")}
        states = {f"{_TOPIC}:{place[-_KEY_LETTERS:]}": (place, behind) for place, behind in zip(self._places, found, strict=True)}
        for key, (place, behind) in states.items():
            if behind.seconds >= LATE_S and key not in standing:
                why = (behind.fault or "It does not answer in time").rstrip(".")
                since = f"has been out of date for {floor(behind.seconds)} s or more"
                text = f"The page in {place} {since}. {why}. Each new edition is tried there."
                alarms.raise_alarm(self._ctx, key, text)
        right = {key for key, (_, behind) in states.items() if behind.confirmed and behind.seconds < LATE_S}
        for key in standing:
            if key in right or key not in states:
                alarms.clear_alarm(self._ctx, key)
        return STEP_S
