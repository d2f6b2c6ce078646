"""How long a text is on a network, as that network counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Length:
    """What a text uses of what one limit of a network allows. unit: what is counted, in words, e.g. "graphemes"."""

    used: int
    allowed: int
    unit: str
