"""Making a text fit a channel: whole sentences go, in the order of the catalogue's drop_first; no word is ever cut.

What is too long even then says less about itself before it stays unsaid: see words/core_form.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from statuspage.core.errors import CannotFit
from statuspage.words import core_form
from statuspage.words.wording import Cut, Wording

CORE = "core"  # the shortest form was taken


def fit(wording: Wording, fits: Callable[[str], bool]) -> str:
    """The longest version that fits.

    A person's free text goes first: it stands on the page whole. Then the order of drop_first: advice; the names of what works,
    one by one from the end, down to one; the cause; the sentence on what works. Then the weekdays of moments that carry a date.
    A post that is still too long takes the form of core_form: a post that says less is better than silence. Service, next update,
    link or reference and safety line never go.

    raises   CannotFit, with the shortest version's length, if even that is too long
    """
    text = ""
    for text, _ in _versions(wording):
        if fits(text):
            return text
    where = ".".join(wording.path)
    raise CannotFit(
        f"{where} in {wording.language!r} does not fit: the shortest version still has {len(text)} characters, and what is left may "
        "not be dropped. Shorten the names or the person's own text, or use another channel. Nothing was sent there."
    )


def left_out(wording: Wording, same: Callable[[str], bool]) -> tuple[str, ...]:
    """What fitting left out of a text: names of DROPPABLE, free_text, weekdays; or CORE alone, for the shortest form.

    same   True for the version that was taken
    """
    for text, missing in _versions(wording):
        if same(text):
            return missing
    return ()


def _versions(wording: Wording) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every version of the text, longest first, and what is left out of it."""
    cut = Cut()
    for cut in cuts(wording):
        yield wording.write(cut), cut.names
    for text in core_form.versions(wording, cut):
        yield text, (CORE,)


def cuts(wording: Wording) -> Iterator[Cut]:
    """What to leave out, from nothing to all that may go. Only what the text has is tried."""
    cut = Cut()
    yield cut
    if wording.free_text():
        cut = replace(cut, free_text=True)
        yield cut
    slots = wording.slots()
    for name in wording.catalogue.drop_first:
        for smaller in _STEPS[name](wording, cut, slots):
            cut = smaller
            yield cut
    yield replace(cut, weekdays=True)


def _advice(wording: Wording, cut: Cut, slots: frozenset[str]) -> Iterator[Cut]:
    if "advice" in slots and wording.facts.advice:
        yield replace(cut, advice=True)


def _works(wording: Wording, cut: Cut, slots: frozenset[str]) -> Iterator[Cut]:
    if "works_line" in slots and not cut.works_line:
        for count in range(wording.works_named() - 1, 0, -1):
            yield replace(cut, works=count)


def _cause(wording: Wording, cut: Cut, slots: frozenset[str]) -> Iterator[Cut]:
    if "cause" in slots and wording.facts.cause:
        yield replace(cut, cause=True)


def _works_line(wording: Wording, cut: Cut, slots: frozenset[str]) -> Iterator[Cut]:
    if "works_line" in slots and wording.facts.works:
        yield replace(cut, works_line=True)


_STEPS: dict[str, Callable[[Wording, Cut, frozenset[str]], Iterator[Cut]]] = {
    "advice": _advice,
    "works": _works,
    "cause": _cause,
    "works_line": _works_line,
}
