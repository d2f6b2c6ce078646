"""Which addresses a probe may connect to. Our own table, because "private" means less in the standard library than it must here.

Source: IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and later), RFC 6052 (NAT64), RFC 3056 (6to4), RFC 6598 (CGNAT),
and the metadata addresses of the large clouds, two of which lie in public or shared ranges.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# May be allowed by the administrator for a location.
_INTERNAL: tuple[tuple[str, str], ...] = (
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by carriers (CGNAT)"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "kept for protocols"),
    ("192.0.2.0/24", "kept for documentation"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "AMT relay"),
    ("192.88.99.0/24", "6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "AS112"),
    ("198.18.0.0/15", "kept for benchmarks"),
    ("198.51.100.0/24", "kept for documentation"),
    ("203.0.113.0/24", "kept for documentation"),
    ("::1/128", "loopback"),
    ("64:ff9b::/96", "an IPv4 address inside (NAT64)"),
    ("64:ff9b:1::/48", "an IPv4 address inside (NAT64)"),
    ("2001::/23", "kept for protocols, Teredo among them"),
    ("2001:db8::/32", "kept for documentation"),
    ("2002::/16", "an IPv4 address inside (6to4)"),
    ("2620:4f:8000::/48", "AS112"),
    ("3fff::/20", "kept for documentation"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
)

# Never, whatever the administrator allows: nobody runs a bank there, and attackers look there first.
_NEVER: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this host"),
    ("168.63.129.16/32", "cloud metadata"),
    ("169.254.169.254/32", "cloud metadata"),
    ("169.254.170.2/32", "cloud metadata"),
    ("169.254.170.23/32", "cloud metadata"),
    ("169.254.42.42/32", "cloud metadata"),
    ("100.100.100.200/32", "cloud metadata"),
    ("192.0.0.192/32", "cloud metadata"),
    ("fd00:ec2::254/128", "cloud metadata"),
    ("fd00:ec2::23/128", "cloud metadata"),
    ("fd20:ce::254/128", "cloud metadata"),
    ("fe80::a9fe:a9fe/128", "cloud metadata"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "kept for later, and broadcast"),
    ("::/128", "this host"),
    ("::ffff:0:0/96", "an IPv4 address inside (mapped)"),
    ("::ffff:0:0:0/96", "an IPv4 address inside (translated)"),
    ("100::/64", "discarded"),
    ("ff00::/8", "multicast"),
)

_GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")


def _table(rows: Iterable[tuple[str, str]]) -> tuple[tuple[Network, str], ...]:
    return tuple((ipaddress.ip_network(network), meaning) for network, meaning in rows)


_INTERNAL_TABLE, _NEVER_TABLE = _table(_INTERNAL), _table(_NEVER)


@dataclass(frozen=True)
class AddressRules:
    """What one location may reach: every public address, and the internal networks that its administrator listed."""

    allow: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str]) -> AddressRules:
        """From CIDRs as in `allow_addresses`. Raises ValueError for one that is none."""
        return cls(tuple(ipaddress.ip_network(network) for network in networks))

    def refusal(self, text: str) -> str | None:
        """Why that address may not be connected to; None if it may. text: as a resolver or a person spells it."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return f"{text[:60]!r} is not an address"
        if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
            return f"{address} names a zone of this host"
        if meaning := _meaning(address, _NEVER_TABLE):
            return f"{address} is {meaning}, which no probe may reach"
        inner = _inside(address)
        if inner is not None and (refusal := self.refusal(str(inner))):
            return f"{address} leads to an IPv4 address: {refusal}"
        if any(address in network for network in self.allow if network.version == address.version):
            return None
        if meaning := _meaning(address, _INTERNAL_TABLE):
            return f"{address} is {meaning}; the location's allow_addresses does not list it"
        if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_IPV6:
            return f"{address} is outside the public addresses; the location's allow_addresses does not list it"
        return None


_NAT64 = tuple(ipaddress.IPv6Network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48"))
_COMPATIBLE = range(1 << 24, 1 << 32)  # below it stand :: and ::1, which are no IPv4 addresses


def _inside(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a gateway makes of an IPv6 one (NAT64 with 96 bits of prefix, 6to4, Teredo, compatible); None for others."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if any(address in network for network in _NAT64) or int(address) in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.teredo[1] if address.teredo else address.sixtofour


def _meaning(address: Address, table: tuple[tuple[Network, str], ...]) -> str | None:
    return next((meaning for network, meaning in table if network.version == address.version and address in network), None)
