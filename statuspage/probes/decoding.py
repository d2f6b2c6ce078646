"""Bodies taken in piece by piece: at most one content coding, at most so many bytes after it. No bomb ever unfolds."""

from __future__ import annotations

import zlib
from typing import Protocol

import brotli

from statuspage.core.vocabulary import Reason
from statuspage.probes.findings import Failure

ACCEPTED = "gzip, deflate, br"  # for Accept-Encoding
_STEP = 64 * 1024  # bytes decoded at a time
_MEMBER = b"\x1f\x8b"  # begins each member of gzip
_MOST_MEMBERS = 1000  # of usual ones, 64 KiB each, 16 fill a body


class _Decoder(Protocol):
    finished: bool

    def decode(self, data: bytes, limit: int) -> bytes:
        """At most about `limit` bytes more; the rest stays inside until the next call with b""."""
        ...

    @property
    def waiting(self) -> bool:
        """True if calling again with b"" may give more."""
        ...


class _Zlib:
    """gzip, of one member or several (RFC 1952), and deflate in both readings: with the zlib header that the standard wants, or raw.

    What follows the last member and is none is left out: some servers fill up with zeros.
    """

    def __init__(self, gzip: bool) -> None:
        self._gzip = gzip
        self._engine = zlib.decompressobj(31 if gzip else 15)
        self._begun = False
        self._members = 1
        self._rest = b""  # not decoded yet
        self.finished = False

    def decode(self, data: bytes, limit: int) -> bytes:
        data = self._rest + data
        if self._engine.eof and not self._another(data):
            return b""
        try:
            out = self._engine.decompress(data, limit)
        except zlib.error:
            if self._gzip or self._begun:
                raise
            self._engine = zlib.decompressobj(-15)
            out = self._engine.decompress(data, limit)
        self._begun = self._begun or bool(data)
        self.finished = self._engine.eof
        self._rest = self._engine.unused_data if self.finished else self._engine.unconsumed_tail
        return out

    def _another(self, data: bytes) -> bool:
        """Behind the end of a member: does `data` begin the next one?"""
        if not self._gzip or not data.startswith(_MEMBER):
            self._rest = data if data and self._gzip and _MEMBER.startswith(data) else b""
            self._gzip = self._gzip and (not data or bool(self._rest))  # once it is filling, nothing is looked for in it
            return False
        if self._members == _MOST_MEMBERS:
            raise zlib.error("too many members")  # each takes its time, even one that holds nothing
        self._members += 1
        self._engine = zlib.decompressobj(31)
        return True

    @property
    def waiting(self) -> bool:
        return self._rest.startswith(_MEMBER) and self._gzip if self.finished else bool(self._rest)


class _Brotli:
    def __init__(self) -> None:
        self._engine = brotli.Decompressor()
        self.finished = False

    def decode(self, data: bytes, limit: int) -> bytes:
        out: bytes = self._engine.process(data, output_buffer_limit=limit)
        self.finished = self._engine.is_finished()
        return out

    @property
    def waiting(self) -> bool:
        return not self._engine.can_accept_more_data()


class _Plain:
    finished = True
    waiting = False

    def decode(self, data: bytes, limit: int) -> bytes:
        return data


class Body:
    """The body of one answer. feed() every piece, then end().

    codings    values of all Content-Encoding headers, in order
    max_bytes  after decoding; as many again, and no more, may come over the line
    """

    def __init__(self, codings: list[str], max_bytes: int) -> None:
        self.failure: Failure | None = None
        self._max = max_bytes
        self._raw = 0
        self._parts: list[bytes] = []
        self._length = 0
        self._decoder = self._choose(codings)

    def feed(self, data: bytes) -> bool:
        """True if more may come; False once it is clear that this body is refused."""
        self._raw += len(data)
        if self.failure is None and self._raw > self._max:
            self._refuse(Reason.BODY_TOO_LARGE, f"more than {self._max} bytes came")
        if self.failure is None:
            try:
                self._take(self._decoder.decode(data, _STEP))
                while self.failure is None and self._decoder.waiting:
                    self._take(self._decoder.decode(b"", _STEP))
            except (zlib.error, brotli.error):
                self._refuse(Reason.BODY_UNREADABLE, "the body is not what its content coding says")
        return self.failure is None

    def end(self) -> bytes:
        """All that came, decoded; look at `failure` first."""
        if self.failure is None and self._raw and not self._decoder.finished:
            self._refuse(Reason.BODY_UNREADABLE, "the body ends in the middle of its content coding")
        return b"".join(self._parts)

    def _choose(self, codings: list[str]) -> _Decoder:
        names = [name.strip().lower() for line in codings for name in line.split(",")]
        names = [name for name in names if name not in ("", "identity")]
        if len(names) > 1:
            self._refuse(Reason.BODY_UNREADABLE, f"{len(names)} content codings one over the other; one is allowed")
        elif names and names[0] not in ("gzip", "x-gzip", "deflate", "br"):
            self._refuse(Reason.BODY_UNREADABLE, f"the content coding {names[0][:20]!r} was not asked for; asked for were {ACCEPTED}")
        if self.failure is not None or not names:
            return _Plain()
        return _Brotli() if names[0] == "br" else _Zlib(gzip=names[0] != "deflate")

    def _take(self, piece: bytes) -> None:
        self._length += len(piece)
        if self._length > self._max:
            self._refuse(Reason.BODY_TOO_LARGE, f"more than {self._max} bytes after decoding")
        else:
            self._parts.append(piece)

    def _refuse(self, reason: Reason, evidence: str) -> None:
        self.failure = Failure(reason, evidence)
        self._parts.clear()
