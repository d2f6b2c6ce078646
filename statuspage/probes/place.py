"""Where a request goes: an address in the one spelling that we accept.

Every other spelling of a host (octal, hexadecimal, one number, full-width digits, user@host, a zone) is refused instead of being
understood: what two programs read differently is how a check of addresses is passed by.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER_LIKE = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NETLOC = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\[\]:]+)(:[0-9]{1,5})?")
_VISIBLE = re.compile(r"[!-~]+")  # ASCII without blanks and control characters
_MAX_LENGTH = 4096


class BadPlace(ValueError):
    """An address that no probe follows. The text says why, without repeating more of it than is safe."""


@dataclass(frozen=True)
class Place:
    """scheme http or https; host a name in small letters or an address; path with its query."""

    scheme: str
    host: str
    port: int
    path: str = "/"

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def shown(self) -> str:
        """For evidence: without the query, which may carry a token."""
        return f"{self.scheme}://{self.netloc}{self.path.split('?', 1)[0]}"


def parse_place(url: str) -> Place:
    """The place that `url` names; its fragment is left out. Raises BadPlace."""
    if not _VISIBLE.fullmatch(url) or "\\" in url:
        raise BadPlace("the address has a character that may not stand there (blank, control, backslash, not ASCII)")
    if len(url) > _MAX_LENGTH:
        raise BadPlace(f"the address is longer than {_MAX_LENGTH} characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadPlace("the address cannot be read") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise BadPlace(f"the scheme {parts.scheme[:20]!r} is not http or https")
    if "@" in parts.netloc:
        raise BadPlace("the address carries a user name before the host")
    if not _NETLOC.fullmatch(parts.netloc) or port == 0:
        raise BadPlace("host and port cannot be read")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, check_host(parts.hostname or ""), port or DEFAULT_PORTS[parts.scheme], path)


def follow(place: Place, location: str) -> Place:
    """The place that a redirect from `place` to `location` leads to. Raises BadPlace."""
    if not _VISIBLE.fullmatch(location) or "\\" in location:
        raise BadPlace("the redirect has a character that may not stand there (blank, control, backslash, not ASCII)")
    if location.startswith("///"):
        raise BadPlace("the redirect names no host where one should be")
    try:
        whole = location if _SCHEME.match(location) else urljoin(place.url, location)
        return parse_place(whole)
    except BadPlace:
        raise
    except ValueError:
        raise BadPlace("the redirect cannot be read") from None


def check_host(host: str) -> str:
    """The host in its one spelling: an address as the standard writes it, or a name. Raises BadPlace."""
    host = host.lower()
    if ":" in host:
        return _ipv6(host)
    name = host.removesuffix(".")
    labels = name.split(".")
    if _NUMBER_LIKE.fullmatch(labels[-1]):  # no name ends in a number: this is an IPv4 address in some spelling
        return _ipv4(host)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadPlace("the host is neither a name (letters, digits, hyphens; other alphabets as xn--...) nor an address")
    return name


def _ipv4(host: str) -> str:
    try:
        return str(ipaddress.IPv4Address(host))  # strict: four decimal numbers, no leading zeros
    except ValueError:
        raise BadPlace("the host is a number that is not written as a plain IPv4 address") from None


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise BadPlace("the host is not a plain IPv6 address") from None
    if address.scope_id:
        raise BadPlace("the host names a zone of this machine")
    return str(address)
