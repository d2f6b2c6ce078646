"""Texts with fixed slots: "Start: {start}." A slot is a name in braces and nothing more: no expressions, no formats, no
second pass. What is put into a slot is never parsed again, so a text that contains braces is shown as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from statuspage.core.errors import InvalidText

_SLOT = re.compile(r"\{([a-z][a-z_]*)\}")


@dataclass(frozen=True)
class Slot:
    """A place to fill."""

    name: str


Line = tuple["str | Slot", ...]


@dataclass(frozen=True)
class Template:
    """One parsed text: its lines, each made of literal words and slots."""

    lines: tuple[Line, ...]

    @property
    def slots(self) -> frozenset[str]:
        return frozenset(part.name for line in self.lines for part in line if isinstance(part, Slot))

    def fill(self, value: Callable[[str], str]) -> str:
        """The text with every slot filled by value(name).

        A slot whose value is "" goes with one space beside it, a line left empty goes with its line break, and a full stop
        after a value that ends in one is written once.
        """
        filled = (_fill_line(line, value) for line in self.lines)
        return "\n".join(line for line in filled if line)

    def source(self) -> str:
        """The text as it was written, with its slots."""
        return "\n".join("".join(f"{{{part.name}}}" if isinstance(part, Slot) else part for part in line) for line in self.lines)


def parse(text: str, where: str) -> Template:
    """Parse a text of the catalogue. Raises InvalidText, naming `where`, if a brace is not part of a slot."""
    return Template(tuple(_parse_line(line, where) for line in text.split("\n")))


def _parse_line(line: str, where: str) -> Line:
    parts: list[str | Slot] = []
    for position, piece in enumerate(_SLOT.split(line)):
        if position % 2:
            parts.append(Slot(piece))
        elif "{" in piece or "}" in piece:
            raise InvalidText(
                f"{where}: a brace in {piece!r} is not part of a slot. A slot is {{name}}, in lower-case letters. The text is not used."
            )
        elif piece:
            parts.append(piece)
    return tuple(parts)


def _fill_line(line: Line, value: Callable[[str], str]) -> str:
    text = ""
    swallow_space = False  # the line began with an empty slot: the space after it goes too
    for part in line:
        piece = value(part.name) if isinstance(part, Slot) else part
        if not piece:
            swallow_space = swallow_space or not text
            text = text.removesuffix(" ")
            continue
        if isinstance(part, str):
            if swallow_space:
                piece = piece.removeprefix(" ")
            if piece.startswith(".") and text.endswith("."):
                piece = piece[1:]
        swallow_space = swallow_space and not piece
        text += piece
    return text
