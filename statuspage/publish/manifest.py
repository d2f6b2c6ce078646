"""The list of the hot set in one folder: which generation it is, what each file's bytes are called, when each last changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from statuspage.publish.headers import RouteClass

MANIFEST = PurePosixPath("manifest.json")


@dataclass(frozen=True)
class Entry:
    """One file: coding -> digest of those bytes, and since when they are so."""

    digests: Mapping[str, str]
    modified: datetime


@dataclass(frozen=True)
class Manifest:
    """What a folder holds. generation 0: nothing was published there yet.

    headers    class of route -> what it is served with; the policy's hashes belong to these very files
    """

    generation: int = 0
    files: Mapping[PurePosixPath, Entry] = field(default_factory=dict)
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    default_language: str = ""
    prefix: str = ""

    def to_bytes(self) -> bytes:
        files = {
            path.as_posix(): {"modified": entry.modified.isoformat(timespec="seconds"), "digests": dict(entry.digests)}
            for path, entry in self.files.items()
        }
        told = {
            "generation": self.generation,
            "languages": self.languages,
            "default_language": self.default_language,
            "prefix": self.prefix,
            "headers": self.headers,
            "files": files,
        }
        return json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes | None) -> Manifest:
        """What to_bytes gave. None or anything unreadable is an empty manifest: everything is then written anew."""
        try:
            told: dict[str, Any] = json.loads(data or b"{}")
            return cls(
                generation=int(told.get("generation", 0)),
                files={
                    _inside(path): Entry(dict(entry["digests"]), datetime.fromisoformat(entry["modified"]))
                    for path, entry in told.get("files", {}).items()
                },
                headers={str(RouteClass(name)): dict(headers) for name, headers in told.get("headers", {}).items()},
                languages=tuple(told.get("languages", ())),
                default_language=str(told.get("default_language", "")),
                prefix=str(told.get("prefix", "")),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()


def _inside(text: str) -> PurePosixPath:
    """Raises ValueError for what names no file in the folder."""
    path = PurePosixPath(text)
    if not path.name or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{text!r} is no file of the folder")
    return path
