"""The reference targets of a location: addresses outside the bank that tell whether the place's own network works."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from statuspage.probes.place import check_host

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Reference:
    """One target. secure: a TLS handshake with a trusted certificate is wanted, so that a captive portal does not pass."""

    host: str
    port: int
    secure: bool


def parse_reference(text: str) -> Reference:
    """From `references:` of a location: https://host, http://host:port or tcp://host:port. Raises ValueError."""
    wanted = f"the reference {text!r} cannot be read; write https://host, http://host or tcp://host:port"
    try:
        parts = urlsplit(text)
        port = parts.port or _PORTS.get(parts.scheme)
        host = check_host(parts.hostname or "")
    except ValueError as error:
        raise ValueError(f"{wanted}: {error}") from None
    if parts.scheme not in ("http", "https", "tcp"):
        raise ValueError(wanted)
    if port is None:
        raise ValueError(f"{wanted}: the port is missing")
    return Reference(host, port, parts.scheme == "https")
