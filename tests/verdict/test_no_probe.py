"""What no probe looks at works again when a person says so, and not before."""

from __future__ import annotations

from statuspage.actions import incidents
from statuspage.actions.incidents import Change
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, NoticeKind
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

    incidents.update(desk.ctx, Change(begun.id, "Ana", components={"cards": WORKS}))
    desk.run(1600)

    (incident,) = desk.incidents()
    assert incident.status is IncidentStatus.MONITORING
