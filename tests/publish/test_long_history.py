"""A bank with ten thousand incidents behind it: publishing costs no more memory for them, and no page grows with them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path, PurePosixPath
from resource import RUSAGE_SELF, getrusage

import pytest

from statuspage.actions import incidents
from statuspage.actions.incidents import Change
from statuspage.store.engine import Database
from statuspage.worker.publisher import IDLE_S
from tests.actions.stage import declared
from tests.publish.past import remember, spread
from tests.publish.stage import Press
from tests.publish.test_pages import LIMIT

PAST, YEARS = 10_000, 3
MORE_MIB = 60  # A14 grants 150 to all of it


@pytest.mark.long
def test_ten_thousand_incidents_behind_it_need_no_more_memory(sqlite_database: Database, sqlite_url: str, tmp_path: Path) -> None:
    """A14: how long it takes is shown by `make bench`."""
    remember(Press(sqlite_database, tmp_path), spread(PAST, timedelta(days=365 * YEARS)))

    child = subprocess.run([sys.executable, "-m", __name__, sqlite_url, str(tmp_path)], capture_output=True, text=True, check=True)

    told = json.loads(child.stdout.splitlines()[-1])
    page = Press(sqlite_database, tmp_path).public.read(PurePosixPath("en/index.html.gz")) or b""
    assert told["opened"] in Press(sqlite_database, tmp_path).text("en/index.html")
    assert told["archived"] > 30
    assert told["peak_mib"] - told["before_mib"] < MORE_MIB, told
    assert len(page) < LIMIT


def _publish(url: str, folder: Path) -> None:
    """In a process of its own, whose memory is looked at: a first edition, five changes, and a while of writing the archive."""
    press, before = Press(Database(url), folder), _peak_mib()
    press.publish()
    opened = declared(press.stage, "cards")
    for _ in range(5):
        incidents.update(press.stage.ctx, Change(opened.id, "Ana"))
        press.publish(60.0)
    for _ in range(20):
        press.look(IDLE_S + 1)
    archived = sum(1 for path in press.everything() if "/incidents/past" in path)
    print(json.dumps({"before_mib": before, "peak_mib": _peak_mib(), "opened": opened.id, "archived": archived}))


def _peak_mib() -> float:
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    _publish(sys.argv[1], Path(sys.argv[2]))
