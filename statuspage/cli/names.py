"""Asks the machine's own name servers about hosts, for `statuspage check --look-up`. What nobody tells is left out."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import dns.exception
import dns.name
import dns.resolver

from statuspage.core.apart import Site, is_address

PATIENCE_S = 5.0  # per question
AT_ONCE = 8


def looked_up(sites: Iterable[Site], resolver: dns.resolver.Resolver) -> list[Site]:
    """The same with the addresses of each host and the name servers of its zone."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda site: _told(site, resolver), sites))


def _told(site: Site, resolver: dns.resolver.Resolver) -> Site:
    if is_address(site.host):
        return replace(site, addresses=frozenset({site.host}))
    addresses = {text for kind in ("A", "AAAA") for text in _ask(site.host, kind, resolver)}
    name = dns.name.from_text(site.host)
    while len(name) > 2:  # up to, and without, a top level domain
        servers = _ask(name.to_text(), "NS", resolver)
        if servers:
            return replace(site, addresses=frozenset(addresses), name_servers=frozenset(text.lower().rstrip(".") for text in servers))
        name = name.parent()
    return replace(site, addresses=frozenset(addresses))


def _ask(name: str, kind: str, resolver: dns.resolver.Resolver) -> list[str]:
    try:
        answer = resolver.resolve(name, kind, lifetime=PATIENCE_S, search=False)
    except (dns.exception.DNSException, OSError):
        return []
    return [record.to_text() for record in answer]
