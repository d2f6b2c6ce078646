"""The bank's logo in the head of each page: small enough to stand in the page itself, so that the page stays one request."""

from __future__ import annotations

import base64
import io

from PIL import Image

HEIGHT = 24  # CSS pixels; drawn twice as high for fine screens
WIDEST = 160
MOST_BYTES = 2048
_COLOURS = (64, 32, 16, 8, 4)


def opened(png: bytes) -> Image.Image | None:
    """The logo as a picture (RGBA); None without one, or if it cannot be drawn."""
    if not png:
        return None
    try:
        with Image.open(io.BytesIO(png)) as found:
            return found.convert("RGBA")
    except Exception:  # whatever is wrong with it: no logo is worth a page or a picture that does not come
        return None


def inline_logo(png: bytes) -> tuple[str, int]:
    """A data: address and its width in CSS pixels; ("", 0) without a logo, or if it cannot be made that small.

    png   as the configuration's check let it through; what is no picture after all is left out too
    """
    image = opened(png)
    if image is None:
        return "", 0
    for fineness in (2, 1):
        small = image.copy()
        small.thumbnail((WIDEST * fineness, HEIGHT * fineness), Image.Resampling.LANCZOS)
        for colours in _COLOURS:
            packed = _packed(small, colours)
            if len(packed) <= MOST_BYTES:
                return "data:image/png;base64," + base64.b64encode(packed).decode(), max(1, round(small.width / fineness))
    return "", 0


def _packed(image: Image.Image, colours: int) -> bytes:
    stream = io.BytesIO()
    image.quantize(colours, method=Image.Quantize.FASTOCTREE).save(stream, "PNG", optimize=True)
    return stream.getvalue()
