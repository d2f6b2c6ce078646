"""A notice as a picture, for networks that take no bare text: readable on a phone, its state by word and by shape.

Pure: the same card always gives the same bytes (with the same version of Pillow). The letters are Source Sans Pro, which lies in
statuspage/data/fonts under the SIL Open Font License 1.1 and covers the languages of the Latin alphabet.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path, PurePosixPath

from PIL import Image, ImageDraw, ImageFont

from statuspage.core.contrast import readable_on
from statuspage.core.vocabulary import NoticeKind
from statuspage.publish.shapes import draw_shape

WIDTH, HEIGHT = 1080, 1350  # 4:5, the tallest that Instagram takes; a phone shows it 390 points wide
MARGIN = 72
BAND, STATE, FOOT = 148, 236, 118
LARGEST, SMALLEST = 66, 38  # of the words; 38 are 14 points on a phone
PAPER, INK, MUTED, LINE = "#ffffff", "#1b1f24", "#57606a", "#d5d9de"
QUALITY = 90
LONGEST_ALTERNATIVE = 500  # the least that a network takes
FOLDER = PurePosixPath("cards")
_FONTS = Path(__file__).resolve().parent.parent / "data" / "fonts"
_UNDRAWABLE = ("So", "Sk", "Cs", "Co", "Cn", "Cf", "Cc")  # signs without a letter in our fonts: emoji, marks of direction, controls


class Tone(StrEnum):
    """What a card says at a glance: a colour and a shape of its own. White on each colour has 4.5:1 or more."""

    TROUBLE = "#b3131f"
    WATCHED = "#7d5700"
    GOOD = "#1a7f37"
    PLANNED = "#0a5fb4"
    CORRECTION = "#4b4f9e"
    FRAUD = "#a63d00"


TONES = {
    NoticeKind.MONITORING: Tone.WATCHED,
    NoticeKind.RESOLVED: Tone.GOOD,
    NoticeKind.RESOLVED_AUTO: Tone.GOOD,
    NoticeKind.POSTMORTEM: Tone.GOOD,
    NoticeKind.PLANNED: Tone.PLANNED,
    NoticeKind.PLANNED_STARTED: Tone.PLANNED,
    NoticeKind.PLANNED_LONGER: Tone.PLANNED,
    NoticeKind.PLANNED_OVERDUE: Tone.PLANNED,
    NoticeKind.PLANNED_CANCELLED: Tone.PLANNED,
    NoticeKind.PLANNED_DONE: Tone.GOOD,
    NoticeKind.CORRECTION: Tone.CORRECTION,
    NoticeKind.FRAUD_WARNING: Tone.FRAUD,
}


@dataclass(frozen=True)
class Card:
    """What a picture says.

    bank      the bank's name;  colour: the bank's, as #rrggbb;  logo: a PNG, or b""
    tone      colour and shape of the state;  state: its word
    words     the notice itself, without an address
    address   where it can be checked, as a person would type it
    """

    bank: str
    colour: str
    tone: Tone
    state: str
    words: str
    address: str
    logo: bytes = b""


def card_path(code: str, digest: str) -> PurePosixPath:
    """The file of a card. It is named after its words too, so that what is at an address never changes."""
    return FOLDER / f"{code}-{digest[:12]}.jpg"


def bare_words(text: str, code: str) -> str:
    """The words of a post without the address or reference that ends it: the card shows them apart."""
    text = re.sub(rf"\S*/u/{re.escape(code)}|Ref {re.escape(code)}", "", text)
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def alternative(text: str, code: str) -> str:
    """What the card says, for people who do not see it: its words, at most 500 characters, cut between two of them."""
    words = " ".join(bare_words(text, code).split())
    if len(words) <= LONGEST_ALTERNATIVE:
        return words
    return f"{words[: LONGEST_ALTERNATIVE - 1].rpartition(' ')[0]}…"


def draw(card: Card) -> bytes:
    """The card as a JPEG, 1080 x 1350."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    _band(image, pen, card)
    _state(pen, card)
    _words(pen, card.words, BAND + STATE + 44, HEIGHT - FOOT - 28)
    _foot(pen, card.address)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return stream.getvalue()


