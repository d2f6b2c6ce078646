"""The archive: per month one list, and the pages of what began in it. Written once, and again only when something in it changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from statuspage.publish.assets import TEMPLATES, load_assets
from statuspage.publish.build import HOT_FOR, Builder, Files
from statuspage.publish.encode import digest
from statuspage.publish.snapshot import Month, PublicIncident, Snapshot
from statuspage.publish.writer import ARCHIVE, Target

_LIST = "list"
AT_ONCE = 4  # so many subjects' pages are made in one go: what is said meanwhile waits for no more than these


@dataclass
class _Work:
    """A month that is being written. stamps: what all of it should be made from; written: what of it is."""

    snapshot: Snapshot
    month: Month
    stamps: Mapping[str, str]
    written: Mapping[str, str]

    def next_few(self) -> list[str]:
        """Ids; `list` comes last, for it leads to the others."""
        return [key for key in self.stamps if key not in self.written][:AT_ONCE]


class Archive:
    """Remembers in the folder itself, per month, what each archived page was made from."""

    def __init__(self, files: Target, builder: Builder) -> None:
        self._files, self._builder = files, builder
        self._due: list[tuple[int, int]] = []
        self._known: set[tuple[int, int]] = set()
        self._work: _Work | None = None

    def look_again(self, snapshot: Snapshot) -> None:
        """After a publication: the months of what lately changed, and once, every month there is."""
        zone = ZoneInfo(snapshot.page.time_zone)
        began = (one.started_at if isinstance(one, PublicIncident) else one.scheduled_for for one in snapshot.changed_within(HOT_FOR))
        lately = {(at.astimezone(zone).year, at.astimezone(zone).month) for at in began}
        new = [month for month in snapshot.months if month not in self._known]
        self._known.update(new)
        first = sorted(lately, reverse=True)
        self._due = [*first, *(month for month in (*self._due, *new) if month not in lately)]
        self._work = None

    def next_due(self) -> tuple[int, int] | None:
        """The month that should be begun next; None while another is being written, and when all are as they should be."""
        return self._due[0] if self._due and self._work is None else None

    def begin(self, snapshot: Snapshot, month: Month) -> None:
        """From now on files() gives, a few pages at a time, what of this month is not as it should be."""
        stamps = _stamps(snapshot, month)
        written = {key: stamp for key, stamp in self._read(month).items() if stamps.get(key) == stamp}
        self._work = _Work(snapshot, month, stamps, written)

    def files(self) -> Files:
        """What has to be written next; empty if nothing has."""
        work = self._work
        few = work.next_few() if work else []
        if work is None or not few:
            return {}
        return self._builder.archive(work.snapshot, work.month, {key for key in few if key != _LIST}, listed=_LIST in few)

    def done(self) -> None:
        """What files() gave is written."""
        work = self._work
        if work is None:
            return
        work.written = {**work.written, **{key: work.stamps[key] for key in work.next_few()}}
        if self._read(work.month) != work.written:
            self._files.write(_state(work.month), json.dumps(work.written).encode())
        if not work.next_few():
            self._due.remove((work.month.year, work.month.month))
            self._work = None

    def _read(self, month: Month) -> Mapping[str, str]:
        try:
            found = json.loads(self._files.read(_state(month)) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _state(month: Month) -> PurePosixPath:
    return ARCHIVE / f"{month.year:04d}-{month.month:02d}.json"


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
    """Digest of the templates, the style and the script of archived pages: a new look renews the archive, and so does a new policy."""
    parts = [path.read_bytes() for path in sorted(TEMPLATES.glob("p*/*.html"))]
    return digest(b"".join([*parts, (TEMPLATES / "layout.html").read_bytes(), load_assets().style.encode(), load_assets().check.encode()]))
