"""The state of the page as a picture, for networks that show one beside a shared link (Open Graph: https://ogp.me).

Pure, and without the moment of publication: as long as the state is the same, so is the picture.
"""

from __future__ import annotations

import hashlib
import io
from typing import NamedTuple

from PIL import Image, ImageDraw

from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish.answer import answer
from statuspage.publish.lettering import draw_band, ended, fitted, fitting, height_of, step_of, wrapped, write
from statuspage.publish.plain import COLOURS
from statuspage.publish.shapes import WHITE, draw_shape
from statuspage.publish.snapshot import PublicPage
from statuspage.publish.views import Views
from statuspage.publish.wording import Wording

WIDTH, HEIGHT = 1200, 630  # 1.91:1, which networks show whole
MARGIN, BAND, FOOT = 64, 108, 92
SHAPE = 150
INK = "#1b1f24"
QUALITY = 85
SHAPES = {  # of publish/shapes.py, the nearest to those of the page
    ComponentStatus.OPERATIONAL: "GOOD",
    ComponentStatus.DEGRADED_PERFORMANCE: "FRAUD",
    ComponentStatus.PARTIAL_OUTAGE: "TROUBLE",
    ComponentStatus.MAJOR_OUTAGE: "TROUBLE",
    ComponentStatus.UNDER_MAINTENANCE: "PLANNED",
    ComponentStatus.UNKNOWN: "CORRECTION",
}


class Preview(NamedTuple):
    """What the picture says in one language. since: a phrase with the moment at which the trouble began, or ""."""

    bank: str
    colour: str
    status: ComponentStatus
    headline: str
    lead: str
    since: str
    address: str

    @property
    def version(self) -> str:
        """Names its file: another one for each state, since networks keep a picture for days by its address."""
        return hashlib.sha256("\0".join(self).encode()).hexdigest()[:10]

    @property
    def alternative(self) -> str:
        """The same in words."""
        return " ".join(f"{part.rstrip('.')}." for part in (self.bank, self.headline, self.lead, self.since) if part)


def preview_of(views: Views) -> Preview:
    """The answer of the front page, as far as it stays true while the state does: without promises, which are late one day."""
    page, found = views.snapshot.page, answer(views)
    since = views.wording.text("since", views.language, moment=views.wording.moment(found.since, views.language)) if found.since else ""
    return Preview(page.name, page.theme.band, found.status, found.headline, found.lead, since, page.url.partition("//")[2])


def plate_of(page: PublicPage, wording: Wording, language: str) -> Preview:
    """Whose page it is, and that the bank never asks for codes: true in every state, for pages that outlast the present one."""
    told = wording.text("name", language), wording.safety(language)
    return Preview(page.name, page.theme.band, ComponentStatus.UNKNOWN, *told, "", page.url.partition("//")[2])


def draw(told: Preview, logo: bytes = b"") -> bytes:
    """The picture as a JPEG, 1200 x 630. logo: the bank's, a PNG."""
    ground = COLOURS[told.status]
    image = Image.new("RGB", (WIDTH, HEIGHT), ground)
    pen = ImageDraw.Draw(image)
    draw_band(image, told.bank, told.colour, logo, BAND, MARGIN)
    pen.rectangle((0, BAND, WIDTH, BAND + 4), fill=WHITE)  # the bank's colour may be much like that of the state
    draw_shape(pen, SHAPES[told.status], (MARGIN, BAND + 56), SHAPE, ground)
    _words(pen, told)
    pen.rectangle((0, HEIGHT - FOOT, WIDTH, HEIGHT), fill=WHITE)
    font = fitting(told.address, True, 38, 24, WIDTH - 2 * MARGIN)
    pen.text((MARGIN, HEIGHT - FOOT / 2), told.address, font=font, fill=INK, anchor="lm")
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return stream.getvalue()


def _words(pen: ImageDraw.ImageDraw, told: Preview) -> None:
    """The headline in at most two lines; below it what customers notice, and since when."""
    left, top, bottom = MARGIN + SHAPE + 52, BAND + 40, HEIGHT - FOOT - 28
    width = WIDTH - left - MARGIN
    bold, head = fitted(told.headline, True, 84, 64, width, 110)  # rather one line of large letters than two of larger ones
    if len(head) > 1:
        bold, head = fitted(told.headline, True, 84, 48, width, 200)
    y = write(pen, head, bold, left, top, WHITE) + 14
    room = bottom - y
    plain, lines = fitted(told.lead, False, 44, 32, width, room - (54 if told.since else 0))
    shown = int((room - (54 if told.since else 0)) // step_of(plain))
    if height_of(lines, plain) > step_of(plain) * shown:
        lines = [*lines[: shown - 1], ended(lines[shown - 1], plain, width)]
    y = write(pen, lines, plain, left, y, WHITE)
    if told.since:
        small = fitting(told.since, False, 36, 26, width)
        write(pen, wrapped(told.since, small, width)[:1], small, left, y + 8, WHITE)
