"""The archive: per month one list, and the pages of what began in it. Written once, and again only when something in it changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from statuspage.publish.assets import TEMPLATES, load_assets
from statuspage.publish.build import HOT_FOR, Builder, Files
from statuspage.publish.encode import digest
from statuspage.publish.snapshot import Month, PublicIncident, Snapshot
from statuspage.publish.writer import Target

_LIST = "list"


class Archive:
    """Remembers in the folder itself, per month, what each archived page was made from."""

    def __init__(self, files: Target, builder: Builder) -> None:
        self._files, self._builder = files, builder
        self._due: list[tuple[int, int]] = []
        self._known: set[tuple[int, int]] = set()
        self._stamps: Mapping[str, str] = {}

    def look_again(self, snapshot: Snapshot) -> None:
        """After a publication: the months of what lately changed, and once, every month there is."""
        zone = ZoneInfo(snapshot.page.time_zone)
        began = (one.started_at if isinstance(one, PublicIncident) else one.scheduled_for for one in snapshot.changed_within(HOT_FOR))
        lately = {(at.astimezone(zone).year, at.astimezone(zone).month) for at in began}
        new = [month for month in snapshot.months if month not in self._known]
        self._known.update(new)
        first = sorted(lately, reverse=True)
        self._due = [*first, *(month for month in (*self._due, *new) if month not in lately)]

    def next_due(self) -> tuple[int, int] | None:
        """The month that should be looked at next."""
        return self._due[0] if self._due else None

    def files(self, snapshot: Snapshot, month: Month) -> Files:
        """What has to be written for this month; empty if it is as it was."""
        before, self._stamps = self._read(month), _stamps(snapshot, month)
        changed = {key for key, stamp in self._stamps.items() if before.get(key) != stamp}
        return self._builder.archive(snapshot, month, changed - {_LIST}) if changed else {}

    def done(self, month: Month) -> None:
        """The files of this month are written."""
        if self._read(month) != self._stamps:
            self._files.write(_state(month), json.dumps(self._stamps).encode())
        self._due.remove((month.year, month.month))

    def _read(self, month: Month) -> Mapping[str, str]:
        try:
            found = json.loads(self._files.read(_state(month)) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _state(month: Month) -> PurePosixPath:
    return PurePosixPath(".archive") / f"{month.year:04d}-{month.month:02d}.json"


def _stamps(snapshot: Snapshot, month: Month) -> dict[str, str]:
    """Subject id (and `list`) -> digest of everything its page is made from."""
    common = f"{_look()} {snapshot.page} {sorted((one.id, sorted(one.names.items())) for one in snapshot.by_id.values())}"
    stamps = {
        subject.id: digest(f"{common} {subject} {[code for code in month.codes if code.subject_id == subject.id]}".encode())
        for subject in month.subjects
    }
    return {**stamps, _LIST: digest(" ".join(stamps.values()).encode() + common.encode())}


@cache
def _look() -> str:
    """Digest of the templates and the style: a new look renews the archive."""
    parts = [path.read_bytes() for path in sorted(TEMPLATES.glob("p*/*.html"))]
    return digest(b"".join([*parts, (TEMPLATES / "layout.html").read_bytes(), load_assets().style.encode()]))
