"""A notice as a picture, for networks that take no bare text: readable on a phone, its state by word and by shape.

Pure: the same card always gives the same bytes (with the same version of Pillow).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from PIL import Image, ImageDraw

from statuspage.core.vocabulary import NoticeKind
from statuspage.publish.lettering import draw_band, ended, fitted, fitting, font_of, height_of, paragraphs, step_of, wrapped, write
from statuspage.publish.shapes import draw_shape

WIDTH, HEIGHT = 1080, 1350  # 4:5, the tallest that Instagram takes; a phone shows it 390 points wide
MARGIN = 72
BAND, STATE, FOOT = 148, 236, 118
LARGEST, SMALLEST = 66, 38  # of the words; 38 are 14 points on a phone
PAPER, INK, MUTED, LINE = "#ffffff", "#1b1f24", "#57606a", "#d5d9de"
QUALITY = 90
LONGEST_ALTERNATIVE = 500  # the least that a network takes
FOLDER = PurePosixPath("cards")


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
    """The words of a post without the address or reference ("Ref CODE", "Kenmerk CODE") that ends it: the card shows them apart."""
    text = re.sub(rf"\S*/u/{re.escape(code)}|\S+ {re.escape(code)}", "", text)
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
    draw_band(image, card.bank, card.colour, card.logo, BAND, MARGIN)
    _state(pen, card)
    _words(pen, card.words, BAND + STATE + 44, HEIGHT - FOOT - 28)
    _foot(pen, card.address)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return stream.getvalue()


def _state(pen: ImageDraw.ImageDraw, card: Card) -> None:
    top, bottom = BAND, BAND + STATE
    pen.rectangle((0, top, WIDTH, bottom), fill=str(card.tone))
    pen.rectangle((0, top, WIDTH, top + 5), fill=PAPER)  # the bank's colour may be much like that of the state
    size = 132
    draw_shape(pen, card.tone.name, (MARGIN, (top + bottom - size) // 2), size, str(card.tone))
    left = MARGIN + size + 44
    font, lines = fitted(card.state, True, 84, 46, WIDTH - left - MARGIN, STATE - 40)
    write(pen, lines, font, left, (top + bottom) / 2 - height_of(lines, font) / 2, "#ffffff")


def _words(pen: ImageDraw.ImageDraw, text: str, top: float, bottom: float) -> None:
    """The notice: its first sentence bold. As large as it fits; what does not fit even small ends in an ellipsis."""
    first, _, rest = text.partition("\n\n")
    if not rest and ". " in first:
        first, _, rest = first.partition(". ")
        first += "."
    width = WIDTH - 2 * MARGIN
    for size in range(LARGEST, SMALLEST - 1, -2):
        bold, plain = font_of(True, size), font_of(False, size)
        head, body = wrapped(first, bold, width), list(paragraphs(rest, plain, width))
        used = height_of(head, bold) + (size * 0.5 if body else 0) + height_of(body, plain)
        if used <= bottom - top and all(bold.getlength(word) <= width for word in text.split()):
            break
    if used > bottom - top:
        room = int((bottom - top - height_of(head, bold) - SMALLEST * 0.5) // step_of(plain))
        head, body = (head, [*body[: room - 1], ended(body[room - 1], plain, width)]) if room > 0 else (head[:12], [])
    y = write(pen, head, bold, MARGIN, top, INK)
    write(pen, body, plain, MARGIN, y + bold.size * 0.5, INK)


def _foot(pen: ImageDraw.ImageDraw, address: str) -> None:
    y = HEIGHT - FOOT
    pen.line((MARGIN, y, WIDTH - MARGIN, y), fill=LINE, width=3)
    font = fitting(address, True, 44, 26, WIDTH - 2 * MARGIN)
    pen.text((MARGIN, y + FOOT / 2), address, font=font, fill=MUTED, anchor="lm")
