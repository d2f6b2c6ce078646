"""Mistakes in a target, each with the key that holds it: whoever reads statuspage.yaml is shown that line and that value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

Key = tuple[str | int, ...]


class Amiss(ValueError):
    """One value of a target that cannot be used. key: where it stands in there; the text says what is allowed."""

    def __init__(self, key: Key, told: str) -> None:
        super().__init__(told)
        self.key = key


@contextmanager
def at(*key: str | int) -> Iterator[None]:
    """What is refused in here is the value of that key."""
    try:
        yield
    except ValueError as error:
        raise Amiss(key, str(error)) from None


def check_port(port: int) -> None:
    """Raises Amiss for what no port is."""
    if not 1 <= port <= 65535:
        raise Amiss(("port",), f"found the port {port}; a port is 1 to 65535")
