"""The answer that stands first on the page: is something wrong, with what, since when, what works, what helps, when more is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from statuspage.core.status import PageSentence
from statuspage.core.vocabulary import ComponentStatus, Impact, IncidentStatus
from statuspage.publish.snapshot import Lasting, PublicIncident, PublicMaintenance, Snapshot
from statuspage.publish.views import HERO, TROUBLE, Views, in_trouble, is_late_s, some_names

NAMES_SHOWN = 3  # of components, in one line of the answer: it has to stand on a small phone's screen
LETTERS_SHOWN = 56  # of these names together; where three are longer, two are shown
NEEDLESS = ("no_call",)  # advice that sends to the status page: here it would send in a circle
CONTACT = "contact"  # advice that is an address
ADVICE_SHOWN = 2  # sentences, as in a notice
SOON = timedelta(days=3)  # planned work that begins so soon is told even when all is well


@dataclass(frozen=True)
class Fact:
    """One line: what it is about, then words or a moment, or both. href: where more of it stands."""

    label: str
    text: str = ""
    at: datetime | None = None
    href: str = ""


@dataclass(frozen=True)
class Answer:
    """since: when the trouble, or watching after it, began; `promise`: by when more is said, late_s: how late that is on publication;
    `more`: how much else goes on, in words."""

    status: ComponentStatus
    headline: str
    lead: str
    facts: tuple[Fact, ...]
    since: datetime | None
    promise: datetime | None
    late_s: float
    more: str


class _Teller:
    """Words for one snapshot in one language."""

    def __init__(self, views: Views) -> None:
        self.views, self.snapshot = views, views.snapshot

    def text(self, key: str, **values: object) -> str:
        return self.views.wording.text(key, self.views.language, **values)

    def lead(self, incident: PublicIncident | None, work: PublicMaintenance | None) -> str:
        """One sentence on the gravest thing."""
        sentence, language = self.snapshot.status.sentence, self.views.language
        if incident is not None:
            return self._of_incident(incident)
        if sentence is PageSentence.MONITORING_IMPAIRED or self.snapshot.impaired:
            return self.text("impaired", state=self.views.wording.state(ComponentStatus.UNKNOWN, language))
        if work is not None:
            return self.views.said(work.titles)
        count = len(self.snapshot.components)  # none where everything is private: then there is nothing to say of them
        return self.text("answer.fine", n=count) if count and sentence is PageSentence.ALL_OPERATIONAL else ""

    def _of_incident(self, incident: PublicIncident) -> str:
        now, language = self.snapshot.lasting.get(incident.id), self.views.language
        if now is not None:
            return self.views.wording.symptom(now.symptom, now.scheme, language)
        return self.text(
            "answer.phase",
            names=self._few(self.views.names_of(incident.component_ids)),
            phase=self.views.wording.phase(incident.status, language),
        )

    def since(self, incident: PublicIncident | None) -> datetime | None:
        """When what is told began: the trouble that lasts now, or its end where it is only watched; None if nothing is wrong."""
        now = self.snapshot.lasting.get(incident.id) if incident else None
        return now.since if now else self._start(incident)

    def facts(self, incident: PublicIncident | None, work: PublicMaintenance | None) -> Iterator[Fact]:
        """The lines in the order in which people ask."""
        now = self.snapshot.lasting.get(incident.id) if incident else None
        names = self._few(in_trouble(self.snapshot, self.views.language))
        if names:
            yield Fact(self.text("answer.affected"), names)
        start = self.since(incident)
        if start is not None:
            yield Fact(self.text("answer.since"), at=start)
        if work is not None and incident is None:
            yield Fact(self.text("answer.until"), at=work.scheduled_until)
        if now is not None:
            yield from self._help(now)
        if not self.snapshot.current:
            yield from self._soon()

    def _start(self, incident: PublicIncident | None) -> datetime | None:
        if incident is not None:
            return (incident.monitoring_at if incident.status is IncidentStatus.MONITORING else None) or incident.started_at
        known = [one.since for one in self.snapshot.components if one.status in TROUBLE and one.since]
        return min(known, default=None)

    def _help(self, now: Lasting) -> Iterator[Fact]:
        """What still works, and what to do."""
        sound = [one for one in now.works if self.snapshot.by_id[one].status is ComponentStatus.OPERATIONAL]
        if sound:
            yield Fact(self.text("answer.works"), self._few(self.views.names_of(sound)))
        useful = [key for key in now.advice if key not in NEEDLESS]
        advice = " ".join(self.views.wording.advice(key, self.views.language) for key in useful[:ADVICE_SHOWN])
        if advice:
            href = self.views.site.link(self.views.site.contact(self.views.language)) if useful == [CONTACT] else ""
            yield Fact(self.text("answer.advice"), advice, href=href)

    def _soon(self) -> Iterator[Fact]:
        for work in self.snapshot.upcoming_maintenances[:1]:
            if work.scheduled_for - self.snapshot.made_at <= SOON:
                href = self.views.site.link(self.views.address(work))
                yield Fact(self.text("planned"), self.views.names(work.component_ids), work.scheduled_for, href)

    def _few(self, names: Sequence[str]) -> str:
        """Names; those that are too many are counted."""
        most = NAMES_SHOWN if len(", ".join(names[:NAMES_SHOWN])) <= LETTERS_SHOWN else NAMES_SHOWN - 1
        return some_names(names, self.views.wording, self.views.language, most)


def answer(views: Views) -> Answer:
    """Of the gravest open incident that is not repaired; else of one that is watched; else of work under way; else that all is well."""
    snapshot = views.snapshot
    incident = max(snapshot.open_incidents, key=lambda one: _gravity(one, snapshot), default=None)
    work = next(iter(snapshot.active_maintenances), None)
    told, subject = _Teller(views), incident or work
    promise = subject.next_update_by if subject else None
    others = len(snapshot.current) - 1
    return Answer(
        status=HERO[snapshot.status.sentence],
        headline=told.text(f"headline.{snapshot.status.sentence.value}"),
        lead=told.lead(incident, work),
        facts=tuple(told.facts(incident, work)),
        since=told.since(incident),
        promise=promise,
        late_s=is_late_s(promise, snapshot.made_at),
        more=told.text("answer.more", n=others) if others > 0 else "",
    )


def _gravity(incident: PublicIncident, snapshot: Snapshot) -> tuple[bool, int, datetime]:
    return incident.id in snapshot.lasting, tuple(Impact).index(incident.impact), incident.started_at
