"""Where a request goes: an address in the one spelling that we accept.

Every other spelling of a host (octal, hexadecimal, one number, full-width digits, user@host, a zone) is refused instead of being
understood: what two programs read differently is how a check of addresses is passed by.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

import dns.exception
import dns.name

DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER_LIKE = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HIGH = re.compile(r"[\x80-\xff]")
_NETLOC = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\[\]:]+)(:[0-9]{1,5})?")
_VISIBLE = re.compile(r"[!-~]+")  # ASCII without blanks and control characters
_STRANGE = re.compile(r"[^!-\[\]-~]")  # what may not stand in an address: anything else, and the backslash
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
    if strange := _STRANGE.search(url):
        raise BadPlace(_strange(url, strange.group()))
    if len(url) > _MAX_LENGTH:
        raise BadPlace(f"the address is longer than {_MAX_LENGTH} characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadPlace("the address cannot be read") from None
    if parts.scheme not in DEFAULT_PORTS:
        found = f"the scheme {parts.scheme[:20]!r}" if f"{parts.scheme}://" in url.lower() else "what it begins with"  # perhaps a user name
        raise BadPlace(f"{found} is not http or https; write the whole address, e.g. https://www.example.com/")
    if "@" in parts.netloc:
        raise BadPlace("the address carries a user name before the host")
    if not _NETLOC.fullmatch(parts.netloc) or port == 0:
        raise BadPlace("host and port cannot be read")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, check_host(parts.hostname or ""), port or DEFAULT_PORTS[parts.scheme], path)


def join(start: Place, address: str) -> Place:
    """The place of a step that says `address`: a path, or a whole address. Raises BadPlace.

    One that begins with // would look like a path and name another host; a slot that is empty makes such a one.
    """
    if strange := _STRANGE.search(address):
        raise BadPlace(_strange(address, strange.group()))
    if address.startswith("//"):
        raise BadPlace("what begins with // names another host; write a path, which begins with one slash, or a whole address")
    return follow(start, address)


def follow(place: Place, location: str) -> Place:
    """The place that a redirect from `place` to `location` leads to. Raises BadPlace.

    location   as it came, each byte one letter; those outside of ASCII are percent-encoded, as browsers do. In a host they stay refused
    """
    location = _HIGH.sub(lambda found: f"%{ord(found.group()):02X}", location)
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
    if "/" in host or "@" in host or (host.count(":") == 1 and not host.startswith("[")):
        raise BadPlace("write the host alone, without https:// before it, and without user name, port or path")
    if not host.isascii() and (spelt := _ascii_form(host)):
        raise BadPlace(f"a host in another alphabet is written in its ASCII form: {spelt}")
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


def without_secrets(address: str) -> str:
    """An address, or what was meant to be one, for messages: no user name or password before the host, no query."""
    scheme, slashes, rest = address.partition("//")
    if not slashes or "@" in scheme:
        scheme, slashes, rest = "", "", address
    before, at, rest = rest.rpartition("@")  # the last one: a password may hold others
    if re.search(r"[?#]", before):
        return f"{scheme}{slashes}***"  # of a password or of a query: nobody can tell where it ends
    plain, *query = re.split(r"[?#]", rest, maxsplit=1)
    return f"{scheme}{slashes}{'***' if at else ''}{at}{plain}{'?***' if query else ''}"


def _strange(address: str, letter: str) -> str:
    """Why that letter of an address may not stand there, and how it is written."""
    host = re.split(r"[/?#]", address.partition("//")[2], maxsplit=1)[0]
    if not letter.isascii() and letter in host:
        spelt = _ascii_form(host.rpartition("@")[2])
        return f"a host in another alphabet is written in its ASCII form: {spelt}" if spelt else "the host has letters that no host has"
    if letter == " ":
        return "a blank may not stand in an address; write %20"
    if not letter.isprintable():
        return "a character that cannot be seen may not stand in an address; remove it"
    return f"{letter!r} may not stand in an address; write {quote(letter)}"


def _ascii_form(host: str) -> str:
    """The name as certificates and name servers have it, xn--...; "" if it has none (full-width digits and the like)."""
    try:
        found = dns.name.from_unicode(host, idna_codec=dns.name.IDNA_2008_UTS_46).to_text(omit_final_dot=True)
        return found if "xn--" in found and check_host(found) == found else ""
    except (dns.exception.DNSException, ValueError):
        return ""


def _ipv4(host: str) -> str:
    try:
        return str(ipaddress.IPv4Address(host))  # strict: four decimal numbers, no leading zeros
    except ValueError:
        raise BadPlace(
            "the host is a number that is not written as a plain IPv4 address: four decimal numbers without leading zeros, e.g. 192.0.2.80"
        ) from None


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise BadPlace("the host is not a plain IPv6 address, e.g. 2001:db8::80, without brackets") from None
    if address.scope_id:
        raise BadPlace("the host names a zone of this machine")
    return str(address)
