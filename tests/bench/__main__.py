"""Runs the benchmarks and writes docs/benchmarks.md: all of them, about fifteen minutes, or those that are named. Loopback only.

Each section says when and on what it was measured; a run of one replaces that one.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import checks, hanging, lines, mails, outages, pages, paint, posts, publishing, simulation

REPORT = Path(__file__).parent.parent.parent / "docs/benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench`. Everything in one section was measured in one run on one machine, over loopback; compare within a section, not
between machines.
"""
MODULES = {
    "pages": pages,
    "publishing": publishing,
    "paint": paint,
    "checks": checks,
    "outages": outages,
    "posts": posts,
    "hanging": hanging,
    "mails": mails,
    "lines": lines,
    "simulation": simulation,
}


def main() -> None:
    names = sys.argv[1:] or list(MODULES)
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        sys.exit(f"no benchmark is called {unknown[0]!r}; there are: {', '.join(MODULES)}")
    for name in names:
        print(f"measuring {name} ...", flush=True)
        busy = os.getloadavg()[0]
        with tempfile.TemporaryDirectory() as folder:
            section = MODULES[name].measure(Path(folder)).strip()
        print(section, flush=True)
        _write({**_sections(), name: f"{section}\n\n{_where(busy)}"})


def _where(busy: float) -> str:
    """busy: how many processes of others wanted a core when the measurement began."""
    machine = f"{os.cpu_count()} cores, load {busy:.1f} before"
    return f"{datetime.now(UTC):%d %B %Y}, {machine}, Python {platform.python_version()}, {platform.system()}."


def _sections() -> dict[str, str]:
    """What the report says so far, by the name of the benchmark."""
    if not REPORT.exists():
        return {}
    parts = re.split(r"^<!-- (\w+) -->$", REPORT.read_text(), flags=re.MULTILINE)[1:]
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _write(sections: dict[str, str]) -> None:
    told = [f"<!-- {name} -->\n{sections[name]}\n" for name in MODULES if name in sections]
    REPORT.write_text("\n".join([HEAD, *told]))


main()
