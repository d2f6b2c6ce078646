"""The append-only timeline of what components showed. Rows are added, never changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from statuspage.core.days import midnight
from statuspage.core.timeline import DaySeconds, StatusChange, by_day
from statuspage.core.timeline import backfill as plan_backfill
from statuspage.core.vocabulary import ComponentStatus, Source
from statuspage.store.tables import ComponentChangeRow

_ROW = ComponentChangeRow.__table__
_COLUMNS = (_ROW.c.slug, _ROW.c.status, _ROW.c.source, _ROW.c.effective_at, _ROW.c.recorded_at, _ROW.c.subject_id)


def append(session: Session, changes: Iterable[StatusChange]) -> None:
    """Adds what components show from now on, or showed."""
    rows = [
        {
            "slug": change.slug,
            "status": change.status.value,
            "source": change.source.value,
            "subject_id": change.subject_id,
            "effective_at": change.effective_at,
            "recorded_at": change.recorded_at,
        }
        for change in changes
    ]
    if rows:
        session.execute(insert(ComponentChangeRow), rows)


def current(session: Session) -> dict[str, StatusChange]:
    """slug -> the newest change of each component: what it shows, and since when."""
    return {row[0]: _change(*row) for row in session.execute(_NEWEST)}


def latest(session: Session) -> dict[str, ComponentStatus]:
    """slug -> what each component shows."""
    return {slug: change.status for slug, change in current(session).items()}


def last_known(session: Session) -> dict[str, ComponentStatus]:
    """slug -> the newest status that is not unknown; a component that was never seen is left out."""
    return {row[0]: ComponentStatus(row[1]) for row in session.execute(_NEWEST_KNOWN)}


def changes(session: Session, slug: str, *, since: datetime | None = None, until: datetime | None = None) -> list[StatusChange]:
    """One component's changes in order; with `since`, also the last one before it, which says what held then."""
    query = select(*_COLUMNS).where(_ROW.c.slug == slug)
    if since is not None:
        before = select(func.max(_ROW.c.effective_at)).where(_ROW.c.slug == slug, _ROW.c.effective_at <= since).scalar_subquery()
        query = query.where(_ROW.c.effective_at >= func.coalesce(before, _ROW.c.effective_at))
    if until is not None:
        query = query.where(_ROW.c.effective_at < until)
    return [_change(*row) for row in session.execute(query.order_by(_ROW.c.effective_at, _ROW.c.id))]


def day_bars(
    session: Session, slugs: Iterable[str], *, first: date, last: date, zone: ZoneInfo, now: datetime
) -> dict[str, list[DaySeconds]]:
    """slug -> whole seconds per status on each local day from `first` to `last`; UNKNOWN before anything was recorded."""
    since = midnight(first, zone)
    return {slug: by_day(changes(session, slug, since=since, until=now), first, last, zone, now) for slug in slugs}


def backfill(session: Session, *, slug: str, status: ComponentStatus, start: datetime, end: datetime, now: datetime) -> None:
    """Adds a past: the component showed `status` from `start` to `end`; what held after that is given back. Raises ValueError."""
    append(session, plan_backfill(changes(session, slug), slug=slug, status=status, start=start, end=end, now=now))


def _newest(*, known: bool) -> Select[Any]:
    """The newest change of each component; known: the newest whose status is not unknown.

    From slug to slug and then to each one's last row, all in the index: as quick for a timeline of years as for one of days.
    """
    slugs = select(func.min(_ROW.c.slug).label("slug")).cte("slugs", recursive=True)
    following = select(func.min(_ROW.c.slug)).where(_ROW.c.slug > slugs.c.slug).scalar_subquery()
    slugs = slugs.union_all(select(following).where(slugs.c.slug.is_not(None)))
    row = _ROW.alias("newest")
    query = select(row.c.id).where(row.c.slug == slugs.c.slug).order_by(row.c.effective_at.desc(), row.c.id.desc()).limit(1)
    newest = query.where(row.c.status != ComponentStatus.UNKNOWN.value) if known else query
    return select(*_COLUMNS).select_from(slugs.join(_ROW, _ROW.c.id == newest.scalar_subquery()))


_NEWEST = _newest(known=False)  # of hot paths: built once
_NEWEST_KNOWN = _newest(known=True)


def _change(slug: str, status: str, source: str, effective_at: datetime, recorded_at: datetime, subject_id: str | None) -> StatusChange:
    return StatusChange(slug, ComponentStatus(status), Source(source), effective_at, recorded_at, subject_id)
