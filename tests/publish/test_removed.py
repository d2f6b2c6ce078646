"""A component is taken out of the configuration while it is in trouble: what was said about it is told to its end, by a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statuspage.actions import components, incidents, maintenance
from statuspage.actions.checks import record
from statuspage.actions.incidents import Resolution
from statuspage.actions.maintenance import Plan
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import IncidentStatus, NoticeKind, SubjectKind
from statuspage.settings import Settings
from statuspage.store import components as component_store
from statuspage.store import incidents as incident_store
from statuspage.store.engine import Database
from statuspage.worker.assemble import build_words, former, known_components
from statuspage.worker.promises import Promises
from tests.actions.stage import PUBLIC, SECRET_NAME, channel, declared, settings
from tests.publish.stage import Press, probed

FIRST = ("login", "cards", "treasury")


def bank(*removed: str, probes: tuple[str, ...] = FIRST, **changes: Any) -> Settings:
    """The stage's bank with probes, without the components that were removed."""
    kept = [one for one in settings().model_dump()["components"] if one["slug"] not in removed]
    soon = {"stable_s": 300}
    return probed(*(slug for slug in probes if slug not in removed), components=kept, incidents=soon, **changes)


def reloaded(press: Press, of: Settings) -> Press:
    """The same product after another configuration was put in force: its contexts are made as the real ones are."""
    after = Press(press.database, press.root, of=of)
    after.stage.clock, after.sequence = press.stage.clock, press.sequence
    with press.database.reading() as session:
        known = known_components(of, component_store.all(session))
    ports = replace(after.stage.ctx.ports, clock=press.stage.clock, random=press.stage.chance)
    after.stage.chance, channels = press.stage.chance, press.stage.ctx.channels
    after.stage.ctx = replace(
        after.stage.ctx, ports=ports, channels=channels, words=build_words(of, known), former=former(of, known)
    )  # fmt: skip
    after.restart()
    return after


def look(press: Press, *bad: str, times: int = 4) -> None:
    """So many looks at everything that has a probe, 20 s apart, and what the verdict makes of them."""
    for _ in range(times):
        press.stage.clock.at += timedelta(seconds=20)
        record(press.stage.ctx, [press.check(probe.component, good=probe.component not in bad) for probe in press.of.probes])
        press.verdicts.step()


def begun(press: Press, *bad: str) -> Incident:
    """The incident that the machine begins about these."""
    look(press)
    look(press, *bad)
    with press.database.reading() as session:
        (incident,) = incident_store.opened(session)
    press.stage.deliver_all()
    press.publish()
    return incident


def standing(press: Press, incident: Incident) -> Incident:
    with press.database.reading() as session:
        return incident_store.get(session, incident.id)


@pytest.fixture
def press(database: Database, tmp_path: Path) -> Press:
    return Press(database, tmp_path, of=bank())


@pytest.fixture
def quick(sqlite_database: Database, tmp_path: Path) -> Press:
    return Press(sqlite_database, tmp_path, of=bank())


def test_the_incident_stays_on_page_and_in_the_api_under_the_last_name(press: Press) -> None:
    incident = begun(press, "cards")

    after = reloaded(press, bank("cards"))
    after.publish()

    summary = after.json("api/v2/summary.json")
    (shown,) = summary["incidents"]
    (named,) = shown["components"]
    assert "Cards" not in [row["name"] for row in summary["components"]]
    assert shown["id"] == incident.id and (named["name"], named["status"]) == ("Cards", "major_outage")
    assert [row["name"] for row in shown["incident_updates"][0]["affected_components"]] == ["Cards"]
    assert summary["status"]["indicator"] == "critical"
    assert incident.id in after.text("en/index.html") and "Cards" in after.text(f"en/incidents/{incident.id}/index.html")
    assert "Everything is working" not in after.text("en/index.html")


def test_promised_updates_go_on_and_a_person_is_asked_to_end_it(press: Press) -> None:
    incident = begun(press, "cards")
    after = reloaded(press, bank("cards"))
    promises = Promises(after.stage.ctx)
    after.publish()

    promises.step()
    asked = after.stage.alarms()[f"unwatched:{incident.id}"]
    assert incident.next_update_by is not None
    after.stage.clock.at = incident.next_update_by
    promises.step()
    look(after)
    promises.step()

    kept = after.stage.said(incident)[-1]
    assert "cards" in asked and "Resolve it" in asked
    assert kept.kind is NoticeKind.UPDATE and "Still the case" in kept.texts["en"]
    assert {row.channel for row in after.stage.posts(incident) if row.sequence == kept.sequence} == PUBLIC
    assert standing(after, incident).status is IncidentStatus.INVESTIGATING


def test_its_end_is_told_everywhere_when_a_person_says_it(press: Press) -> None:
    incident = begun(press, "cards")
    after = reloaded(press, bank("cards"))
    Promises(after.stage.ctx).step()
    look(after, times=1)

    incidents.resolve(after.stage.ctx, Resolution(incident.id, "Ana"))
    Promises(after.stage.ctx).step()
    after.publish()

    end = after.stage.said(incident)[-1]
    assert end.kind is NoticeKind.RESOLVED and "Cards" in end.texts["es"]
    assert {row.channel for row in after.stage.posts(incident) if row.sequence == end.sequence} == PUBLIC
    assert f"unwatched:{incident.id}" not in after.stage.alarms()
    (told,) = after.json("api/v2/incidents.json")["incidents"]
    assert (told["status"], told["components"][0]["status"]) == ("resolved", "operational")


