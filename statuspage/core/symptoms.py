"""Which sentence on what customers notice is true of how badly something fails. Symptoms are keys of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from statuspage.core.status import worst
from statuspage.core.vocabulary import ComponentStatus, Reason

SLOW = "slow"
TROUBLE = "trouble"  # names nothing in particular, so that it is true of everything that does not work
_NOTHING_OPENS = frozenset({"login", "unreachable"})  # what is only degraded can be opened and logged in to
_ALL_REFUSED = frozenset({"transfer", "card", "contactless", "atm", "scheme", "openbanking"})  # and does some of what is asked of it


@dataclass(frozen=True)
class Noticed:
    """One probe that fails: what its component shows for it, why, and the symptom of its own, if it has one."""

    status: ComponentStatus
    reasons: frozenset[Reason] = frozenset()
    symptom: str | None = None


def told_by(probes: Iterable[Noticed]) -> str | None:
    """The symptom that the failing probes of one component give it: that of the gravest, the first of equals
    that has one.

    returns  "slow" where all that is wrong is slowness, whatever the probes' own symptoms are; None: the component's
    """
    failing = list(probes)
    if failing and {reason for probe in failing for reason in probe.reasons} == {Reason.TOO_SLOW}:
        return SLOW
    gravest = worst(probe.status for probe in failing)
    return next((probe.symptom for probe in failing if probe.status is gravest and probe.symptom), None)


def true_of(symptom: str, status: ComponentStatus) -> str:
    """The symptom, unless it says of a component that is only degraded that it does not work at all.

    returns  "slow" for what has pages that open; "trouble" for what has none, as a cash machine, and for what is refused
    """
    if status is not ComponentStatus.DEGRADED_PERFORMANCE:
        return symptom
    if symptom in _NOTHING_OPENS:
        return SLOW
    return TROUBLE if symptom in _ALL_REFUSED else symptom
