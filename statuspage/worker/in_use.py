"""Who uses a data folder. Every process of the product holds a shared lock on it; a restore needs it for itself alone.

The locks are those of open files: they end with the process, however that ends.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from statuspage.outside import locked

_NAME = ".in-use"


def using(data: Path) -> AbstractContextManager[bool]:
    """Held by a process of the product while it runs. False while a restore is under way."""
    return _lock(data, exclusive=False)


def alone(data: Path) -> AbstractContextManager[bool]:
    """Held by a restore. False while any process of the product uses the folder."""
    return _lock(data, exclusive=True)


def _lock(data: Path, *, exclusive: bool) -> AbstractContextManager[bool]:
    data.mkdir(parents=True, exist_ok=True, mode=0o711)
    return locked(data / _NAME, exclusive=exclusive)
