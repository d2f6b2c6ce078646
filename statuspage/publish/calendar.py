"""Planned work as iCalendar (RFC 5545, with NAME and REFRESH-INTERVAL of RFC 7986), in one language.

One event per work. What a subscriber already has is found by UID and replaced by a higher SEQUENCE, which is the number of the
newest update, so that new times and cancellations arrive. Nothing depends on when it is made: the same plan, the same bytes.

There is no METHOD: it would make a message to invited people of it (RFC 5546), which needs an ORGANIZER. The page's time zone is always
described, for a calendar with nothing in it is invalid (RFC 5545, 3.6).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from icalendar import Calendar, Event, vDuration, vText, vUri

from statuspage.publish.site import Site
from statuspage.publish.snapshot import PublicComponent, PublicMaintenance, PublicPage, Snapshot, said
from statuspage.publish.zones import described

ASK_AGAIN = timedelta(minutes=15)  # how often programs are asked to look; they may look less often


class Work(NamedTuple):
    """One planned work, with the names of what it touches."""

    work: PublicMaintenance
    names: tuple[str, ...]


class Plan(NamedTuple):
    """What a calendar says, before it is in its format."""

    page: PublicPage
    language: str
    title: str
    works: tuple[Work, ...]


def plan_of(snapshot: Snapshot, language: str, *, title: str, component: PublicComponent | None = None) -> Plan:
    """All planned work, or that of one component; also what is over or cancelled, as long as the snapshot knows it."""
    default, known = snapshot.page.default_language, snapshot.by_id
    works = tuple(
        Work(work, tuple(said(known[one].names, language, default) for one in work.component_ids if one in known))
        for work in snapshot.maintenances
        if component is None or component.id in work.component_ids
    )
    return Plan(snapshot.page, language, title, works)


def calendar(plan: Plan) -> bytes:
    """The whole file."""
    made = Calendar()
    made.add("prodid", "-//statuspage//planned work//EN")
    made.add("version", "2.0")
    made.add("name", vText(plan.title))  # the library escapes only the names that it knows
    made.add("x-wr-calname", vText(plan.title))
    made.add("x-wr-timezone", plan.page.time_zone)
    made.add("refresh-interval", vDuration(ASK_AGAIN), parameters={"value": "DURATION"})
    made.add("x-published-ttl", vDuration(ASK_AGAIN))
    made.add_component(described(plan.page.time_zone))
    for work, names in plan.works:
        made.add_component(_event(plan, work, names))
    return bytes(made.to_ical())


def _event(plan: Plan, work: PublicMaintenance, names: tuple[str, ...]) -> Event:
    site, default = Site(plan.page), plan.page.default_language
    newest = work.updates[0] if work.updates else None
    changed = _second(newest.created_at if newest else work.created_at)
    start = _second(work.started_at or work.scheduled_for)
    done = None if work.cancelled else work.completed_at  # cancelled work stays where it was planned: it "completed" when that was said
    made = Event()
    made.add("uid", f"{work.id}@{site.host}")
    made.add("sequence", newest.sequence if newest else 0)
    made.add("dtstamp", changed)
    made.add("created", _second(work.created_at))
    made.add("last-modified", changed)
    made.add("dtstart", start)
    made.add("dtend", max(_second(done or work.scheduled_until), start + timedelta(minutes=1)))
    made.add("summary", said(work.titles, plan.language, default))
    if newest:
        made.add("description", said(newest.texts, plan.language, default))
    if names:
        made.add("categories", list(names))
    made.add("url", vUri(site.url(site.maintenance(plan.language, work.id))))
    made.add("status", "CANCELLED" if work.cancelled else "CONFIRMED")
    made.add("transp", "TRANSPARENT")  # nobody is busy because their bank is being worked on
    return made


def _second(at: datetime) -> datetime:
    """The format knows no fractions."""
    return at.replace(microsecond=0)
