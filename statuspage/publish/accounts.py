"""The bank's own accounts, as a list for programs and people who want to tell them from fakes."""

from __future__ import annotations

from statuspage.publish.api_v2 import dump
from statuspage.publish.snapshot import PublicPage
from statuspage.publish.views import network_title

ACCOUNTS_PATH = "/.well-known/official-accounts.json"


def accounts_file(page: PublicPage) -> bytes:
    """All of them; empty if none were configured: that says nothing about any account."""
    listed = [
        {
            "network": account.network,
            "network_name": network_title(account.network),
            "handle": account.handle or None,
            "address": account.address or None,
            "languages": list(account.languages),
        }
        for account in page.accounts
    ]
    return dump({"page": page.url, "bank": page.bank, "accounts": listed})
