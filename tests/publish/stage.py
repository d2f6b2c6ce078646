"""The publisher over a real store and real folders, on a clock that the test moves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from statuspage.core.checks import CheckResult
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.outside import Folder
from statuspage.settings import Settings
from statuspage.settings.models import ProbeSettings
from statuspage.store.engine import Database
from statuspage.worker.publisher import Publisher
from statuspage.worker.verdicts import Verdicts
from tests.actions import stage as actions_stage
from tests.actions.stage import Stage, settings


class Clock(actions_stage.Clock):
    """Wall and monotonic time move together, when they are moved; each look at the ticks is a look at a later time."""

    def monotonic(self) -> float:
        return 1000.0 + (self.at - actions_stage.T0).total_seconds()


def probed(*slugs: str, **changes: Any) -> Settings:
    """The stage's bank with one probe each on some components, and no other probes."""
    target = {"url": "https://bank.example"}
    probes = [ProbeSettings(name=f"{slug}-probe", kind="http", component=slug, target=target, interval_s=20.0) for slug in slugs]
    return settings(locations=[{"name": "madrid"}], **changes).model_copy(update={"probes": probes})


@dataclass
class Press:
    """A stage with a publisher. `public` is the folder that it writes to."""

    database: Database
    root: Path
    of: Settings = field(default_factory=lambda: probed())
    further: int = 0
    previews: bool = False
    held: list[sqlite3.Connection] = field(default_factory=list)  # connections that lock the database until the test lets go

    def __post_init__(self) -> None:
        self.stage = Stage(self.database, self.of, clock=Clock())
        self.public = Folder(self.root / "public")
        self.copies = [Folder(self.root / f"copy{number}") for number in range(self.further)]
        self.sequence = 0
        self.restart()

    def restart(self) -> None:
        """As a process that begins anew."""
        self.publisher = Publisher(self.stage.ctx, [self.public, *self.copies], previews=self.previews)
        self.verdicts = Verdicts(self.stage.ctx)

    def publish(self, after_s: float = 1.0) -> list[str]:
        """A look of the publisher, some time later, and those that follow until everything of it is out; returns the points passed."""
        points = self.look(after_s)
        while points and self.publisher.others_due:
            points += self.look(0.0)
        return points

    def look(self, after_s: float = 1.0) -> list[str]:
        """One look alone."""
        self.stage.clock.at += timedelta(seconds=after_s)
        return list(self.publisher.work())

    def settle(self) -> None:
        """Until there is nothing more to do: the archive is written too."""
        for _ in range(30):
            if not self.publish(6.0):
                return
        raise AssertionError("the publisher finds no rest")

    def check(self, slug: str, *, good: bool = True) -> CheckResult:
        self.sequence += 1
        outcome, reason = (Outcome.PASSED, Reason.AS_EXPECTED) if good else (Outcome.FAILED, Reason.CONNECT_TIMEOUT)
        return CheckResult(f"{slug}-probe", "madrid", self.sequence, self.stage.clock.now(), outcome, reason)

    def text(self, path: str) -> str:
        return (self.public.read(PurePosixPath(path)) or b"").decode()

    def json(self, path: str) -> Any:
        return json.loads(self.text(path))

    def everything(self) -> Mapping[str, bytes]:
        """All published files but the packed copies."""
        names = (path for path in self.public.list(PurePosixPath()) if path.suffix not in (".gz", ".br"))
        return {path.as_posix(): self.public.read(path) or b"" for path in names}
