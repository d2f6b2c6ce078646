"""The shapes of a card's state: told apart without colour. Each is white with its sign cut out in the colour below."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from PIL import ImageDraw

Pen = ImageDraw.ImageDraw
Corner = tuple[int, int]
WHITE = "#ffffff"


def draw_shape(pen: Pen, name: str, corner: Corner, size: int, ground: str) -> None:
    """Draws one into a square. name: of a Tone; corner: its upper left; ground: the colour that it stands on."""
    _SHAPES[name](pen, corner[0], corner[1], size, ground)


def _trouble(pen: Pen, x: int, y: int, size: int, ground: str) -> None:
    """An octagon with an exclamation mark."""
    pen.polygon(_ring(x, y, size, 8, math.pi / 8, 1.05), fill=WHITE)
    _exclamation(pen, x + size / 2, y + size * 0.22, size * 0.56, ground)


def _fraud(pen: Pen, x: int, y: int, size: int, ground: str) -> None:
    """A triangle with an exclamation mark."""
    pen.polygon([(x + size / 2, y), (x + size, y + size * 0.92), (x, y + size * 0.92)], fill=WHITE)
    _exclamation(pen, x + size / 2, y + size * 0.34, size * 0.48, ground)


def _good(pen: Pen, x: int, y: int, size: int, ground: str) -> None:
    """A disc with a tick."""
    pen.ellipse((x, y, x + size, y + size), fill=WHITE)
    _tick(pen, x, y, size, ground)


def _watched(pen: Pen, x: int, y: int, size: int, ground: str) -> None:
    """An eye."""
    half = size / 2
    bow = [(x + size * step / 40, y + half - size * 0.34 * math.sin(math.pi * step / 40)) for step in range(41)]
    pen.polygon([*bow, *((left, 2 * (y + half) - top) for left, top in reversed(bow))], fill=WHITE)
    for radius, ink in ((size * 0.23, ground), (size * 0.09, WHITE)):
        pen.ellipse((x + half - radius, y + half - radius, x + half + radius, y + half + radius), fill=ink)


def _planned(pen: Pen, x: int, y: int, size: int, ground: str) -> None:
    """A square with the hands of a clock."""
    pen.rounded_rectangle((x, y, x + size, y + size), radius=size // 6, fill=WHITE)
    half, width = size / 2, max(size // 11, 3)
    pen.ellipse((x + size * 0.16, y + size * 0.16, x + size * 0.84, y + size * 0.84), outline=ground, width=width)
    pen.line((x + half, y + size * 0.3, x + half, y + half, x + size * 0.66, y + size * 0.58), fill=ground, width=width, joint="curve")


def _correction(pen: Pen, x: int, y: int, size: int, ground: str) -> None:
    """A square with an i."""
    pen.rounded_rectangle((x, y, x + size, y + size), radius=size // 6, fill=WHITE)
    half, radius = size / 2, size * 0.075
    pen.ellipse((x + half - radius, y + size * 0.2, x + half + radius, y + size * 0.2 + 2 * radius), fill=ground)
    pen.rounded_rectangle((x + half - radius, y + size * 0.42, x + half + radius, y + size * 0.82), radius=radius, fill=ground)


def _exclamation(pen: Pen, middle: float, top: float, height: float, ink: str) -> None:
    radius = height * 0.13
    pen.rounded_rectangle((middle - radius, top, middle + radius, top + height * 0.64), radius=radius, fill=ink)
    pen.ellipse((middle - radius, top + height * 0.74, middle + radius, top + height * 0.74 + 2 * radius), fill=ink)


def _tick(pen: Pen, x: int, y: int, size: int, ink: str) -> None:
    points = [(x + size * 0.26, y + size * 0.52), (x + size * 0.44, y + size * 0.69), (x + size * 0.75, y + size * 0.34)]
    pen.line(points, fill=ink, width=max(size // 9, 3), joint="curve")


def _ring(x: int, y: int, size: int, corners: int, turned: float, grown: float) -> list[tuple[float, float]]:
    half = size / 2
    angles = (turned + 2 * math.pi * number / corners for number in range(corners))
    return [(x + half + half * grown * math.cos(angle), y + half + half * grown * math.sin(angle)) for angle in angles]


_SHAPES: Mapping[str, Callable[[Pen, int, int, int, str], None]] = {
    "TROUBLE": _trouble,
    "WATCHED": _watched,
    "GOOD": _good,
    "PLANNED": _planned,
    "CORRECTION": _correction,
    "FRAUD": _fraud,
}
