"""From which moment on a change of what a component shows counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from statuspage.core.judgement import Sight
from statuspage.core.maintenance import Maintenance
from statuspage.core.quorum import ComponentVerdict
from statuspage.core.showing import Shown, changes_due
from statuspage.core.timeline import StatusChange
from statuspage.core.vocabulary import ComponentStatus, MaintenanceStatus, Source

T0 = datetime(2026, 11, 22, 9, tzinfo=UTC)
ENDED = T0 + timedelta(minutes=9)
NOW = T0 + timedelta(minutes=40)
WORK = Maintenance("w", {}, MaintenanceStatus.COMPLETED, ("atm",), "cash", T0, T0, T0, ENDED, started_at=T0, completed_at=ENDED)


def change(verdict: ComponentVerdict, shown: ComponentStatus, source: Source, at: datetime) -> StatusChange:
    """The one change that is due at NOW, long after the work ended; `shown` stands on the timeline since `at`."""
    before = StatusChange("atm", shown, source, at, at, "w" if source is Source.MAINTENANCE else None)
    (found,) = changes_due(Shown({"atm": Sight(verdict, NOW)}, [], [WORK], {"atm": before}), ["atm"], NOW)
    return found


@pytest.mark.parametrize("verdict", [ComponentStatus.UNKNOWN, ComponentStatus.MAJOR_OUTAGE])
def test_what_begins_long_after_planned_work_that_an_incident_outshone_counts_from_now(verdict: ComponentStatus) -> None:
    """An incident's end was shown while the work went on. Found by seed 33 of the flow: half an hour without data that had some."""
    during = ENDED - timedelta(seconds=30)

    found = change(ComponentVerdict("atm", verdict), ComponentStatus.OPERATIONAL, Source.VERDICT, during)

    assert (found.status, found.effective_at) == (verdict, NOW)


def test_what_outlasts_planned_work_counts_from_its_end() -> None:
    begun = ENDED - timedelta(minutes=2)
    verdict = ComponentVerdict("atm", ComponentStatus.MAJOR_OUTAGE, since=begun, failing_since=begun)

    found = change(verdict, ComponentStatus.UNDER_MAINTENANCE, Source.MAINTENANCE, T0)

    assert found.effective_at == ENDED


def test_planned_work_that_was_shown_ends_when_it_ended_whoever_notices_later() -> None:
    found = change(ComponentVerdict("atm", ComponentStatus.OPERATIONAL), ComponentStatus.UNDER_MAINTENANCE, Source.MAINTENANCE, T0)

    assert (found.status, found.effective_at) == (ComponentStatus.OPERATIONAL, ENDED)
