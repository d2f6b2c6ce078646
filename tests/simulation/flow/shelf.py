"""A folder of published files in memory: whole files, in order; it may refuse, or its writer may die between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from statuspage.publish.encode import SUFFIX, digest
from statuspage.publish.manifest import MANIFEST, Manifest
from tests.simulation.flow.bank import CANARIES

if TYPE_CHECKING:
    from tests.simulation.flow.town import Town

_WORDS = tuple(word.lower().encode() for word in CANARIES)


class Shelf:
    """One target of the publisher."""

    def __init__(self, town: Town, name: str) -> None:
        self.town = town
        self.name = name
        self.files: dict[PurePosixPath, bytes] = {}
        self.generation = 0
        self._taken = False

    def read(self, path: PurePosixPath) -> bytes | None:
        return self.files.get(path)

    def write(self, path: PurePosixPath, data: bytes) -> None:
        self.town.file_point(self, path)
        self._put(path, data)
        if path == MANIFEST:
            self._edition()

    def write_all(self, files: Mapping[PurePosixPath, bytes]) -> None:
        for path, data in files.items():
            self.town.file_point(self, path)
            self._put(path, data)

    def remove(self, path: PurePosixPath) -> None:
        self.files.pop(path, None)

    def list(self, under: PurePosixPath) -> list[PurePosixPath]:
        return sorted(path for path in self.files if under in path.parents or under == PurePosixPath())

    @contextmanager
    def exclusive(self) -> Iterator[bool]:
        if self._taken:
            yield False
            return
        self._taken = True
        try:
            yield True
        finally:
            self._taken = False

    def _put(self, path: PurePosixPath, data: bytes) -> None:
        self.files[path] = data
        if path.suffix in (".gz", ".br"):
            return
        lower = data.lower()
        for word in _WORDS:
            if word in lower or word.decode() in str(path).lower():
                self.town.fault(f"canary: {word.decode()} stands in {path} on {self.name}")

    def _edition(self) -> None:
        """A reader takes up the manifest: every file is what it says, and it is not older than the one before."""
        manifest = Manifest.from_bytes(self.files[MANIFEST])
        if manifest.generation <= self.generation:
            self.town.fault(f"older: {self.name} goes from edition {self.generation} back to {manifest.generation}")
        self.generation = manifest.generation
        torn = list(self.torn())
        for path in torn:
            self.town.fault(f"torn: {self.name}, edition {manifest.generation}: {path} is not what the manifest says")
        if not torn:  # else what it says cannot be read
            self.town.edition(self)

    def torn(self) -> Iterator[PurePosixPath]:
        """Files that are not as the manifest says."""
        for path, entry in Manifest.from_bytes(self.files.get(MANIFEST)).files.items():
            for coding, called in entry.digests.items():
                data = self.files.get(path.with_name(path.name + SUFFIX[coding]))
                if data is None or digest(data) != called:
                    yield path.with_name(path.name + SUFFIX[coding])
