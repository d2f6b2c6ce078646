"""What no probe looks at works again when a person says so, and not before."""

from __future__ import annotations

from statuspage.actions import changes, incidents
from statuspage.actions.incidents import Change
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, NoticeKind
from statuspage.worker.promises import Promises
from tests.verdict.desk import BAD, GOOD, Desk, bank

DOWN, WORKS = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.OPERATIONAL


def test_the_machine_does_not_say_that_cards_work_because_the_login_does(sqlite_database):
    desk = Desk(sqlite_database, bank("login"), truth=lambda component, place, t: BAD if 60 <= t < 600 else GOOD)
    desk.run(300)
    (begun,) = desk.incidents()
    incidents.update(desk.ctx, Change(begun.id, "Ana", components={"cards": DOWN}))

    desk.run(1500)

    (incident,) = desk.incidents()
    assert NoticeKind.MONITORING not in desk.said(incident)
    assert incident.components == {"login": WORKS, "cards": DOWN}

    said_at = incidents.update(desk.ctx, Change(begun.id, "Ana", components={"cards": WORKS})).updated_at
    desk.run(1600)

    (incident,) = desk.incidents()
    assert incident.status is IncidentStatus.MONITORING
    assert incident.moments.restored_at == said_at, "cards were down until somebody said that they work"


def test_nobody_repeats_what_a_person_said_of_what_no_probe_looks_at(sqlite_database):
    desk = Desk(
        sqlite_database, bank("login", incidents={"next_update_s": dict.fromkeys(("critical", "major", "minor", "none"), 120.0)}),
        truth=lambda component, place, t: BAD if 60 <= t < 200 else GOOD,
    )  # fmt: skip
    promises = Promises(desk.ctx)

    def each():
        desk.verdicts.step()
        promises.step()

    desk.run(150, tick_s=1.0, each=each)
    (begun,) = desk.incidents()
    incidents.update(desk.ctx, Change(begun.id, "Ana", components={"cards": DOWN}))
    desk.run(1500, tick_s=1.0, each=each)

    assert desk.said(begun).count(NoticeKind.UPDATE) == 1, "Ana's; whether cards still fail nobody sees"
    assert changes.unseen_key(begun.id) in desk.alarms()
