"""The list of the bank's own accounts: what customers compare a suspicious account with."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pydantic import ValidationError

from statuspage.publish.accounts import ACCOUNTS_PATH, accounts_file
from statuspage.publish.page import Pages
from statuspage.publish.snapshot import PublicAccount
from statuspage.settings.models import AccountSettings
from statuspage.worker.public_page import public_page
from tests.actions.stage import settings
from tests.publish.samples import PAGE, builder, snapshot, wording

CONFIGURED = {
    "accounts": [
        {"name": "chirp", "kind": "mastodon", "config": {}, "handle": "@bank@social.example", "address": "https://social.example/@bank"},
        {"name": "feed", "kind": "telegram", "config": {}, "handle": "@bank"},
        {"name": "hook", "kind": "webhook", "config": {}},
        {"name": "rehearsals", "kind": "mastodon", "config": {}, "handle": "@canary-rehearsals"},
        {"name": "duty", "kind": "slack", "config": {}, "handle": "@canary-duty"},
        {"name": "unused", "kind": "x", "config": {}, "handle": "@canary-unused"},
    ],
    "channels": [
        {"name": "chirp-en", "account": "chirp", "language": "en"},
        {"name": "chirp-es", "account": "chirp", "language": "es"},
        {"name": "feed-es", "account": "feed", "language": "es"},
        {"name": "hook-en", "account": "hook", "language": "en"},
        {"name": "rehearse", "account": "rehearsals", "language": "en", "sandbox": True},
        {"name": "duty-en", "account": "duty", "language": "en", "operators": True},
    ],
}
PUBLIC = (
    PublicAccount("mastodon", "@bank@social.example", "https://social.example/@bank", ("en", "es")),
    PublicAccount("telegram", "@bank", "", ("es",)),
)


def test_only_what_speaks_to_customers_and_has_a_name_is_listed() -> None:
    """X2: operators' and sandbox accounts are nobody else's business."""
    assert public_page(settings(**CONFIGURED)).accounts == PUBLIC


def test_programs_and_people_get_the_same_list() -> None:
    page = replace(PAGE, accounts=PUBLIC)

    listed = json.loads(accounts_file(page))
    people = Pages(page, wording(page)).codes("en").decode()

    assert listed["page"] == PAGE.url and [one["network_name"] for one in listed["accounts"]] == ["Mastodon", "Telegram"]
    assert listed["accounts"][1] == {
        "network": "telegram",
        "network_name": "Telegram",
        "handle": "@bank",
        "address": None,
        "languages": ["es"],
    }
    assert '<a href="https://social.example/@bank" rel="me noopener">@bank@social.example</a>' in people
    assert "<span>Telegram</span> @bank" in people and ACCOUNTS_PATH in people


def test_the_list_is_there_even_if_it_is_empty_and_people_are_then_shown_none() -> None:
    files = {str(path): encoded.body for path, encoded in builder().hot(snapshot(), 1).items()}

    assert json.loads(files[ACCOUNTS_PATH.lstrip("/")])["accounts"] == []
    assert "Our own accounts" not in files["en/u/index.html"].decode()


@pytest.mark.parametrize(
    "value", [{"handle": ""}, {"handle": "two words"}, {"address": "javascript:alert(1)"}, {"address": "//x"}, {"address": "https://"}]
)
def test_what_is_no_name_and_no_web_address_is_refused(value: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        AccountSettings.model_validate({"name": "chirp", "kind": "mastodon", "config": {}, **value})
