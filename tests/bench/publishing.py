"""(h) What publishing one change costs, for few and many components, without a past and with a long one; and how large the page is."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path, PurePosixPath
from statistics import median

from statuspage.actions import incidents
from statuspage.actions.incidents import Change
from statuspage.core.incidents import Incident
from statuspage.store.engine import Database
from statuspage.store.migrate import upgrade
from tests.actions.stage import component, declared
from tests.publish.past import remember, spread
from tests.publish.stage import Press, probed

COMPONENTS = (10, 100, 1000)
PASTS = (0, 1000, 10_000)
CHANGES = 5
YEARS = 3  # over which the past is spread, the last week apart


def measure(folder: Path) -> str:
    """Seconds from the saved change to the last file in place, by the wall clock; files in memory where the folder is."""
    lines = [
        "## Publishing one change",
        "",
        f"From the saved update of an open incident until every file that changes is in place: median of {CHANGES}, two languages, SQLite.",
        f"The past are incidents of four updates each, spread over {YEARS} years. Bytes are those of the front page, plain and with gzip.",
        "",
        "| components | past incidents | seconds | first edition, seconds | files | page | gzip |",
        "|---|---|---|---|---|---|---|",
    ]
    for many in COMPONENTS:
        for past in PASTS:
            lines.append(_row(folder / f"{many}-{past}", many, past))
    return "\n".join([*lines, ""])


def _row(folder: Path, many: int, past: int) -> str:
    folder.mkdir()
    url = f"sqlite:///{folder / 'statuspage.db'}"
    database = Database(url)
    try:
        upgrade(database)
        press = Press(database, folder, probed(components=[component(slug) for slug in slugs(many)]))
        if past:
            remember(press, spread(past, timedelta(days=365) * YEARS))
        began = time.perf_counter()
        press.publish()
        first = time.perf_counter() - began
        seconds = median(_change(press, opened) for opened in [declared(press.stage, slugs(many)[0])] for _ in range(CHANGES))
        page = press.public.read(PurePosixPath("en/index.html")) or b""
        packed = press.public.read(PurePosixPath("en/index.html.gz")) or b""
        files = len(press.everything())
    finally:
        database.close()
    return f"| {many:,} | {past:,} | {seconds:.2f} | {first:.1f} | {files:,} | {len(page):,} | {len(packed):,} |"


def slugs(many: int) -> list[str]:
    return [f"component-{number}" for number in range(many)]


def _change(press: Press, opened: Incident) -> float:
    press.stage.clock.forward(minutes=1)
    incidents.update(press.stage.ctx, Change(opened.id, "Ana"))
    press.stage.clock.forward(seconds=1)
    began = time.perf_counter()
    passed = list(press.publisher.work())
    took = time.perf_counter() - began
    if "renamed" not in passed:
        raise RuntimeError(f"nothing was published: {passed}")
    return took
