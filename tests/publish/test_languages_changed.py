"""The languages of the page change while it has a past: everything that was said stays readable, and the page goes on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from statuspage.actions import incidents, maintenance
from statuspage.actions.incidents import Change, Resolution
from statuspage.actions.maintenance import Plan
from statuspage.settings import Settings
from statuspage.store.engine import Database
from tests.actions.stage import declared
from tests.publish.stage import Press, probed
from tests.publish.test_removed import reloaded


def dutch() -> Settings:
    """The stage's bank in Dutch and German alone."""
    found: dict[str, Any] = probed().model_dump()
    named = [{**one, "name": {"nl": one["name"].get("nl") or one["name"]["en"]}} for one in found["components"]]
    groups = [{**one, "name": {"nl": one["name"]["en"]}} for one in found["groups"]]
    page = {**found["page"], "languages": ["nl", "de"], "default_language": "nl"}
    channels = [{**one, "language": "nl"} for one in found["channels"]]
    return probed(page=page, components=named, groups=groups, channels=channels)


@pytest.fixture
def press(sqlite_database: Database, tmp_path: Path) -> Press:
    return Press(sqlite_database, tmp_path)


def test_what_was_said_in_languages_that_the_page_has_no_more_is_still_told(press: Press) -> None:
    over, lasting = declared(press.stage, "cards"), declared(press.stage, "login")
    begin = press.stage.clock.now() + timedelta(days=2)
    work = maintenance.plan(press.stage.ctx, Plan(("transfers",), begin, begin + timedelta(hours=1), "Ana")).work
    press.stage.deliver_all()
    incidents.resolve(press.stage.ctx, Resolution(over.id, "Ana"))
    press.settle()
    posts = [row for row in press.stage.posts(lasting) if row.language in ("en", "es")]
    assert posts

    after = reloaded(press, dutch())
    after.settle()

    assert '<html lang="nl">' in after.text("nl/index.html")
    summary = after.json("api/v2/summary.json")
    assert [one["name"] for one in summary["incidents"]] and all(one["name"] for one in summary["incidents"])
    for subject in (f"incidents/{over.id}", f"incidents/{lasting.id}", f"maintenance/{work.id}"):
        assert subject in after.text("nl/feed.atom") and after.text(f"de/{subject}/index.html")
    told = after.text(f"nl/incidents/{lasting.id}/index.html")
    assert '<h1 lang="en">' in told and '<p class="update__text" lang="en">' in told, "a reader's machine hears in which language it is"
    for page in (told, after.text("nl/status.txt")):
        assert "Wij vragen nooit" in page and "We never ask" not in page, "the safety line stands there once, in Dutch"
    for row in posts:
        page = after.text(f"u/{row.code}/index.html") or after.text(f"u/{row.code}.html")
        assert '<html lang="nl">' in page and f'<blockquote lang="{row.language}">' in page

    assert not after.public.list(PurePosixPath("en")), "nothing that told what goes on stays behind and grows old"

    incidents.update(after.stage.ctx, Change(lasting.id, "Ana"))
    after.settle()
    assert "Nog steeds" in after.text(f"nl/incidents/{lasting.id}/index.html")


def test_a_language_that_comes_back_is_whole_again(press: Press) -> None:
    over = declared(press.stage, "cards")
    incidents.resolve(press.stage.ctx, Resolution(over.id, "Ana"))
    press.settle()
    before = press.public.list(PurePosixPath("en"))
    reloaded(press, dutch()).settle()

    again = reloaded(press, probed())
    again.settle()

    assert [path for path in before if path not in again.public.list(PurePosixPath("en"))] == []
