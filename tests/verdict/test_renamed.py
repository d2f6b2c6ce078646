"""A component is called otherwise in the middle of its outage: its incident goes on, whichever process follows first."""

from __future__ import annotations

from statuspage.core.vocabulary import ComponentStatus
from statuspage.settings import Settings
from tests.verdict.desk import BAD, Desk, bank

DOWN = ComponentStatus.MAJOR_OUTAGE


def renamed(of: Settings) -> Settings:
    """The cards are called debit from now on; their probe is the same."""
    values = of.model_dump()
    for component in values["components"]:
        if component["slug"] == "cards":
            component.update(slug="debit", was=["cards"])
    values["probes"][0]["component"] = "debit"
    return Settings.model_validate(values)


def test_the_verdict_that_follows_first_sees_the_open_incident_as_its_own(database):
    desk = Desk(database, bank("cards"), truth=lambda component, place, t: BAD)
    desk.run(30)

    after = Desk(database, renamed(desk.of), truth=desk.truth, clock=desk.clock)
    after.verdicts.step()

    (incident,) = after.incidents()
    assert incident.components == {"debit": DOWN}


def test_the_verdict_that_follows_last_begins_nothing_about_the_old_name(database):
    desk = Desk(database, bank("cards"), truth=lambda component, place, t: BAD)
    desk.run(30)
    Desk(database, renamed(desk.of), truth=desk.truth, clock=desk.clock).verdicts.step()

    desk.run(60)

    (incident,) = desk.incidents()
    assert incident.components == {"debit": DOWN}
    assert [change.status for change in desk.shown("cards")] == []
