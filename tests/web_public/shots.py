"""Pictures of the front page in every state and of the other pages: `python -m tests.web_public.shots FOLDER`, to look at after a change
of the look.

Phone and desktop, light and dark, English and German: STATE-phone-dark-de.png, and so on. With --docs FOLDER it makes the small
ones that stand in docs/images/page.
"""

from __future__ import annotations

import io
import sys
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect

from statuspage.publish.preview import draw, preview_of
from statuspage.publish.views import Views
from tests.end_to_end.browser import chromium
from tests.publish.samples import NOW, wording
from tests.web_public.looking import page_served, visitor
from tests.web_public.states import STATES, body, other_pages

SIZES = {"phone": (360, 640), "desktop": (1100, 900)}
SHEET = {"phone": (270, 480), "desktop": (586, 480)}  # the same on a sheet of all looks
GAP = 14
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "de")
DOCS = (
    ("partial", "phone", "light", "en"),
    ("fine", "phone", "light", "en"),
    ("major", "phone", "dark", "de"),
    ("stale", "phone", "light", "en"),
    ("partial", "desktop", "light", "en"),
    ("fine", "desktop", "dark", "de"),
)


def shot(browser: Browser, state: str, size: str, scheme: str, language: str, *, whole: bool) -> bytes:
    """A PNG of the front page. whole: down to the end of the page; else what fits on the screen."""
    at = NOW + timedelta(minutes=6 if state == "stale" else 0, seconds=20)
    return picture(browser, body("partial" if state == "stale" else state, language), size, scheme, at, whole=whole, fresh="#age")


def picture(browser: Browser, html: bytes, size: str, scheme: str, at: datetime, *, whole: bool, fresh: str = "") -> bytes:
    """A PNG of any page. fresh: what its script fills in, if it has one."""
    width, height = SIZES[size]
    with page_served(html, at) as address:
        fine = 1.5 if size == "phone" else 1
        look = {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "device_scale_factor": fine}
        with visitor(browser, address, at, **look) as context:
            page = context.new_page()
            page.goto(address)
            if fresh:
                expect(page.locator(fresh)).not_to_be_empty(timeout=60_000)
            return page.screenshot(full_page=whole)


def small(image: Image.Image) -> bytes:
    """A PNG with few colours: a page has few."""
    stream = io.BytesIO()
    image.convert("RGB").quantize(96, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def opened(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png)) as image:
        return image.convert("RGB")


def sheet(browser: Browser, state: str) -> bytes:
    """The first screen of one state in all looks on one picture: light above dark, each as English and German phone and desktop."""
    found = {
        (scheme, size, language): opened(shot(browser, state, size, scheme, language, whole=False)).resize(
            SHEET[size], Image.Resampling.LANCZOS
        )
        for scheme, size, language in product(SCHEMES, SIZES, LANGUAGES)
    }
    across = [(size, language) for size in SIZES for language in LANGUAGES]
    height = max(SHEET[size][1] for size in SIZES) + GAP
    made = Image.new("RGB", (GAP + sum(SHEET[size][0] + GAP for size, _ in across), GAP + height * len(SCHEMES)), "#8a939c")
    for row, scheme in enumerate(SCHEMES):
        left = GAP
        for size, language in across:
            made.paste(found[scheme, size, language], (left, GAP + row * height))
            left += SHEET[size][0] + GAP
    return small(made)


def main(arguments: list[str]) -> None:
    folder = Path(arguments[-1])
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        if "--docs" in arguments:
            for one in DOCS:
                (folder / f"{'-'.join(one)}.png").write_bytes(small(opened(shot(browser, *one, whole=one[1] == "desktop"))))
            for state in (*STATES, "stale"):
                (folder / f"all-{state}.png").write_bytes(sheet(browser, state))
            preview = preview_of(Views(STATES["partial"](), wording(), "en"))
            (folder / "preview-partial-en.jpg").write_bytes(draw(preview))
            return
        looks = list(product(SIZES, SCHEMES, LANGUAGES))
        for state, (size, scheme, language) in product((*STATES, "stale"), looks):
            png = shot(browser, state, size, scheme, language, whole=True)
            (folder / f"{state}-{size}-{scheme}-{language}.png").write_bytes(png)
        for size, scheme, language in looks:
            for name, html in other_pages(language).items():
                png = picture(browser, html, size, scheme, NOW, whole=True)
                (folder / f"{name}-{size}-{scheme}-{language}.png").write_bytes(png)


if __name__ == "__main__":
    main(sys.argv[1:])
