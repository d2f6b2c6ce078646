"""Every template compiles, escapes by default, and names no foreign host. Run by `make check`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, TemplateSyntaxError

TOP = Path(__file__).parent.parent / "templates"
FOREIGN = re.compile(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//""", re.IGNORECASE)


def problems() -> list[str]:
    environment = Environment(loader=FileSystemLoader(TOP), autoescape=True, extensions=["jinja2.ext.i18n"])
    found = []
    for path in sorted(p for p in TOP.rglob("*") if p.is_file() and p.suffix in (".html", ".htm", ".xml", ".txt", ".svg")):
        name = path.relative_to(TOP).as_posix()
        text = path.read_text(encoding="utf-8")
        try:
            environment.parse(text, name=name)
        except TemplateSyntaxError as error:
            found.append(f"templates/{name}:{error.lineno}: {error.message}")
        for number, line in enumerate(text.splitlines(), 1):
            if FOREIGN.search(line):
                found.append(f"templates/{name}:{number}: an address of a foreign host: {line.strip()}")
            if "|safe" in line.replace(" ", "") or "autoescape false" in line:
                found.append(f"templates/{name}:{number}: escaping is switched off: {line.strip()}")
    return found


if __name__ == "__main__":
    wrong = problems()
    print("\n".join(wrong) or "templates: all compile and escape")
    sys.exit(bool(wrong))
