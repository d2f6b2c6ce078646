"""Who uses a data folder. Every process of the product holds a shared lock on it; a restore needs it for itself alone.

The locks are those of open files: they end with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

_NAME = ".in-use"


@contextmanager
def locked(path: Path, *, exclusive: bool) -> Iterator[bool]:
    """True if the lock was got; False at once, without waiting, if somebody has it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
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


def using(data: Path) -> AbstractContextManager[bool]:
    """Held by a process of the product while it runs. False while a restore is under way."""
    return locked(data / _NAME, exclusive=False)


def alone(data: Path) -> AbstractContextManager[bool]:
    """Held by a restore. False while any process of the product uses the folder."""
    return locked(data / _NAME, exclusive=True)
