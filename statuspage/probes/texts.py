"""Looking for words in pages. Plain text, or patterns of RE2: time grows with the length of the page, whatever the pattern."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import re2

from statuspage.core.vocabulary import Reason
from statuspage.probes.findings import Failure

_MAX_PATTERN = 500
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 8 * 1024 * 1024


@lru_cache(maxsize=1024)
def pattern(text: str) -> Any:
    """A compiled pattern. Raises ValueError if RE2 does not take it (it has no look-around and no back-references)."""
    if len(text) > _MAX_PATTERN:
        raise ValueError(f"the pattern is longer than {_MAX_PATTERN} characters")
    try:
        return re2.compile(text, options=_OPTIONS)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise ValueError(f"RE2 does not take the pattern {text!r}: {reason}") from None


def check_patterns(patterns: Iterable[str], groups: int | None = None) -> None:
    """For settings: raises ValueError for a pattern that cannot be used. groups: how many it must have."""
    for text in patterns:
        compiled = pattern(text)
        if groups is not None and compiled.groups != groups:
            raise ValueError(f"the pattern {text!r} has {compiled.groups} groups in brackets; {groups} is needed: the part that is wanted")


def check_texts(page: str, contains: Iterable[str], lacks: Iterable[str], matches: Iterable[str], avoids: Iterable[str]) -> Failure | None:
    """The first text or pattern that should be in the page and is not, or the other way round. None if all is well."""
    for text in contains:
        if text not in page:
            return Failure(Reason.TEXT_MISSING, f"no {text!r} in the page")
    for text in matches:
        if not pattern(text).search(page):
            return Failure(Reason.TEXT_MISSING, f"nothing in the page matches {text!r}")
    for text in lacks:
        if text in page:
            return Failure(Reason.TEXT_FORBIDDEN, f"{text!r} is in the page")
    for text in avoids:
        if pattern(text).search(page):
            return Failure(Reason.TEXT_FORBIDDEN, f"something in the page matches {text!r}")
    return None
