"""The story so far, for channels whose post is edited: the newest state whole, then what was said before."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from statuspage.core.errors import CannotFit


@dataclass(frozen=True)
class Entry:
    """One statement of the story. moment: when it was made, in words."""

    moment: str
    text: str


@dataclass(frozen=True)
class Repeated:
    """What ends every post, and what only the newest entry of a story keeps: the safety line and the address or reference."""

    safety: str
    link_base: str  # beginning of a verification address
    reference: str  # beginning of the reference sentence, e.g. "Ref"


def tell(entries: Sequence[Entry], heading: str, repeated: Repeated, fits: Callable[[str], bool]) -> str:
    """The newest entry as it is, then a heading and the earlier ones, newest first, as many as fit.

    entries    oldest first, at least one
    heading    stands above the earlier ones, e.g. "Earlier:"
    repeated   what the newest entry says for all: left out of the earlier ones
    raises     CannotFit, if the newest alone does not fit
    """
    newest = entries[-1].text
    earlier = [f"{entry.moment}: {_without(entry.text, repeated)}" for entry in reversed(entries[:-1])]
    for count in range(len(earlier), -1, -1):
        text = "\n".join((newest, "", heading, *earlier[:count])) if count else newest
        if fits(text):
            return text
    raise CannotFit(f"The newest state alone has {len(newest)} characters and does not fit. It is not sent to this channel.")


def _without(text: str, repeated: Repeated) -> str:
    line = " ".join(text.split())
    at_end = rf"{re.escape(repeated.safety)}(?: (?:{re.escape(repeated.link_base)}|{re.escape(repeated.reference)} )\S*)?"
    return " ".join(re.sub(at_end, "", line).split())
