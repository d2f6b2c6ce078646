"""What templates are given: names and words already chosen for one language, nothing left to decide."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from statuspage.core.promises import is_broken
from statuspage.core.status import PageSentence
from statuspage.core.vocabulary import ComponentStatus, Impact, IncidentStatus, NoticeKind
from statuspage.publish import history
from statuspage.publish.site import Site
from statuspage.publish.snapshot import Permalink, PublicComponent, PublicIncident, PublicUpdate, Snapshot, Subject, Texts, said, said_in
from statuspage.publish.wording import Wording

OWN_NAME = (
    NoticeKind.REOPENED,
    NoticeKind.PLANNED_CANCELLED,
    NoticeKind.CORRECTION,
    NoticeKind.FRAUD_WARNING,
)  # kinds with a phase name of their own
HERO = {
    PageSentence.ALL_OPERATIONAL: ComponentStatus.OPERATIONAL,
    PageSentence.MONITORING_IMPAIRED: ComponentStatus.UNKNOWN,
    PageSentence.UNDER_MAINTENANCE: ComponentStatus.UNDER_MAINTENANCE,
    PageSentence.DEGRADED: ComponentStatus.DEGRADED_PERFORMANCE,
    PageSentence.MINOR_OUTAGE: ComponentStatus.PARTIAL_OUTAGE,
    PageSentence.PARTIAL_OUTAGE: ComponentStatus.PARTIAL_OUTAGE,
    PageSentence.MAJOR_OUTAGE: ComponentStatus.MAJOR_OUTAGE,
}
TROUBLE = (ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE)
NAMES_SHOWN = 6
TITLES = {  # of networks not spelt like their kind
    "linkedin": "LinkedIn",
    "google_business": "Google Business Profile",
    "slack_webhook": "Slack",
    "sms": "SMS",
    "sms_list": "SMS",
    "email": "E-mail",
    "teams": "Microsoft Teams",
    "ntfy": "ntfy",
}
COLOUR = {
    Impact.CRITICAL: ComponentStatus.MAJOR_OUTAGE,
    Impact.MAJOR: ComponentStatus.PARTIAL_OUTAGE,
    Impact.MINOR: ComponentStatus.DEGRADED_PERFORMANCE,
    Impact.NONE: ComponentStatus.UNKNOWN,
}


def network_title(kind: str) -> str:
    """A network as its customers spell it."""
    return TITLES.get(kind, kind.capitalize())


@dataclass(frozen=True)
class UpdateView:
    """One statement. `foreign`: the language it is shown in, where the reader's is missing."""

    sequence: int
    phase: str
    at: datetime
    html: Markup
    foreign: str
    corrects_at: datetime | None
    corrected: bool


@dataclass(frozen=True)
class PostView:
    """One post of ours. label: the network and the post's language."""

    network: str
    label: str
    language: str
    url: str


@dataclass(frozen=True)
class SubjectView:
    """An incident or planned work. `status`: whose colour it has; `late_s`: how late the promised update is, 0 within its minute.

    `far`: it was planned so long ahead that its year is told; `foreign`: the title's language, where it is not the page's.
    """

    id: str
    href: str
    url: str
    title: str
    foreign: str
    status: ComponentStatus
    phase: str
    start: datetime
    end: datetime | None
    duration_s: float | None
    planned: bool
    far: bool
    open: bool
    cancelled: bool
    affected: str
    next_update_by: datetime | None
    late_s: float
    posts: tuple[PostView, ...]
    own_posts: tuple[PostView, ...]  # those in the reader's language; where there is none, in the page's default language
    updates: tuple[UpdateView, ...]


@dataclass(frozen=True)
class LinkView:
    title: str
    href: str


@dataclass(frozen=True)
class BadDayView:
    label: str
    text: str
    incidents: tuple[LinkView, ...]


@dataclass(frozen=True)
class ComponentView:
    slug: str
    name: str
    description: str
    status: ComponentStatus
    label: str
    bar: tuple[history.BarPath, ...]
    bar_label: str
    bad_days: tuple[BadDayView, ...]
    available: str
    answers: str


@dataclass(frozen=True)
class GroupView:
    name: str
    components: tuple[ComponentView, ...]


def without_line(text: str, line: str) -> str:
    """The text without its last line, if that is `line`: every page has the safety line once, at its own place."""
    told, _, last = text.rpartition("\n")
    return told if told and last == line else text


class Mark(NamedTuple):
    """Letters from start to end that stand in an element: del or ins."""

    start: int
    end: int
    tag: str


def marked(text: str, own_root: str, marks: Iterable[Mark]) -> Markup:
    """paragraph() with some of its words marked. Marks that overlap an earlier one are left out."""
    told, place = Markup(), 0
    for mark in sorted(marks):
        if mark.start >= place:
            inner = paragraph(text[mark.start : mark.end], own_root)
            told += paragraph(text[place : mark.start], own_root) + Markup("<{0}>{1}</{0}>").format(mark.tag, inner)
            place = mark.end
    return told + paragraph(text[place:], own_root)


