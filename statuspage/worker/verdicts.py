"""From raw check results to what is done about them: streaks, verdicts, incidents, and the timeline of what components show.

Everything it remembers is in the database, and what it does follows from what is there: killed between any two points, the next
pass finds the same situation and goes on. One owner at a time; the driver holds the lock. The rules are in core/judgement.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from statuspage.actions import alarms, automatic
from statuspage.actions import components as component_deeds
from statuspage.actions.context import Context
from statuspage.core.arrivals import dated, ready
from statuspage.core.detector import Streak, observe
from statuspage.core.errors import DomainError
from statuspage.core.grouping import Landscape
from statuspage.core.incidents import Incident
from statuspage.core.judgement import Begin, Contradict, Extend, FailAgain, Recover, Resolve, Rules, Situation, Step, Withhold, decide
from statuspage.core.limits import DAY
from statuspage.core.maintenance import Maintenance
from statuspage.core.showing import Shown, changes_due
from statuspage.core.sights import Look, Seen, look
from statuspage.settings import Settings
from statuspage.store import Session, checks, components, detector, incidents, maintenance, switches, timeline
from statuspage.store import alarms as alarm_store
from statuspage.worker.complaints import OURS, complaints
from statuspage.worker.plan import policy_of

STEP_S = 0.2
LOOK_EVERY_S = 1.0  # without new results everything is looked at so often: data grows old, planned work ends, periods pass
ACTED_WITHIN = timedelta(seconds=10)  # what was seen longer ago is not acted on
SETTLED = timedelta(seconds=10)  # a result with a lower row id may become visible so long after one with a higher
TAKEN_AT_ONCE = 20_000
RECENT_WORK = 50
log = structlog.get_logger("statuspage.verdicts")


@dataclass(frozen=True)
class Known:
    """What one pass reads."""

    state: detector.State
    arrived: Sequence[checks.Arrived]
    opened: Sequence[Incident]
    resolved: Sequence[Incident]
    begun: Mapping[str, Sequence[datetime]]
    works: Sequence[Maintenance]
    probing: bool
    alarmed: frozenset[str]


class Verdicts:
    """One pass: read, fold, save; decide, act; record what components show now."""

    name = "verdicts"

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.looks = looks_of(ctx.settings)
        self.landscape = landscape_of(ctx.settings)
        self.rules = rules_of(ctx.settings)
        self._policies = {item.probe: item.policy for item in self.looks}
        self._synced = False
        self._newest_id = -1
        self._looked_at: float | None = None

    def step(self) -> float:
        """One pass, if there is something new or it is time for one; returns the seconds until the next."""
        if self._due():
            for _ in self.work():
                pass
        return STEP_S

    def work(self) -> Iterator[str]:
        """The pass, stopping at the named points between two transactions: read, saved, acted (per step), recorded."""
        now = self.ctx.now()
        if not self._in_force():
            return
        known = self._read(now)
        yield "read"
        streaks, cursor = self._fold(known, now)
        seen = look(now, self.looks, {**known.state.streaks, **streaks}, known.state.memories, known.works, self.landscape)
        self._save(known, seen, streaks, cursor, now)
        yield "saved"
        steps = decide(self._situation(known, seen, now))
        for step in steps:
            if self._outdated(now) or not self._in_force():
                return
            self._act(step, seen)
            yield "acted"
        if self._outdated(now) or not self._in_force():
            return
        self._alarm(known, seen, steps, now)
        self._record(known, seen, now, fresh=bool(steps))
        yield "recorded"

    def _in_force(self) -> bool:
        """False once a newer configuration calls a component otherwise, or has it no more: this loop is about to be replaced.

        Before anything else it sees to it, once, that the store calls every component as this configuration does: open incidents
        name them by their slugs.
        """
        if not self._synced:
            component_deeds.sync(self.ctx)
            self._synced = True
        with self.ctx.ports.store.reading() as session:
            return components.stand(session, [component.slug for component in self.ctx.settings.components])

    def _outdated(self, now: datetime) -> bool:
        """True if the process was suspended since it looked, or the clock was set: what it saw may be over. The next pass looks anew."""
        outdated = abs(self.ctx.now() - now) > ACTED_WITHIN
        if outdated:
            log.warning("too long ago to act on: looking again", looked_at=now.isoformat())
        return outdated

    def _due(self) -> bool:
        with self.ctx.ports.store.reading() as session:
            newest = checks.newest_id(session)
        ticks = self.ctx.ports.clock.monotonic()
        if newest == self._newest_id and self._looked_at is not None and ticks - self._looked_at < LOOK_EVERY_S:
            return False
        self._newest_id, self._looked_at = newest, ticks
        return True

    def _read(self, now: datetime) -> Known:
        rules = self.rules
        with self.ctx.ports.store.reading() as session:
            state = detector.load(session)
            lately = [incident for incident in incidents.begun_since(session, now - DAY) if incident.automatic and not incident.drill]
            return Known(
                state=state,
                arrived=checks.after(session, state.cursor, TAKEN_AT_ONCE),
                opened=[incident for incident in incidents.opened(session) if not incident.drill],
                resolved=[
                    incident
                    for incident in incidents.resolved_since(session, now - timedelta(seconds=rules.reopen_within_s))
                    if not incident.drill
                ],
                begun=_begun(lately),
                works=_works(session),
                probing=not switches.is_off(session, switches.PROBING),
                alarmed=frozenset(alarm.key for alarm in alarm_store.listing(session)),
            )

    def _fold(self, known: Known, now: datetime) -> tuple[dict[tuple[str, str], Streak], int]:
        """The streaks that changed, and the row id up to which everything was taken for good."""
        by_pair: dict[tuple[str, str], list[checks.Arrived]] = {}
        for item in known.arrived:
            by_pair.setdefault((item.result.probe, item.result.location), []).append(item)
        changed = {}
        for pair, items in by_pair.items():
            policy = self._policies.get(pair[0])
            if policy is None:
                continue
            streak = before = known.state.streaks.get(pair, Streak())
            for item in ready(items, streak.last_sequence, now)[0]:
                at = dated(item.result.at, item.received_at, streak.seen_at)
                streak, change = observe(streak, replace(item.result, at=at), policy)
                if change is not None:
                    log.info(
                        "level confirmed", probe=pair[0], location=pair[1], level=change.level.name.lower(), since=change.since.isoformat()
                    )
            if streak is not before:
                changed[pair] = streak
        cursor = known.state.cursor
        for item in known.arrived:
            if abs(now - item.received_at) < SETTLED:
                break
            cursor = item.id
        return changed, cursor

    def _save(self, known: Known, seen: Seen, streaks: Mapping[tuple[str, str], Streak], cursor: int, now: datetime) -> None:
        memories = {slug: memory for slug, memory in seen.memories.items() if known.state.memories.get(slug) != memory}
        gone = known.state.memories.keys() - seen.memories.keys()
        if not (streaks or memories or gone or cursor != known.state.cursor):
            return
        with self.ctx.ports.store.writing() as session:
            detector.save(session, detector.State(streaks, memories, cursor), now)
            if gone:
                detector.forget(session, gone)

    def _situation(self, known: Known, seen: Seen, now: datetime) -> Situation:
        return Situation(
            now=now,
            sights=seen.sights,
            opened=known.opened,
            resolved=known.resolved,
            begun=known.begun,
            landscape=self.landscape,
            rules=self.rules,
        )

    def _act(self, step: Step, seen: Seen) -> None:
        """Does one step. What the rules of actions refuse, for somebody changed the incident meanwhile, is looked at anew next time."""
        try:
            match step:
                case Begin():
                    automatic.begin_automatic(
                        self.ctx,
                        components=step.components,
                        lead=step.lead,
                        first_failed_at=step.first_failed_at,
                        detected_at=step.detected_at,
                        symptom=seen.sights[step.lead].symptom,
                    )
                case Extend():
                    automatic.extend_automatic(self.ctx, incident_id=step.incident_id, components=step.components, tell=step.grave)
                case FailAgain():
                    automatic.fail_again(
                        self.ctx,
                        incident_id=step.incident_id,
                        components=step.components,
                        first_failed_at=step.first_failed_at,
                        symptom=seen.sights[step.lead].symptom,
                    )
                case Recover():
                    automatic.recover(self.ctx, incident_id=step.incident_id, restored_at=step.restored_at)
                case Resolve():
                    automatic.resolve_automatic(self.ctx, incident_id=step.incident_id, ask=step.ask)
                case Withhold() | Contradict():
                    pass  # alarms, see _alarm
        except DomainError as error:
            log.warning("a step was refused", step=type(step).__name__, why=str(error))

    def _alarm(self, known: Known, seen: Seen, steps: Iterable[Step], now: datetime) -> None:
        """Raises what must be said to operators and is not yet; clears what is over."""
        wanted = complaints(seen, steps, probing=known.probing, now=now)
        new = {key: text for key, text in wanted.items() if key not in known.alarmed}
        over = {key for key in known.alarmed if key.startswith(OURS) and key not in wanted}
        if new or over:
            with self.ctx.ports.store.writing() as session:
                for key, text in sorted(new.items()):
                    alarms.raise_in(session, self.ctx, key, text)
                for key in sorted(over):
                    alarms.clear_in(session, self.ctx, key)

    def _record(self, known: Known, seen: Seen, now: datetime, *, fresh: bool) -> None:
        """fresh: something was done in this pass, so that incidents are read again."""
        with self.ctx.ports.store.reading() as session:
            opened = [incident for incident in incidents.opened(session) if not incident.drill] if fresh else known.opened
            shown = Shown(sights=seen.sights, opened=opened, works=known.works, current=timeline.current(session))
        due = changes_due(shown, [component.slug for component in self.ctx.settings.components], now)
        if due:
            with self.ctx.ports.store.writing() as session:
                timeline.append(session, due)


def looks_of(settings: Settings) -> list[Look]:
    """The probes of a configuration, as the verdict needs them."""
    everywhere = tuple(location.name for location in settings.locations)
    return [
        Look(
            probe=probe.name,
            component=probe.component,
            locations=tuple(probe.locations) or everywhere,
            interval_s=probe.interval_s,
            policy=policy_of(probe),
            when_down=probe.status,
            symptom=probe.symptom,
        )
        for probe in settings.probes
    ]


def landscape_of(settings: Settings) -> Landscape:
    """How the components of a configuration hang together."""
    return Landscape(
        depends_on={component.slug: tuple(component.depends_on) for component in settings.components},
        groups={component.slug: component.group for component in settings.components},
        order=[component.slug for component in settings.components],
        private=frozenset(component.slug for component in settings.components if component.private),
    )


def rules_of(settings: Settings) -> Rules:
    """The rules for automatic incidents of a configuration."""
    found = settings.incidents
    return Rules(
        automatic=found.automatic,
        stable_s=found.stable_s,
        resolve_automatically=found.resolve_automatically,
        reopen_within_s=found.reopen_within_s,
        group_within_s=found.group_within_s,
        flapping_calm_s=found.flapping_calm_s,
        new_per_component_s=found.new_per_component_s,
        new_per_day=found.new_per_day,
    )


def _works(session: Session) -> list[Maintenance]:
    """Planned work that runs, or that ended not long ago."""
    both = (*maintenance.listing(session, limit=RECENT_WORK), *maintenance.unfinished(session))
    return list({work.id: work for work in both if not work.drill}.values())


def _begun(lately: Iterable[Incident]) -> dict[str, list[datetime]]:
    begun: dict[str, list[datetime]] = {}
    for incident in lately:
        for slug in incident.components:
            begun.setdefault(slug, []).append(incident.created_at)
    return begun
