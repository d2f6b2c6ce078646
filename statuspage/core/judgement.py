"""From verdicts to what is to be done about incidents. Level-triggered: the same situation gives the same steps, whoever asks again.

decide() is given everything that is known and returns the steps that are due now; a crash between two of them loses nothing,
since the next look finds the same situation. The rules in words, with their figures: docs/verdict.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from statuspage.core.grouping import Failure, Landscape, clusters, family, lead
from statuspage.core.incidents import Incident
from statuspage.core.limits import calm_needed, may_begin
from statuspage.core.maintenance import Maintenance
from statuspage.core.quorum import ComponentVerdict
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus

GATHER = timedelta(seconds=5)  # a confirmed failure waits so long at most for others that are in doubt, to be named with them


@dataclass(frozen=True)
class Rules:
    """The rules of `incidents:` in statuspage.yaml; see settings.models.Incidents."""

    automatic: bool = True
    stable_s: float = 1800.0
    resolve_automatically: bool = True
    reopen_within_s: float = 1800.0
    group_within_s: float = 60.0
    flapping_calm_s: float = 300.0
    new_per_component_s: float = 1800.0
    new_per_day: int = 6


@dataclass(frozen=True)
class Sight:
    """One component as it stands.

    confirmed_at   when its present status was first known; failed_at: when its verdict turned to failing, lately
    worsening      a run of failing checks is under way that is not yet confirmed
    symptom        what customers notice, where the failing probe says it better than the component; a key of the catalogue
    silenced       planned work runs on it or on something it depends on; silenced_until: when the newest such work ended
    """

    verdict: ComponentVerdict
    confirmed_at: datetime
    failed_at: tuple[datetime, ...] = ()
    worsening: bool = False
    silenced: bool = False
    silenced_until: datetime | None = None
    symptom: str | None = None


@dataclass(frozen=True)
class Situation:
    """All that decide() looks at.

    sights    slug -> component with probes of its own
    opened    incidents that are not over, drills left out; resolved: those resolved lately
    begun     slug -> moments at which automatic incidents naming it were begun in the last 24 hours
    """

    now: datetime
    sights: Mapping[str, Sight]
    opened: Sequence[Incident]
    resolved: Sequence[Incident]
    begun: Mapping[str, Sequence[datetime]]
    landscape: Landscape
    rules: Rules


@dataclass(frozen=True)
class Begin:
    """A new incident. lead: the component that names it; it stands first in `components`, the others in the order of failing."""

    components: Mapping[str, ComponentStatus]
    lead: str
    first_failed_at: datetime
    detected_at: datetime


@dataclass(frozen=True)
class Extend:
    """Components of a running incident changed: slug -> what it shows now; operational for one that works again.

    grave   True if something got worse that is not explained by a component already named: worth telling
    """

    incident_id: str
    components: Mapping[str, ComponentStatus]
    grave: bool


@dataclass(frozen=True)
class FailAgain:
    """An incident in monitoring, or resolved lately, fails again."""

    incident_id: str
    components: Mapping[str, ComponentStatus]
    lead: str
    first_failed_at: datetime


@dataclass(frozen=True)
class Recover:
    """Everything named works again since `restored_at`: watched from now on."""

    incident_id: str
    restored_at: datetime


@dataclass(frozen=True)
class Resolve:
    """Good for the whole stable period. ask: a person is asked to resolve, the policy does not let the machine."""

    incident_id: str
    restored_at: datetime
    ask: bool


@dataclass(frozen=True)
class Withhold:
    """A component fails and the machine may not begin an incident about it: a person must."""

    slug: str
    why: str


@dataclass(frozen=True)
class Contradict:
    """A person's incident says that components work again, and their probes say that they do not."""

    incident_id: str
    slugs: tuple[str, ...]


Step = Begin | Extend | FailAgain | Recover | Resolve | Withhold | Contradict


def decide(situation: Situation) -> list[Step]:
    """The steps that are due now. Each open or reopened incident gets one at most, so none of them contradicts another."""
    failing = _failing(situation)
    automatic = [incident for incident in situation.opened if incident.automatic]
    named = {slug for incident in situation.opened for slug in incident.components}
    steps: list[Step] = list(_contradicted(situation, failing))
    if not situation.rules.automatic:
        return [*steps, *(Withhold(slug, "automatic incidents are turned off") for slug in sorted(failing.keys() - named))]
    again, reopening = _reopened(situation, failing, named)
    pending = {slug: failure for slug, failure in failing.items() if slug not in named and slug not in reopening}
    steps.extend(again)
    for incident in automatic:
        joining = _joining(situation, incident, failing, pending)
        pending = {slug: failure for slug, failure in pending.items() if slug not in joining}
        step = _onward(situation, incident, failing, joining)
        if step is not None:
            steps.append(step)
    return [*steps, *_new(situation, pending)]


