"""What a picture says and where: for the tests of everything that is drawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import ImageDraw

Line = tuple[str, int, tuple[float, ...]]  # words, size of the letters, box


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
