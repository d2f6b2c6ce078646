"""What is known of every component at one moment: streaks of all locations, put together with what is remembered of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from statuspage.core.detector import Policy, Streak
from statuspage.core.grouping import Landscape
from statuspage.core.judgement import Sight, silence
from statuspage.core.maintenance import Maintenance
from statuspage.core.quorum import FAILING, ComponentVerdict, Verdict, Vote, cast, component_verdict, decide, shown_for
from statuspage.core.symptoms import Noticed, told_by
from statuspage.core.vocabulary import ComponentStatus

REMEMBERED = timedelta(hours=1)  # how long a turn to failing is remembered; flapping looks back half an hour


@dataclass(frozen=True)
class Look:
    """One probe as the verdict needs it.

    locations   all that are configured to run it; when_down: what its component shows then
    symptom     what customers notice then, where it is not simply the component's; a key of the catalogue
    """

    probe: str
    component: str
    locations: Sequence[str]
    interval_s: float
    policy: Policy
    when_down: ComponentStatus = ComponentStatus.MAJOR_OUTAGE
    symptom: str | None = None


@dataclass(frozen=True)
class Memory:
    """What is remembered of a component between two looks.

    status     its verdict's; confirmed_at: when that was first known
    failed_at  when its verdict turned to failing, within the last hour
    """

    status: ComponentStatus
    confirmed_at: datetime
    failed_at: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class Seen:
    """All components that have probes: how each stands, and what to remember of it."""

    sights: Mapping[str, Sight]
    memories: Mapping[str, Memory]
    unseen: tuple[str, ...]  # components of which too few locations see enough


Streaks = Mapping[tuple[str, str], Streak]  # (probe, location) -> streak


def look(
    now: datetime,
    looks: Iterable[Look],
    streaks: Streaks,
    memories: Mapping[str, Memory],
    works: Sequence[Maintenance],
    landscape: Landscape,
) -> Seen:
    """How every component stands now. Pure: the same input gives the same sights, whatever was asked before."""
    by_component: dict[str, list[Look]] = {}
    for item in looks:
        by_component.setdefault(item.component, []).append(item)
    sights, kept = {}, {}
    for slug, probes in by_component.items():
        votes = [_votes(probe, streaks, now) for probe in probes]
        verdicts = [decide(each) for each in votes]
        verdict = component_verdict(slug, [(each, probe.when_down) for probe, each in zip(probes, verdicts, strict=True)])
        kept[slug] = remember(memories.get(slug), verdict, now)
        silenced, until = silence(slug, works, landscape, now)
        sights[slug] = Sight(
            verdict,
            confirmed_at=kept[slug].confirmed_at,
            failed_at=kept[slug].failed_at,
            worsening=any(_worsening(each) for each in votes),
            silenced=silenced,
            silenced_until=until,
            symptom=told_by(_noticed(probes, verdicts)),
        )
    unseen = tuple(sorted(slug for slug, sight in sights.items() if sight.verdict.status is ComponentStatus.UNKNOWN))
    return Seen(sights, kept, unseen)


def _noticed(probes: Iterable[Look], verdicts: Iterable[Verdict]) -> list[Noticed]:
    shown = [(probe, verdict, shown_for(verdict, probe.when_down)) for probe, verdict in zip(probes, verdicts, strict=True)]
    return [Noticed(status, verdict.reasons, probe.symptom) for probe, verdict, status in shown if status in FAILING]


def _votes(probe: Look, streaks: Streaks, now: datetime) -> list[Vote]:
    return [cast(place, streaks.get((probe.probe, place)), now=now, interval_s=probe.interval_s) for place in probe.locations]


def remember(memory: Memory | None, verdict: ComponentVerdict, now: datetime) -> Memory:
    """The memory after a look. A failure that only changes its colour is one failure; one that was unseen in between is too."""
    if memory is None:
        memory = Memory(verdict.status, now)
        return replace(memory, failed_at=(now,)) if verdict.failing else memory
    recent = tuple(moment for moment in memory.failed_at if now - moment < REMEMBERED)
    if verdict.status is memory.status:
        return memory if recent == memory.failed_at else replace(memory, failed_at=recent)
    turned = verdict.failing and (memory.status is ComponentStatus.OPERATIONAL or not recent)
    return Memory(verdict.status, now, (*recent, now) if turned else recent)


def _worsening(votes: Sequence[Vote]) -> bool:
    """True if as many locations as could carry the verdict are counting failures, or have confirmed them."""
    seeing = [vote.streak for vote in votes if vote.streak is not None]
    counting = [streak for streak in seeing if streak.worsening]
    return bool(counting) and 2 * sum(streak.worsening or streak.level > 0 for streak in seeing) > len(seeing)