def silence(slug: str, works: Iterable[Maintenance], landscape: Landscape, now: datetime) -> tuple[bool, datetime | None]:
    """Whether planned work on a component, or on something it depends on, silences its failures; and when the newest such work ended.

    Work that was cancelled, or has not begun, silences nothing. Work silences until it is completed or its time is over, never longer.
    """
    reach = {slug, *landscape.ancestors(slug)}
    touching = [work for work in works if reach & set(work.components) and work.started_at is not None and not work.cancelled]
    running = any(work.silences(name, now) for work in touching for name in reach)
    ends = [end for work in touching if (end := work.completed_at or work.scheduled_until) <= now]
    return running, max(ends, default=None)


def _failing(situation: Situation) -> dict[str, Failure]:
    """The failures that count: not silenced, and seen to fail since planned work ended. The end of the work dates what outlasts it."""
    found = {}
    for slug, sight in situation.sights.items():
        verdict, until = sight.verdict, sight.silenced_until
        if not verdict.failing or sight.silenced or (until is not None and (verdict.hurt_at is None or verdict.hurt_at <= until)):
            continue
        since = verdict.failing_since or sight.confirmed_at
        found[slug] = Failure(
            slug,
            verdict.status,
            since=since if until is None else max(since, until),
            confirmed_at=sight.confirmed_at,
            families=frozenset(family(reason) for reason in verdict.reasons),
        )
    return found


def _contradicted(situation: Situation, failing: Mapping[str, Failure]) -> Iterator[Contradict]:
    for incident in situation.opened:
        if not incident.automatic and incident.status is IncidentStatus.MONITORING:
            slugs = tuple(sorted(slug for slug in incident.components if slug in failing))
            if slugs:
                yield Contradict(incident.id, slugs)


def _reopened(situation: Situation, failing: Mapping[str, Failure], named: set[str]) -> tuple[list[FailAgain], set[str]]:
    """Automatic incidents resolved lately whose components fail again, and the components that this takes care of.

    What fails with them for the same cause comes back in the same statement, for which they wait as a new incident does.
    """
    steps, taken = [], set(named)
    within = timedelta(seconds=situation.rules.reopen_within_s)
    for incident in situation.resolved:
        if not incident.automatic or incident.moments.resolved_at is None or situation.now - incident.moments.resolved_at > within:
            continue
        again = {slug: failure for slug, failure in failing.items() if slug in incident.components and slug not in taken}
        if again:
            unnamed = {slug: failure for slug, failure in failing.items() if slug not in taken and slug not in incident.components}
            again |= _joining(situation, incident, failing, unnamed)
            taken |= again.keys()
            if not _wait(situation, list(again.values())):
                steps.append(_fail_again(situation, incident, again))
    return steps, taken


def _fail_again(situation: Situation, incident: Incident, again: Mapping[str, Failure]) -> FailAgain:
    first = lead(list(again.values()), situation.landscape)
    return FailAgain(incident.id, _in_order(again.values(), first), first, min(failure.since for failure in again.values()))


def _in_order(failures: Iterable[Failure], first: str) -> dict[str, ComponentStatus]:
    """What fails and how: the leading component, then the others in the order of failing."""
    in_order = sorted(failures, key=lambda failure: (failure.slug != first, failure.since, failure.slug))
    return {failure.slug: failure.status for failure in in_order}


def _joining(
    situation: Situation, incident: Incident, failing: Mapping[str, Failure], pending: Mapping[str, Failure]
) -> dict[str, Failure]:
    """Failures named by no incident yet that may share their cause with one that is running."""
    members = [failing[slug] for slug in incident.components if slug in failing]
    found: dict[str, Failure] = {}
    for cluster in clusters([*pending.values(), *members], situation.landscape, situation.rules.group_within_s):
        if any(member.slug in incident.components for member in cluster):
            found |= {failure.slug: failure for failure in cluster if failure.slug in pending}
    return found


def _onward(situation: Situation, incident: Incident, failing: Mapping[str, Failure], joining: Mapping[str, Failure]) -> Step | None:
    """What happens next to an open automatic incident."""
    own = {slug: failing[slug] for slug in incident.components if slug in failing}
    if incident.status is IncidentStatus.MONITORING:
        if not own:
            return _after_recovery(situation, incident)
        again = {**own, **joining}
        return None if _wait(situation, list(again.values())) else _fail_again(situation, incident, again)
    restored_at = _restored_at(situation, incident)
    if restored_at is None:
        return _extend(situation, incident, own, joining)
    calm = max((_calm(situation, situation.sights[slug]) for slug in _watched(situation, incident)), default=timedelta(0))
    return Recover(incident.id, restored_at) if situation.now - restored_at >= calm else None


def _after_recovery(situation: Situation, incident: Incident) -> Resolve | None:
    """Resolved after the stable period. It begins anew where nobody saw a component for a while: what was not seen was not stable."""
    restored_at = _restored_at(situation, incident)
    if restored_at is None:
        return None
    seen_since = max(restored_at, *(situation.sights[slug].confirmed_at for slug in _watched(situation, incident)))
    if situation.now - seen_since < timedelta(seconds=situation.rules.stable_s):
        return None
    return Resolve(incident.id, restored_at, ask=not situation.rules.resolve_automatically)


