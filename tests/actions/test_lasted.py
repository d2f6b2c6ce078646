"""How long it lasted, where it came back in between."""

from __future__ import annotations

from datetime import timedelta

import pytest

from statuspage.actions import incidents
from statuspage.actions.incidents import Change, Reopening, Resolution
from statuspage.core.vocabulary import IncidentStatus
from tests.actions.stage import Stage, declared


def test_the_days_on_which_it_worked_are_not_told_as_trouble(quick: Stage) -> None:
    incident = declared(quick)
    quick.deliver_all()
    quick.forward(minutes=20)
    incidents.resolve(quick.ctx, Resolution(incident.id, "Ana"))
    quick.deliver_all()
    quick.forward(days=2)
    incidents.reopen(quick.ctx, Reopening(incident.id, "Ana"))
    quick.deliver_all()
    quick.forward(minutes=10)

    incidents.resolve(quick.ctx, Resolution(incident.id, "Ana"))

    assert "Lasted: 30 min." in quick.said(incident)[-1].texts["en"]


def test_a_repair_that_failed_ended_nothing(quick: Stage) -> None:
    incident = declared(quick)
    quick.deliver_all()
    for minutes, status in ((10, IncidentStatus.MONITORING), (5, IncidentStatus.INVESTIGATING)):
        quick.forward(minutes=minutes)
        incidents.update(quick.ctx, Change(incident.id, "Ana", status=status))
        quick.deliver_all()
    quick.forward(minutes=5)

    incidents.resolve(quick.ctx, Resolution(incident.id, "Ana"))

    assert "Lasted: 20 min." in quick.said(incident)[-1].texts["en"]


@pytest.mark.parametrize("hours", [0, 3])
def test_what_comes_back_is_spoken_of_as_often_as_what_is_new(quick: Stage, hours: int) -> None:
    incident = declared(quick)
    early = incident.next_update_by - quick.clock.now()  # type: ignore[operator]
    incidents.resolve(quick.ctx, Resolution(incident.id, "Ana"))
    quick.forward(days=2)

    reopened = incidents.reopen(quick.ctx, Reopening(incident.id, "Ana", started_at=quick.clock.now() - timedelta(hours=hours)))

    assert reopened.next_update_by is not None and reopened.next_update_by - quick.clock.now() == early
    quick.clock.at = reopened.next_update_by
    kept = incidents.keep_promise(quick.ctx, incident_id=incident.id, promised=reopened.next_update_by)
    assert kept.next_update_by == reopened.next_update_by + early
