"""Telling a service that is ill from one that takes the probe for a robot."""

from __future__ import annotations

from dataclasses import dataclass

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.fetch import Answer
from statuspage.probes.findings import Finding, clean


@dataclass(frozen=True)
class Blocked:
    """How a refusal to talk to robots looks here. An answer of that kind says nothing about customers.

    statuses   HTTP statuses that mean it, whatever the page says
    texts      words of the page that mean it, e.g. of a challenge
    """

    statuses: tuple[int, ...] = (429,)
    texts: tuple[str, ...] = ()

    def finding(self, answer: Answer) -> Finding | None:
        """A finding if the answer is such a refusal, else None."""
        why = None
        if answer.failure is not None:
            return None
        if answer.status in self.statuses:
            why = f"answered {answer.status}"
        elif answer.header("cf-mitigated") == "challenge":
            why = "a challenge for robots came instead of the page"
        elif found := next((text for text in self.texts if text in answer.text), None):
            why = f"{found!r} is in the page"
        if why is None:
            return None
        return Finding(Outcome.BLOCKED, Reason.BLOCKED_AS_BOT, answer.phases_ms, answer.latency_ms, clean(f"taken for a robot: {why}"))
