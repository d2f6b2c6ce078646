"""Everything that the public may see at one moment, and nothing else, as one value.

Private components, drills, authors, reasons and notes have no place in these types, so no page, feed or JSON made from them can
show one. worker/publisher.py fills them from the store. Names and texts are given per language; moments are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from statuspage.core.status import PageStatus, group_status, page_status
from statuspage.core.theme import OURS, Theme
from statuspage.core.vocabulary import ComponentStatus, Impact, IncidentStatus, MaintenanceStatus
from statuspage.publish.encode import digest

Texts = Mapping[str, str]  # language -> text; the page's default language is always there
HISTORY_DAYS = 90
NO_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)


def said(texts: Texts, language: str, default: str) -> str:
    """A text in `language`, else in the page's default language, else in one that the page may have had before; "" if there is none."""
    return texts.get(said_in(texts, language, default), "")


def said_in(texts: Texts, language: str, default: str) -> str:
    """The language of that text."""
    return next((one for one in (language, default, *texts) if texts.get(one)), language)


@dataclass(frozen=True)
class PublicAccount:
    """One of the bank's own accounts. network: its kind; handle, address: one of them may be "" """

    network: str
    handle: str = ""
    address: str = ""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublicPage:
    """Whose page it is. `id` is the public API's; `url` has no slash at its end; `phone_menu` is where the phone line goes on, or "";
    `hubs` are told of changed feeds."""

    id: str
    name: str
    bank: str
    url: str
    time_zone: str
    languages: tuple[str, ...]
    default_language: str
    phone: str | None = None
    contact_path: str = "/contact"
    claim_path: str = "/claim"
    heartbeat_s: float = 60.0
    stale_after_s: float = 300.0
    demonstration: bool = False
    phone_menu: str = ""
    hubs: tuple[str, ...] = ()
    theme: Theme = OURS
    security_contact: str = ""
    accounts: tuple[PublicAccount, ...] = ()


@dataclass(frozen=True)
class Day:
    """What a component showed on one local day: seconds per status. A day that is not over has fewer than a full day's."""

    day: date
    seconds: Mapping[ComponentStatus, int]


@dataclass(frozen=True)
class PublicGroup:
    """A heading with its components, by id."""

    id: str
    slug: str
    names: Texts
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class PublicComponent:
    """One line of the page.

    status       what it shows now; UNKNOWN when nobody sees it
    last_known   the last status that was not UNKNOWN: what the public API shows
    since        when it began to show `status`; None if that was never recorded
    days         up to 90 local days, oldest first, today last
    answers_s    how long its probes usually waited for an answer lately; None if that is not to be shown, or nothing was seen
    """

    id: str
    slug: str
    names: Texts
    descriptions: Texts
    group_id: str | None
    position: int
    status: ComponentStatus
    last_known: ComponentStatus
    since: datetime | None
    created_at: datetime
    updated_at: datetime
    start_date: date | None = None
    showcase: bool = True
    days: tuple[Day, ...] = ()
    answers_s: float | None = None


@dataclass(frozen=True)
class Permalink:
    """Where a network shows a post about a subject."""

    network: str
    channel: str
    language: str
    url: str


@dataclass(frozen=True)
class PublicUpdate:
    """One dated statement.

    affected    component id, status before, status after
    corrects    the sequence of the update that this one corrects
    x_post      number of the post on X that carries it, in the page's default language if there are several
    """

    id: str
    sequence: int
    kind: str
    status: str
    texts: Texts
    created_at: datetime
    display_at: datetime
    affected: tuple[tuple[str, ComponentStatus, ComponentStatus], ...] = ()
    corrects: int | None = None
    next_update_by: datetime | None = None
    x_post: str | None = None


