"""What the words need to know about the page: plain values, so that nothing here depends on how a page is configured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from statuspage.core.errors import InvalidText

BANK_CHARACTERS = 20  # of {bank}: it begins every SMS
NAME_CHARACTERS = 57  # of a component: with more, a short does not always fit 280

_PATH = re.compile(r"/(?:[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*/?)?\Z")
_PHONE = re.compile(r"\+?[0-9][0-9 ()/-]{1,18}[0-9]\Z")


@dataclass(frozen=True)
class PageFacts:
    """One page, as its notices speak of it.

    bank       name used in SMS, at most 20 characters
    url        address of the public page, without a slash at the end
    languages  those in which the page speaks; default_language is one of them
    time_zone  IANA name of the bank's zone, e.g. "Europe/Madrid"
    names      component slug -> language -> name, at most 57 characters; a name missing in a language is the default language's
    phone      the bank's number for lost cards and fraud, or None
    hosts      further hosts of the bank that free text may link to
    contact_path, claim_path   paths on the page's own host, beginning with one slash
    """

    bank: str
    url: str
    languages: tuple[str, ...]
    default_language: str
    time_zone: str
    names: Mapping[str, Mapping[str, str]]
    phone: str | None = None
    hosts: tuple[str, ...] = field(default=())
    contact_path: str = "/contact"
    claim_path: str = "/claim"

    def __post_init__(self) -> None:
        check_address("page.url", self.url)
        check_path("page.contact_path", self.contact_path)
        check_path("page.claim_path", self.claim_path)
        if self.phone is not None:
            check_phone("page.phone", self.phone)
        if len(self.bank) > BANK_CHARACTERS:
            raise InvalidText(
                f"page.bank: {self.bank!r} has {len(self.bank)} characters; at most {BANK_CHARACTERS} leave room in an SMS. "
                "No notice is made until this is changed."
            )

    @property
    def own_hosts(self) -> tuple[str, ...]:
        """Hosts that a text may link to: the page's, then the bank's others."""
        return (urlsplit(self.url).hostname or "", *self.hosts)

    @property
    def contact_url(self) -> str:
        return self.url + self.contact_path

    @property
    def claim_url(self) -> str:
        return self.url + self.claim_path

    def name(self, slug: str, language: str) -> str:
        """Name of a component in the reader's language, else in the page's own. Raises InvalidText for an unknown slug."""
        try:
            names = self.names[slug]
        except KeyError:
            raise InvalidText(f"There is no component {slug!r} on this page. Known: {', '.join(sorted(self.names))}.") from None
        return names.get(language) or names[self.default_language]


def check_phone(where: str, phone: str) -> None:
    """Raises InvalidText unless it reads as a telephone number."""
    if not _PHONE.match(phone):
        raise InvalidText(
            f"{where}: {phone!r} is not a telephone number. Use digits, spaces, hyphens, brackets and a leading +. "
            "No notice is made until this is changed."
        )


def check_address(where: str, url: str) -> None:
    """Raises InvalidText unless it is the address of a page, to which paths can be added."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") and parts.port != 0 else None
    except ValueError:  # of the port, too
        host = None
    if not host or parts.username is not None or parts.query or parts.fragment or url.endswith("/") or re.search(r"[^!-~]", url):
        raise InvalidText(
            f"{where}: {url!r} is not the address of a page. Use https://host or https://host/path, without a slash at the end. "
            "No notice is made until this is changed."
        )


def check_path(where: str, path: str) -> None:
    """Raises InvalidText unless it stays on the page's own host."""
    if not _PATH.match(path) or ".." in path:
        raise InvalidText(
            f"{where}: {path!r} is not a path on the page's own host. Use one slash, then letters, digits, dots, hyphens and "
            "single slashes, e.g. /contact. No notice is made until this is changed."
        )
