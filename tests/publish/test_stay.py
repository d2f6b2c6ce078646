"""All ways to hear of what goes on, on one page, with the accounts that are ours and how to tell a fake."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from statuspage.publish.page import Pages
from statuspage.publish.snapshot import PublicAccount
from tests.publish.samples import LANGUAGES, PAGE, builder, components, snapshot, wording

ACCOUNTS = (
    PublicAccount("mastodon", "@bank@social.example", "https://social.example/@bank", ("en",)),
    PublicAccount("sms", "EXAMPLEBANK", "", ("en",)),
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_feed_and_calendar_that_is_published_in_a_language_is_linked(language: str) -> None:
    files = builder().hot(snapshot(components=components(5)), 1)

    linked = set(re.findall(r'href="/([^"]+)"', files[PurePosixPath(f"{language}/follow/index.html")].body.decode()))

    followed = {path.as_posix() for path in files if path.suffix in (".atom", ".rss", ".ics") or path.name == "feed.json"}
    assert len(followed) == 5 * 4 * (1 + 5) + len(("history.rss", "history.atom"))
    assert {path for path in followed if path.startswith(f"{language}/")} <= linked
    assert {f"{language}/voice.txt", f"{language}/status.txt", f"{language}/u/"} <= linked


def test_the_accounts_stand_there_with_how_to_tell_a_fake() -> None:
    page = replace(PAGE, accounts=ACCOUNTS)

    with_accounts = Pages(page, wording(page)).stay((), "en").decode()
    without = Pages(PAGE, wording()).stay((), "en").decode()

    assert '<a href="https://social.example/@bank" rel="me noopener">@bank@social.example</a>' in with_accounts
    assert "EXAMPLEBANK" in with_accounts and "letter by letter" in with_accounts
    assert "letter by letter" not in without and "Our own accounts" not in without
    assert "A message that asks for codes, passwords or money is never from us." in without


def test_every_page_leads_there() -> None:
    files = builder().hot(snapshot(), 1)

    lacking = [path.as_posix() for path, one in files.items() if path.suffix == ".html" and b'/follow/"' not in one.body]
    assert lacking == []
