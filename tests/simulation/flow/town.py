"""One thread, one seed, virtual time: locations look, results travel, loops step and are killed between any two points."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import PurePosixPath
from random import Random
from typing import Any

from sqlalchemy.exc import OperationalError

from statuspage.actions import components
from statuspage.actions.context import Context
from statuspage.core.seal import OneKey
from statuspage.ports import Ports
from statuspage.publish.writer import Busy
from statuspage.store import components as component_store
from statuspage.store.locks import LockLost
from statuspage.worker.assemble import build_words, former, known_components
from statuspage.worker.cleaner import Cleaner
from statuspage.worker.owned import as_owner
from statuspage.worker.promises import Promises
from statuspage.worker.publisher import Publisher
from statuspage.worker.verdicts import Verdicts
from tests.actions.stage import CHANNELS
from tests.simulation.flow.bank import LANGUAGE, Bank
from tests.simulation.flow.shelf import Shelf
from tests.simulation.flow.truth import Truth
from tests.simulation.flow.watch import Watch
from tests.simulation.ports import SimClock, SimRandomness, SimStore, busy, wall_of
from tests.simulation.world import Crash, Tell

INFOS = {info.channel.name: info for info in CHANNELS if info.channel.language == LANGUAGE}
IDLE_S = {"verdicts": 60.0, "promises": 20.0, "publisher": 20.0, "cleaner": 1800.0, "mirror": 20.0}


@dataclass
class Knobs:
    """Which faults are on. Odds are per named point, per file, per transaction; moments come from the script."""

    crashes: float = 0.0
    pauses: float = 0.0
    files: float = 0.0
    store: float = 0.0
    doubles: float = 0.0
    shuffles: float = 0.0
    lag_s: float = 0.2
    unhurried: float = 1.0  # loops that have nothing to do look so many times less often; not the cleaner
    workers: int = 1


@dataclass
class Hand:
    """One loop of one worker, as it is asked again and again."""

    name: str
    lock: Any = None
    loop: Any = None
    generator: Iterator[str] | None = None
    due: float = float("inf")
    token: int = 0


@dataclass
class Worker:
    """One process: its loops die together."""

    number: int
    run: int = 0
    up: bool = False
    frozen_until: float = 0.0
    bank: Bank | None = None
    hands: dict[str, Hand] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        return f"worker-{self.number}-run-{self.run}"


class Town:
    """Everything of one seed. `tell` is told line by line what happens, the trace; its digest is the seed's fingerprint."""

    def __init__(self, seed: int, bank: Bank, truth: Truth, knobs: Knobs, *, day: int = 0, tell: Tell = None) -> None:
        self.seed, self.bank, self.truth, self.knobs = seed, bank, truth, knobs
        self.banks = [(0.0, bank)]  # every configuration, and since when
        self.chance = Random(f"town {seed}")
        self.time = self.slept_s = 0.0
        self.first_offset_s = self.wall_offset_s = day * 86400.0
        self.chaos = True
        self.jumped = False  # the wall clock: what is dated by it cannot be put in order any more
        self.tell = tell
        self.faults: list[str] = []
        self.probing = True
        self._digest = hashlib.sha256()
        self._heap: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self.store = SimStore()
        self.store.trouble = self._trouble
        self._working: Worker | None = None  # whose step runs
        self.watch = Watch(self)
        self.probers: dict[str, Any] = {}
        self.shelves = [Shelf(self, "first"), *(Shelf(self, f"copy{number}") for number in range(1, bank.folders))]
        self.workers = [Worker(number) for number in range(knobs.workers)]
        self.outside = self.context(Worker(99, bank=bank))
        components.sync(self.outside)

    # --- time -----------------------------------------------------------------------------------------------------------

    def wall(self) -> datetime:
        return wall_of(self.time, self.wall_offset_s)

    def seconds(self, moment: datetime) -> float:
        """Virtual seconds of a moment by the wall clock as it stands now."""
        return self.time - (self.wall() - moment).total_seconds()

    def sleep(self, seconds: float) -> None:
        """No loop of this world waits by itself."""

    def note(self, line: str) -> None:
        entry = f"{self.time:11.3f} {line}"
        self._digest.update(entry.encode())
        if self.tell is not None:
            self.tell(entry)

    def fault(self, line: str) -> None:
        self.note(f"FAULT {line}")
        if line not in self.faults:
            self.faults.append(f"{line} (at {self.time:.0f} s)")

    def digest(self) -> str:
        return self._digest.hexdigest()

    def later(self, delay_s: float, deed: Callable[..., object], *told: object) -> None:
        self._count += 1
        heapq.heappush(self._heap, (self.time + max(0.0, delay_s), self._count, partial(deed, *told)))

    @property
    def restless(self) -> bool:
        """Something was seen just now that was not so before: loops look as often as real ones."""
        return self.time - self.watch.turned_at < 10.0

    def run_until(self, end: float) -> None:
        while self._heap and self._heap[0][0] <= end:
            self.time, _, deed = heapq.heappop(self._heap)
            deed()
        self.time = max(self.time, end)

    # --- processes ------------------------------------------------------------------------------------------------------

    def context(self, worker: Worker) -> Context:
        bank = worker.bank or self.bank
        settings = bank.settings()
        with self.store.reading() as session:
            known = known_components(settings, component_store.all(session))
        ports = Ports(SimClock(self, worker), SimRandomness(self.chance), None, self.store, None)  # type: ignore[arg-type]
        words, key = build_words(settings, known), OneKey(b"only for the simulation")
        return Context(ports, settings, words, key, channels=INFOS, former=former(settings, known))

    def start(self, worker: Worker) -> None:
        if worker.up:
            return
        worker.run, worker.up = worker.run + 1, True
        self.note(f"{worker.run_id} starts")
        self._build(worker)

    def _build(self, worker: Worker) -> None:
        """The loops of the configuration in force, as the roles make them."""
        worker.bank = self.bank
        ctx = self.context(worker)
        names = ("verdicts", "promises", "publisher", "cleaner")
        locks = {name: worker.hands[name].lock if name in worker.hands else self.store.lock(name) for name in names}
        publisher = Publisher(as_owner(ctx, locks["publisher"]), self.shelves)
        makers: dict[str, Callable[[], Any]] = {
            "verdicts": lambda: Verdicts(as_owner(ctx, locks["verdicts"])),
            "promises": lambda: Promises(as_owner(ctx, locks["promises"])),
            "publisher": lambda: publisher,
            "cleaner": lambda: Cleaner(as_owner(ctx, locks["cleaner"])),
        }
        for replaced in worker.hands.values():
            replaced.token += 1  # its next turn was due already: a loop that was replaced has none any more
        worker.hands = {name: Hand(name, locks[name], make) for name, make in makers.items()}
        worker.hands |= {mirror.name: Hand(mirror.name, None, mirror) for mirror in publisher.mirrors}
        for hand in worker.hands.values():
            self.wake(worker, hand.name, self.chance.uniform(0.0, 0.5))

    def reload(self, bank: Bank) -> None:
        """A new configuration is accepted; every process follows within two seconds."""
        self.bank = bank
        self.banks.append((self.time, bank))
        self.note("reload")
        self.outside = self.context(Worker(99, bank=bank))
        for worker in self.workers:
            self.later(self.chance.uniform(0.0, 2.0), self._follow, worker, bank)

    def reconfigure(self, bank: Bank) -> None:
        """The same, and the probers follow too."""
        self.reload(bank)
        for _, prober in sorted(self.probers.items()):
            self.later(self.chance.uniform(0.0, 2.0), self._probe_anew, prober)

    def _probe_anew(self, prober: Any) -> None:
        prober.configure(self.bank)

    def _follow(self, worker: Worker, bank: Bank) -> None:
        if not worker.up or worker.bank is bank or bank is not self.bank:
            return
        if worker.frozen_until > self.time or any(hand.generator is not None for hand in worker.hands.values()):
            self.later(0.1, self._follow, worker, bank)  # a loop finishes its step first
            return
        self.note(f"{worker.run_id} follows")
        self._build(worker)

    def kill(self, worker: Worker, why: str) -> None:
        """SIGKILL: nothing of it goes on; its locks are free."""
        if not worker.up:
            return
        self.note(f"{worker.run_id} killed {why}")
        worker.up = False
        self.watch.down(self.time)
        for hand in worker.hands.values():
            if hand.generator is not None and not getattr(hand.generator, "gi_running", False):
                hand.generator.close()  # type: ignore[attr-defined]
            hand.generator, hand.token = None, hand.token + 1
            if hand.lock is not None:
                hand.lock.release()
        worker.hands = {}
        self.later(self.chance.uniform(1.0, 40.0), self.start, worker)

    def freeze(self, worker: Worker, seconds: float) -> None:
        self.note(f"{worker.run_id} suspended for {seconds:.0f}")
        worker.frozen_until = self.time + seconds
        self.watch.down(self.time, seconds)

    def lose_locks(self) -> None:
        self.note("database connections lost")
        self.store.holders.clear()

    # --- steps ----------------------------------------------------------------------------------------------------------

    def wake(self, worker: Worker, name: str, delay_s: float) -> None:
        hand = worker.hands.get(name)
        if hand is None or self.time + delay_s >= hand.due or hand.generator is not None:
            return
        hand.due, hand.token = self.time + delay_s, hand.token + 1
        self.later(delay_s, self._turn, worker, hand, hand.token)

    def stir(self, *names: str) -> None:
        """Something new stands in the database: the loops poll it, and see it within their pause."""
        for worker in self.workers:
            for name in names:
                self.wake(worker, name, self.chance.uniform(0.0, 0.2))

    def _turn(self, worker: Worker, hand: Hand, token: int) -> None:
        if token != hand.token or not worker.up:
            return
        if self.time < worker.frozen_until:
            self.later(worker.frozen_until - self.time, self._turn, worker, hand, token)
            return
        hand.due = float("inf")
        if hand.lock is not None and not hand.lock.acquire():
            self._rest(worker, hand, 5.0)
            return
        if callable(hand.loop):
            hand.loop = hand.loop()
        hand.generator = _points(hand.loop)
        self._go_on(worker, hand, token)

    def _go_on(self, worker: Worker, hand: Hand, token: int) -> None:
        if token != hand.token or hand.generator is None:
            return
        if self.time < worker.frozen_until:
            self.later(worker.frozen_until - self.time, self._go_on, worker, hand, token)
            return
        before, self._working = self._working, worker
        try:
            point = next(hand.generator)
        except StopIteration:
            self._rest(worker, hand, self._pause(hand.name))
        except Crash:
            hand.generator = None
        except (OperationalError, OSError, Busy, LockLost) as error:
            self.note(f"{worker.run_id} {hand.name} met {type(error).__name__}")
            self._rest(worker, hand, 1.0)
        else:
            self._pass(worker, hand, token, point)
        finally:
            self._working = before
            if not worker.up:
                hand.generator = None

    def _pass(self, worker: Worker, hand: Hand, token: int, point: str) -> None:
        """A named point: the process may die here, be suspended, or others may go first."""
        if point not in ("read", "looked"):
            self.note(f"{worker.run_id} {hand.name} at {point}")
        if point in ("acted", "kept", "started", "ended", "asked", "left"):
            self.watch.observe()
            self.stir("publisher", "verdicts")
        elif point == "recorded" and self.restless:
            self.stir("publisher")
        if self.chaos and self.knobs.crashes and self.chance.random() < self.knobs.crashes:
            self.kill(worker, f"at {point}")
            return
        if self.chaos and self.knobs.pauses and self.chance.random() < self.knobs.pauses:
            self.freeze(worker, self.chance.choice([8.0, 90.0, 600.0]))
            if self.knobs.workers > 1:
                self.later(5.0, self.lose_locks)
        self.later(self.chance.uniform(0.0, 0.02) if self.knobs.crashes or self.knobs.pauses else 0.001, self._go_on, worker, hand, token)

    def _rest(self, worker: Worker, hand: Hand, seconds: float) -> None:
        hand.generator = None
        if worker.up:
            self.wake(worker, hand.name, seconds)

    def _pause(self, name: str) -> float:
        """Looks are close together for some time after anything came, and far apart when nothing can be new but that time passes."""
        if name == "verdicts" and self.restless:
            return 1.0
        if name == "publisher" and self.watch.editions and self.time - self.watch.editions[-1].time < 1.0:
            return 0.5  # what came so soon after an edition waits for the next
        return IDLE_S[name.partition(":")[0]] * (1.0 if name == "cleaner" else self.knobs.unhurried)

    # --- faults ---------------------------------------------------------------------------------------------------------

    def file_point(self, shelf: Shelf, path: PurePosixPath) -> None:
        """Before each file: the disk may refuse it, or the process dies."""
        if not self.chaos or not self.knobs.files or self._working is None or self.chance.random() > self.knobs.files:
            return
        if self.knobs.crashes and self.chance.random() < 0.5:
            self.kill(self._working, f"before {path} on {shelf.name}")
            raise Crash
        self.note(f"{shelf.name} refuses {path}")
        raise OSError(28, "no space")

    def _trouble(self, moment: str) -> None:
        if self._working is None or not self.chaos:
            return
        if self.knobs.store and moment != "committed" and self.chance.random() < self.knobs.store:
            self.note(f"database busy at {moment}")
            self.watch.down(self.time)
            raise busy()
        if self.knobs.crashes and moment != "begin" and self.chance.random() < self.knobs.crashes / 4:
            self.kill(self._working, f"at {moment}")
            raise Crash

    # --- what the public gets -------------------------------------------------------------------------------------------

    def edition(self, shelf: Shelf) -> None:
        if shelf.name == "first":
            summary = json.loads(shelf.files[PurePosixPath("api/v2/summary.json")])
            page = shelf.files[PurePosixPath(f"{LANGUAGE}/index.html")].decode()
            made_at = datetime.fromisoformat(json.loads(shelf.files[PurePosixPath("fresh.json")])["made_at"])
            self.watch.edition(shelf.generation, summary, page, made_at)
        for worker in self.workers:
            for name in worker.hands:
                if name.startswith("mirror") and shelf.name == "first":
                    self.wake(worker, name, 0.3)


def _points(loop: Any) -> Iterator[str]:
    """One pass of a loop, point by point."""
    if isinstance(loop, Verdicts):
        return loop.work() if loop._due() else iter(())
    if hasattr(loop, "work"):
        points: Iterator[str] = loop.work()
        return points
    return _one(loop)


def _one(loop: Any) -> Iterator[str]:
    loop.step()
    yield "stepped"


def span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
