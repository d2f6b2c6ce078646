"""One TLS server: handshake, chain, host name, protocol version, days left; at every address behind the name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.amiss import at, check_port
from statuspage.probes.certificates import first_to_expire
from statuspage.probes.engine import Work
from statuspage.probes.fetch import trusted_issuers
from statuspage.probes.findings import Finding, clean
from statuspage.probes.look import Look
from statuspage.probes.place import Place, check_host
from statuspage.probes.reach import each_address, failed
from statuspage.probes.transfer import Exchange, Transfer
from statuspage.probes.urgency import alarms_by_days, check_limits


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
        with at("host"):
            check_host(self.host)
        check_port(self.port)
        check_limits(self)


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
        finding = _judge(target, look, exchange)
        return replace(finding, alarms={**finding.alarms, **_change(target, look, address, exchange)})

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
    said = f"renew the certificate of {target.host}:{target.port} ({evidence}). Until it expires the page does not change."
    reason = Reason.TLS_EXPIRES_SOON if days <= target.warn_days else Reason.AS_EXPECTED
    return Finding(Outcome.PASSED, reason, exchange.phases_ms, latency_ms, evidence, alarms=alarms_by_days(key, days, target, said))


def _change(target: Target, look: Look, address: str, exchange: Exchange) -> dict[str, str]:
    """An alarm where a server shows another certificate long before the old one had to be renewed; a person ends it."""
    if exchange.failure or not exchange.chain:
        return {}
    own = exchange.chain[0]
    before = look.notebook.meet(f"{target.host}:{target.port} {address}", own.fingerprint, own.not_after)
    if before is None or (before - look.now()).total_seconds() <= target.warn_days * 86400:
        return {}
    told = clean(f"now {own.subject}, issued by {own.issuer}, until {own.not_after:%Y-%m-%d}")
    text = (
        f"{target.host}:{target.port} shows another certificate, though the old one was good until {before:%Y-%m-%d}: {told}. Was that you?"
    )
    return {f"certificate:{look.name}:changed": text}
