"""A private component is made public by a new configuration: what was said about it while it was private stays private."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from statuspage.actions import components, corrections, incidents, maintenance
from statuspage.actions.incidents import Change, Resolution
from statuspage.actions.maintenance import Plan
from statuspage.core.errors import NotAllowed
from statuspage.core.vocabulary import SubjectKind
from statuspage.settings import Settings
from statuspage.store.engine import Database
from statuspage.worker.promises import Promises
from tests.actions.stage import declared
from tests.publish.stage import Press, probed
from tests.publish.test_removed import reloaded


def bank(*, private: bool) -> Settings:
    """The stage's bank, with a treasury that is private or not."""
    treasury = {"private": private, "name": {"en": "Treasury"}}
    known = probed().model_dump()["components"]
    return probed(components=[{**one, **treasury} if one["slug"] == "treasury" else one for one in known])


@pytest.fixture
def press(sqlite_database: Database, tmp_path: Path) -> Press:
    return Press(sqlite_database, tmp_path, of=bank(private=True))


def everywhere(press: Press) -> str:
    return " ".join(body.decode("utf-8", "replace") for body in press.everything().values())


def test_what_was_private_is_published_by_no_change_of_the_configuration(press: Press) -> None:
    over = declared(press.stage, "treasury")
    incidents.resolve(press.stage.ctx, Resolution(over.id, "Ana"))
    open_one = declared(press.stage, "treasury")
    begin = press.stage.clock.now() + timedelta(days=2)
    work = maintenance.plan(press.stage.ctx, Plan(("treasury",), begin, begin + timedelta(hours=1), "Ana")).work
    press.settle()

    after = reloaded(press, bank(private=False))
    after.settle()

    assert "Treasury" in after.text("en/index.html"), "the page goes on, with its new component"
    assert not [one for one in (over.id, open_one.id, work.id) if one in everywhere(after)]


def test_the_public_is_told_from_the_next_statement_on(press: Press) -> None:
    incident = declared(press.stage, "treasury")
    begin = press.stage.clock.now() + timedelta(days=2)
    work = maintenance.plan(press.stage.ctx, Plan(("treasury",), begin, begin + timedelta(hours=1), "Ana")).work
    after = reloaded(press, bank(private=False))

    incidents.update(after.stage.ctx, Change(incident.id, "Ana"))
    after.stage.clock.at = begin
    Promises(after.stage.ctx).step()
    after.settle()

    summary = after.json("api/v2/summary.json")
    (shown,), (begun,) = summary["incidents"], summary["scheduled_maintenances"]
    assert (shown["id"], begun["id"]) == (incident.id, work.id)
    assert "Treasury" in shown["name"] and "Treasury" in begun["name"]
    assert shown["incident_updates"] and [one["status"] for one in begun["incident_updates"]] == ["in_progress"]


def test_what_the_public_never_heard_cannot_be_corrected(press: Press) -> None:
    incident = declared(press.stage, "treasury")
    after = reloaded(press, bank(private=False))

    with pytest.raises(NotAllowed, match="the public heard nothing"):
        corrections.correct(
            after.stage.ctx,
            kind=SubjectKind.INCIDENT,
            subject_id=incident.id,
            sequence=1,
            wrong={"en": "All payments fail."},
            text={"en": "Some payments fail."},
            who="Ana",
        )

    assert after.stage.posts(incident) == press.stage.posts(incident)


def test_who_makes_private_what_the_public_is_being_told_of_hears_it(press: Press) -> None:
    incident = declared(press.stage, "treasury")
    public = reloaded(press, bank(private=False))
    told = declared(public.stage, "treasury", "cards")
    alone = maintenance.plan(
        public.stage.ctx,
        Plan(("treasury",), public.stage.clock.now() + timedelta(days=2), public.stage.clock.now() + timedelta(days=3), "Ana"),
    ).work

    with press.database.reading() as session:
        before = components.left_open(session, bank(private=False))
        (only,) = components.left_open(session, bank(private=True))
    incidents.update(public.stage.ctx, Change(incident.id, "Ana"))
    with press.database.reading() as session:
        first, second = components.left_open(session, bank(private=True))

    assert before == []
    assert f"Planned work {alone.id} is public, and names treasury alone" in only and only == second
    assert f"Incident {incident.id} is open and public, and names treasury alone" in first and told.id not in first
