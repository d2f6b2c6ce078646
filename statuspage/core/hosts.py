"""Where a server listens is not always where it is reached: 0.0.0.0 and :: mean every address of the machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (compared, not bound)


def everywhere(listening: str) -> bool:
    """True for the two that mean every address of the machine."""
    return listening in _EVERYWHERE


def reached_at(listening: str) -> str:
    """Address or name by which this machine's own programs reach a server that listens there."""
    return _EVERYWHERE.get(listening, listening)


def in_url(listening: str) -> str:
    """The same as it stands in a URL: IPv6 in brackets."""
    host = reached_at(listening)
    return f"[{host}]" if ":" in host else host


def only_here(host: str) -> bool:
    """True for a host that means this very machine to whoever asks for it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def same_server(one: str, other: str) -> bool:
    """True if two web addresses lead to the same port in the same way; localhost and 127.0.0.1 are the same."""
    return _server(one) == _server(other)


def _server(address: str) -> tuple[str, str, int | None]:
    parts = urlsplit(address)
    host = parts.hostname or ""
    return parts.scheme, "localhost" if only_here(host) else host, parts.port or _PORTS.get(parts.scheme)


def network_of(listening: str) -> str:
    """The smallest network (CIDR) with that address in it; for a name, that of this machine itself."""
    try:
        address = ip_address(reached_at(listening))
    except ValueError:
        return "127.0.0.0/8"
    return f"{address}/{address.max_prefixlen}"