def test_the_machine_does_not_end_what_names_something_that_it_sees_no_more(quick: Press) -> None:
    incident = begun(quick, "cards", "login")
    after = reloaded(quick, bank("cards"))

    look(after, times=40)

    still = standing(after, incident)
    assert still.status is IncidentStatus.INVESTIGATING
    assert {slug: str(status) for slug, status in still.components.items()} == {"cards": "major_outage", "login": "operational"}


def test_a_component_that_comes_back_is_seen_again_and_the_machine_ends_its_incident(quick: Press) -> None:
    incident = begun(quick, "cards")
    away = reloaded(quick, bank("cards"))
    Promises(away.stage.ctx).step()
    look(away)

    back = reloaded(away, bank())
    Promises(back.stage.ctx).step()
    look(back, times=40)

    assert f"unwatched:{incident.id}" not in back.stage.alarms()
    assert standing(back, incident).status is IncidentStatus.RESOLVED


def test_a_private_component_stays_secret_when_it_is_removed(quick: Press) -> None:
    incident = begun(quick, "treasury")

    after = reloaded(quick, bank("treasury"))
    Promises(after.stage.ctx).step()
    after.settle()

    files = after.everything()
    words = ("treasury", SECRET_NAME, incident.id)
    assert [(path, word) for path, body in files.items() for word in words if word.lower() in (path + body.decode()).lower()] == []
    assert after.stage.posts(incident) == []
    assert f"unwatched:{incident.id}" in after.stage.alarms()


def test_a_channel_of_that_component_alone_hears_the_end_of_what_it_was_told(quick: Press) -> None:
    before, now = (channel("cards-en", "mastodon", components=[slug]) for slug in ("cards", "login"))
    quick.stage.ctx = replace(quick.stage.ctx, channels={"cards-en": before, "other": channel("other", "x", components=["login"])})
    quick.restart()
    incident = begun(quick, "cards")

    after = reloaded(quick, bank("cards"))
    after.stage.ctx = replace(after.stage.ctx, channels={**after.stage.ctx.channels, "cards-en": now})
    look(after, times=1)
    incidents.resolve(after.stage.ctx, Resolution(incident.id, "Ana"))

    end = after.stage.said(incident)[-1]
    assert [row.channel for row in after.stage.posts(incident) if row.sequence == end.sequence] == ["cards-en"]


def test_what_is_over_keeps_its_name_too(quick: Press) -> None:
    quick.publish()
    incident = declared(quick.stage, "cards")
    incidents.resolve(quick.stage.ctx, Resolution(incident.id, "Ana"))

    after = reloaded(quick, bank("cards"))
    after.settle()

    assert [row["name"] for row in after.json("api/v2/incidents.json")["incidents"][0]["components"]] == ["Cards"]
    assert "Cards" in after.text(f"en/incidents/{incident.id}/index.html")


def test_planned_work_on_it_begins_and_is_ended_by_a_person(quick: Press) -> None:
    quick.publish()
    now = quick.stage.clock.now()
    plan = Plan(("cards",), now + timedelta(hours=30), now + timedelta(hours=31), "Ana")
    work = maintenance.plan(quick.stage.ctx, plan).work
    after = reloaded(quick, bank("cards"))
    promises = Promises(after.stage.ctx)

    after.stage.clock.at = work.scheduled_for + timedelta(seconds=1)
    promises.step()
    after.publish()
    (shown,) = after.json("api/v2/scheduled-maintenances/active.json")["scheduled_maintenances"]
    after.stage.clock.at = work.scheduled_until + timedelta(seconds=1)
    promises.step()
    asked = after.stage.alarms()[f"maintenance:{work.id}"]
    maintenance.complete(after.stage.ctx, work_id=work.id, who="Ana")

    told = [update.kind for update in after.stage.said(work.id, SubjectKind.MAINTENANCE)]
    assert [row["name"] for row in shown["components"]] == ["Cards"]
    assert "cards" in asked
    assert told == [NoticeKind.PLANNED, NoticeKind.PLANNED_STARTED, NoticeKind.PLANNED_DONE]
    assert all(update.texts["en"] for update in after.stage.said(work.id, SubjectKind.MAINTENANCE))


def test_a_reload_says_what_goes_on_about_components_that_it_removes(quick: Press) -> None:
    incident = begun(quick, "cards", "login")
    drill = declared(quick.stage, "atm", drill=True)
    now = quick.stage.clock.now()
    plan = Plan(("bizum",), now + timedelta(hours=30), now + timedelta(hours=31), "Ana")
    work = maintenance.plan(quick.stage.ctx, plan).work
    renamed = bank("cards", "atm", "bizum").model_dump()
    renamed["components"].append({"slug": "debit", "name": {"en": "Cards"}, "was": ["cards"]})

    with quick.database.reading() as session:
        nothing = components.left_open(session, bank())
        one, other = components.left_open(session, bank("cards", "atm", "bizum"))
        (only,) = components.left_open(session, Settings.model_validate(renamed))

    assert nothing == []
    assert f"Incident {incident.id} is open and names cards," in one and drill.id not in one
    assert f"Planned work {work.id} names bizum," in other
    assert only == other
