"""The published files in memory: what a manifest lists, with every header made ready; and single files read from disk."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path, PurePosixPath

import structlog

from statuspage.ports import Clock
from statuspage.publish.encode import SUFFIX, digest
from statuspage.publish.headers import RouteClass, headers_for
from statuspage.publish.manifest import MANIFEST, Entry, Manifest
from statuspage.publish.site import media_type, route_class
from statuspage.web.heads import Headers

LOOK_EVERY_S = 0.1
log = structlog.get_logger("statuspage.published")


@dataclass(frozen=True)
class Form:
    """One coding of one file, ready to be sent. `headers` are complete but for Vary by language."""

    body: bytes
    etag: str
    headers: Headers
    brief: Headers  # for 304: what a cache must know again


@dataclass(frozen=True)
class Published:
    """One file: coding -> form. identity is always there."""

    forms: Mapping[str, Form]
    modified: datetime


class Shelf:
    """All files of one folder. Files of the hot set come from memory and always from one and the same edition."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock
        self._looked_at = float("-inf")
        self._mark: tuple[int, ...] = ()
        self._lock = threading.Lock()
        self.manifest = Manifest()
        self._hot: Mapping[str, Published] = {}

    def get(self, name: str) -> Published | None:
        """The file at `name`, a path within the folder already checked by the caller; None if there is none."""
        return self._hot.get(name) or self._cold(PurePosixPath(name))

    def is_hot(self, name: str) -> bool:
        return name in self._hot

    def headers(self, route: RouteClass) -> Mapping[str, str]:
        """Of one class, as the newest edition wants them."""
        return self.manifest.headers.get(route.value) or headers_for(route)

    def refresh(self) -> None:
        """Looks for a newer edition, at most every LOOK_EVERY_S: for a server that has no thread to do so."""
        now = self._clock.monotonic()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            self.look()

    def look(self) -> bool:
        """Takes up a newer edition, if the manifest has changed; true if so. One caller does it; others go on meanwhile."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            mark = self._mark_of(self.folder / MANIFEST)
            if not mark or mark == self._mark:
                return False
            try:
                taken = self._load()
            except (ValueError, KeyError) as error:  # of a newer release, or written by hand
                log.error("a manifest cannot be understood; the edition before it is served until there is another", error=str(error))
                self._mark = mark
                return False
            if taken:
                self._mark = mark
            return taken
        finally:
            self._lock.release()

    @staticmethod
    def _mark_of(path: Path) -> tuple[int, ...]:
        try:
            found = path.stat()
        except OSError:
            return ()
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _load(self) -> bool:
        """Reads the edition that the manifest lists. False while its files are being replaced by the next one: the old set stays.

        Raises ValueError or KeyError if the manifest cannot be understood; then too.
        """
        try:
            manifest = Manifest.from_bytes((self.folder / MANIFEST).read_bytes())
            fresh = {path.as_posix(): self._hot_file(path, entry, manifest) for path, entry in manifest.files.items()}
        except OSError:
            return False
        if not manifest.files:
            raise ValueError(f"{self.folder / MANIFEST} lists no files, or not as this release does")
        if self._hot and any(found is None for found in fresh.values()):
            return False
        self.manifest = manifest
        self._hot = {name: found for name, found in fresh.items() if found is not None}
        return True

    def _hot_file(self, path: PurePosixPath, entry: Entry, manifest: Manifest) -> Published | None:
        before = self._hot.get(path.as_posix())
        digests = {coding: name for coding, name in entry.digests.items() if coding in SUFFIX}  # a newer release may have more packings
        etags = {coding: f'"{name}"' for coding, name in digests.items()}
        same_heads = manifest.headers == self.manifest.headers and manifest.link(path) == self.manifest.link(path)
        if before and {coding: form.etag for coding, form in before.forms.items()} == etags and same_heads:
            return before
        found = {coding: (self.folder / path.with_name(path.name + SUFFIX[coding])).read_bytes() for coding in digests}
        bodies = {coding: body for coding, body in found.items() if digest(body) == digests[coding]}
        if "identity" not in bodies:
            return None
        return self._published(path, bodies, entry.modified, manifest)  # a damaged packing only costs bytes, never the news

    def _cold(self, path: PurePosixPath) -> Published | None:
        """A file outside the hot set, from disk: a page of the archive, or anything while no edition could be read whole.

        None if it cannot be read, whatever the reason: a reader is told the same.
        """
        try:
            body = (self.folder / path).read_bytes()
            modified = datetime.fromtimestamp((self.folder / path).stat().st_mtime, UTC)
        except OSError:
            return None
        bodies = {"identity": body}
        for coding in ("gzip", "br"):
            try:
                bodies[coding] = (self.folder / path.with_name(path.name + SUFFIX[coding])).read_bytes()
            except OSError:
                continue
        return self._published(path, bodies, modified, self.manifest)

    def _published(self, path: PurePosixPath, bodies: Mapping[str, bytes], modified: datetime, manifest: Manifest) -> Published:
        route = route_class(path)
        common = list((manifest.headers.get(route.value) or headers_for(route)).items())
        if told := manifest.link(path):
            common.append(("Link", told))
        common.append(("Last-Modified", format_datetime(modified.replace(microsecond=0).astimezone(UTC), usegmt=True)))
        forms = {coding: _form(body, coding, media_type(path), common) for coding, body in bodies.items()}
        return Published(forms, modified.replace(microsecond=0))


def _form(body: bytes, coding: str, kind: str, common: Iterable[tuple[str, str]]) -> Form:
    etag = f'"{digest(body)}"'
    brief = [*common, ("ETag", etag)]
    told = [] if coding == "identity" else [("Content-Encoding", coding)]
    return Form(body, etag, [*brief, ("Content-Type", kind), ("Content-Length", str(len(body))), *told], brief)
