"""From what was seen at each address, or by each resolver, to one finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.findings import Finding, clean

_ORDER = (Outcome.FAILED, Outcome.DEGRADED, Outcome.BLOCKED, Outcome.NO_DATA, Outcome.ACCOUNT_PROBLEM)


def combine(parts: Sequence[tuple[str, Finding]], partly: Reason | None = Reason.SOME_ADDRESSES) -> Finding:
    """The finding about the whole: fails if all parts fail, partially if only some of them do.

    parts   what each part is called, and what was seen there; at least one
    partly  the reason of a partial failure; None: that of the first part that fails
    """
    failing = [(name, finding) for name, finding in parts if finding.outcome is Outcome.FAILED]
    slowest = max((finding for _, finding in parts), key=lambda finding: finding.latency_ms or 0.0)
    alarms = _alarms(parts)
    if failing and len(failing) < len(parts):
        told = "; ".join(f"{name}: {finding.evidence}" for name, finding in failing)
        reason = partly or failing[0][1].reason
        evidence = clean(f"{len(failing)} of {len(parts)} fail: {told}")
        return Finding(Outcome.FAILED, reason, slowest.phases_ms, slowest.latency_ms, evidence, partial=True, alarms=alarms)
    worst = next((finding for outcome in _ORDER for _, finding in parts if finding.outcome is outcome), None)
    if worst is None:
        worst = next((finding for _, finding in parts if finding.reason is not Reason.AS_EXPECTED), parts[0][1])
    return replace(worst, phases_ms=slowest.phases_ms, latency_ms=slowest.latency_ms, alarms=alarms)


def _alarms(parts: Sequence[tuple[str, Finding]]) -> dict[str, str]:
    """What the first part that raises an alarm says of it; cleared only where no part raises it."""
    found: dict[str, str] = {}
    for _, finding in parts:
        for key, text in finding.alarms.items():
            found[key] = found.get(key) or text
    return found