@dataclass(frozen=True)
class PublicIncident:
    """Unplanned trouble. `updates` are newest first; `component_ids` are public ones only.

    restored_at   since when everything works again, as the texts say it; resolved_at is when that was said to last
    lasted_s      how long it lasted, where it came back in between; None: from started_at to restored_at
    automatic     our own checks began it, not a person
    lead_s        so many seconds before the first report by a customer we said it; None if we did not, or nobody reported
    """

    id: str
    titles: Texts
    status: IncidentStatus
    impact: Impact
    component_ids: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    started_at: datetime
    updates: tuple[PublicUpdate, ...]
    monitoring_at: datetime | None = None
    restored_at: datetime | None = None
    resolved_at: datetime | None = None
    lasted_s: float | None = None
    automatic: bool = False
    lead_s: float | None = None
    next_update_by: datetime | None = None
    permalinks: tuple[Permalink, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status not in (IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM)


@dataclass(frozen=True)
class Lasting:
    """What is true now of an open incident that is not repaired: keys of the catalogue's sentences, ids of components.

    since    start of the trouble that lasts now; works: what fresh checks see working
    """

    since: datetime
    symptom: str
    scheme: str = ""
    advice: tuple[str, ...] = ()
    works: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublicMaintenance:
    """Planned work, with its updates newest first."""

    id: str
    titles: Texts
    status: MaintenanceStatus
    component_ids: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    scheduled_for: datetime
    scheduled_until: datetime
    updates: tuple[PublicUpdate, ...]
    started_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled: bool = False
    next_update_by: datetime | None = None
    permalinks: tuple[Permalink, ...] = ()

    @property
    def is_active(self) -> bool:
        return self.status in (MaintenanceStatus.IN_PROGRESS, MaintenanceStatus.VERIFYING)

    @property
    def is_upcoming(self) -> bool:
        return self.status is MaintenanceStatus.SCHEDULED and not self.cancelled


Subject = PublicIncident | PublicMaintenance


@dataclass(frozen=True)
class PublicCode:
    """One genuine message: what stands behind {page}/u/CODE.

    text      exactly as it was handed to the network
    at        when it was handed over for sending
    path      of the page about its subject, with {language} in it; "" if it has none (a warning)
    url       of the post, once the network has said it
    """

    code: str
    text: str
    at: datetime
    network: str
    channel: str
    language: str
    path: str = ""
    subject_id: str = ""
    url: str | None = None


@dataclass(frozen=True)
class PublicWarning:
    """Somebody pretends to be the bank. `updates` are newest first."""

    id: str
    updates: tuple[PublicUpdate, ...]


@dataclass(frozen=True)
class Month:
    """What began in one month of the bank's time, newest first, with the codes of its messages."""

    year: int
    month: int
    subjects: tuple[Subject, ...]
    codes: tuple[PublicCode, ...]


@dataclass(frozen=True)
class Snapshot:
    """All of it.

    incidents     open ones and the newest closed ones (at most 50 in all unless more are open), newest first
    maintenances  upcoming, active and the newest past ones, newest first
    months        (year, month) of the bank's time in which something is archived, newest first
    codes         of the messages about the incidents and works above, and of recent warnings
    impaired      too few locations see anything: "monitoring impaired"
    content_at    when the newest of all this changed
    warnings      fraud warnings of the last days, newest first
    lasting       incident id -> what is true of it now, for open ones that are not repaired
    spoken        for the phone line: id of what goes on, or of a warning -> its newest statement, without first and last sentence
    former        components that the configuration has no more: no lines of the page, but what was said about them keeps their names
    made_at       when this value was made; the heartbeat. Only front pages, texts (status.txt) and /fresh.json may show it
    """

    page: PublicPage
    groups: tuple[PublicGroup, ...]
    components: tuple[PublicComponent, ...]
    incidents: tuple[PublicIncident, ...]
    maintenances: tuple[PublicMaintenance, ...]
    months: tuple[tuple[int, int], ...]
    codes: tuple[PublicCode, ...]
    impaired: bool
    content_at: datetime
    made_at: datetime
    warnings: tuple[PublicWarning, ...] = ()
    spoken: Mapping[str, Texts] = field(default_factory=dict)
    lasting: Mapping[str, Lasting] = field(default_factory=dict)
    former: tuple[PublicComponent, ...] = ()

    @cached_property
    def version(self) -> str:
        """Names what the front page says: another one when that changes, the same over heartbeats.

        Figures that move by themselves have no part in it: the seconds of each day, response times. A new day has.
        """
        lines = tuple(replace(one, days=(), answers_s=None) for one in self.components)
        today = self.made_at.astimezone(ZoneInfo(self.page.time_zone)).date()
        told = replace(self, components=lines, codes=(), spoken={}, content_at=NO_MOMENT, made_at=NO_MOMENT)
        return digest(f"{today} {told}".encode())[:12]

    @property
    def subjects(self) -> tuple[Subject, ...]:
        return (*self.incidents, *self.maintenances)

    def changed_within(self, span: timedelta) -> tuple[Subject, ...]:
        """What goes on or is planned, and what ended or changed so short a time ago."""
        over = {one.id for one in self.ended} | {work.id for work in self.maintenances if work.cancelled}
        return tuple(one for one in self.subjects if one.id not in over or self.made_at - one.updated_at <= span)

    @property
    def current(self) -> tuple[Subject, ...]:
        """What goes on right now: open incidents, then work under way."""
        return (*self.open_incidents, *self.active_maintenances)

    @cached_property
    def open_incidents(self) -> tuple[PublicIncident, ...]:
        return tuple(incident for incident in self.incidents if incident.is_open)

    @property
    def ended(self) -> tuple[Subject, ...]:
        """Incidents that are over and work that was done."""
        incidents = (incident for incident in self.incidents if not incident.is_open)
        return (*incidents, *(work for work in self.maintenances if work.completed_at and not work.cancelled))

    @cached_property
    def active_maintenances(self) -> tuple[PublicMaintenance, ...]:
        return tuple(work for work in self.maintenances if work.is_active)

    @cached_property
    def upcoming_maintenances(self) -> tuple[PublicMaintenance, ...]:
        """Those that come next first."""
        return tuple(sorted((work for work in self.maintenances if work.is_upcoming), key=lambda work: work.scheduled_for))

    @cached_property
    def by_id(self) -> Mapping[str, PublicComponent]:
        """All that anything said here may name, those that are configured no more too."""
        return {component.id: component for component in (*self.components, *self.former)}

    def members(self, group_id: str | None) -> tuple[PublicComponent, ...]:
        """The components of a group, in the page's order; None: those that have none, or one that is not listed."""
        known = {group.id for group in self.groups}
        return tuple(one for one in self.components if (one.group_id if one.group_id in known else None) == group_id)

    @cached_property
    def status(self) -> PageStatus:
        """What the page as a whole shows to people; an unknown component makes it 'monitoring impaired', never green."""
        shown = [component.status for component in self.components]
        if self.impaired:
            shown.append(ComponentStatus.UNKNOWN)
        return page_status(shown, self._loose)

    @cached_property
    def status_known(self) -> PageStatus:
        """The same with the last known status in place of unknown: what the public API shows."""
        return page_status((component.last_known for component in self.components), self._loose)

    @property
    def _loose(self) -> tuple[Impact, ...]:
        """Impacts of open incidents that no line of the page shows."""
        lines = {component.id for component in self.components}
        return tuple(incident.impact for incident in self.open_incidents if not lines & set(incident.component_ids))

    def group_status(self, group_id: str) -> ComponentStatus:
        return group_status(component.status for component in self.members(group_id))

    def group_last_known(self, group_id: str) -> ComponentStatus:
        return group_status(component.last_known for component in self.members(group_id))