def _watched(situation: Situation, incident: Incident) -> list[str]:
    """Its components that have a verdict and are not being worked on."""
    return [slug for slug in incident.components if slug in situation.sights and not situation.sights[slug].silenced]


def _restored_at(situation: Situation, incident: Incident) -> datetime | None:
    """When the last of its components came back; None while one fails, or is unseen, or nothing is known of any.

    Planned work silences what fails, but while it does fail nobody says that all works again. Nobody sees what the configuration has
    no more: an incident that names it is ended by a person. What no probe looks at works again when a person has said so.
    """
    if not incident.components.keys() <= set(situation.landscape.order):
        return None
    if any(status is not ComponentStatus.OPERATIONAL for slug, status in incident.components.items() if slug not in situation.sights):
        return None
    known = [situation.sights[slug].verdict for slug in incident.components if slug in situation.sights]
    verdicts = [situation.sights[slug].verdict for slug in _watched(situation, incident)]
    if not verdicts or any(verdict.status is not ComponentStatus.OPERATIONAL for verdict in known):
        return None
    told = incident.moments.restored_at or incident.started_at
    if incident.status is not IncidentStatus.MONITORING and not incident.components.keys() <= situation.sights.keys():
        told = max(told, incident.updated_at)  # what no probe looks at works since a person last spoke of it, as far as anybody knows
    return max(incident.started_at, told, *(v.since or incident.started_at for v in verdicts))


def _extend(situation: Situation, incident: Incident, own: Mapping[str, Failure], joining: Mapping[str, Failure]) -> Extend | None:
    before = incident.components
    changed = {slug: failure.status for slug, failure in {**own, **joining}.items() if before.get(slug) is not failure.status}
    worse = [{**own, **joining}[slug] for slug, status in changed.items() if slug not in before or not _milder(status, before[slug])]
    if worse and _wait(situation, worse):
        return None
    for slug in _watched(situation, incident):
        sight = situation.sights[slug]
        calm = _calm(situation, sight)
        good = sight.verdict.status is ComponentStatus.OPERATIONAL and situation.now - sight.confirmed_at >= calm
        if good and before[slug] is not ComponentStatus.OPERATIONAL:
            changed[slug] = ComponentStatus.OPERATIONAL
    if not changed:
        return None
    unexplained = [failure for failure in worse if not situation.landscape.ancestors(failure.slug) & before.keys()]
    return Extend(incident.id, changed, grave=bool(unexplained))


def _calm(situation: Situation, sight: Sight) -> timedelta:
    return calm_needed(sight.failed_at, situation.now, flapping_s=situation.rules.flapping_calm_s)


def _milder(status: ComponentStatus, than: ComponentStatus) -> bool:
    order = (
        ComponentStatus.OPERATIONAL,
        ComponentStatus.DEGRADED_PERFORMANCE,
        ComponentStatus.PARTIAL_OUTAGE,
        ComponentStatus.MAJOR_OUTAGE,
    )
    return order.index(status) < order.index(than) if than in order else False


def _wait(situation: Situation, cluster: Sequence[Failure]) -> bool:
    """True while something may soon be known that belongs to the same message, for GATHER at most.

    That is: another component is in doubt, or one that a member depends on was not looked at since the member began to fail.
    What an open incident tells of is not waited for, unless that incident says that it works again.
    """
    if situation.now - min(failure.confirmed_at for failure in cluster) >= GATHER:
        return False
    slugs = {failure.slug for failure in cluster}
    told = [incident for incident in situation.opened if incident.status is not IncidentStatus.MONITORING]
    named = {slug for incident in told for slug in incident.components}
    if any(sight.worsening and not sight.silenced for slug, sight in situation.sights.items() if slug not in slugs | named):
        return True
    for failure in cluster:
        for parent in situation.landscape.ancestors(failure.slug) - slugs - named:
            sight = situation.sights.get(parent)
            if sight is not None and (sight.verdict.seen_at is None or sight.verdict.seen_at < failure.since):
                return True
    return False


def _new(situation: Situation, pending: Mapping[str, Failure]) -> Iterator[Step]:
    rules = situation.rules
    for cluster in clusters(pending.values(), situation.landscape, rules.group_within_s):
        if _wait(situation, cluster):
            continue
        allowed = [
            failure
            for failure in cluster
            if may_begin(situation.begun.get(failure.slug, ()), situation.now, every_s=rules.new_per_component_s, per_day=rules.new_per_day)
        ]
        if not allowed:
            yield from (Withhold(failure.slug, "there were enough automatic incidents about it lately") for failure in cluster)
            continue
        first = lead(allowed, situation.landscape)
        yield Begin(
            _in_order(allowed, first),
            lead=first,
            first_failed_at=min(failure.since for failure in allowed),
            detected_at=min(failure.confirmed_at for failure in allowed),
        )
