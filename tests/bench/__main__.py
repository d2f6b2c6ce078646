"""Runs every benchmark and writes docs/benchmarks.md. Loopback only; about eight minutes."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.bench import checks, outages, pages

TOP = Path(__file__).parent.parent.parent
HEAD = """# Benchmarks

Written by `make bench`. Everything in one section was measured in one run on one machine, over loopback; compare within a section, not
between machines. {cores} cores, Python {python}, {system}.
"""


def main() -> None:
    names = sys.argv[1:] or ["pages", "checks", "outages"]
    sections = [HEAD.format(cores=os.cpu_count(), python=platform.python_version(), system=platform.system())]
    for name, module in (("pages", pages), ("checks", checks), ("outages", outages)):
        if name in names:
            print(f"measuring {name} ...", flush=True)
            with tempfile.TemporaryDirectory() as folder:
                sections.append(module.measure(Path(folder)))
            print(sections[-1], flush=True)
    if len(names) == 3:
        (TOP / "docs/benchmarks.md").write_text("\n".join(sections))


main()
