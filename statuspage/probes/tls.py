"""One TLS server: handshake, chain, host name, protocol version, days left; at every address behind the name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.certificates import first_to_expire
from statuspage.probes.engine import Work
from statuspage.probes.fetch import trusted_issuers
from statuspage.probes.findings import Finding, clean
from statuspage.probes.look import Look
from statuspage.probes.place import Place, check_host
from statuspage.probes.reach import each_address, failed
from statuspage.probes.transfer import Exchange, Transfer


@dataclass(frozen=True)
class Target:
    """A certificate that will expire hurts nobody yet: operators are alarmed, the page does not change.

    min_version   of TLS; a server that only has older ones fails
    warn_days, alarm_days, page_days   days left at which operators are told, each time more urgently
    ca_file       PEM file of the issuers to trust instead of the machine's
    """

    host: str
    port: int = 443
    min_version: Literal["1.2", "1.3"] = "1.2"
    warn_days: float = 30.0
    alarm_days: float = 14.0
    page_days: float = 3.0
    ca_file: str = ""

    def __post_init__(self) -> None:
        check_host(self.host)
        if not 1 <= self.port <= 65535:
            raise ValueError(f"found the port {self.port}; a port is 1 to 65535")
        if not self.warn_days >= self.alarm_days >= self.page_days >= 0:
            raise ValueError("warn_days, alarm_days and page_days must fall in this order, and not below 0")


def probe(target: Target, look: Look) -> Work[Finding]:
    """A handshake with each address; nothing is sent after it."""
    place = Place("https", check_host(target.host), target.port)

    def one(address: str, deadline: float) -> Work[Finding]:
        exchange = yield Transfer(
            place,
            address,
            max(0.001, deadline - look.monotonic()),
            connect_only=True,
            certificate=True,
            min_tls=target.min_version,
            ca_file=target.ca_file or trusted_issuers(),
        )
        return _judge(target, look, exchange)

    return look.judge_speed((yield from each_address(place.host, look, one)))


def _judge(target: Target, look: Look, exchange: Exchange) -> Finding:
    latency_ms = exchange.phases_ms.get("total")
    if exchange.failure:
        return failed(exchange.failure, exchange.phases_ms, latency_ms)
    certificate = first_to_expire(exchange.chain)
    if certificate is None:
        return Finding(Outcome.NO_DATA, Reason.PROBER_FAULT, exchange.phases_ms, latency_ms, "the chain could not be read")
    days = certificate.days_left(look.now())
    key = f"certificate:{look.name}"
    evidence = clean(f"{days:.1f} days left: {certificate.subject}, issued by {certificate.issuer}")
    if days > target.warn_days:
        return Finding(Outcome.PASSED, Reason.AS_EXPECTED, exchange.phases_ms, latency_ms, evidence, alarms={key: ""})
    urgency = "At once" if days <= target.page_days else "Now" if days <= target.alarm_days else "Soon"
    text = f"{urgency}: renew the certificate of {target.host}:{target.port} ({evidence}). Until it expires the page does not change."
    return Finding(Outcome.PASSED, Reason.TLS_EXPIRES_SOON, exchange.phases_ms, latency_ms, evidence, alarms={key: text})
