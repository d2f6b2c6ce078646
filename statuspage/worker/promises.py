"""Keeps what was promised: updates at their time, planned work that starts and ends on time, and the questions only people can answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from statuspage.actions import alarms, automatic, changes, incidents, maintenance, sight
from statuspage.actions.context import Context
from statuspage.core.errors import DomainError
from statuspage.core.incidents import Incident
from statuspage.core.maintenance import Maintenance
from statuspage.core.promises import SHOWN_TO, remind_at
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, MaintenanceStatus, SubjectKind
from statuspage.store import Session, updates
from statuspage.store import alarms as alarm_store
from statuspage.store import incidents as incident_store
from statuspage.store import maintenance as maintenance_store

STEP_S = 0.5
PATIENCE = SHOWN_TO * 3 / 4  # so much of the promised minute is left to the verdict


class Promises:
    """One owner at a time. Every deed is one transaction that looks again whether it is still due, so a crash costs nothing."""

    name = "promises"

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self._due_since: dict[str, tuple[datetime, float]] = {}  # incident -> promise, and since when a look contradicts it
        self._configured = {component.slug for component in ctx.settings.components}

    def step(self) -> float:
        """One pass over what is due."""
        for _ in self.work():
            pass
        return STEP_S

    def work(self) -> Iterator[str]:
        """The same, stopping at the named points between two transactions: looked, kept, reminded, asked, left, started, ended."""
        now = self.ctx.now()
        with self.ctx.ports.store.reading() as session:
            opened = incident_store.opened(session)
            works = [work for work in maintenance_store.unfinished(session) if self._is_due(session, work, now)]
            said = updates.of_subjects(session, SubjectKind.INCIDENT, [incident.id for incident in opened])
            alarmed = {alarm.key for alarm in alarm_store.listing(session)}
        yield "looked"
        self._due_since = {incident.id: self._due_since[incident.id] for incident in opened if incident.id in self._due_since}
        for incident in opened:
            yield from self._guarded(incident.id, self._incident(incident, said[incident.id][-1].created_at, alarmed, now))
        for work in works:
            yield from self._guarded(work.id, self._maintenance(work, now))

    def _guarded(self, subject_id: str, deeds: Iterator[str]) -> Iterator[str]:
        """What cannot be said of one subject stops no other; operators hear of it."""
        try:
            yield from deeds
        except DomainError as error:
            alarms.raise_alarm(self.ctx, f"unsaid:{subject_id}", f"What is due of {subject_id} cannot be said by itself: {error}")

    def _incident(self, incident: Incident, promised_at: datetime, alarmed: set[str], now: datetime) -> Iterator[str]:
        """alarmed: keys of the alarms that are open; who was told that nobody writes is not reminded every time."""
        promised = incident.next_update_by
        told = {key(incident.id) for key in (changes.reminder_key, changes.unkept_key, changes.unseen_key)} & alarmed
        if promised is not None and now >= promised:
            if self._is_known(incident, promised):
                incidents.keep_promise(self.ctx, incident_id=incident.id, promised=promised)
                yield "kept"
            elif changes.unseen_key(incident.id) not in alarmed and now >= promised + SHOWN_TO:
                self._tell_unseen(incident, promised)
                yield "reminded"
        elif promised is not None and not told and now >= self._remind_at(promised_at, promised):
            self._remind(incident, promised)
            yield "reminded"
        if changes.decision_key(incident.id) not in alarmed and self._wants_an_end(incident, now):
            with self.ctx.ports.store.writing() as session:
                automatic.ask_whether_over(session, self.ctx, incident)
            yield "asked"
        if self._mind_removed(incident, alarmed):
            yield "left"

    def _is_known(self, incident: Incident, promised: datetime) -> bool:
        """True if the machine may repeat what it said: checks see it so now. A person's incident is that person's word.

        While a look contradicts it the verdict has the first to say, for most of the promised minute; after a start, too, when the
        promise is overdue and the first looks are on their way.
        """
        if not incident.automatic:
            return True
        failing = {slug for slug, status in incident.components.items() if status is not ComponentStatus.OPERATIONAL}
        if failing & self._configured - {probe.component for probe in self.ctx.settings.probes}:
            return False  # a person said it of what no probe looks at, and a person says whether it is still so
        with self.ctx.ports.store.reading() as session:
            sure = sight.sure(session, self.ctx, incident.components.keys())
        if sure is not False:
            return bool(sure)
        now = self.ctx.ports.clock.monotonic()
        of, since = self._due_since.get(incident.id, (promised, now))
        self._due_since[incident.id] = (promised, since if of == promised else now)
        return now - self._due_since[incident.id][1] >= PATIENCE.total_seconds()

    def _tell_unseen(self, incident: Incident, promised: datetime) -> None:
        """In place of the alarm by which people heard, at an earlier promise, that updates come by themselves."""
        text = (
            f"Incident {incident.id}: {promised:%H:%M} UTC was promised, and no check sees {', '.join(sorted(incident.components))} now. "
            "So nothing was said by itself: nobody knows whether it is still the case. Write what you know."
        )
        with self.ctx.ports.store.writing() as session:
            standing = incident_store.get(session, incident.id)
            if standing.is_open and standing.next_update_by == promised:
                alarms.retire_in(session, self.ctx, changes.unkept_key(incident.id))
                alarms.raise_in(session, self.ctx, changes.unseen_key(incident.id), text)

    def _mind_removed(self, incident: Incident, alarmed: set[str]) -> bool:
        """Tells operators of an open incident that nobody sees the end of, as it names what was removed from the configuration.

        Returns whether anything was told, or taken back since the component is configured again.
        """
        removed = [] if incident.drill else sorted(incident.components.keys() - self._configured)
        key = changes.unwatched_key(incident.id)
        if bool(removed) == (key in alarmed):
            return False
        text = (
            f"Incident {incident.id} is open and names {', '.join(removed)}, which the configuration has no more: no check will see it "
            "working again. It stays on the page and its promised updates go on. Resolve it when it is over, or put the component back."
        )
        with self.ctx.ports.store.writing() as session:
            if not removed:
                alarms.clear_in(session, self.ctx, key)
            elif incident_store.get(session, incident.id).is_open:  # else somebody ended it since we looked
                alarms.raise_in(session, self.ctx, key, text)
        return True

    def _maintenance(self, work: Maintenance, now: datetime) -> Iterator[str]:
        if work.status is MaintenanceStatus.SCHEDULED and now >= work.scheduled_for:
            maintenance.start_due(self.ctx, work_id=work.id)
            yield "started"
        over = work
        if now >= work.scheduled_until:
            over = maintenance.end_due(self.ctx, work_id=work.id)
            yield "ended"
        if over.next_update_by is not None and self._passes(over.next_update_by, now):
            maintenance.keep_promise(self.ctx, work_id=work.id, promised=over.next_update_by)
            yield "kept"

    def _is_due(self, session: Session, work: Maintenance, now: datetime) -> bool:
        """True if it should start, end, or speak; work past its end of which people know already waits for its checks to be good."""
        if work.status is MaintenanceStatus.SCHEDULED:
            return now >= work.scheduled_for
        if work.next_update_by is not None and self._passes(work.next_update_by, now):
            return True
        known = alarm_store.open_one(session, maintenance.overtime_key(work.id)) is not None
        return now >= work.scheduled_until and (not known or not maintenance.unseen(session, self.ctx, work))

    def _passes(self, promised: datetime, now: datetime) -> bool:
        """True in the second half of the promised minute: checks that turn good as the work ends have the first to say so."""
        return now >= promised + SHOWN_TO / 2

    def _remind_at(self, promised_at: datetime, promised: datetime) -> datetime:
        return remind_at(made_at=promised_at, next_update_by=promised, before_s=self.ctx.settings.incidents.remind_before_s)

    def _remind(self, incident: Incident, promised: datetime) -> None:
        text = f"Incident {incident.id}: the next update is promised for {promised:%H:%M} UTC and nobody has written it yet."
        with self.ctx.ports.store.writing() as session:
            standing = incident_store.get(session, incident.id)
            if standing.next_update_by == promised:  # else somebody spoke since we looked
                alarms.raise_in(session, self.ctx, changes.reminder_key(incident.id), text)

    def _wants_an_end(self, incident: Incident, now: datetime) -> bool:
        """True for a person's incident that has been watched for the stable period: the verdict ends only its own."""
        restored_at = incident.moments.restored_at
        if incident.automatic or incident.drill or incident.status is not IncidentStatus.MONITORING or restored_at is None:
            return False
        return now - restored_at >= timedelta(seconds=self.ctx.settings.incidents.stable_s)
