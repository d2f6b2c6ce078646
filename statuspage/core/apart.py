"""Does what must stand while the bank is down hang on the same things as the bank: its domain, name servers, addresses?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

# What countries put before the name that somebody registers.
_KINDS = frozenset({"ac", "co", "com", "edu", "gob", "gov", "gv", "ltd", "me", "mil", "net", "nom", "or", "org", "plc", "sch"})
_BLOCK_BITS = {4: 24, 6: 48}  # what is usually routed, and lost, as one


@dataclass(frozen=True)
class Site:
    """One host. role: what it is, in words; name_servers in small letters; addresses as text. Empty where nobody looked, or nobody told."""

    role: str
    host: str
    name_servers: frozenset[str] = field(default=frozenset())
    addresses: frozenset[str] = field(default=frozenset())


def shared(ours: Iterable[Site], theirs: Iterable[Site]) -> Iterator[str]:
    """A sentence for each of ours, about the first of theirs that shares something with it. An address that both name is one host."""
    others = list(theirs)
    for own in ours:
        found = next(((other, what) for other in others if (what := _in_common(own, other))), None)
        if found is not None:
            other, what = found
            yield f"{own.role} ({own.host}) shares {what} with {other.role} ({other.host}): what brings that down may take it along"


def domain_of(host: str) -> str:
    """The name that somebody registered: the last two labels, or three where the last two look like a country's own kind (co.uk, com.br).

    By form, not by the list of public suffixes: a rule of thumb, for a warning. "" for an address or a name of one label.
    """
    if is_address(host):
        return ""
    labels = host.lower().rstrip(".").split(".")
    many = 3 if len(labels[-1]) == 2 and len(labels) > 1 and labels[-2] in _KINDS else 2
    return ".".join(labels[-many:]) if len(labels) >= many else ""


def _in_common(own: Site, other: Site) -> str:
    if own.host.lower().rstrip(".") == other.host.lower().rstrip("."):
        return "its host"
    if (domain := domain_of(own.host)) and domain == domain_of(other.host):
        return f"the domain {domain}"
    if both := own.name_servers & other.name_servers:
        return f"the name server {min(both)}"
    if blocks := _blocks(own.addresses) & _blocks(other.addresses):
        return f"the address block {min(blocks)}"
    return ""


def _blocks(addresses: Iterable[str]) -> set[str]:
    found = set()
    for text in addresses:
        address = ip_address(text)
        found.add(str(ip_network(f"{address}/{_BLOCK_BITS[address.version]}", strict=False)))
    return found


def is_address(host: str) -> bool:
    """True for an address in place of a name."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
