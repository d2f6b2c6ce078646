"""What a component, a group and the page show, how much an incident hurts, and uptime. The worst-status rule lives here alone.

Everything here is a pure function of statuses; who asks (page, feeds, API, badges, console) words the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from statuspage.core.vocabulary import GRAVITY, ComponentStatus, Impact

MISSED_INTERVALS = 3  # so many check intervals without a result that counts: no data


class Indicator(StrEnum):
    """The page's indicator as the public API spells it: the impacts, and `maintenance` while planned work is all there is."""

    NONE = "none"
    MAINTENANCE = "maintenance"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class PageSentence(StrEnum):
    """Key of the sentence that goes with the indicator. The public API's English words are in PUBLIC_API_WORDS."""

    ALL_OPERATIONAL = "all_operational"
    MONITORING_IMPAIRED = "monitoring_impaired"
    UNDER_MAINTENANCE = "under_maintenance"
    DEGRADED = "degraded"
    MINOR_OUTAGE = "minor_outage"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"


PUBLIC_API_WORDS: Mapping[PageSentence, str] = MappingProxyType(
    {
        PageSentence.ALL_OPERATIONAL: "All Systems Operational",
        PageSentence.MONITORING_IMPAIRED: "Monitoring Impaired",
        PageSentence.UNDER_MAINTENANCE: "Service Under Maintenance",
        PageSentence.DEGRADED: "Partially Degraded Service",
        PageSentence.MINOR_OUTAGE: "Minor Service Outage",
        PageSentence.PARTIAL_OUTAGE: "Partial System Outage",
        PageSentence.MAJOR_OUTAGE: "Major Service Outage",
    }
)


class PageStatus(NamedTuple):
    indicator: Indicator
    sentence: PageSentence


_IMPACT: Mapping[ComponentStatus, Impact] = MappingProxyType(
    {
        ComponentStatus.MAJOR_OUTAGE: Impact.CRITICAL,
        ComponentStatus.PARTIAL_OUTAGE: Impact.MAJOR,
        ComponentStatus.DEGRADED_PERFORMANCE: Impact.MINOR,
        ComponentStatus.UNDER_MAINTENANCE: Impact.NONE,
        ComponentStatus.UNKNOWN: Impact.NONE,
        ComponentStatus.OPERATIONAL: Impact.NONE,
    }
)
_BY_IMPACT = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)

# Share of a second that counts as down. Products differ here, so the page prints these beside every figure of uptime.
UPTIME_WEIGHTS: Mapping[ComponentStatus, float] = MappingProxyType(
    {
        ComponentStatus.MAJOR_OUTAGE: 1.0,
        ComponentStatus.PARTIAL_OUTAGE: 0.5,
        ComponentStatus.DEGRADED_PERFORMANCE: 0.0,
        ComponentStatus.UNDER_MAINTENANCE: 0.0,
        ComponentStatus.OPERATIONAL: 0.0,
    }
)


def worst(statuses: Iterable[ComponentStatus]) -> ComponentStatus:
    """THE worst-status rule: the gravest of some statuses by vocabulary.GRAVITY; operational if there is none.

    Planned work never hides a failure; not knowing is worse than knowing that all is well, and milder than everything known.
    """
    return min(statuses, key=GRAVITY.index, default=ComponentStatus.OPERATIONAL)


def component_status(
    *,
    incidents: Iterable[ComponentStatus] = (),
    under_maintenance: bool = False,
    verdict: ComponentStatus | None = None,
) -> ComponentStatus:
    """What one component shows to the public.

    incidents   the status that each open incident (drills left out) gives the component; operational once it works again
    under_maintenance   planned work on it is running: the probes' verdict is silenced, an incident is not
    verdict     what its own probes say; UNKNOWN without fresh data; None if it has no probes
    returns     the gravest of these; UNKNOWN only if nothing graver is known
    """
    if under_maintenance:
        return worst((*incidents, ComponentStatus.UNDER_MAINTENANCE))
    return worst(incidents if verdict is None else (*incidents, verdict))


def group_status(members: Iterable[ComponentStatus]) -> ComponentStatus:
    """What a group shows: the worst of the components that are shown in it; an empty group is operational."""
    return worst(members)


