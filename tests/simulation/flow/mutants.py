"""Planted bugs of the flow: each takes one protection away. Each names the world in which its fault can show itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from structlog.testing import capture_logs

from statuspage.actions import automatic, incidents
from statuspage.core import detector, judgement, quorum, showing, sights
from statuspage.core.checks import CheckResult
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.publish import writer
from statuspage.worker import cleaner, reading, verdicts
from tests.simulation.flow import clean, probers, town
from tests.simulation.flow.run import aged_one, clean_one
from tests.simulation.flow.truth import Fog, Spell
from tests.simulation.run import Outcome as Ran

Acts = tuple[Callable[[clean.Script], None], ...]
Mutant = Callable[[ExitStack], None]
MUTANTS: dict[str, tuple[Mutant, Callable[[int], Ran]]] = {}


def _played(*acts: Callable[[clean.Script], None]) -> Callable[[int], Ran]:
    return lambda seed: clean_one(seed, acts)


def mutant(name: str, where: Callable[[int], Ran]) -> Callable[[Mutant], Mutant]:
    def keep(deed: Mutant) -> Mutant:
        MUTANTS[name] = deed, where
        return deed

    return keep


@contextmanager
def planted(name: str) -> Iterator[Callable[[int], Ran]]:
    """The product with that bug, and how a seed is run for it."""
    deed, where = MUTANTS[name]
    with ExitStack() as stack:
        deed(stack)
        yield where


def caught_at(name: str, seeds: range) -> tuple[int, str] | None:
    """First seed in which the judge finds the bug, and how; None if it never does.

    A world that ends in an exception was not judged, and counts for nothing: what is planted may be out of date.
    """
    with planted(name) as where, capture_logs():
        for seed in seeds:
            with suppress(Exception):
                if found := where(seed).faults:
                    return seed, found[0]
    return None


def _swap(stack: ExitStack, target: Any, name: str, value: Any) -> None:
    stack.enter_context(patch.object(target, name, value))


def _observed(stack: ExitStack, change: Callable[[CheckResult], CheckResult]) -> None:
    """The verdict's loop takes something else for what was seen; the probers do not."""
    real = detector.observe
    _swap(stack, verdicts, "observe", lambda streak, result, policy: real(streak, change(result), policy))


@mutant("one location decides", _played(clean.alone))
def _one_decides(stack: ExitStack) -> None:
    real = quorum.decide

    def decide(votes: Sequence[quorum.Vote]) -> quorum.Verdict:
        worst = max((vote.streak for vote in votes if vote.streak), key=lambda streak: streak.level, default=None)
        return real([quorum.Vote("any", worst)] * len(votes))

    _swap(stack, sights, "decide", decide)


@mutant("our own network counts as the bank's", _played(clean.blind))
def _blind_counts(stack: ExitStack) -> None:
    def change(result: CheckResult) -> CheckResult:
        blind = result.reason is Reason.LOCATION_BLIND
        return replace(result, outcome=Outcome.FAILED, reason=Reason.CONNECT_TIMEOUT) if blind else result

    _observed(stack, change)


@mutant("a refused account counts as an outage", _played(clean.account))
def _account_counts(stack: ExitStack) -> None:
    refused = (Outcome.ACCOUNT_PROBLEM, Outcome.BLOCKED)
    _observed(stack, lambda result: replace(result, outcome=Outcome.FAILED) if result.outcome in refused else result)


@mutant("one failed look opens", _played(clean.blip))
def _hasty(stack: ExitStack) -> None:
    _swap(stack, detector.Policy, "needed", lambda self, bad: 1)


@mutant("a part counts as the whole", _played(clean.slow))
def _whole(stack: ExitStack) -> None:
    def change(result: CheckResult) -> CheckResult:
        ill = result.outcome in (Outcome.FAILED, Outcome.DEGRADED)
        return replace(result, outcome=Outcome.FAILED, partial=False) if ill else result

    _observed(stack, change)


@mutant("every failure is an incident of its own", _played(clean.burst))
def _ungrouped(stack: ExitStack) -> None:
    _swap(stack, judgement, "clusters", lambda failures, *_: [(failure,) for failure in failures])


@mutant("nothing is reopened", _played(clean.relapse))
def _not_reopened(stack: ExitStack) -> None:
    _swap(stack, judgement, "_reopened", lambda situation, failing, named: ([], set(named)))
    _swap(stack, automatic.incidents, "resolved_since", lambda session, since: [])


@mutant("resolved as soon as it works", _played(clean.outage))
def _unstable(stack: ExitStack) -> None:
    real = verdicts.rules_of
    _swap(stack, verdicts, "rules_of", lambda settings: replace(real(settings), stable_s=30.0))


