"""Looking at every address behind a name at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.engine import Together, Work
from statuspage.probes.findings import Failure, Finding, clean
from statuspage.probes.look import Look
from statuspage.probes.lookup import lookup, system_servers
from statuspage.probes.parts import combine

_NOT_LOOKED = (Reason.PROBER_FAULT, Reason.ADDRESS_DENIED)


def each_address(host: str, look: Look, one: Callable[[str, float], Work[Finding]]) -> Work[Finding]:
    """Resolves `host`, then does `one(address, deadline)` for all of its addresses together, within one deadline."""
    deadline = look.deadline()
    found = yield from lookup(host, look.rules, look.servers or system_servers(), look.timeout_s)
    if found.failure:
        return failed(found.failure, {"dns": found.elapsed_ms}, found.elapsed_ms)
    findings = yield Together([one(address, deadline) for address in found.addresses])
    return combine(list(zip(found.addresses, findings, strict=True)))


def failed(failure: Failure, phases_ms: Mapping[str, float], latency_ms: float | None) -> Finding:
    """A finding for what did not work. Where we could not or would not look, nothing is said about the target."""
    outcome = Outcome.NO_DATA if failure.reason in _NOT_LOOKED else Outcome.FAILED
    return Finding(outcome, failure.reason, phases_ms, latency_ms, clean(failure.evidence))
