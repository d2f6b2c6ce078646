"""Operators hear when the newest backup is too old: a backup that stopped would else be noticed on the day on which it is needed.

Apart from whoever makes the backups: what stops that one stops its own reports, too. And in a loop of its own, since the medium of
backups may hang for as long as it likes.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from statuspage.actions import alarms
from statuspage.actions.context import Context
from statuspage.settings.models import LATE_BACKUPS
from statuspage.store import alarms as alarm_store
from statuspage.worker import backups

STEP_S = 5.0
KEY = "backups"


class BackupWatch:
    """One owner at a time. own: backups are those of `statuspage backup`; else another program keeps files of its own in the folder."""

    name = "backups"

    def __init__(self, ctx: Context, *, own: bool) -> None:
        self._ctx = ctx
        self._own = own
        self._begun = ctx.ports.clock.monotonic()

    def step(self) -> float:
        """One look at the folder. Whoever just began looking waits for the backups that are due first: all may have been switched off."""
        wrong = self._wrong()
        if not wrong:
            self._clear()
        elif self._ctx.ports.clock.monotonic() - self._begun >= self._late_s:
            alarms.raise_alarm(self._ctx, KEY, wrong)
        return STEP_S

    @property
    def _late_s(self) -> float:
        return LATE_BACKUPS * self._ctx.settings.backups.every_s

    def _wrong(self) -> str:
        """What operators must hear; nothing if the newest backup is young enough, or nobody named a folder."""
        told = self._ctx.settings.backups
        if told.folder is None:
            return ""
        since = "What is said from now on would be lost with the database. Look at what makes the backups."
        try:
            ahead = self._ctx.now() + timedelta(seconds=self._late_s)  # what is dated later proves nothing: a clock is or was wrong
            newest = newest_in(Path(told.folder), own=self._own, before=ahead)
        except OSError as error:
            return f"The backups in {told.folder} cannot be looked at: {error.strerror}. {since}"
        if newest is None:
            return f"There is no backup in {told.folder}, and one is due every {told.every_s:g} s. {since}"
        age_s = (self._ctx.now() - newest).total_seconds()
        if age_s <= self._late_s:
            return ""
        return f"The newest backup in {told.folder} is of {newest:%Y-%m-%d %H:%M:%S} UTC, and one is due every {told.every_s:g} s. {since}"

    def _clear(self) -> None:
        with self._ctx.ports.store.reading() as session:
            standing = alarm_store.open_one(session, KEY)
        if standing is not None:
            alarms.clear_alarm(self._ctx, KEY)


def newest_in(folder: Path, *, own: bool, before: datetime) -> datetime | None:
    """When the newest backup before that moment was made: by its name if backups are our own, else by when a file last changed.

    Raises OSError for a folder that is not there.
    """
    if own:
        folder.stat()
        return max((at for at, _ in backups.listing(folder) if at <= before), default=None)
    changed = []
    with os.scandir(folder) as found:
        for entry in found:
            with suppress(FileNotFoundError):  # renamed or removed since it was listed
                if entry.is_file():
                    changed.append(datetime.fromtimestamp(entry.stat().st_mtime, UTC))
    return max((at for at in changed if at <= before), default=None)
