"""The list of the hot set in one folder: which generation it is, what each file's bytes are called, when each last changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from statuspage.publish.headers import RouteClass
from statuspage.publish.site import JSON_FEED

MANIFEST = PurePosixPath("manifest.json")
_OF_ADDRESSES = ":/?#[]@!$&'()*+,;=%~"  # RFC 3986; nothing else may stand between the angle brackets of a Link header


@dataclass(frozen=True)
class Entry:
    """One file: coding -> digest of those bytes, and since when they are so."""

    digests: Mapping[str, str]
    modified: datetime


@dataclass(frozen=True)
class Manifest:
    """What a folder holds. generation 0: nothing was published there yet.

    headers    class of route -> what it is served with; the policy's hashes belong to these very files
    page, hubs address of the page, and of the hubs that are told of its feeds
    """

    generation: int = 0
    files: Mapping[PurePosixPath, Entry] = field(default_factory=dict)
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    default_language: str = ""
    prefix: str = ""
    page: str = ""
    hubs: tuple[str, ...] = ()

    def link(self, path: PurePosixPath) -> str:
        """What a feed says in its head: its hubs, and its own address (WebSub, section 4). "" for all else, and where there is no hub."""
        if not self.hubs or not (path.suffix in (".atom", ".rss") or path.name == JSON_FEED):
            return ""
        own = path if len(path.parts) > 1 else PurePosixPath(self.default_language, f"feed{path.suffix}")  # /history.rss is another's copy
        named = [*((hub, "hub") for hub in self.hubs), (f"{self.page}/{own}", "self")]
        return ", ".join(f'<{quote(address, safe=_OF_ADDRESSES)}>; rel="{relation}"' for address, relation in named)

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
            "page": self.page,
            "hubs": self.hubs,
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
                page=str(told.get("page", "")),
                hubs=tuple(map(str, told.get("hubs", ()))),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()


def _inside(text: str) -> PurePosixPath:
    """Raises ValueError for what names no file in the folder."""
    path = PurePosixPath(text)
    if not path.name or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{text!r} is no file of the folder")
    return path