def paragraph(text: str, own_root: str) -> Markup:
    """A plain text as HTML: escaped, lines kept, addresses of our own page made links; nothing else becomes one."""
    address = re.compile(re.escape(str(escape(own_root))) + r"(?:/[A-Za-z0-9._~/-]*[A-Za-z0-9_~/-])?(?![A-Za-z0-9.:@-]*[A-Za-z0-9@])")
    html = address.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', str(escape(text)))
    return Markup(html.replace("\n", "<br>"))  # noqa: S704 - escaped above


def tenths(seconds: float) -> float:
    """Rounded up to a tenth: a service is not told to be faster than it is, and never to take no time."""
    return max(1, math.ceil(round(seconds * 10, 6))) / 10


def safe_links(links: Iterable[Permalink]) -> Iterable[Permalink]:
    """Only web addresses may become links."""
    return (link for link in links if link.url.startswith(("https://", "http://")))


def is_late_s(promised: datetime | None, now: datetime) -> float:
    """How late a promised update is, in seconds; 0.0 until its minute is over."""
    return (now - promised).total_seconds() if promised and is_broken(next_update_by=promised, kept_at=now) else 0.0


def in_trouble(snapshot: Snapshot, language: str) -> list[str]:
    """Names of the components that are in trouble, gravest first."""
    hit = sorted((one for one in snapshot.components if one.status in TROUBLE), key=lambda one: TROUBLE.index(one.status))
    return [said(one.names, language, snapshot.page.default_language) for one in hit]


def some_names(names: Sequence[str], wording: Wording, language: str, most: int) -> str:
    """Of a list longer than `most` the rest is counted. "" if there is none."""
    shown, rest = ", ".join(names[:most]), len(names) - most
    return wording.text("more", language, names=shown, n=rest) if rest > 0 else shown


def affected(snapshot: Snapshot, wording: Wording, language: str) -> str:
    """Names of what is in trouble, gravest first. "" if nothing is."""
    return some_names(in_trouble(snapshot, language), wording, language, NAMES_SHOWN)


