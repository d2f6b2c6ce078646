"""What the probes see: the newest look of each from each place, with its evidence. It is what an engineer asks first: why is it red?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import takewhile

from flask import Blueprint, render_template

from statuspage.core.checks import CheckResult
from statuspage.core.vocabulary import Outcome, Role
from statuspage.store import Session, checks
from statuspage.web.auth import context, needs
from statuspage.web.database import database

RECENT = 20  # newest looks that are read of one probe: enough to tell a slip from an outage
_GRAVITY = (Outcome.FAILED, Outcome.DEGRADED, Outcome.ACCOUNT_PROBLEM, Outcome.BLOCKED, Outcome.NO_DATA, None, Outcome.PASSED)


@dataclass(frozen=True)
class Look:
    """A probe's newest look from one place.

    result    None if it never looked
    in_a_row  how many of the newest ended in the same way
    or_more   True if there may have been more of them than were read
    """

    probe: str
    kind: str
    component: str
    result: CheckResult | None = None
    in_a_row: int = 0
    or_more: bool = False

    @property
    def outcome(self) -> Outcome | None:
        return None if self.result is None else self.result.outcome


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/probes/", endpoint="probes")(list_probes)


@needs(Role.VIEWER)
def list_probes() -> str:
    return render_template("console/probes.html", title="Probes", section="Probes", looks=looks(database.session()))


def looks(session: Session, slugs: Collection[str] | None = None) -> list[Look]:
    """Of every probe, or of those that look at the components `slugs`; what does not work comes first."""
    found = []
    for probe in context().settings.probes:
        if slugs is None or probe.component in slugs:
            recent = [arrived.result for arrived in checks.newest(session, probe.name, limit=RECENT)]
            found += _by_place(Look(probe.name, probe.kind, probe.component), recent)
    return sorted(found, key=lambda look: _GRAVITY.index(look.outcome))


def _by_place(nothing: Look, recent: list[CheckResult]) -> list[Look]:
    """`nothing` with what each place saw; itself if no place ever looked. recent: newest first."""
    places: dict[str, list[CheckResult]] = {}
    for result in recent:
        places.setdefault(result.location, []).append(result)
    found = []
    for results in places.values():
        alike = list(takewhile(lambda result: result.outcome is results[0].outcome, results))  # noqa: B023  (used up at once)
        cut = len(alike) == len(results) and len(recent) == RECENT
        found.append(replace(nothing, result=results[0], in_a_row=len(alike), or_more=cut))
    return found or [nothing]
