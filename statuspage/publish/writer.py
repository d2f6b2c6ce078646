"""Puts an edition of the public files into a folder: each file whole, the manifest last, never an older edition over a newer one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Protocol

from statuspage.publish.assets import load_assets
from statuspage.publish.encode import SUFFIX, Encoded, digest
from statuspage.publish.headers import RouteClass, headers_for
from statuspage.publish.manifest import MANIFEST, Entry, Manifest
from statuspage.publish.site import Site
from statuspage.publish.snapshot import PublicPage
from statuspage.words.interface import LANGUAGES

ARCHIVE = PurePosixPath(".archive")  # what is noted of the pages that are written once


class Target(Protocol):
    """A folder of published files, as ports.FilesPort describes it."""

    def read(self, path: PurePosixPath) -> bytes | None: ...

    def write(self, path: PurePosixPath, data: bytes) -> None: ...

    def write_all(self, files: Mapping[PurePosixPath, bytes]) -> None: ...

    def remove(self, path: PurePosixPath) -> None: ...

    def list(self, under: PurePosixPath) -> Sequence[PurePosixPath]: ...

    def exclusive(self) -> AbstractContextManager[bool]: ...


class Superseded(Exception):
    """The folder holds a newer edition already; nothing was written."""


class Busy(Exception):
    """Somebody else is writing to the folder right now; nothing was written."""


@dataclass(frozen=True)
class Edition:
    """Everything one publication puts out.

    generation   rises with each publication, over all processes
    hot          the hot set, complete, in the order of writing
    archive      files written once and not listed in the manifest; what is still in the hot set waits there: two packings of one
                 page would make its manifest untrue
    gone         files that may stay no longer
    limited      folder -> the only files that stay in it
    """

    page: PublicPage
    generation: int
    made_at: datetime
    hot: Mapping[PurePosixPath, Encoded]
    archive: Mapping[PurePosixPath, Encoded] = field(default_factory=dict)
    gone: Collection[PurePosixPath] = ()
    limited: Mapping[PurePosixPath, Collection[PurePosixPath]] = field(default_factory=dict)


def _entry(encoded: Encoded, before: Entry | None, now: datetime) -> Entry:
    """What the manifest says of a file: as before, if its bytes are."""
    return before if before is not None and before.digests == encoded.digests else Entry(encoded.digests, now)


class Writer:
    """Keeps one folder up to date. Remembers nothing that the folder's manifest does not say, but that it has looked once.

    A writer that others may have written beside (its process lost the publication and got it again) is made anew.
    """

    def __init__(self, files: Target) -> None:
        self._files = files
        self._looked = False
        self._swept = False

    def write(self, edition: Edition) -> Iterator[str]:
        """Puts the edition into the folder; yields the names of the points at which a crash must do no harm.

        Raises Superseded or Busy (nothing written), OSError (some whole files may be written, the manifest is the old one: the
        next edition puts that right).
        """
        with self._files.exclusive() as mine:
            if not mine:
                raise Busy(f"edition {edition.generation}: another process is writing to this folder; it is tried again")
            before = Manifest.from_bytes(self._files.read(MANIFEST))
            if before.generation >= edition.generation:
                raise Superseded(f"edition {edition.generation}: the folder already holds edition {before.generation}")
            known = before.files if self._looked else self._true_entries(before)
            entries = {path: _entry(encoded, known.get(path), edition.made_at) for path, encoded in edition.hot.items()}
            self._put({path: encoded for path, encoded in edition.hot.items() if entries[path] is not known.get(path)}, known)
            self._put({path: encoded for path, encoded in edition.archive.items() if path not in edition.hot}, {})
            yield "snapshot-written"
            self._files.write(MANIFEST, self._manifest(edition, entries).to_bytes())
            self._looked = True
            yield "renamed"
            self._remove(edition, before)
            self._remove_languages(edition, before)

    def _put(self, files: Mapping[PurePosixPath, Encoded], known: Mapping[PurePosixPath, Entry]) -> None:
        """Writes the codings whose bytes are not there yet. A coding that is gone goes first: it must not outlive what it packed."""
        wanted: dict[PurePosixPath, bytes] = {}
        for path, encoded in files.items():
            before = known[path].digests if path in known else {}
            for coding, suffix in SUFFIX.items():
                place = path.with_name(path.name + suffix)
                if coding not in encoded.bodies:
                    self._files.remove(place)
                elif before.get(coding) != encoded.digests[coding]:
                    wanted[place] = encoded.bodies[coding]
        self._files.write_all(wanted)

    def _true_entries(self, manifest: Manifest) -> Mapping[PurePosixPath, Entry]:
        """Entries whose files really hold what the manifest says: a crash may have left newer files beside an older manifest."""
        return {path: entry for path, entry in manifest.files.items() if self._holds(path, entry)}

    def _holds(self, path: PurePosixPath, entry: Entry) -> bool:
        bodies = {coding: self._files.read(path.with_name(path.name + SUFFIX[coding])) for coding in SUFFIX}
        return {coding: digest(body) for coding, body in bodies.items() if body is not None} == entry.digests

    def _manifest(self, edition: Edition, entries: Mapping[PurePosixPath, Entry]) -> Manifest:
        hashes = load_assets(edition.page.theme).hashes
        return Manifest(
            generation=edition.generation,
            files=entries,
            headers={route.value: headers_for(route, hashes) for route in RouteClass},
            languages=edition.page.languages,
            default_language=edition.page.default_language,
            prefix=Site(edition.page).prefix,
            page=Site(edition.page).root,
            hubs=edition.page.hubs,
        )

    def _remove(self, edition: Edition, before: Manifest) -> None:
        """What may stay no longer, and what left the hot set without a place in the archive (a badge of a removed component)."""
        left = {path for path in before.files if path not in edition.hot and "badges" in path.parts}
        for path in (*edition.gone, *left):
            if path not in edition.hot:
                for suffix in SUFFIX.values():
                    self._files.remove(path.with_name(path.name + suffix))
        for folder, staying in edition.limited.items():
            for path in self._files.list(folder):
                if path not in staying:
                    self._files.remove(path)

    def _remove_languages(self, edition: Edition, before: Manifest) -> None:
        """All of a language that the page has no more: its pages would go on telling what was so on that day.

        Until that went well once, every language is looked for: whoever should have removed one may have died before. What is noted of
        the archive goes first, so that a language that comes back is written anew.
        """
        known, self._swept = before.languages if self._swept else LANGUAGES, False
        gone = [path for language in sorted({*known} - {*edition.page.languages}) for path in self._files.list(PurePosixPath(language))]
        for path in (*self._files.list(ARCHIVE), *gone) if gone else ():
            self._files.remove(path)
        self._swept = True
