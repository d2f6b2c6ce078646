"""How well a colour is read on another: the contrast ratio of WCAG 2.2, and the nearest colour that is read well enough.

Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio. Colours are written #rrggbb.
"""

from __future__ import annotations

from collections.abc import Iterable

TEXT = 4.5  # ratio that words need (1.4.3, level AA)
WHITE, BLACK = "#ffffff", "#000000"
_STEPS = 256


def ratio(one: str, other: str) -> float:
    """1.0 (the same lightness) to 21.0 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def worst(colour: str, papers: Iterable[str]) -> float:
    """Its ratio on the paper on which it is read worst."""
    return min(ratio(colour, paper) for paper in papers)


def readable_on(colour: str) -> str:
    """White or black, whichever is read better on a colour: 4.58 or more on every colour there is."""
    return max((WHITE, BLACK), key=lambda letters: ratio(letters, colour))


def nearest(colour: str, papers: Iterable[str], needed: float = TEXT) -> str:
    """The colour of the same hue, mixed with as little black or white as can be, that has the ratio on every paper.

    Raises ValueError if no such mix has it, as on papers both light and dark.
    """
    grounds = tuple(papers)
    for step in range(_STEPS + 1):
        for end in (BLACK, WHITE):
            mixed = _mixed(colour, end, step / _STEPS)
            if worst(mixed, grounds) >= needed:
                return mixed
    raise ValueError(f"neither black nor white has {needed}:1 on all of {', '.join(grounds)}")


def _mixed(colour: str, end: str, share: float) -> str:
    parts = (round(one + (other - one) * share) for one, other in zip(_parts(colour), _parts(end), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (one / 255 for one in _parts(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