def impact_of(components: Mapping[str, ComponentStatus]) -> Impact:
    """How much an incident hurts: its worst component decides. degraded: minor, partial outage: major, major outage: critical.

    components   slug -> status that the incident gives it
    source       as Statuspage computes the impact from the affected components
    """
    return _IMPACT[worst(components.values())]


def page_status(components: Iterable[ComponentStatus], unattached: Iterable[Impact] = ()) -> PageStatus:
    """Indicator and sentence of the whole page, from all components shown on it (groups left out).

    The worst component's impact, taken one step lower (never below minor) unless every component that is known shows it:
    one of many in major outage is a partial system outage, all of them are a major one; one of many in partial outage is a
    minor service outage, all of them a partial system outage. Degraded is minor either way. Planned work: maintenance.

    components   what each shows; for the public API pass the last known status in place of UNKNOWN
    unattached   impacts of open incidents that name none of these components; they count as they are
    returns      with an UNKNOWN and no failure: MONITORING_IMPAIRED, which readers of the sentence must show as grey, never as
                 green; planned work elsewhere does not hide it, and only its indicator stays
    """
    shown = tuple(components)
    hit = worst(shown)
    known = (status for status in shown if status is not ComponentStatus.UNKNOWN)
    found = _page_status(hit, everywhere=all(status is hit for status in known))
    if hit is ComponentStatus.UNDER_MAINTENANCE and ComponentStatus.UNKNOWN in shown:
        found = PageStatus(found.indicator, PageSentence.MONITORING_IMPAIRED)
    loose = max(unattached, key=_BY_IMPACT.index, default=Impact.NONE)
    return max(found, _OF_IMPACT[loose], key=lambda status: tuple(Indicator).index(status.indicator))


_OF_IMPACT: Mapping[Impact, PageStatus] = MappingProxyType(
    {
        Impact.NONE: PageStatus(Indicator.NONE, PageSentence.ALL_OPERATIONAL),
        Impact.MINOR: PageStatus(Indicator.MINOR, PageSentence.MINOR_OUTAGE),
        Impact.MAJOR: PageStatus(Indicator.MAJOR, PageSentence.PARTIAL_OUTAGE),
        Impact.CRITICAL: PageStatus(Indicator.CRITICAL, PageSentence.MAJOR_OUTAGE),
    }
)
_OF_STATUS: Mapping[ComponentStatus, PageStatus] = MappingProxyType(
    {
        ComponentStatus.DEGRADED_PERFORMANCE: PageStatus(Indicator.MINOR, PageSentence.DEGRADED),
        ComponentStatus.UNDER_MAINTENANCE: PageStatus(Indicator.MAINTENANCE, PageSentence.UNDER_MAINTENANCE),
        ComponentStatus.UNKNOWN: PageStatus(Indicator.NONE, PageSentence.MONITORING_IMPAIRED),
        ComponentStatus.OPERATIONAL: PageStatus(Indicator.NONE, PageSentence.ALL_OPERATIONAL),
    }
)


def _page_status(hit: ComponentStatus, *, everywhere: bool) -> PageStatus:
    if hit in _OF_STATUS:
        return _OF_STATUS[hit]
    step = _BY_IMPACT.index(_IMPACT[hit])
    return _OF_IMPACT[_BY_IMPACT[step if everywhere else step - 1]]


def uptime(seconds: Mapping[ComponentStatus, float], weights: Mapping[ComponentStatus, float] = UPTIME_WEIGHTS) -> float | None:
    """Share of the known time that a component was up, 0.0 to 1.0; None if nothing is known.

    seconds   status -> how long it was shown; UNKNOWN is left out of both sides of the division
    weights   status -> share of a second that counts as down
    """
    known = sum(length for status, length in seconds.items() if status is not ComponentStatus.UNKNOWN)
    if known <= 0:
        return None
    down = sum(length * weights[status] for status, length in seconds.items() if status is not ComponentStatus.UNKNOWN)
    return 1.0 - down / known


def is_fresh(last_at: datetime | None, now: datetime, interval_s: float) -> bool:
    """True while a probe's newest result that says something is younger than MISSED_INTERVALS check intervals.

    One from as far in the future was dated before the clock was set back: how old it is nobody knows.
    """
    return last_at is not None and abs(now - last_at) <= timedelta(seconds=MISSED_INTERVALS * interval_s)
