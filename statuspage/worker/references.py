"""Does this location's own network work? Asked of targets that have nothing to do with the bank."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from statuspage.core.vocabulary import Outcome
from statuspage.probes import tcp, tls
from statuspage.probes.engine import Engine, Together, Work
from statuspage.probes.findings import Finding
from statuspage.probes.look import Look
from statuspage.probes.references import Reference

TIMEOUT_S = 3.0


class References:
    """Rounds over all reference targets of a location: every interval, and at once when a check fails."""

    def __init__(self, engine: Engine, look: Look, targets: Sequence[Reference], interval_s: float, now: float) -> None:
        self.blind = False
        self.evidence = ""
        self._engine = engine
        self._look = look
        self._targets = targets
        self._interval_s = interval_s
        self._due = now
        self._round_began: float | None = None
        self._waiting: list[tuple[float, Callable[[], None]]] = []

    @property
    def known(self) -> bool:
        """True if there are any; without them a location is never blind."""
        return bool(self._targets)

    def due_at(self) -> float:
        return self._due if self.known and self._round_began is None else float("inf")

    def ask(self, since: float, then: Callable[[], None]) -> None:
        """Calls `then` after a round that began at or after `since`."""
        self._waiting.append((since, then))

    def step(self, now: float) -> None:
        """Begins a round if one is due or wanted."""
        if self.known and self._round_began is None and (now >= self._due or self._waiting):
            self._round_began = now
            self._due = now + self._interval_s
            self._engine.start(Together([_look_at(target, self._look) for target in self._targets]).as_work(), self._ended)

    def _ended(self, findings: list[Finding] | None, _error: BaseException | None) -> None:
        began, self._round_began = self._round_began, None
        if findings is not None:
            failing = [finding for finding in findings if finding.outcome is not Outcome.PASSED]
            self.blind = 2 * len(failing) > len(findings)
            self.evidence = f"{len(failing)} of {len(findings)} reference targets cannot be reached"
        ready = [then for since, then in self._waiting if began is not None and since <= began]
        self._waiting = [(since, then) for since, then in self._waiting if began is None or since > began]
        for then in ready:
            then()


def _look_at(target: Reference, look: Look) -> Work[Finding]:
    if target.secure:
        return tls.probe(tls.Target(target.host, target.port), look)
    return tcp.probe(tcp.Target(target.host, target.port), look)
