"""From a host to the addresses that may be connected to. Every answer is checked; one bad address among good ones refuses all."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import dns.resolver

from statuspage.core.vocabulary import Reason
from statuspage.probes.addresses import AddressRules
from statuspage.probes.engine import Together, Work
from statuspage.probes.findings import Failure
from statuspage.probes.queries import Query, Reply, Server

_RESOLV_CONF = Path("/etc/resolv.conf")
_TRY_S = 2.0  # per server and try; the deadline cuts it shorter
_ROUNDS = 2


@dataclass(frozen=True)
class Addresses:
    """failure is None if there is at least one address, and all of them may be reached."""

    failure: Failure | None
    addresses: tuple[str, ...] = ()
    elapsed_ms: float = 0.0


def system_servers() -> tuple[Server, ...]:
    """The name servers of this machine, read anew when its list has changed; () if it has none."""
    try:
        changed = _RESOLV_CONF.stat().st_mtime_ns
    except OSError:
        return ()
    return _servers_since(changed)


@lru_cache(maxsize=1)
def _servers_since(_changed: int) -> tuple[Server, ...]:
    try:
        found = dns.resolver.Resolver(str(_RESOLV_CONF)).nameservers
    except dns.resolver.NoResolverConfiguration:
        return ()
    return tuple(Server(address) for address in found if isinstance(address, str) and "/" not in address)


def lookup(host: str, rules: AddressRules, servers: tuple[Server, ...], deadline_s: float) -> Work[Addresses]:
    """Resolves `host` (as place.check_host gives it), IPv4 first. An address stands for itself; localhost is 127.0.0.1 (RFC 6761)."""
    if host == "localhost" or host.endswith(".localhost"):
        return _checked(("127.0.0.1",), rules, 0.0)
    if ":" in host or host.rsplit(".", 1)[-1].isdigit():
        return _checked((host,), rules, 0.0)
    if not servers:
        return Addresses(Failure(Reason.PROBER_FAULT, "this machine has no name server to ask"))
    four, six = yield Together([_ask(host, kind, servers, deadline_s) for kind in ("A", "AAAA")])
    elapsed_ms = max(four.elapsed_ms, six.elapsed_ms)
    addresses = four.records + six.records
    if not addresses:
        return Addresses(_worse(four, six), elapsed_ms=elapsed_ms)
    return _checked(addresses, rules, elapsed_ms)


def _ask(host: str, kind: str, servers: tuple[Server, ...], deadline_s: float) -> Work[Reply]:
    """Server after server until one says something of use, twice round at most."""
    elapsed_ms, reply = 0.0, None
    for server in servers * _ROUNDS:
        left_s = deadline_s - elapsed_ms / 1000
        if left_s <= 0:
            break
        reply = yield Query(host, kind, server, min(_TRY_S, left_s))
        elapsed_ms += reply.elapsed_ms
        if not reply.silent:
            break
    failure = reply.failure if reply else Failure(Reason.DNS_TIMEOUT, f"{host}: no time was left to ask a name server")
    return Reply(failure, reply.records if reply else (), elapsed_ms)


def _worse(four: Reply, six: Reply) -> Failure:
    """Why there is no address at all: a name that does not exist says more than a type that it lacks."""
    failures = [reply.failure for reply in (four, six) if reply.failure is not None]
    order = [Reason.DNS_NXDOMAIN, Reason.DNS_SERVFAIL, Reason.DNS_TIMEOUT, Reason.DNS_NO_ANSWER]
    return min(failures, key=lambda failure: order.index(failure.reason))


def _checked(addresses: tuple[str, ...], rules: AddressRules, elapsed_ms: float) -> Addresses:
    for address in addresses:
        if refusal := rules.refusal(address):
            return Addresses(Failure(Reason.ADDRESS_DENIED, refusal), elapsed_ms=elapsed_ms)
    reachable = tuple(address for address in addresses if _has_route(address))
    return Addresses(None, reachable or addresses, elapsed_ms)


def _has_route(address: str) -> bool:
    """False if this machine has no way at all to such addresses, as IPv4-only ones have none to IPv6. Sends nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
    except OSError:
        return False
    return True
