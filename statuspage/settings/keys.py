"""The keys of the data folder: one file for each purpose, for its owner only. Its first line makes new seals, every line is accepted.

The file is read each time a key is needed, which costs microseconds beside a commit: so every process follows a rotation at once, and
none refuses what another one has just sealed under the new key.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

KEY_BYTES = 32
SEAL = "seal"  # seals deliveries, and what networks gave us to renew
BACKUP = "backup"  # encrypts backups
NOTICES = "notices"  # seeds of the Ed25519 keys that sign public notices; the public halves are published


class BrokenKey(Exception):
    """A key file cannot be used. The message says which, what was found and what to do, never a key."""


class KeyRing:
    """The keys in one file. It is made, with one key, when it is first asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def newest(self) -> bytes:
        """The key under which new things are sealed. Raises BrokenKey."""
        return self.accepted()[0]

    def accepted(self) -> tuple[bytes, ...]:
        """Every key that still counts, the newest first. Raises BrokenKey."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _put_first(self.path, [new_key()])
        return read_keys(self.path)

    def rotate(self) -> int:
        """A new key comes first; the older ones are still accepted. Returns how many keys there are now."""
        keys = [new_key(), *(key.hex() for key in self.accepted())]
        self._write(keys)
        return len(keys)

    def retire(self) -> int:
        """Only the newest key counts from now on. Returns how many were dropped."""
        keys = self.accepted()
        self._write([keys[0].hex()])
        return len(keys) - 1

    def take(self, keys: Sequence[bytes]) -> None:
        """Exactly these from now on, the newest first."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write([key.hex() for key in keys])

    def changed_at(self) -> float:
        """When the file was written, in seconds since 1970."""
        self.accepted()
        return self.path.stat().st_mtime

    def _write(self, keys: Sequence[str]) -> None:
        aside = _aside(self.path, keys)
        aside.replace(self.path)
        flush_folder(self.path.parent)


def new_key() -> str:
    """64 hexadecimal digits."""
    return secrets.token_hex(KEY_BYTES)


def read_keys(path: Path) -> tuple[bytes, ...]:
    """The keys in a file, one a line. Raises BrokenKey; OSError if it cannot be read at all."""
    lines = path.read_text(encoding="ascii", errors="replace").split()
    for number, line in enumerate(lines, 1):
        if len(line) != 2 * KEY_BYTES or set(line) - set("0123456789abcdef"):
            raise BrokenKey(
                f"{path}, line {number}: found {len(line)} letters, a key has 64 of 0-9 and a-f. Restore the file from the backup; "
                "nothing is sealed or sent without it."
            )
    if not lines:
        raise BrokenKey(f"{path} is empty; a key of 64 letters should be there. Restore the file from the backup.")
    return tuple(bytes.fromhex(line) for line in lines)


def refuse_open_doors(folder: Path, files: Sequence[Path]) -> None:
    """Raises BrokenKey if anybody but the owner can get at the keys, or at one of `files`. What is not there yet is no trouble."""
    found = [folder, *sorted(folder.glob("*.key*")), *files] if folder.exists() else files
    for path in found:
        if not path.exists():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        allowed = 0o700 if path.is_dir() else 0o600
        if mode & ~allowed:
            raise BrokenKey(
                f"{path} is open to others: its mode is {mode:04o}, allowed is {allowed:04o}. Nothing was started. "
                f"Run: chmod {allowed:o} {path}; and if others may have read it, change what it holds."
            )


def _aside(path: Path, keys: Sequence[str]) -> Path:
    """The whole content, flushed, in a file beside it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write("".join(f"{key}\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    return aside


def _put_first(path: Path, keys: Sequence[str]) -> None:
    """Whole or not at all, and the first of two processes wins: a half-written key would lock the ledger."""
    aside = _aside(path, keys)
    with contextlib.suppress(FileExistsError):
        os.link(aside, path)
    aside.unlink()
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """What was renamed or linked in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