class Views:
    """Makes views of one snapshot in one language."""

    def __init__(self, snapshot: Snapshot, wording: Wording, language: str) -> None:
        self.snapshot, self.wording, self.language = snapshot, wording, language
        self.default = snapshot.page.default_language
        self.site = Site(snapshot.page)
        self.zone = ZoneInfo(snapshot.page.time_zone)

    def said(self, texts: Mapping[str, str]) -> str:
        return said(texts, self.language, self.default)

    def names(self, component_ids: Iterable[str]) -> str:
        """Names of components, in the order of mention."""
        return ", ".join(self.names_of(component_ids))

    def names_of(self, component_ids: Iterable[str]) -> list[str]:
        """The same, one by one."""
        known = self.snapshot.by_id
        return [self.said(known[one].names) for one in component_ids if one in known]

    def subject(self, subject: Subject, near: datetime | None = None) -> SubjectView:
        """One incident or work. `near`: the moment of publication on pages that are made anew; None on those that never change."""
        promised = subject.next_update_by
        address = self.address(subject)
        posts = tuple(self._post(link) for link in safe_links(subject.permalinks))
        if isinstance(subject, PublicIncident):
            start, end = subject.started_at, subject.restored_at or subject.resolved_at  # as long as the texts say that it lasted
            planned, cancelled, is_open = False, False, subject.is_open
            status, phase = self._colour(subject), subject.status.value
        else:
            done = None if subject.cancelled else subject.completed_at  # cancelled work is shown as it was planned
            start, end, planned = subject.started_at or subject.scheduled_for, done or subject.scheduled_until, True
            cancelled, is_open, status = subject.cancelled, subject.is_active, ComponentStatus.UNDER_MAINTENANCE
            phase = NoticeKind.PLANNED_CANCELLED.value if subject.cancelled else subject.status.value
        lasted_s = (end - start).total_seconds() if end and end >= start else None
        if isinstance(subject, PublicIncident) and subject.lasted_s is not None:
            lasted_s = subject.lasted_s
        return SubjectView(
            id=subject.id,
            href=self.site.link(address),
            url=self.site.url(address),
            title=self.said(subject.titles),
            foreign=self._foreign(subject.titles),
            status=status,
            phase=self.wording.phase(phase, self.language),
            start=start,
            end=end,
            duration_s=lasted_s if not is_open and not planned else None,
            planned=planned,
            far=planned and self.wording.is_far(start, subject.created_at),
            open=is_open,
            cancelled=cancelled,
            affected=self.names(subject.component_ids),
            next_update_by=promised,
            late_s=is_late_s(promised, near) if near else 0.0,
            posts=posts,
            own_posts=tuple(one for one in posts if one.language == self._language_of(posts)),
            updates=self.updates(subject.updates),
        )

    def address(self, subject: Subject) -> str:
        """Path of a subject's own page."""
        of = self.site.incident if isinstance(subject, PublicIncident) else self.site.maintenance
        return of(self.language, subject.id)

    def _post(self, link: Permalink) -> PostView:
        network = network_title(link.network)
        return PostView(network, f"{network} ({link.language})", link.language, link.url)

    def _language_of(self, posts: Iterable[PostView]) -> str:
        """The language in which the reader is shown posts."""
        return self.language if any(one.language == self.language for one in posts) else self.default

    def _colour(self, incident: PublicIncident) -> ComponentStatus:
        working_again = incident.status in (IncidentStatus.MONITORING, IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM)
        return ComponentStatus.OPERATIONAL if working_again else COLOUR[incident.impact]

    def updates(self, updates: Sequence[PublicUpdate]) -> tuple[UpdateView, ...]:
        shown_at = {update.sequence: update.display_at for update in updates}
        corrected = {update.corrects for update in updates}
        marks = self._marks(updates)
        return tuple(
            UpdateView(
                sequence=update.sequence,
                phase=self.wording.phase(update.kind if update.kind in OWN_NAME else update.status, self.language),
                at=update.display_at,
                html=marked(self.words(update), self.site.root, marks[update.sequence]),
                foreign=self._foreign(update.texts),
                corrects_at=shown_at.get(update.corrects) if update.corrects is not None else None,
                corrected=update.sequence in corrected,
            )
            for update in updates
        )

    def _foreign(self, texts: Texts) -> str:
        """The language in which it is said, if that is another one than the reader's; else "" """
        language = said_in(texts, self.language, self.default)
        return "" if language == self.language else language

    def words(self, update: PublicUpdate) -> str:
        """What it says, without the line that every page has once."""
        text, language = self.said(update.texts), said_in(update.texts, self.language, self.default)
        return without_line(text, self.wording.safety(language)) if self.wording.has(language) else text

    def _marks(self, updates: Sequence[PublicUpdate]) -> Mapping[int, list[Mark]]:
        """sequence -> what was wrong as deleted, in the update that said it and in its correction, and what is right as inserted."""
        texts = {update.sequence: self.words(update) for update in updates}
        marks: dict[int, list[Mark]] = {sequence: [] for sequence in texts}
        for update in updates:
            language = said_in(update.texts, self.language, self.default)
            marked_up = update.corrects in texts and self.wording.has(language)
            found = self.wording.correction(texts[update.sequence], language) if marked_up else None
            if found is None or update.corrects is None:
                continue
            marks[update.sequence] += [Mark(*found.span("wrong"), "del"), Mark(*found.span("right"), "ins")]
            start = texts[update.corrects].find(found["wrong"])
            if start >= 0:
                marks[update.corrects].append(Mark(start, start + len(found["wrong"]), "del"))
        return marks

    def component(self, component: PublicComponent, past: history.History) -> ComponentView:
        name, text, shown = self.said(component.names), self.wording.text, component.showcase
        up = past.up if shown else None
        return ComponentView(
            slug=component.slug,
            name=name,
            description=component.descriptions.get(self.language) or component.descriptions.get(self.default, ""),
            status=component.status,
            label=self.wording.state(component.status, self.language),
            bar=past.bar if shown else (),
            bar_label=text("history_of", self.language, name=name, n=len(past.bad)),
            bad_days=tuple(self._bad_day(component, day) for day in past.bad) if shown else (),
            available=text("available", self.language, percent=self.wording.percent(up, self.language)) if up is not None else "",
            answers=text("answers", self.language, seconds=tenths(component.answers_s)) if component.answers_s is not None else "",
        )

    def _bad_day(self, component: PublicComponent, bad: history.BadDay) -> BadDayView:
        state, duration = self.wording.state, self.wording.duration
        told = (f"{state(status, self.language)} {duration(length, self.language)}" for status, length in bad.seconds)
        links = (
            LinkView(self.said(incident.titles), self.site.link(self.address(incident)))
            for incident in self.snapshot.incidents
            if component.id in incident.component_ids and self._touches(incident, bad.day)
        )
        return BadDayView(self.wording.day(bad.day, self.language), ", ".join(told), tuple(links) or self._archived(bad.day))

    def _archived(self, day: date) -> tuple[LinkView, ...]:
        """The month in the archive, for a day of which this page tells no incident any more."""
        month = day.year, day.month
        if month not in self.snapshot.months or (self._told_since is not None and day >= self._told_since):
            return ()
        return (LinkView(self.wording.month(*month, self.language), self.site.link(self.site.month(self.language, *month))),)

    @cached_property
    def _told_since(self) -> date | None:
        began = [one.started_at for one in self.snapshot.incidents if not one.is_open]
        return min(began).astimezone(self.zone).date() if began else None

    def _touches(self, incident: PublicIncident, day: date) -> bool:
        first = incident.started_at.astimezone(self.zone).date()
        last = (incident.resolved_at or self.snapshot.made_at).astimezone(self.zone).date()
        return first <= day <= last

    def groups(self, pasts: Mapping[str, history.History]) -> tuple[GroupView, ...]:
        """All components under their headings; those without one come last. pasts: component id -> history."""
        title = self.wording.text("other_services" if self.snapshot.groups else "services", self.language)
        headed = [(self.said(group.names), self.snapshot.members(group.id)) for group in self.snapshot.groups]
        headed.append((title, self.snapshot.members(None)))
        return tuple(GroupView(name, tuple(self.component(one, pasts[one.id]) for one in members)) for name, members in headed if members)
