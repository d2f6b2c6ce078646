"""Lines of code per broadcaster: without blank lines, comments and docstrings."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path
from statistics import median

from broadcasters import OWN

_NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER)


def measure(_: Path) -> str:
    found = {module.KIND: lines_of_code(Path(str(module.__file__)).read_text(encoding="utf-8")) for module in OWN}
    longest = max(found, key=lambda kind: found[kind])
    return "\n".join(
        [
            "## Lines of code per broadcaster",
            "",
            f"{len(found)} kinds of channel, one module each; blank lines, comments, docstrings and what they share are not counted.",
            "",
            "| median | maximum | the longest |",
            "|---|---|---|",
            f"| {median(found.values()):.0f} | {found[longest]} | {longest} |",
            "",
        ]
    )


def lines_of_code(source: str) -> int:
    """Lines on which a token stands that is neither comment nor docstring."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            lines.difference_update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(lines)
