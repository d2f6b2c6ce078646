"""What one probe saw at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from statuspage.core.vocabulary import Outcome, Reason


@dataclass(frozen=True)
class CheckResult:
    """One look at one target from one location.

    probe        name of the probe in statuspage.yaml
    location     name of the place that looked
    sequence     counts up per (location, probe) and never repeats; order is this, not the time
    at           aware UTC moment for which it speaks, by the location's clock: when the check began, or when the last wait on our
                 own side (for a one-time code) was over. So an earlier sequence may have a later moment
    outcome, reason   what it says, and why
    latency_ms   total time; None where nothing was measured
    phases_ms    name of phase (dns, connect, tls, first_byte, total, or a journey's step) -> milliseconds
    evidence     cut to 500 characters and cleaned; never a credential, never a body
    partial      True if only part of the target failed (one address of five, a late step of a journey): degraded, not an outage
    """

    probe: str
    location: str
    sequence: int
    at: datetime
    outcome: Outcome
    reason: Reason
    latency_ms: float | None = None
    phases_ms: Mapping[str, float] = field(default_factory=dict)
    evidence: str = ""
    partial: bool = False
