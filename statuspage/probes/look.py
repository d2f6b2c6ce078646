"""Who looks, from where, and within which limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.addresses import AddressRules
from statuspage.probes.findings import Finding
from statuspage.probes.notebook import Notebook, StepMemory, StepsInMemory
from statuspage.probes.queries import Server


@dataclass(frozen=True)
class Look:
    """The same for all operations of one check.

    name        of the probe; names its alarms and its notes
    timeout_s   for the whole check; slow_s: above it, what works is degraded (None: nothing is too slow)
    rules       addresses that may be reached; servers: name servers to ask, () for the machine's own
    monotonic   the engine's clock; now: wall time, for certificates and one-time codes
    notebook    what journeys remember of their test accounts from check to check; steps: one-time codes that were used
    unique      a text that was never used before, for references of orders
    keep        puts the notebook (as JSON) on disk before an order is sent; may wait, raises OSError where it cannot
    """

    name: str = "probe"
    timeout_s: float = 10.0
    slow_s: float | None = None
    rules: AddressRules = field(default_factory=AddressRules)
    servers: tuple[Server, ...] = ()
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    notebook: Notebook = field(default_factory=Notebook)
    steps: StepMemory = field(default_factory=StepsInMemory)
    unique: Callable[[], str] = field(default=lambda: uuid4().hex)
    keep: Callable[[str], None] = field(default=lambda _notebook: None)

    def deadline(self) -> float:
        """The moment, by the engine's clock, at which a check that begins now must be over."""
        return self.monotonic() + self.timeout_s

    def judge_speed(self, finding: Finding) -> Finding:
        """What works, but slower than slow_s, is degraded."""
        late = self.slow_s is not None and finding.latency_ms is not None and finding.latency_ms > self.slow_s * 1000
        if not late or finding.outcome is not Outcome.PASSED:
            return finding
        evidence = f"took {(finding.latency_ms or 0) / 1000:.2f} s; more than {self.slow_s:g} s is too slow"
        return replace(finding, outcome=Outcome.DEGRADED, reason=Reason.TOO_SLOW, evidence=evidence)