def _band(image: Image.Image, pen: ImageDraw.ImageDraw, card: Card) -> None:
    """Whose notice it is: logo and name on the bank's colour."""
    pen.rectangle((0, 0, WIDTH, BAND), fill=card.colour)
    left = MARGIN
    if card.logo:
        with Image.open(io.BytesIO(card.logo)) as logo:
            small = logo.convert("RGBA")
        small.thumbnail((300, 92), Image.Resampling.LANCZOS)
        image.paste(small, (left, (BAND - small.height) // 2), small)
        left += small.width + 32
    font = _fitting(card.bank, True, 60, 34, WIDTH - left - MARGIN)
    pen.text((left, BAND / 2), _drawable(card.bank), font=font, fill=readable_on(card.colour), anchor="lm")


def _state(pen: ImageDraw.ImageDraw, card: Card) -> None:
    top, bottom = BAND, BAND + STATE
    pen.rectangle((0, top, WIDTH, bottom), fill=str(card.tone))
    pen.rectangle((0, top, WIDTH, top + 5), fill=PAPER)  # the bank's colour may be much like that of the state
    size = 132
    draw_shape(pen, card.tone.name, (MARGIN, (top + bottom - size) // 2), size, str(card.tone))
    left = MARGIN + size + 44
    font, lines = _fitted(card.state, True, 84, 46, WIDTH - left - MARGIN, STATE - 40)
    _write(pen, lines, font, left, (top + bottom) / 2 - _height(lines, font) / 2, "#ffffff")


def _words(pen: ImageDraw.ImageDraw, text: str, top: float, bottom: float) -> None:
    """The notice: its first sentence bold. As large as it fits; what does not fit even small ends in an ellipsis."""
    first, _, rest = text.partition("\n\n")
    if not rest and ". " in first:
        first, _, rest = first.partition(". ")
        first += "."
    width = WIDTH - 2 * MARGIN
    for size in range(LARGEST, SMALLEST - 1, -2):
        bold, plain = _font(True, size), _font(False, size)
        head, body = _wrapped(first, bold, width), list(_paragraphs(rest, plain, width))
        used = _height(head, bold) + (size * 0.5 if body else 0) + _height(body, plain)
        if used <= bottom - top and all(bold.getlength(word) <= width for word in text.split()):
            break
    if used > bottom - top:
        room = int((bottom - top - _height(head, bold) - SMALLEST * 0.5) // _step(plain))
        head, body = (head, [*body[: room - 1], _ended(body[room - 1], plain, width)]) if room > 0 else (head[:12], [])
    y = _write(pen, head, bold, MARGIN, top, INK)
    _write(pen, body, plain, MARGIN, y + bold.size * 0.5, INK)


def _foot(pen: ImageDraw.ImageDraw, address: str) -> None:
    y = HEIGHT - FOOT
    pen.line((MARGIN, y, WIDTH - MARGIN, y), fill=LINE, width=3)
    font = _fitting(address, True, 44, 26, WIDTH - 2 * MARGIN)
    pen.text((MARGIN, y + FOOT / 2), address, font=font, fill=MUTED, anchor="lm")


# --- lines --------------------------------------------------------------------------------------------------------------------------


@cache
def _font(bold: bool, size: int) -> ImageFont.FreeTypeFont:
    name = "SourceSansPro-Bold.ttf" if bold else "SourceSansPro-Regular.ttf"
    return ImageFont.truetype(_FONTS / name, size, layout_engine=ImageFont.Layout.BASIC)  # the other engine is not everywhere


def _fitting(text: str, bold: bool, largest: int, smallest: int, width: float) -> ImageFont.FreeTypeFont:
    """The largest font in which the text fits on one line."""
    sizes = range(largest, smallest - 1, -2)
    return next((_font(bold, size) for size in sizes if _font(bold, size).getlength(text) <= width), _font(bold, smallest))


def _fitted(
    text: str, bold: bool, largest: int, smallest: int, width: float, height: float
) -> tuple[ImageFont.FreeTypeFont, Sequence[str]]:
    """The largest font, and the lines, with which the text fits into a box."""
    for size in range(largest, smallest - 1, -2):
        font = _font(bold, size)
        lines = _wrapped(text, font, width)
        if _height(lines, font) <= height and all(font.getlength(word) <= width for word in text.split()):
            break
    return font, lines


def _paragraphs(text: str, font: ImageFont.FreeTypeFont, width: float) -> Iterator[str]:
    for number, part in enumerate(text.split("\n\n")):
        if number:
            yield ""
        yield from _wrapped(part, font, width)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines that are no wider than `width`; a word that is wider is broken."""
    lines: list[str] = []
    for word in _drawable(text).split(" "):
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


def _ended(line: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    while line and font.getlength(f"{line} …") > width:
        line = line.rpartition(" ")[0]
    return f"{line} …".strip()


def _step(font: ImageFont.FreeTypeFont) -> float:
    return font.size * 1.28


def _height(lines: Sequence[str], font: ImageFont.FreeTypeFont) -> float:
    return sum(_step(font) if line else _step(font) * 0.5 for line in lines)


def _write(pen: ImageDraw.ImageDraw, lines: Sequence[str], font: ImageFont.FreeTypeFont, left: float, top: float, ink: str) -> float:
    """Writes lines and returns where the next would begin."""
    for line in lines:
        step = _step(font) if line else _step(font) * 0.5
        pen.text((left, top + step / 2), line, font=font, fill=ink, anchor="lm")
        top += step
    return top


def _drawable(text: str) -> str:
    """The text in whole letters (an accent apart has no place of its own), without signs that the fonts cannot draw."""
    text = unicodedata.normalize("NFC", text).replace("\n", " ")
    return "".join(letter for letter in text if unicodedata.category(letter) not in _UNDRAWABLE and letter != "\ufe0f")
