"""Carries out the plan, then lets everything heal and waits until the product says that it is done."""

from __future__ import annotations

import random
import signal
import time
from typing import Any

from statuspage.actions import incidents
from statuspage.actions.incidents import Change, Declaration, Resolution
from statuspage.core.errors import DomainError
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus
from statuspage.store import deliveries
from statuspage.store import incidents as incident_store
from tests.processes import until
from tests.storm.cast import Cast
from tests.storm.owed import Said
from tests.storm.plan import PROCESSES, Deed

PATIENCE_S = 600.0
LOOK_EVERY_S = 0.1
WHO = "ana"
_NEXT = {IncidentStatus.INVESTIGATING: IncidentStatus.IDENTIFIED, IncidentStatus.IDENTIFIED: IncidentStatus.MONITORING}


class Weather:
    """One method per deed of the plan.

    done   deed -> how often it was done
    said   what was said at the console and taken, in its order
    """

    def __init__(self, cast: Cast, seed: int) -> None:
        self.cast = cast
        self.console = cast.context()
        self.chance = random.Random(seed)
        self.done: dict[str, int] = {}
        self.said: list[Said] = []

    def blow(self, deeds: list[Deed]) -> None:
        begun = time.monotonic()
        waiting = list(deeds)
        while waiting:
            while waiting and waiting[0].at <= time.monotonic() - begun:
                deed = waiting.pop(0)
                self.done[deed.what] = self.done.get(deed.what, 0) + 1
                getattr(self, deed.what)(deed.whom, *deed.more)
            self.cast.keep()
            pause = time.sleep  # the storm itself is a matter of time
            pause(LOOK_EVERY_S)

    # --- processes --------------------------------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        self._down(name, signal.SIGKILL, group=False)

    def kill_group(self, name: str) -> None:
        self._down(name, signal.SIGKILL, group=True)

    def end(self, name: str) -> None:
        self._down(name, signal.SIGTERM, group=False)

    def _down(self, name: str, how: int, *, group: bool) -> None:
        self.cast.wanted.discard(name)  # it stays away until the plan starts it again
        self.cast.send(name, how, group=group)

    def start(self, name: str) -> None:
        self.cast.start(name)

    def suspend(self, name: str) -> None:
        self.cast.send(name, signal.SIGSTOP)

    def cut_off(self, name: str) -> None:
        self.cast.send(name, signal.SIGSTOP)
        self.cast.end_sessions(name)

    def go_on(self, name: str) -> None:
        self.cast.send(name, signal.SIGCONT)

    # --- bank, networks, people -------------------------------------------------------------------------------------------

    def break_bank(self, fault: str) -> None:
        self.cast.ask(self.cast.switchboard, "PUT", f"/faults/{fault}", {})

    def mend_bank(self, fault: str) -> None:
        self.cast.ask(self.cast.switchboard, "DELETE", f"/faults/{fault}")

    def misbehave(self, network: str, fault: str, settings: dict[str, Any]) -> None:
        self.cast.ask(self.cast.networks, "PUT", f"/misbehave/{network}", {"fault": fault, **settings})

    def say(self, component: str) -> None:
        """The next statement about trouble of that component: it begins, its cause is known, it is watched, it is over."""
        try:
            self._say(component)
        except DomainError:
            self.done["refused"] = self.done.get("refused", 0) + 1  # e.g. just resolved by somebody else

    def _say(self, component: str) -> None:
        with self.cast.database.reading() as session:
            opened = [one for one in incident_store.opened(session) if not one.automatic and component in one.components]
        if not opened:
            self._note(incidents.declare(self.console, Declaration({component: ComponentStatus.PARTIAL_OUTAGE}, who=WHO)))
        elif opened[0].status in _NEXT:
            status = _NEXT[opened[0].status]
            cause = "supplier" if status is IncidentStatus.IDENTIFIED else None
            self._note(incidents.update(self.console, Change(opened[0].id, WHO, status=status, cause=cause)))
        else:
            self._note(incidents.resolve(self.console, Resolution(opened[0].id, WHO)))

    def _note(self, told: Incident) -> None:
        self.said.append(Said(told.id, told.status))

    # --- afterwards -------------------------------------------------------------------------------------------------------

    def heal(self) -> None:
        """No more faults; everything runs. Returns when every incident is over and every delivery final; fails if that takes too long."""
        for fault, state in self.cast.ask(self.cast.switchboard, "GET", "/faults").items():
            if state["on"]:
                self.mend_bank(fault)
        self.cast.ask(self.cast.networks, "DELETE", "/misbehave")
        for name in PROCESSES:
            self.cast.send(name, signal.SIGCONT)
            self.cast.start(name)
        with self.cast.database.reading() as session:
            by_people = [one.id for one in incident_store.opened(session) if not one.automatic]
        for incident_id in by_people:
            self._note(incidents.resolve(self.console, Resolution(incident_id, WHO)))
        until(self._over, patience_s=PATIENCE_S)

    def _over(self) -> bool:
        self.cast.keep()
        with self.cast.database.reading() as session:
            if incident_store.opened(session):
                return False
            states = [row.state for row in deliveries.listing(session, limit=100_000)]
        return all(state.final or state == "stuck" for state in states)
