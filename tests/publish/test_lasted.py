"""How long an incident lasted that came back: the page tells the same as the texts."""

from __future__ import annotations

from pathlib import Path

from statuspage.actions import incidents
from statuspage.actions.incidents import Reopening, Resolution
from statuspage.store.engine import Database
from tests.actions.stage import declared
from tests.publish.stage import Press


def test_the_page_of_an_incident_that_came_back_counts_its_trouble_alone(sqlite_database: Database, tmp_path: Path) -> None:
    press = Press(sqlite_database, tmp_path)
    stage = press.stage
    incident = declared(stage)
    stage.forward(minutes=20)
    incidents.resolve(stage.ctx, Resolution(incident.id, "Ana"))
    stage.forward(days=2)
    incidents.reopen(stage.ctx, Reopening(incident.id, "Ana"))
    stage.forward(minutes=10)
    incidents.resolve(stage.ctx, Resolution(incident.id, "Ana"))
    press.settle()

    page = press.text(f"en/incidents/{incident.id}/index.html")

    assert "Lasted: 30 min." in page and ">30 min<" in page and "2 days" not in page
