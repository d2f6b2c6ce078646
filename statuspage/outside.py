"""The real five ports. The only module outside probes/ that asks the machine for time, chance or files."""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

FLUSHED_AT_ONCE = 8


class SystemClock:
    """The machine's clocks. `stop` ends every wait at once."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = stop or threading.Event()
        self._process_id = f"{os.getpid()}-{secrets.token_hex(6)}"

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.clock_gettime(time.CLOCK_MONOTONIC)

    def boottime(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def process_id(self) -> str:
        return self._process_id

    def wait(self, seconds: float) -> None:
        self.stop.wait(seconds)


class SystemRandomness:
    """The operating system's chance."""

    def __init__(self) -> None:
        self._source = secrets.SystemRandom()

    def token(self, length: int, alphabet: str) -> str:
        return "".join(secrets.choice(alphabet) for _ in range(length))

    def uniform(self, low: float, high: float) -> float:
        return self._source.uniform(low, high)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _flush_all(paths: Sequence[Path]) -> None:
    """Several at once, for they share the journal's writes: 400 files in a fifth of the time. Raises OSError of the first that fails."""
    if len(paths) < FLUSHED_AT_ONCE:
        for path in paths:
            _flush(path)
        return
    with ThreadPoolExecutor(FLUSHED_AT_ONCE, "flush") as pool:
        list(pool.map(_flush, paths))


@contextmanager
def locked(path: Path, *, exclusive: bool) -> Iterator[bool]:
    """True if the lock was got; False at once, without waiting, if somebody has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


class Folder:
    """Files under one folder. write() is whole or not at all: written aside, flushed, renamed, the folder flushed too."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: PurePosixPath) -> bytes | None:
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def write(self, path: PurePosixPath, data: bytes) -> None:
        self.write_all({path: data})
        _flush((self.root / path).parent)  # renames made before this one last with it: they stand before it in the journal

    def write_all(self, files: Mapping[PurePosixPath, bytes]) -> None:
        asides: list[tuple[Path, Path]] = []
        try:
            for path, data in files.items():
                target = self.root / path
                aside = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.new")
                asides.append((aside, target))
                aside.parent.mkdir(parents=True, exist_ok=True)
                aside.write_bytes(data)
            _flush_all([aside for aside, _ in asides])
            for aside, target in asides:
                aside.replace(target)
        finally:
            for aside, _ in asides:
                aside.unlink(missing_ok=True)

    def remove(self, path: PurePosixPath) -> None:
        (self.root / path).unlink(missing_ok=True)

    def list(self, under: PurePosixPath) -> list[PurePosixPath]:
        top = self.root / under
        found = (path.relative_to(self.root) for path in top.rglob("*") if path.is_file() and not path.name.startswith("."))
        return sorted(PurePosixPath(path.as_posix()) for path in found)

    @contextmanager
    def exclusive(self) -> Iterator[bool]:
        """A lock on the folder, held by the open file: it ends with the process that has it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with locked(self.root / ".writing", exclusive=True) as got:
            yield got
