"""Readers see networks spelt as they know them."""

from __future__ import annotations

import pytest

from statuspage.publish.views import network_title


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("mastodon", "Mastodon"),
        ("x", "X"),
        ("linkedin", "LinkedIn"),
        ("google_business", "Google Business Profile"),
        ("teams", "Microsoft Teams"),
        ("ntfy", "ntfy"),
        ("sms", "SMS"),
    ],
)
def test_a_network_is_spelt_as_its_customers_spell_it(kind: str, title: str) -> None:
    assert network_title(kind) == title
