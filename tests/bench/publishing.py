"""(h) What publishing one change costs, for few and many components, without a past and with a long one; and how large the page is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from statistics import median

from statuspage.actions import incidents
from statuspage.actions.incidents import Change, Resolution
from statuspage.core.incidents import Incident, IncidentUpdate, Moments
from statuspage.core.notices import Facts
from statuspage.core.timeline import StatusChange
from statuspage.core.vocabulary import IncidentStatus, Source, SubjectKind
from statuspage.store import Session, timeline, updates
from statuspage.store import incidents as incident_rows
from statuspage.store.engine import Database
from statuspage.store.migrate import upgrade
from statuspage.store.updates import facts_of
from tests.actions.stage import GOOD, PARTLY, T0, component, declared
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
        remember(press, many, past)
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


def remember(press: Press, many: int, past: int) -> None:
    """Writes a past: copies of one incident that was really declared and resolved, each at its own time and on its own component."""
    if not past:
        return
    stage = press.stage
    press.publisher._sync()
    model = declared(stage, slugs(many)[0])
    incidents.update(stage.ctx, Change(model.id, "Ana"))
    incidents.update(stage.ctx, Change(model.id, "Ana", status=IncidentStatus.MONITORING))
    model = incidents.resolve(stage.ctx, Resolution(model.id, "Ana"))
    with stage.database.writing() as session:
        said = updates.of_subject(session, SubjectKind.INCIDENT, model.id)
        story = [(one, facts_of(session, SubjectKind.INCIDENT, model.id, one.sequence)) for one in said]
        for number, back in enumerate(_spread(past)):
            _copy(session, model, story, number, slugs(many)[number % many], back)
            session.expunge_all()


def _spread(past: int) -> Iterator[timedelta]:
    for number in range(past):
        yield timedelta(days=8) + timedelta(days=365 * YEARS) * (past - number) / past


def _copy(
    session: Session, model: Incident, story: Sequence[tuple[IncidentUpdate, Facts]], number: int, slug: str, back: timedelta
) -> None:
    name, began, over = f"past{number:08d}", T0 - back, T0 - back + timedelta(minutes=40)
    moments = Moments(resolved_at=over)
    same = {"created_at": began, "started_at": began, "updated_at": over}
    incident_rows.add(session, replace(model, id=name, components={slug: GOOD}, moments=moments, version=1, **same))
    for said, facts in story:
        at = began + timedelta(minutes=10 * (said.sequence - 1))
        changes = ((slug, GOOD, PARTLY),)
        copied = replace(said, id=f"{number:08d}{said.sequence:04d}", subject_id=name, created_at=at, display_at=at, affected=changes)
        updates.add(session, copied, facts)
    shown = ((PARTLY, began), (GOOD, over))
    timeline.append(session, [StatusChange(slug, status, Source.INCIDENT, at, at, name) for status, at in shown])
