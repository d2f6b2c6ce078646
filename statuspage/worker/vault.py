"""An encrypted file that is written and read in one go: AES-256-GCM over pieces of 64 KiB, none of which can be changed, moved or cut off.

Layout: MAGIC, 7 random bytes, then the pieces, each followed by its tag. The nonce of a piece is those 7 bytes, its number (4 bytes)
and whether it is the last (1 byte): a file that was cut off ends with a piece that does not open. The STREAM construction of
"Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (2015).
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"statuspage backup 1\n"
PIECE = 64 * 1024
PREFIX_BYTES = 7
_TAG = 16


class CannotOpen(Exception):
    """The file is not what it should be: another key, another kind of file, changed, or cut off."""


class Sealing(io.RawIOBase):
    """Takes bytes and writes them encrypted. close() writes the last piece; the underlying file stays open."""

    def __init__(self, file: BinaryIO, key: bytes, prefix: bytes) -> None:
        super().__init__()
        if len(prefix) != PREFIX_BYTES:
            raise ValueError(f"a prefix has {PREFIX_BYTES} bytes, this one {len(prefix)}")
        self._file, self._cipher, self._prefix = file, AESGCM(key), prefix
        self._held = bytearray()
        self._number = 0
        file.write(MAGIC + prefix)

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # whatever has bytes
        self._held += piece
        while len(self._held) > PIECE:
            self._put(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._put(bytes(self._held), last=True)
            super().close()

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._prefix, self._number, last), piece, MAGIC))
        self._number += 1


class Opening(io.RawIOBase):
    """Reads what Sealing wrote. Raises CannotOpen before a single changed byte is given out."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        super().__init__()
        head = file.read(len(MAGIC) + PREFIX_BYTES)
        if not head.startswith(MAGIC) or len(head) < len(MAGIC) + PREFIX_BYTES:
            raise CannotOpen("it is no backup of this product, or only the beginning of one")
        self._file, self._cipher, self._prefix = file, AESGCM(key), head[len(MAGIC) :]
        self._number = 0
        self._held = b""
        self._next = file.read(PIECE + _TAG)
        self._over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        while not self._held and not self._over:
            self._held = self._piece()
        given = self._held[: len(view)]
        view[: len(given)] = given
        self._held = self._held[len(given) :]
        return len(given)

    def _piece(self) -> bytes:
        piece, self._next = self._next, self._file.read(PIECE + _TAG)
        self._over = not self._next
        try:
            opened = self._cipher.decrypt(_nonce(self._prefix, self._number, self._over), piece, MAGIC)
        except (InvalidTag, ValueError):
            why = "the key is another one, or the file was changed" if self._number == 0 else "the file was changed or cut off"
            raise CannotOpen(f"piece {self._number} does not open: {why}") from None
        self._number += 1
        return opened


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, last)
