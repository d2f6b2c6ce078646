"""Pictures of the front page in every state: `python -m tests.web_public.shots FOLDER`, to look at after a change of its look.

Phone and desktop, light and dark, English and German: STATE-phone-dark-de.png, and so on. With --docs FOLDER it makes the few small
ones that stand in docs/images/page.
"""

from __future__ import annotations

import io
import sys
from datetime import timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect

from tests.end_to_end.browser import chromium
from tests.publish.samples import NOW
from tests.web_public.looking import page_served, visitor
from tests.web_public.states import STATES, body

SIZES = {"phone": (360, 640), "desktop": (1100, 900)}
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
    """A PNG. whole: down to the end of the page; else what fits on the screen."""
    width, height = SIZES[size]
    minutes = 6 if state == "stale" else 0
    at = NOW + timedelta(minutes=minutes, seconds=20)
    with page_served(body("partial" if state == "stale" else state, language), at) as address:
        fine = 1.5 if size == "phone" else 1
        look = {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "device_scale_factor": fine}
        with visitor(browser, address, at, **look) as context:
            page = context.new_page()
            page.goto(address)
            expect(page.locator("#age")).not_to_be_empty(timeout=60_000)
            return page.screenshot(full_page=whole)


def small(png: bytes) -> bytes:
    """The same with few colours: a page has few."""
    stream = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(48, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def main(arguments: list[str]) -> None:
    folder = Path(arguments[-1])
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        if "--docs" in arguments:
            for one in DOCS:
                (folder / f"{'-'.join(one)}.png").write_bytes(small(shot(browser, *one, whole=one[1] == "desktop")))
            return
        for state in (*STATES, "stale"):
            for size in SIZES:
                for scheme in SCHEMES:
                    for language in LANGUAGES:
                        name = "-".join((state, size, scheme, language))
                        (folder / f"{name}.png").write_bytes(shot(browser, state, size, scheme, language, whole=True))


if __name__ == "__main__":
    main(sys.argv[1:])
