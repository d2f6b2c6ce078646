"""While nothing happens, nothing seems to: a reader that asks with its validators is told "not modified" for as long."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path, PurePosixPath

from statuspage.actions import incidents, maintenance
from statuspage.actions.checks import record
from statuspage.actions.incidents import Resolution
from statuspage.actions.maintenance import Plan
from statuspage.publish.manifest import MANIFEST, Entry, Manifest
from statuspage.store.engine import Database
from tests.actions.stage import declared
from tests.publish.stage import Press, probed

BEATING = {"index.html", "en/index.html", "es/index.html", "status.txt", "en/status.txt", "es/status.txt", "fresh.json"}
EVERY_S = 20.0  # a probe looks


def entries(press: Press) -> dict[PurePosixPath, Entry]:
    """Every file of the hot set with its digests and the moment of its last change, but those that carry the heartbeat."""
    found = Manifest.from_bytes(press.public.read(MANIFEST)).files
    assert {path.as_posix() for path in found} >= BEATING
    return {path: entry for path, entry in found.items() if path.as_posix() not in BEATING}


def idle(press: Press, minutes: int) -> None:
    """Probes look and see that all is well, and the publisher looks in between."""
    for _ in range(minutes * 60 // int(EVERY_S)):
        record(press.stage.ctx, [press.check("login"), press.check("cards")])
        press.verdicts.step()
        for _ in range(4):
            press.publish(EVERY_S / 4)


def test_ten_idle_minutes_change_no_validator_of_a_feed_or_of_json(sqlite_database: Database, tmp_path: Path) -> None:
    """Checks go on and pass, heartbeats go out; an incident of the past and planned work stand on the page."""
    press = Press(sqlite_database, tmp_path, probed("login", "cards"))
    stage = press.stage
    past = declared(stage, "atm")
    incidents.resolve(stage.ctx, Resolution(past.id, "Ana"))
    begin = stage.clock.now() + timedelta(days=2)
    maintenance.plan(stage.ctx, Plan(("atm",), begin, begin + timedelta(hours=2), "Ana"))
    idle(press, minutes=2)
    before, beat = entries(press), press.json("fresh.json")

    idle(press, minutes=10)

    kinds = {path.suffix for path in before}
    assert {".atom", ".rss", ".json", ".ics", ".svg"} <= kinds
    after = press.json("fresh.json")
    assert after["made_at"] > beat["made_at"], "no heartbeat went out, so this test would find nothing"
    assert after["page"] == beat["page"], "open pages would fetch the whole page each minute"
    assert entries(press) == before
