"""A cookie jar for one journey: fresh each time, and stricter than a browser's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from statuspage.probes.place import Place

_MAX_COOKIES = 100
_MAX_LENGTH = 8192


@dataclass(frozen=True)
class _Cookie:
    value: str
    domain: str  # with a leading dot where subdomains get it too
    path: str
    secure: bool


class CookieJar:
    """Source: RFC 6265. A Domain must be the host itself or a parent of at least two labels; third parties set nothing."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], _Cookie] = {}

    def learn(self, place: Place, lines: list[str], now: datetime) -> None:
        """Takes in the Set-Cookie lines of an answer from `place`; what breaks a rule is left out."""
        for line in lines:
            if len(line) <= _MAX_LENGTH:
                self._learn(place, line, now)

    def header(self, place: Place) -> str:
        """The value of the Cookie header for a request to `place`; "" for none. Longer paths first."""
        fitting = [(name, cookie) for (name, _, _), cookie in self._cookies.items() if _fits(cookie, place)]
        fitting.sort(key=lambda item: -len(item[1].path))
        return "; ".join(f"{name}={cookie.value}" for name, cookie in fitting)

    def get(self, name: str) -> str | None:
        """The value of a cookie of that name, or None."""
        return next((cookie.value for (found, _, _), cookie in self._cookies.items() if found == name), None)

    def _learn(self, place: Place, line: str, now: datetime) -> None:
        pair, *rest = line.split(";")
        name, equals, value = pair.partition("=")
        name, value = name.strip(), value.strip()
        attributes = {key.strip().lower(): text.strip() for key, _, text in (part.partition("=") for part in rest)}
        domain = attributes.get("domain", "").lower().lstrip(".")
        secure = "secure" in attributes
        if not name or not equals or (domain and not _may_set(place.host, domain)) or (secure and place.scheme != "https"):
            return
        if name.startswith("__Secure-") and not secure:
            return
        path = attributes.get("path", "")
        path = path if path.startswith("/") else place.path.split("?", 1)[0].rsplit("/", 1)[0] or "/"
        key = (name, f".{domain}" if domain else place.host, path)
        self._cookies.pop(key, None)
        if not _over(attributes, now) and len(self._cookies) < _MAX_COOKIES:
            self._cookies[key] = _Cookie(value, key[1], path, secure)


def _may_set(host: str, domain: str) -> bool:
    return host == domain or (host.endswith(f".{domain}") and "." in domain)


def _fits(cookie: _Cookie, place: Place) -> bool:
    if cookie.secure and place.scheme != "https":
        return False
    if not (place.host == cookie.domain or (f".{place.host}".endswith(cookie.domain) and cookie.domain.startswith("."))):
        return False
    path = place.path.split("?", 1)[0]
    return path == cookie.path or path.startswith(cookie.path if cookie.path.endswith("/") else f"{cookie.path}/")


def _over(attributes: dict[str, str], now: datetime) -> bool:
    """True if the cookie is set in order to be deleted, or has expired on arrival."""
    if "max-age" in attributes:
        text = attributes["max-age"]
        return text.startswith("-") or text.strip("0") == ""
    try:
        return parsedate_to_datetime(attributes["expires"]) <= now
    except (KeyError, ValueError, TypeError):
        return False
