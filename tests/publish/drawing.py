"""What a picture says and where: for the tests of everything that is drawn."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw

Line = tuple[str, int, tuple[float, ...]]  # words, size of the letters, box


def _png(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("1", (width, height)).save(stream, "PNG")
    return stream.getvalue()


DAMAGED = (b"\x89PNG\r\n\x1a\n...", _png(600, 200)[:60], _png(20_000, 20_000))  # logos: no picture at all, half of one, far too large


def written(monkeypatch: pytest.MonkeyPatch, drawing: Callable[[], bytes]) -> list[Line]:
    """Every line that is drawn, its size, and its box."""
    lines: list[Line] = []
    text = ImageDraw.ImageDraw.text

    def keep(self: ImageDraw.ImageDraw, xy: tuple[float, float], words: str, **more: object) -> None:
        font = more["font"]
        lines.append((words, font.size, self.textbbox(xy, words, font=font, anchor=more["anchor"])))  # type: ignore[attr-defined, arg-type]
        text(self, xy, words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", keep)
    drawing()
    return lines