@mutant("planned work does not silence", _played(clean.works))
def _loud_work(stack: ExitStack) -> None:
    _swap(stack, sights, "silence", lambda *_: (False, None))


@mutant("turns of a minute are told one by one", _played(clean.flapping))
def _restless(stack: ExitStack) -> None:
    _swap(stack, judgement, "calm_needed", lambda *_, **__: timedelta(0))


@mutant("a verdict goes on under names that are no more", _played(clean.renamed))
def _old_names(stack: ExitStack) -> None:
    _swap(stack, verdicts.Verdicts, "_in_force", lambda self: True)


@mutant("a prober that begins anew knows of no outage", _played(clean.renamed))
def _unaware(stack: ExitStack) -> None:
    def none(session: Any, settings: Any, location: str) -> dict[str, detector.Streak]:
        return {probe.name: detector.Streak() for probe in settings.probes}

    _swap(stack, probers, "known_streaks", none)


@mutant("what was removed is forgotten", _played(clean.removed))
def _forgotten(stack: ExitStack) -> None:
    _swap(stack, town, "former", lambda *_: {})


@mutant("the machine ends what it does not see", _played(clean.removed))
def _blind_end(stack: ExitStack) -> None:
    real, after = judgement._restored_at, judgement._after_recovery

    def restored_at(situation: judgement.Situation, incident: Any) -> Any:
        everything = replace(situation.landscape, order=[*situation.landscape.order, *incident.components])
        return real(replace(situation, landscape=everything), incident) or incident.started_at

    def after_recovery(situation: judgement.Situation, incident: Any) -> Any:
        if judgement._watched(situation, incident):
            return after(situation, incident)
        stable = situation.now - incident.moments.restored_at >= timedelta(seconds=situation.rules.stable_s)
        return judgement.Resolve(incident.id, incident.moments.restored_at, ask=False) if stable else None

    _swap(stack, judgement, "_restored_at", restored_at)
    _swap(stack, judgement, "_after_recovery", after_recovery)


@mutant("nobody keeps the promise", _played(clean.flapping))
def _promise(stack: ExitStack) -> None:
    def keep(ctx: Any, *, incident_id: str, promised: Any) -> None:
        return None

    _swap(stack, incidents, "keep_promise", keep)


@mutant("what nobody sees stays green", _played(clean.blind))
def _green(stack: ExitStack) -> None:
    _swap(stack, reading, "is_fresh", lambda *_: True)
    _swap(stack, quorum, "is_fresh", lambda *_: True)


@mutant("private components are public", _played(clean.outage))
def _public(stack: ExitStack) -> None:
    real = reading.Reader.__init__

    def begin(self: Any, ctx: Any) -> None:
        real(self, ctx)
        self._public = list(ctx.settings.components)
        self._slugs = frozenset(one.slug for one in self._public)
        self._probes = {slug: [probe for probe in ctx.settings.probes if probe.component == slug] for slug in self._slugs}

    _swap(stack, reading.Reader, "__init__", begin)


@mutant("manifest before the files", _played(clean.outage))
def _manifest_first(stack: ExitStack) -> None:
    def write(self: Any, edition: writer.Edition) -> Iterator[str]:
        entries = {path: writer._entry(encoded, None, edition.made_at) for path, encoded in edition.hot.items()}
        self._files.write(writer.MANIFEST, self._manifest(edition, entries).to_bytes())
        yield "renamed"
        self._put(edition.hot, {})

    _swap(stack, writer.Writer, "write", write)


@mutant("the timeline is dated as it likes", _played(clean.relapse))
def _undated(stack: ExitStack) -> None:
    _swap(stack, showing, "_effective", lambda since, before, now: now - timedelta(minutes=10))


# Away over midnight in each of the zones, and back hours before the day's looks are removed: see aged.CHANGES.
_LATE = [Spell(Fog.AWAY, begin, end) for begin, end in ((10_800.0, 21_600.0), (45_000.0, 59_400.0), (68_000.0, 77_400.0))]


@mutant("late looks are not in the sums of the day", lambda seed: aged_one(seed, _LATE))
def _late_lost(stack: ExitStack) -> None:
    real = cleaner.Cleaner._roll_day

    def roll(self: Any, probe: str, location: str, day: Any) -> None:
        if not getattr(self, "_once", set()) & {(probe, location, day)}:
            self._once = {*getattr(self, "_once", set()), (probe, location, day)}
            real(self, probe, location, day)

    _swap(stack, cleaner.Cleaner, "_roll_day", roll)


@mutant("looks are removed before they are summed up", aged_one)
def _removed_early(stack: ExitStack) -> None:
    _swap(stack, cleaner.Cleaner, "_roll_recent", lambda self, *_: iter(()))
    _swap(stack, cleaner.Cleaner, "_roll_hour", lambda self, *_: False)
