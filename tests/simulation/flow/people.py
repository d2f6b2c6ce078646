"""What people do, at any moment: declare, update, resolve, correct, withdraw, plan work, rehearse, switch off, reconfigure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from statuspage.actions import incidents, maintenance, notices, switches
from statuspage.actions.incidents import Change, Declaration, Reopening, Resolution
from statuspage.core.errors import DomainError
from statuspage.core.incidents import Incident
from statuspage.core.maintenance import Maintenance
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, IncidentStatus, MaintenanceStatus, SubjectKind
from statuspage.store import alarms, deliveries, updates
from statuspage.store import incidents as incident_store
from statuspage.store import maintenance as maintenance_store
from statuspage.store.switches import POSTING, PROBING
from tests.simulation.flow.bank import AUTHOR, DRILL, LANGUAGE, REASON
from tests.simulation.flow.town import Town, span

if TYPE_CHECKING:
    from random import Random

T = TypeVar("T")
FAILING = (ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE)


class People:
    """Each deed is the action that the console calls; what its rules refuse is noted and changes nothing."""

    def __init__(self, town: Town, chance: Random) -> None:
        self.town, self.chance = town, chance

    def act(self) -> None:
        deeds: tuple[Callable[[], None], ...] = (
            self.declare, self.update, self.update, self.resolve, self.reopen, self.explain, self.correct, self.withdraw, self.reword,
            self.plan, self.work, self.drill, self.pause, self.deliver, self.deliver, self.reconfigure,
        )  # fmt: skip
        deed = self.chance.choice(deeds)
        try:
            deed()
            self.town.note(f"person: {deed.__name__}")
        except DomainError as error:
            self.town.note(f"person: {deed.__name__} refused: {type(error).__name__}")
        self._after()

    def _after(self) -> None:
        self.town.watch.observe()
        self.town.stir("publisher", "verdicts", "promises")

    def _slugs(self) -> list[str]:
        parts = self.chance.sample(self.town.bank.present, self.chance.randint(1, 2))
        return [part.slug for part in parts]

    def _incidents(self, *, over: bool = False) -> list[Incident]:
        with self.town.store.reading() as session:
            found = incident_store.listing(session, limit=None) if over else incident_store.opened(session)
        return sorted(found, key=lambda one: one.id)

    def _works(self) -> list[Maintenance]:
        with self.town.store.reading() as session:
            return sorted(maintenance_store.unfinished(session), key=lambda one: one.id)

    def _one(self, found: list[T]) -> T:
        if not found:
            raise DomainError("there is none")
        return self.chance.choice(found)

    # --- incidents ------------------------------------------------------------------------------------------------------

    def declare(self) -> None:
        hit = {slug: self.chance.choice(FAILING) for slug in self._slugs()}
        started = self.town.wall() - span(self.chance.choice((0.0, 120.0, 3600.0)))
        incidents.declare(self.town.outside, Declaration(hit, AUTHOR, started_at=started))

    def update(self) -> None:
        one = self._one(self._incidents())
        status = self.chance.choice((None, IncidentStatus.IDENTIFIED, IncidentStatus.MONITORING, IncidentStatus.INVESTIGATING))
        cause = "network" if status is IncidentStatus.IDENTIFIED else None
        hit = {slug: self.chance.choice(FAILING) for slug in self._slugs()} if status is None else {}
        self.town.watch.put_by_people |= {(one.id, slug) for slug in hit}
        incidents.update(self.town.outside, Change(one.id, AUTHOR, status=status, cause=cause, components=hit))

    def resolve(self) -> None:
        one = self._one(self._incidents())
        incidents.resolve(self.town.outside, Resolution(one.id, AUTHOR, reason=REASON))

    def reopen(self) -> None:
        one = self._one(self._incidents(over=True))
        incidents.reopen(self.town.outside, Reopening(one.id, AUTHOR))

    def explain(self) -> None:
        one = self._one(self._incidents(over=True))
        incidents.explain(self.town.outside, incident_id=one.id, who=AUTHOR, free_text={LANGUAGE: "A switch had failed."})

    def correct(self) -> None:
        one = self._one(self._incidents(over=True))
        with self.town.store.reading() as session:
            said = updates.of_subject(session, SubjectKind.INCIDENT, one.id)
        wrong, right = {LANGUAGE: "It was said that cards fail."}, {LANGUAGE: "Only some of them do."}
        incidents.correct(
            self.town.outside, incident_id=one.id, sequence=self.chance.choice(said).sequence, wrong=wrong, text=right, who=AUTHOR
        )  # fmt: skip

    def withdraw(self) -> None:
        one = self._one(self._incidents(over=True))
        with self.town.store.reading() as session:
            last = updates.next_sequence(session, SubjectKind.INCIDENT, one.id) - 1
        notices.withdraw(self.town.outside, kind=SubjectKind.INCIDENT, subject_id=one.id, sequence=last, who=AUTHOR, reason=REASON)

    def reword(self) -> None:
        one = self._one(self._incidents(over=True))
        with self.town.store.reading() as session:
            last = updates.next_sequence(session, SubjectKind.INCIDENT, one.id) - 1
        words = {LANGUAGE: "We are working on it."}
        notices.reword(self.town.outside, kind=SubjectKind.INCIDENT, subject_id=one.id, sequence=last, free_text=words, who=AUTHOR)

    def drill(self) -> None:
        hit = {slug: self.chance.choice(FAILING) for slug in self._slugs()}
        incidents.declare(self.town.outside, Declaration(hit, AUTHOR, drill=True, free_text={LANGUAGE: f"This is a {DRILL}."}))

    # --- planned work ---------------------------------------------------------------------------------------------------

    def plan(self) -> None:
        begin = self.town.wall() + span(self.chance.uniform(5.0, 300.0))
        end = begin + span(self.chance.uniform(60.0, 900.0))
        drill = self.chance.random() < 0.2
        words = {LANGUAGE: DRILL} if drill else {}
        maintenance.plan(self.town.outside, maintenance.Plan(tuple(self._slugs()), begin, end, AUTHOR, drill=drill, free_text=words))

    def work(self) -> None:
        one = self._one(self._works())
        ctx = self.town.outside
        if one.status is MaintenanceStatus.SCHEDULED:
            self.chance.choice((maintenance.start, maintenance.cancel))(ctx, work_id=one.id, who=AUTHOR)
        elif self.chance.random() < 0.5:
            maintenance.extend(ctx, work_id=one.id, until=self.town.wall() + span(self.chance.uniform(60.0, 600.0)), who=AUTHOR)
        else:
            maintenance.complete(ctx, work_id=one.id, who=AUTHOR, reason=REASON)

    # --- everything else ------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """All probing, or all posting, is switched off for some minutes."""
        name = self.chance.choice((PROBING, POSTING))
        self._turn(name, off=True)
        self.town.later(self.chance.uniform(30.0, 400.0), self._turn, name, False)

    def _turn(self, name: str, off: bool) -> None:
        deed = switches.turn_off if off else switches.turn_on
        deed(self.town.outside, name, who=AUTHOR, reason=REASON)
        self.town.probing = not off if name == PROBING else self.town.probing
        self.town.note(f"{name} {'off' if off else 'on'}")

    def deliver(self) -> None:
        """The networks take all that waits."""
        with self.town.store.writing() as session:
            for row in deliveries.listing(session, [DeliveryState.QUEUED, DeliveryState.WAITING]):
                deliveries.change(session, row, state=DeliveryState.DELIVERED.value, attempts=1, remote_id=f"r-{row.id}")

    def reconfigure(self) -> None:
        """Thresholds change; a component goes, comes back, or is called otherwise."""
        bank, chance = self.town.bank, self.chance
        key = chance.choice([part.key for part in bank.parts if part.key != "login"])
        part = bank.part(key)
        if part.gone:
            self.town.reconfigure(bank.changed(key, gone=False))
        elif chance.random() < 0.4:
            self.town.reconfigure(bank.changed(key, gone=True))
        else:
            self.town.reconfigure(bank.renamed(key, f"{part.slug}-x" if len(part.was) < 3 else part.slug))

    def answer(self) -> None:
        """Somebody ends what nobody sees any more. Nobody would, had no alarm asked for it."""
        with self.town.store.reading() as session:
            asked = {alarm.key for alarm in alarms.listing(session)}
        configured = {part.slug for part in self.town.bank.present}
        for one in self._incidents():
            if one.drill or one.components.keys() <= configured:
                continue
            if f"unwatched:{one.id}" in asked:
                incidents.resolve(self.town.outside, Resolution(one.id, AUTHOR, reason=REASON))
            else:
                self.town.fault(f"silence: nobody is asked to end {one.id}, which names what was removed")
        self._after()

    def tidy(self) -> None:
        """People end what they began, and put everything in force again."""
        ctx = self.town.outside
        for name in (PROBING, POSTING):
            self._turn(name, off=False)
        for one in self._incidents():
            if not one.automatic or one.drill:
                incidents.resolve(ctx, Resolution(one.id, AUTHOR, reason=REASON))
        for work in self._works():
            if work.status is MaintenanceStatus.SCHEDULED:
                maintenance.cancel(ctx, work_id=work.id, who=AUTHOR)
            else:
                maintenance.complete(ctx, work_id=work.id, who=AUTHOR, reason=REASON)
        self._after()
