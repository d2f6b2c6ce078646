"""What must stand in an answer, so that it can be believed."""

from __future__ import annotations

from typing import Any


def word(value: Any) -> str:
    """A text that is not empty: an id, a token. Raises TypeError for anything else: an answer without it cannot be read."""
    if not isinstance(value, str) or not value:
        raise TypeError("a text is missing")
    return value


def number(value: Any) -> int:
    """A whole number above 0. Raises TypeError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise TypeError("a number is missing")
    return value
