"""Words in pictures: lines that fit, and whose picture it is.

The letters are Source Sans Pro, which lies in statuspage/data/fonts under the SIL Open Font License 1.1 and covers the languages of
the Latin alphabet.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from statuspage.core.contrast import readable_on
from statuspage.publish.logo import opened

_FONTS = Path(__file__).resolve().parent.parent / "data" / "fonts"
_UNDRAWABLE = ("So", "Sk", "Cs", "Co", "Cn", "Cf", "Cc")  # signs without a letter in our fonts: emoji, marks of direction, controls


def draw_band(image: Image.Image, bank: str, colour: str, logo: bytes, height: int, margin: int) -> None:
    """Whose picture it is: logo (a PNG, or b""; left out if it cannot be drawn) and name on the bank's colour, along the upper edge."""
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, image.width, height), fill=colour)
    left = margin
    small = opened(logo)
    if small is not None:
        small.thumbnail((300, round(height * 0.62)), Image.Resampling.LANCZOS)
        image.paste(small, (left, (height - small.height) // 2), small)
        left += small.width + 32
    font = fitting(bank, True, 2 * round(height * 0.2), 34, image.width - left - margin)
    pen.text((left, height / 2), drawable(bank), font=font, fill=readable_on(colour), anchor="lm")


@cache
def font_of(bold: bool, size: int) -> ImageFont.FreeTypeFont:
    """One size, in pixels."""
    name = "SourceSansPro-Bold.ttf" if bold else "SourceSansPro-Regular.ttf"
    return ImageFont.truetype(_FONTS / name, size, layout_engine=ImageFont.Layout.BASIC)  # the other engine is not everywhere


def fitting(text: str, bold: bool, largest: int, smallest: int, width: float) -> ImageFont.FreeTypeFont:
    """The largest font in which the text fits on one line."""
    sizes = range(largest, smallest - 1, -2)
    return next((font_of(bold, size) for size in sizes if font_of(bold, size).getlength(text) <= width), font_of(bold, smallest))


def fitted(text: str, bold: bool, largest: int, smallest: int, width: float, height: float) -> tuple[ImageFont.FreeTypeFont, Sequence[str]]:
    """The largest font, and the lines, with which the text fits into a box."""
    for size in range(largest, smallest - 1, -2):
        font = font_of(bold, size)
        lines = wrapped(text, font, width)
        if height_of(lines, font) <= height and all(font.getlength(word) <= width for word in text.split()):
            break
    return font, lines


def paragraphs(text: str, font: ImageFont.FreeTypeFont, width: float) -> Iterator[str]:
    """Wrapped lines, with an empty one between paragraphs."""
    for number, part in enumerate(text.split("\n\n")):
        if number:
            yield ""
        yield from wrapped(part, font, width)


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines that are no wider than `width`; a word that is wider is broken."""
    lines: list[str] = []
    for word in drawable(text).split(" "):
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines += _broken(word, font, width)
    return [line for line in lines if line]


def _broken(word: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    pieces = [""]
    for letter in word:
        if pieces[-1] and font.getlength(f"{pieces[-1]}{letter}-") > width:
            pieces[-1] += "-"
            pieces.append("")
        pieces[-1] += letter
    return pieces


def ended(line: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """A line after which more would have come."""
    while line and font.getlength(f"{line} …") > width:
        line = line.rpartition(" ")[0]
    return f"{line} …".strip()


def step_of(font: ImageFont.FreeTypeFont) -> float:
    """From one line to the next, in pixels."""
    return font.size * 1.28


def height_of(lines: Sequence[str], font: ImageFont.FreeTypeFont) -> float:
    """Of all lines, in pixels; an empty one is half as high."""
    return sum(step_of(font) if line else step_of(font) * 0.5 for line in lines)


def write(pen: ImageDraw.ImageDraw, lines: Sequence[str], font: ImageFont.FreeTypeFont, left: float, top: float, ink: str) -> float:
    """Writes lines and returns where the next would begin."""
    for line in lines:
        step = step_of(font) if line else step_of(font) * 0.5
        pen.text((left, top + step / 2), line, font=font, fill=ink, anchor="lm")
        top += step
    return top


def drawable(text: str) -> str:
    """The text in whole letters (an accent apart has no place of its own), without signs that the fonts cannot draw."""
    text = unicodedata.normalize("NFC", text).replace("\n", " ")
    return "".join(letter for letter in text if unicodedata.category(letter) not in _UNDRAWABLE and letter != "\ufe0f")
