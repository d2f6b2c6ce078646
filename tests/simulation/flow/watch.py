"""What a bystander writes down while the world runs: looks and their arrival, incidents and works as they change, editions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from statuspage.core.incidents import Incident
from statuspage.core.maintenance import Maintenance
from statuspage.store import incidents, maintenance

if TYPE_CHECKING:
    from tests.simulation.flow.town import Town

MINUTE_S = 60.0


@dataclass(frozen=True)
class LookMade:
    """One look. bad: what it says about the component, None for nothing; received: when the hub had it for the first time."""

    key: str
    place: str
    sequence: int
    began: float
    received: float
    outcome: str
    bad: bool | None
    down: bool
    blind: bool
    sees: bool  # the component could be reached, or its sign-in
    dated: datetime  # the moment under which it should be kept
    latency_ms: float | None


@dataclass(frozen=True)
class Edition:
    """What readers could see from then on. shown: name of a component -> status; opened: incident id -> status."""

    time: float
    generation: int
    shown: Mapping[str, str]
    opened: Mapping[str, str]
    indicator: str
    impaired: bool


class Watch:
    """Asks the store for rows, never the product for its opinion."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.looks: list[LookMade] = []
        self.turned_at = -1e9  # when a location last saw something else than before
        self._saw: dict[tuple[str, str], tuple[bool | None, bool, bool]] = {}
        self.incidents: dict[str, list[tuple[float, Incident]]] = {}
        self.works: dict[str, list[tuple[float, Maintenance]]] = {}
        self.editions: list[Edition] = []
        self.downs: list[tuple[float, float]] = []  # the worker was dead, suspended, or without a database
        self.lost = 0
        self.put_by_people: set[tuple[str, str]] = set()  # incident id and slug: whoever names it may know more than the machine

    def down(self, begin: float, seconds: float = 60.0) -> None:
        self.downs.append((begin, begin + seconds + 30.0))

    def was_down(self, begin: float, end: float) -> bool:
        return any(first < end and begin < last for first, last in self.downs)

    def seen(self, look: LookMade) -> None:
        self.looks.append(look)
        saw = (look.bad, look.blind, look.sees)
        if self._saw.get((look.key, look.place)) != saw:
            self._saw[look.key, look.place] = saw
            self.turned_at = self.town.time

    def observe(self) -> None:
        """After every transaction that may have changed an incident or planned work."""
        town = self.town
        with town.store.reading() as session:
            found = incidents.listing(session, limit=None)
            works = maintenance.listing(session, limit=100)
        for incident in sorted(found, key=lambda one: one.id):
            history = self.incidents.setdefault(incident.id, [])
            if not history or history[-1][1].version != incident.version or history[-1][1].components != incident.components:
                history.append((town.time, incident))
                hit = {slug: str(status) for slug, status in sorted(incident.components.items())}
                town.note(f"incident {incident.id} {incident.status} {hit}{' drill' if incident.drill else ''}")
        for work in sorted(works, key=lambda one: one.id):
            log = self.works.setdefault(work.id, [])
            if not log or log[-1][1].version != work.version or log[-1][1].components != work.components:
                log.append((town.time, work))
                town.note(f"work {work.id} {work.status}")
        self._one_each([incident for incident in found if incident.automatic and incident.is_open and not incident.drill])

    def _one_each(self, opened: list[Incident]) -> None:
        """The machine names no component in two open incidents of its own."""
        named: dict[str, str] = {}
        for incident in opened:
            for slug in incident.components:
                key = self.town.bank.key_of(slug) or slug
                if (incident.id, slug) in self.put_by_people:
                    continue
                if key in named:
                    self.town.fault(f"doubled: {key} is named by the automatic incidents {named[key]} and {incident.id}")
                named[key] = incident.id

    def edition(self, generation: int, summary: Mapping[str, Any], page: str, made_at: datetime) -> None:
        town = self.town
        shown = {row["name"]: row["status"] for row in summary["components"] if not row["group"]}
        unknown = set(summary.get("monitoring", {}).get("unknown_components", ()))
        shown |= {row["name"]: "unknown" for row in summary["components"] if row["id"] in unknown}
        opened = {row["id"]: row["status"] for row in summary["incidents"]}
        impaired = bool(summary.get("monitoring", {}).get("impaired"))
        before = self.editions[-1] if self.editions else None
        edition = Edition(town.time, generation, shown, opened, summary["status"]["indicator"], impaired)
        if before is None or (before.shown, before.opened) != (shown, opened):
            town.note(f"edition {generation} {shown} {opened}")
        self.editions.append(edition)
        with town.store.reading() as session:
            public = [incident for incident in incidents.opened(session) if not incident.drill and self._concerns_customers(incident)]
        self._late(public, page, made_at)
        self._kept(public, made_at)

    def _concerns_customers(self, incident: Incident) -> bool:
        """It names something that is not private, or was not when it was removed."""
        bank = self.town.bank
        keys = {bank.key_of(slug) for slug in incident.components}
        return any(part.key in keys and not part.private for part in bank.parts)

    def _kept(self, opened: list[Incident], made_at: datetime) -> None:
        """What was open when an edition was made stands in it."""
        edition = self.editions[-1]
        for incident in opened:
            if not self.town.jumped and incident.updated_at < made_at and incident.id not in edition.opened:
                self.town.fault(f"silence: {incident.id} is open and edition {edition.generation} does not tell of it")

    def _late(self, opened: list[Incident], page: str, made_at: datetime) -> None:
        """A promise that was overdue when an edition was made is shown as late by it."""
        for incident in opened:
            promised = incident.next_update_by
            if promised is None:
                continue
            if (made_at - promised).total_seconds() > 2 * MINUTE_S and not re.search(r"late by", page):
                self.town.fault(
                    f"promise: {incident.id} is overdue and edition {self.editions[-1].generation} does not say that it is late"
                )
