"""One public file in the forms in which it is sent: as it is, gzip, brotli; each with the digest that becomes its ETag."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import brotli

HOT, IDLE = 5, 11  # brotli's quality: for what changes often, and for what never changes again
SUFFIX = {"identity": "", "gzip": ".gz", "br": ".br"}
DIGEST_LETTERS = 32  # 128 bits of SHA-256


def digest(data: bytes) -> str:
    """What an ETag and the manifest call these bytes."""
    return hashlib.sha256(data).hexdigest()[:DIGEST_LETTERS]


@dataclass(frozen=True)
class Encoded:
    """`bodies`: coding -> bytes. A coding that would not save anything is left out; identity is always there."""

    bodies: dict[str, bytes]

    @cached_property
    def digests(self) -> dict[str, str]:
        return {coding: digest(body) for coding, body in self.bodies.items()}

    @property
    def body(self) -> bytes:
        return self.bodies["identity"]


def encode(body: bytes, quality: int = HOT) -> Encoded:
    """All codings of one body. The same body always gives the same bytes."""
    packed = {"gzip": gzip.compress(body, 9, mtime=0), "br": brotli.compress(body, quality=quality)}
    return Encoded({"identity": body, **{coding: data for coding, data in packed.items() if len(data) < len(body)}})


class Memo:
    """Remembers what each file was made from, so that what did not change is neither rendered nor packed again."""

    def __init__(self) -> None:
        self._made: dict[PurePosixPath, tuple[Any, Encoded]] = {}
        self._seen: set[PurePosixPath] = set()

    def get(self, path: PurePosixPath, made_from: Any, make: Callable[[], bytes]) -> Encoded:
        """The file at `path`; `make` is called only if `made_from` is not what it was. None: always made, packed only if it differs."""
        self._seen.add(path)
        before = self._made.get(path)
        if before and made_from is not None and before[0] == made_from:
            return before[1]
        body = make()
        found = before[1] if before and before[1].body == body else encode(body)
        self._made[path] = (made_from, found)
        return found

    def forget_unseen(self) -> None:
        """Drops what was not asked for since the last call: subjects that left the hot set."""
        self._made = {path: made for path, made in self._made.items() if path in self._seen}
        self._seen.clear()
