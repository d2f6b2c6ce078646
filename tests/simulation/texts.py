"""What the texts of posts say to a judge."""

from __future__ import annotations

import re

_CODE = re.compile(r"(?:\b(?:R[eé]f\S*|Kenmerk) |/u/)([2-9A-Z]{7})\b")


def code_of(text: str) -> str:
    """The code of the newest statement in a post."""
    found = _CODE.search(text)
    return found.group(1) if found else ""
