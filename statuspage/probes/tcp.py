"""One port: does it accept connections?"""

from __future__ import annotations

from dataclasses import dataclass

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.amiss import at, check_port
from statuspage.probes.engine import Work
from statuspage.probes.findings import Finding
from statuspage.probes.look import Look
from statuspage.probes.place import Place, check_host
from statuspage.probes.reach import each_address, failed
from statuspage.probes.transfer import Transfer


@dataclass(frozen=True)
class Target:
    """Every address behind `host` is tried; some failing is a partial failure."""

    host: str
    port: int

    def __post_init__(self) -> None:
        with at("host"):
            check_host(self.host)
        check_port(self.port)


def probe(target: Target, look: Look) -> Work[Finding]:
    """Connects to each address and closes again."""
    place = Place("http", check_host(target.host), target.port)

    def one(address: str, deadline: float) -> Work[Finding]:
        exchange = yield Transfer(place, address, max(0.001, deadline - look.monotonic()), connect_only=True)
        latency_ms = exchange.phases_ms.get("total")
        if exchange.failure:
            return failed(exchange.failure, exchange.phases_ms, latency_ms)
        return Finding(Outcome.PASSED, Reason.AS_EXPECTED, exchange.phases_ms, latency_ms, "accepted the connection")

    return look.judge_speed((yield from each_address(place.host, look, one)))
