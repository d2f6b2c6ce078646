"""The prober of one location: checks on a fixed grid, re-checks while in doubt, results to the store.

One thread waits for all checks in flight; what may wait for the store or the disk runs in the engine's helper thread.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import structlog

from statuspage.actions.context import Context
from statuspage.actions.switches import require_on
from statuspage.core.budget import SLOTS
from statuspage.core.checks import CheckResult
from statuspage.core.errors import NotAllowed, NotFound
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.ports import FilesPort
from statuspage.probes import PROBES
from statuspage.probes.addresses import AddressRules
from statuspage.probes.engine import Engine
from statuspage.probes.findings import Finding, clean
from statuspage.probes.look import Look
from statuspage.probes.notebook import Notebook
from statuspage.probes.references import parse_reference
from statuspage.settings import Settings
from statuspage.settings.models import Location, ProbeSettings
from statuspage.store.switches import PROBING
from statuspage.worker.errands import CHECKS_COUNTER, DROPPED_COUNTER, LATE_COUNTER, Errand, Errands, Prepared, Returned, StoredSteps
from statuspage.worker.outbox import Outbox
from statuspage.worker.plan import NEVER_CHECKED, Check, Plan
from statuspage.worker.references import TIMEOUT_S, References

STEP_S = 0.2  # so long one step works before the driver may look at it
ERRAND_EVERY_S = 0.05  # results go to the store at least this far apart
SWITCH_EVERY_S = 0.4  # the off switch is read at least this often
STORE_AGAIN_S = 1.0  # after the store failed
LATE_SHARE = 0.01  # of the checks of a minute; more are an alarm
_LATE_WINDOW_S = 60.0
log = structlog.get_logger("statuspage.prober")

_OWN_TROUBLE = {
    Reason.PROBER_FAULT: ("prober-fault", "the prober itself has a fault here"),
    Reason.ADDRESS_DENIED: ("address", "the address may not be looked at"),
    Reason.BLOCKED_AS_BOT: ("blocked", "the target takes the probe for a robot"),
}


class Prober:
    """All probes of one location. step() works for a moment; close() ends the helper thread and all sockets.

    files   where results and notes wait; the data folder's files port unless told otherwise (never a published folder)
    """

    def __init__(self, ctx: Context, location: str, *, engine: Engine | None = None, files: FilesPort | None = None) -> None:
        self.ctx = ctx
        self.location = location_of(ctx.settings, location)
        self.name = f"prober:{location}"
        self.engine = engine or Engine()
        self.off = False
        self.outbox = Outbox()
        self._errands = Errands(ctx, location, files or ctx.ports.files)
        self._clock = ctx.ports.clock.monotonic
        self._plans: list[Plan] = []
        self._references: References | None = None
        self._notebook = Notebook()
        self._counts: dict[tuple[str, str], float] = defaultdict(float)
        self._alarms: dict[str, str] = {}
        self._alarmed: dict[str, str] = {}
        self._lately: deque[tuple[float, bool]] = deque()
        self._errand_at = self._back_at = self._clock()
        self._on_errand = self._store_away = False
        self.engine.aside(self._errands.prepare, self._prepared)

    def step(self) -> float:
        """Begins what is due, waits for what comes, hands over what came. Returns 0.0: it wants to go on at once."""
        until = self._clock() + STEP_S
        while (now := self._clock()) < until:
            self._begin_due(now)
            if self._references is not None:
                self._references.step(now)
            self._go_on_errand(now)
            self.engine.turn(max(0.0, min(until, self._next_at()) - self._clock()))
        return 0.0

    def close(self) -> None:
        """Abandons the checks in flight; what waits is handed over once more, or put on disk."""
        self.engine.close()
        if self._references is not None:
            self._errands.run(self._errand())

    # --- beginning and ending

    def _prepared(self, prepared: Prepared | None, error: BaseException | None) -> None:
        if prepared is None:
            log.error("what an earlier prober left cannot be read; trying again", location=self.location.name, error=type(error).__name__)
            self.engine.later(STORE_AGAIN_S, lambda: self.engine.aside(self._errands.prepare, self._prepared))
            return
        now, settings = self._clock(), self.ctx.settings
        self._notebook = prepared.notebook
        self._counts[DROPPED_COUNTER, ""] += self.outbox.restore(prepared.segments)
        targets = [parse_reference(text) for text in self.location.references]
        look = look_of(self.ctx, self.location, None, self._notebook)
        self._references = References(self.engine, look, targets, self.location.reference_interval_s, now)
        floor = int(self.ctx.now().timestamp() * 10)  # above all earlier sequences even if they are lost: nobody checks 10 times a second
        here = [probe for probe in settings.probes if not probe.locations or self.location.name in probe.locations]
        for place, probe in enumerate(here):
            sequence = max(prepared.sequences.get(probe.name, 0), floor)
            streak = prepared.streaks.get(probe.name, NEVER_CHECKED)
            self._plans.append(Plan(probe, self.ctx.targets[probe.name], place=place, now=now, sequence=sequence, streak=streak))

    def _next_at(self) -> float:
        times = [plan.due_at() for plan in self._plans]
        if self._references is not None:
            times.append(self._references.due_at())
        if not self._on_errand:
            times.append(self._errand_at)
        return min(times, default=self._clock() + STEP_S)

    def _begin_due(self, now: float) -> None:
        free = SLOTS - sum(plan.running for plan in self._plans)
        due = sorted((plan.due_at(), place) for place, plan in enumerate(self._plans) if plan.due_at() <= now)
        for _, place in due[: max(0, free)]:
            self._begin(self._plans[place], now)

    def _begin(self, plan: Plan, now: float) -> None:
        check, late = plan.begin(now)
        name = plan.settings.name
        self._counts[CHECKS_COUNTER, name] += 1
        if late:
            self._counts[LATE_COUNTER, name] += late
        self._lately.append((now, bool(late)))
        at = self.ctx.now()

        def ended(finding: Finding | None, error: BaseException | None) -> None:
            if finding is None:
                log.error("a prober's own fault", probe=name, error=type(error).__name__)
                finding = Finding(Outcome.NO_DATA, Reason.PROBER_FAULT, evidence=f"our own fault: {type(error).__name__}")
            self._ended(plan, check, to_result(plan.settings, self.location.name, check.sequence, at, finding), finding)

        if self.off:
            ended(Finding(Outcome.NO_DATA, Reason.PAUSED, evidence="all probing is switched off"), None)
            return
        look = replace(look_of(self.ctx, self.location, plan.settings, self._notebook), keep=self._errands.keep)
        check.task = self.engine.start(PROBES[plan.settings.kind].probe(plan.target, look), ended)

    def _ended(self, plan: Plan, check: Check, result: CheckResult, finding: Finding) -> None:
        check.result, check.task = result, None
        self._note_alarms(plan.settings.name, finding)
        failing = result.outcome in (Outcome.FAILED, Outcome.DEGRADED)
        references = self._references
        if failing and references is not None and references.known and _unconfirmed(plan):
            since = check.began if finding.at is None else self._clock()  # a round from before a wait of ours tells nothing
            references.ask(since, lambda: self._release(plan, check))  # is it us? Look before anybody is told
        else:
            self._release(plan, check)

    def _release(self, plan: Plan, check: Check) -> None:
        check.ready = True
        references = self._references
        if references is not None and references.blind and check.result is not None and check.result.reason is not Reason.PAUSED:
            check.result = _blinded(check.result, references.evidence)
        self._counts[DROPPED_COUNTER, ""] += self.outbox.add(plan.take_ready())
        if not self._store_away:
            self._errand_at = min(self._errand_at, self._back_at + ERRAND_EVERY_S)

    def _pause(self, off: bool) -> None:
        """The off switch: what is in flight is cut, and counts as no data."""
        if off == self.off:
            return
        self.off = off
        log.warning("all probing is switched off" if off else "probing goes on", location=self.location.name)
        for plan in self._plans if off else ():
            for check in list(plan.checks):
                if check.task is not None:
                    check.task.cancel()
                    finding = Finding(Outcome.NO_DATA, Reason.PAUSED, evidence="cut off: all probing is switched off")
                    self._ended(plan, check, to_result(plan.settings, self.location.name, check.sequence, self.ctx.now(), finding), finding)

    # --- alarms and the way to the store

    def _note_alarms(self, probe: str, finding: Finding) -> None:
        wanted = dict(finding.alarms)
        for reason, (key, meaning) in _OWN_TROUBLE.items():
            if finding.reason is reason:
                wanted[f"{key}:{probe}"] = f"{probe}: {meaning}: {finding.evidence}. The public page is not changed by it."
            elif finding.outcome.counts:
                wanted[f"{key}:{probe}"] = ""
        for key, text in wanted.items():
            self._alarm(key, text)

    def _alarm(self, key: str, text: str) -> None:
        """Raises or clears, once per change."""
        before = self._alarmed.get(key)
        if before is None or bool(before) != bool(text):
            self._alarmed[key] = self._alarms[key] = clean(text)

    def _watch_ourselves(self, now: float) -> None:
        while self._lately and self._lately[0][0] < now - _LATE_WINDOW_S:
            self._lately.popleft()
        late = sum(was_late for _, was_late in self._lately)
        place = self.location.name
        if late > LATE_SHARE * len(self._lately):
            text = f"Location {place}: {late} of {len(self._lately)} checks of the last minute began late. They are made all the same. "
            self._alarm(f"late:{place}", f"{text}Look less often, shorten timeout_s, or add a location.")
        elif not late:
            self._alarm(f"late:{place}", "")
        if self._references is not None:
            text = f"Location {place} is blind: {self._references.evidence}. Its results count as no data."
            self._alarm(f"blind:{place}", text if self._references.blind else "")
        if self._counts[DROPPED_COUNTER, ""]:
            self._alarm(f"dropped:{place}", f"Location {place}: the store was away too long; the oldest results were dropped.")

    def _go_on_errand(self, now: float) -> None:
        if self._on_errand or now < self._errand_at or self._references is None:
            return
        self._watch_ourselves(now)
        errand = self._errand()
        self._on_errand = True
        self.engine.aside(lambda: self._errands.run(errand), lambda returned, error: self._back(errand, returned, error))

    def _errand(self) -> Errand:
        errand = Errand(
            batch=self.outbox.batch(),
            unsaved=self.outbox.unsaved(),
            counts={key: value for key, value in self._counts.items() if value},
            alarms=dict(self._alarms),
            notebook=json.dumps(self._notebook.dump()) if self._notebook.changed else None,
            finished=tuple(self.outbox.finished_files()),
        )
        self._counts.clear()
        self._alarms.clear()
        return errand

    def _back(self, errand: Errand, returned: Returned | None, error: BaseException | None) -> None:
        self._on_errand = False
        if returned is None:
            raise error or RuntimeError("an errand ended without a result")
        self._back_at = now = self._clock()
        self._store_away = not returned.delivered
        if returned.delivered:
            self.outbox.done(errand.batch.end)
            self._errand_at = now + (ERRAND_EVERY_S if len(self.outbox) else SWITCH_EVERY_S)
        else:
            if returned.saved is not None:
                self.outbox.saved(returned.saved, errand.unsaved.end)
            for key, value in errand.counts.items():
                self._counts[key] += value
            self._alarms = {**errand.alarms, **self._alarms}
            self._errand_at = now + STORE_AGAIN_S
        if returned.off is not None:
            self._pause(returned.off)


def look_of(ctx: Context, location: Location, probe: ProbeSettings | None, notebook: Notebook) -> Look:
    """What a check of that probe (None: a reference target) may do from that location."""
    return Look(
        name=probe.name if probe else "reference",
        timeout_s=probe.timeout_s if probe else TIMEOUT_S,
        slow_s=probe.slow_s if probe else None,
        rules=AddressRules.of(location.allow_addresses),
        now=ctx.now,
        notebook=notebook,
        steps=StoredSteps(ctx),
        unique=lambda: ctx.ports.random.token(20, "abcdefghijklmnopqrstuvwxyz0123456789"),
    )


def to_result(probe: ProbeSettings, location: str, sequence: int, began_at: datetime, finding: Finding) -> CheckResult:
    """Who looked and when, added to what was seen."""
    return CheckResult(
        probe=probe.name,
        location=location,
        sequence=sequence,
        at=finding.at or began_at,
        outcome=finding.outcome,
        reason=finding.reason,
        latency_ms=finding.latency_ms,
        phases_ms=dict(finding.phases_ms),
        evidence=clean(finding.evidence),
        partial=finding.partial,
    )


def run_once(ctx: Context, probe_name: str, location: str | None = None) -> CheckResult:
    """One check now, recorded nowhere; sequence 0. Raises NotFound for an unknown probe or location, NotAllowed while probing is off.

    It reads what the prober of that place, and checks by hand, noted last: a test account that rests is left alone, and no order is
    sent while it is not known what became of an earlier one. Its own sign-ins are noted beside that. A journey that sends orders notes
    them there, too, in the prober's place: raises NotAllowed while that one works.
    """
    probe = next((probe for probe in ctx.settings.probes if probe.name == probe_name), None)
    if probe is None:
        known = ", ".join(probe.name for probe in ctx.settings.probes) or "none"
        raise NotFound(f"There is no probe {probe_name!r}. Known: {known}.")
    place = location_of(ctx.settings, location or (probe.locations or [ctx.settings.locations[0].name])[0])
    require_on(ctx, PROBING)
    at = ctx.now()
    errands, target = Errands(ctx, place.name, ctx.ports.files), ctx.targets[probe.name]
    if not any(step.writes for step in getattr(target, "steps", ())):
        notebook = errands.prepare().notebook
        with Engine() as engine:
            finding = engine.run(PROBES[probe.kind].probe(target, look_of(ctx, place, probe, notebook)))
        if notebook.changed and getattr(target, "signs_in", False):
            errands.keep_by_hand(notebook)
        return to_result(probe, place.name, 0, at, finding)
    with _in_its_place(ctx, place), Engine() as engine:
        notebook = errands.prepare().notebook
        look = replace(look_of(ctx, place, probe, notebook), keep=errands.keep)
        finding = engine.run(PROBES[probe.kind].probe(target, look))
        if notebook.changed:
            errands.keep(json.dumps(notebook.dump()))
    return to_result(probe, place.name, 0, at, finding)


@contextmanager
def _in_its_place(ctx: Context, place: Location) -> Iterator[None]:
    """While it lasts, no prober works for that location: the notes are ours. Raises NotAllowed if one does."""
    lock = ctx.ports.store.lock(f"prober:{place.name}")
    if not lock.acquire():
        raise NotAllowed(
            f"This journey sends orders, and the prober of {place.name} is at work: it alone knows which of them are open. "
            "Nothing was looked at. Its own checks are on the console; stop it to look by hand."
        )
    try:
        yield
    finally:
        lock.release()


def location_of(settings: Settings, name: str) -> Location:
    """The location of that name. Raises NotFound, with the names that there are."""
    for place in settings.locations:
        if place.name == name:
            return place
    raise NotFound(f"There is no location {name!r}. Known: {', '.join(place.name for place in settings.locations)}.")


def _unconfirmed(plan: Plan) -> bool:
    """True while the local streak has not made up its mind that the target fails."""
    return not (plan.streak.hurt.bad or plan.streak.down.bad)


def _blinded(result: CheckResult, evidence: str) -> CheckResult:
    return CheckResult(
        result.probe,
        result.location,
        result.sequence,
        result.at,
        Outcome.NO_DATA,
        Reason.LOCATION_BLIND,
        evidence=clean(f"{evidence}; seen meanwhile: {result.reason}"),
    )
