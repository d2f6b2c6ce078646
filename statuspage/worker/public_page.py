"""The page's own facts, from the configuration."""

from __future__ import annotations

import hashlib

from statuspage.core.ids import ID_ALPHABET, ID_LENGTH
from statuspage.core.theme import Theme
from statuspage.publish.logo import inline_logo
from statuspage.publish.snapshot import PublicAccount, PublicPage
from statuspage.settings import Settings


def public_page(settings: Settings, logo: bytes = b"") -> PublicPage:
    """The page's facts. Its id in the public API is made from its address. logo: a PNG, or b""."""
    page, publishing = settings.page, settings.publishing
    number = int.from_bytes(hashlib.sha256(page.url.encode()).digest())
    letters = []
    for _ in range(ID_LENGTH):
        number, letter = divmod(number, len(ID_ALPHABET))
        letters.append(ID_ALPHABET[letter])
    return PublicPage(
        id="".join(letters),
        name=page.name,
        bank=page.bank,
        url=page.url,
        time_zone=page.time_zone,
        languages=tuple(page.languages),
        default_language=page.default_language,
        phone=page.phone,
        contact_path=page.contact_path,
        claim_path=page.claim_path,
        heartbeat_s=publishing.heartbeat_s,
        stale_after_s=publishing.stale_after_s,
        demonstration=settings.demonstration,
        hubs=tuple(publishing.hubs),
        phone_menu=publishing.phone_menu or "",
        theme=Theme(page.colour, page.link_colour, page.link_colour_dark, *inline_logo(logo)),
        security_contact=page.security_contact or "",
        accounts=public_accounts(settings),
    )


def public_accounts(settings: Settings) -> tuple[PublicAccount, ...]:
    """The accounts by which the bank speaks to customers, and whose name or address is known."""
    heard = [channel for channel in settings.channels if not channel.sandbox and not channel.operators]
    found: list[PublicAccount] = []
    for account in settings.accounts:
        languages = tuple(dict.fromkeys(channel.language for channel in heard if channel.account == account.name))
        if languages and (account.handle or account.address):
            found.append(PublicAccount(account.kind, account.handle or "", account.address or "", languages))
    return tuple(found)
