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


def tell(entries: Sequence[Entry], heading: str, repeated: Sequence[str], link_base: str, fits: Callable[[str], bool]) -> str:
    """The newest entry as it is, then a heading and the earlier ones, newest first, as many as fit.

    entries     oldest first, at least one
    heading     stands above the earlier ones, e.g. "Earlier:"
    repeated    sentences that the newest entry says for all (the safety line): left out of the earlier ones
    link_base   beginning of a verification address; only the newest entry keeps its own
    raises      CannotFit, if the newest alone does not fit
    """
    newest = entries[-1].text
    earlier = [f"{entry.moment}: {_without(entry.text, repeated, link_base)}" for entry in reversed(entries[:-1])]
    for count in range(len(earlier), -1, -1):
        text = "\n".join((newest, "", heading, *earlier[:count])) if count else newest
        if fits(text):
            return text
    raise CannotFit(f"The newest state alone has {len(newest)} characters and does not fit. It is not sent to this channel.")


def _without(text: str, repeated: Sequence[str], link_base: str) -> str:
    line = " ".join(text.split())
    for sentence in repeated:
        line = line.replace(sentence, "")
    line = re.sub(re.escape(link_base) + r"\S*", "", line)
    return " ".join(line.split())
