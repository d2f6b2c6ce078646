"""A quiet world for one test: nothing goes wrong but what the test plans."""

from __future__ import annotations

from collections.abc import Callable

from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind
from statuspage.store import alarms, deliveries
from tests.simulation.checker import faults
from tests.simulation.networks import FakeNetwork
from tests.simulation.people import Operators
from tests.simulation.world import Knobs, Process, World

CLASSES = ("natural", "keyed", "staged", "bare", "blind")
SUBJECT = "incident0000"
_QUIET = {"kinds": (), "rate": 0.0, "lags": False}


class Stage:
    """One account of each class asked for, one process, time that passes only when told."""

    def __init__(self, *classes: str, mode: str = "reply", seed: int = 1, **knobs: object) -> None:
        chosen = tuple(sorted(classes))
        self.world = World(seed, Knobs(classes=chosen, modes=dict.fromkeys(CLASSES, mode), **{**_QUIET, **knobs}))  # type: ignore[arg-type]
        self.people = Operators(self.world)
        self.process.frozen_until = 0.0
        self.world.start(self.process)
        self.passes(1.0)

    @property
    def process(self) -> Process:
        return self.world.processes[0]

    def network(self, name: str) -> FakeNetwork:
        return self.world.networks[name]

    def passes(self, seconds: float) -> None:
        """Virtual time passes, and everybody works."""
        self.world.run_until(self.world.time + seconds)

    def once_at(self, name: str, deed: Callable[[], None]) -> None:
        """Does something when a dispatcher passes that point the next time."""
        real, waiting = self.world.point, [deed]

        def point(passed: str) -> None:
            if passed == name and waiting:
                waiting.pop()()
            real(passed)

        self.world.point = point  # type: ignore[method-assign]

    def tell(self, kind: NoticeKind = NoticeKind.INVESTIGATING, *, valid_s: float | None = None, hold_s: float = 0.0) -> None:
        self.people.update(SUBJECT, kind, valid_s=valid_s, hold_s=hold_s)

    def rows(self, channel: str) -> list[Delivery]:
        with self.world.store.reading() as session:
            return deliveries.thread(session, SubjectKind.INCIDENT, SUBJECT, channel)

    def states(self, channel: str) -> list[DeliveryState]:
        return [row.state for row in self.rows(channel)]

    def story(self, row: Delivery) -> list[tuple[str, str]]:
        with self.world.store.reading() as session:
            return [(line.act, line.outcome) for line in deliveries.story(session, row.id)]

    def texts(self, channel: str) -> list[str]:
        return [post.text for post in self.network(channel).posts]

    def alarms(self) -> list[str]:
        with self.world.store.reading() as session:
            return [alarm.key for alarm in alarms.listing(session)]

    def wrong(self) -> list[str]:
        """What the simulator's checker says."""
        return faults(self.world, self.people)
