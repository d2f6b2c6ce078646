"""One thread, one seed, virtual time: processes, dispatchers, people, networks and faults, interleaved at named points.

Each dispatcher runs in a greenlet of its own: at every point, and while a request is under way, the others run.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]

from broadcasters.http import Answer, Request
from broadcasters.post import DeliveryClass
from statuspage.actions.context import ChannelInfo, Context
from statuspage.core.notices import Channel
from statuspage.core.seal import OneKey
from statuspage.core.vocabulary import LinkMode, UpdateMode
from statuspage.ports import Ports
from statuspage.settings import Settings
from statuspage.worker.dispatcher import POLL_S, Dispatcher
from tests.simulation.networks import BROADCASTERS, MODES, Config, FakeNetwork
from tests.simulation.ports import SimClock, SimRandomness, SimStore, busy, wall_of

Tell = Callable[[str], object] | None
SEAL_KEY = b"only for the simulation"


class Crash(BaseException):
    """The process dies here."""


class SimWords:
    """The posts of the simulation carry 'Ref CODE', no address."""

    def verification_url(self, code: str) -> str:
        return f"https://page.sim/u/{code}"

    def story(self, language: str, entries: Sequence[tuple[datetime, str]], *, fits: object, now: datetime) -> str:
        """As people.py writes it: the newest first, and only that one names its code."""
        *earlier, newest = [text.replace("Alone: ", "") for _, text in entries]
        return story_of(newest, earlier)


def story_of(newest: str, earlier: Sequence[str]) -> str:
    """The whole text of a post that was rewritten. earlier: texts, oldest first."""
    return "\n".join([newest, *(text.partition(" Ref ")[0] for text in reversed(earlier))])


@dataclass
class Process:
    """One worker process: a dispatcher per account, all dying together."""

    number: int
    run: int = 0
    up: bool = False
    threads: list[Thread] = field(default_factory=list)
    frozen_until: float = 0.0
    context: Any = None
    held: list[tuple[Thread, int]] = field(default_factory=list)  # what would run if the process were not suspended
    behind: bool = False  # suspended when a new configuration came; it follows when it goes on

    @property
    def run_id(self) -> str:
        return f"process-{self.number}-run-{self.run}"


@dataclass
class Thread:
    """One dispatcher's greenlet.

    wake    which of its wake-ups counts; an older one was overtaken by a poke
    poked   something new came in the middle of a pass, perhaps after that had read
    leaves  the configuration changed: it finishes its step, and a successor takes over if the account is still there
    rounds  passes since its last pause
    number  no other thread of the world has it, as the name of a successor may
    """

    account: str
    name: str
    process: Process
    dispatcher: Any
    green: Any  # its greenlet
    wake: int = 0
    poked: bool = False
    idle: bool = False
    dead: bool = False
    leaves: bool = False
    rounds: int = 0
    number: int = 0


@dataclass
class Knobs:
    """Which faults a seed has, and how much of them."""

    classes: tuple[str, ...]
    modes: dict[str, str]
    kinds: tuple[str, ...]
    rate: float
    lags: bool
    crashes: float = 0.0
    second_process: bool = False
    jumps: bool = False
    offsets: tuple[float, ...] = (-7200.0, 7200.0, 60.0, -60.0, 0.0)  # of the wall clock, if it jumps
    pauses: bool = False
    sleeps: bool = False
    store_trouble: float = 0.0
    restores: bool = False
    revokes: bool = False
    all_down: bool = False
    lock_losses: bool = False
    deletions: bool = False
    tampering: bool = False
    equal_text: bool = False
    people: bool = False
    off_switch: bool = False
    reloads: bool = False
    drills: bool = False
    languages: tuple[str, ...] = ()  # accounts with two channels
    twins: tuple[str, ...] = ()  # classes with a second account, for channels to move to
    moves: bool = False  # channels move to other accounts
    holds: tuple[float, ...] = (0.0, 0.0, 0.0, 120.0)
    suspends: float = 0.05  # odds at each point, if processes are suspended at all
    suspended_at: tuple[str, ...] = ()  # the only points at which they are; none: at all
    pauses_s: tuple[float, ...] = (300.0, 4200.0)
    loss_after_s: float = 5.0  # from a suspension to the loss of the lock
    late_s: float | None = None  # how late what is late is applied; None: by chance


BUSY_ROUNDS = 2000  # far more than a backlog of hundreds of threads takes
ANSWERS = ("throttled", "error", "error_applied", "lost", "lost_applied", "late", "cut", "slow", "refused", "rejected", "unreadable")


def draw_knobs(chance: random.Random) -> Knobs:
    """Each seed first draws which faults are on."""
    classes = tuple(sorted(chance.sample(sorted(BROADCASTERS), chance.randint(1, 3))))

    def often(odds: float) -> bool:
        return chance.random() < odds

    stops, sleeps = often(0.25), often(0.2)
    kinds = set(chance.sample(ANSWERS, chance.randint(1, 5)))
    if sleeps:  # what only a sleeping machine shows: keys that the server forgot meanwhile
        classes, kinds = tuple(sorted({*classes, "keyed"})), kinds | {"cut"}
    knobs = Knobs(
        classes=classes,
        modes={kind: chance.choice(MODES[kind]) for kind in sorted(BROADCASTERS)},
        kinds=tuple(sorted(kinds)),
        rate=chance.choice([0.05, 0.2, 0.5]),
        lags=often(0.5),
        crashes=chance.choice([0.0, 0.0, 0.01, 0.05]),
        second_process=often(0.6 if stops else 0.2),
        jumps=often(0.3),
        pauses=stops,
        sleeps=sleeps,
        store_trouble=chance.choice([0.0, 0.0, 0.02]),
        restores=often(0.15),
        revokes=often(0.15),
        all_down=often(0.03),
        lock_losses=often(0.6 if stops else 0.1),
        deletions=often(0.15),
        tampering=often(0.15),
        equal_text=often(0.1),
        people=often(0.5),
        off_switch=often(0.1),
        reloads=often(0.25),
        drills=often(0.1),
    )
    own = random.Random(repr(chance.getstate()[1][:8]))  # of its own: what was drawn before there was this stays as it was
    if own.random() < 0.2:
        knobs.languages = tuple(sorted(own.sample(classes, own.randint(1, len(classes)))))
    if own.random() < 0.15:
        knobs.moves, knobs.twins = True, (own.choice(classes),) if own.random() < 0.7 else ()
    return knobs


def class_of(account: str) -> str:
    """A second account of a class is called bare2."""
    return account.removesuffix("2")


class World:
    """Everything of one seed. `tell` is told line by line what happens, the trace; its digest is the seed's fingerprint."""

    def __init__(self, seed: int, knobs: Knobs | None = None, *, tell: Tell = None) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.knobs = knobs or draw_knobs(self.chance)
        self.time = 0.0
        self.slept_s = 0.0
        self.asleep_until = 0.0
        self.offsets = [(0.0, 0.0)]  # since when the wall clock was how far off
        self.copied_at = 0.0  # when the last backup was made
        self.chaos = True
        self.store = SimStore()
        self.store.trouble = self._trouble
        self.store.wall = self.wall
        self.store.keep_time(lambda: self.time)
        self.store.locks_are_sure = not self.knobs.lock_losses
        self.counts: Counter[str] = Counter()
        self.busy: set[str] = set()
        self.tell = tell
        self._digest = hashlib.sha256()
        self._heap: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self._threads = 0
        self._main = getcurrent()
        self._current: Thread | None = None
        self.every_account = (*self.knobs.classes, *(f"{kind}2" for kind in self.knobs.twins))
        self.networks = {name: FakeNetwork(self, name, BROADCASTERS[class_of(name)].CLASS) for name in self.every_account}
        self._outfit_networks()
        self.processes = [Process(n) for n in range(2 if self.knobs.second_process else 1)]
        self.modes = dict(self.knobs.modes)
        self.homes = {kind: kind for kind in self.knobs.classes} | {f"{kind}.fr": kind for kind in self.knobs.languages}  # of channels
        self.accounts: tuple[str, ...] = ()
        self.left_at: dict[tuple[str, str], list[float]] = {}  # channel, account -> when the one stood on the other no more
        self.configure(self.every_account)

    def _outfit_networks(self) -> None:
        each = self.knobs.rate / max(len(self.knobs.kinds), 1)
        for kind, network in self.networks.items():
            network.faults = dict.fromkeys(self.knobs.kinds, each)
            network.owner, network.late_s = self._owner, self.knobs.late_s
            network.refreshable = self.chance.random() < 0.5
            network.refuses_equal = self.knobs.equal_text and class_of(kind) == "bare"
            if "rejected" in network.faults:
                network.faults["rejected"] = min(each, 0.03)

    def configure(self, accounts: tuple[str, ...]) -> None:
        """The configuration in force from now on; whoever runs follows within its polling time."""
        before = {(name, info.channel.account) for name, info in self.channels.items()} if self.accounts else set()
        self.accounts = accounts
        self.settings = _settings(accounts)
        self.channels = _channels({name: home for name, home in sorted(self.homes.items()) if home in accounts}, self.modes)
        for left in before - {(name, info.channel.account) for name, info in self.channels.items()}:
            self.left_at.setdefault(left, []).append(self.time)
        self.outside = self.context(Process(99))

    @property
    def lags(self) -> bool:
        return self.knobs.lags

    # --- time and points ------------------------------------------------------------------------------------------------

    def wall(self) -> datetime:
        return wall_of(self.time, self.wall_offset_s)

    @property
    def wall_offset_s(self) -> float:
        return self.offsets[-1][1]

    @wall_offset_s.setter
    def wall_offset_s(self, offset: float) -> None:
        self.offsets.append((self.time, offset))

    def offsets_in(self, begin: float, end: float) -> list[float]:
        """How far off the wall clock was from one moment to another, both included."""
        until = [moment for moment, _ in self.offsets[1:]] + [float("inf")]
        return [offset for (since, offset), over in zip(self.offsets, until, strict=True) if since <= end and over >= begin]

    def _owner(self) -> object:
        """Who asks: one dispatcher, as long as it surely was not cut off and succeeded meanwhile."""
        number = 0 if self._current is None else self._current.number
        return number, self.counts["lock connection lost"]

    def happened(self, what: str, line: str = "") -> None:
        """As note, and counted: a fault that never happens tests nothing."""
        self.counts[what] += 1
        self.note(line or what)

    def note(self, line: str) -> None:
        entry = f"{self.time:11.3f} {line}"
        self._digest.update(entry.encode())
        if self.tell is not None:
            self.tell(entry)

    def digest(self) -> str:
        return self._digest.hexdigest()

    def end(self) -> None:
        """Lets go of everything, so that nothing of this world outlives it."""
        self._heap.clear()
        for process in self.processes:
            for thread in process.threads:
                thread.dead = True
                self._bury(thread)

    def later(self, delay_s: float, deed: Callable[..., object], *told: object) -> None:
        self._count += 1
        entry: tuple[float, int, Callable[[], object]] = (self.time + delay_s, self._count, partial(deed, *told))
        heapq.heappush(self._heap, entry)

    def sleep(self, seconds: float, *, idle: bool = False) -> None:
        """Called by a dispatcher's greenlet: everybody else runs meanwhile. Called by the world itself: nothing."""
        thread = self._current
        if thread is None or getcurrent() is not thread.green:
            return
        thread.wake += 1
        thread.idle = idle
        token = thread.wake
        self.later(seconds, self._resume, thread, token)
        self._main.switch()
        thread.idle = False

    def point(self, name: str) -> None:
        """A named point: the process may die here, be suspended, or others may go first."""
        thread = self._current
        if thread is None:
            return
        self.note(f"{thread.name} at {name}")
        if name == "recorded":
            self.networks[thread.account].acted_on(self._owner())
        if name in ("claimed", "recorded") and not self.knobs.jumps:  # a wall clock that jumps may end what was written down by it
            self.networks[thread.account].written_down(self._owner())
        if self.chaos and self.knobs.crashes and self.chance.random() < self.knobs.crashes:
            self.counts["crash at a point"] += 1
            self.kill(thread.process, f"at {name}")
            raise Crash
        self._maybe_suspend(thread.process, name)
        self.sleep(self.chance.uniform(0.0, 0.02))

    def _maybe_suspend(self, process: Process, name: str) -> None:
        """The process is stopped, or the whole machine sleeps, at the worst of moments; its database connection may be lost meanwhile."""
        knobs = self.knobs
        if not self.chaos or not (knobs.pauses or knobs.sleeps) or self.chance.random() > knobs.suspends or self.asleep_until > self.time:
            return
        if knobs.suspended_at and name not in knobs.suspended_at:
            return
        seconds = self.chance.choice(knobs.pauses_s)
        if knobs.sleeps and (not knobs.pauses or self.chance.random() < 0.5):
            self.nap(seconds)
        else:
            self.freeze(process, seconds, name)
            if knobs.lock_losses:
                self.later(knobs.loss_after_s, self.lose_locks)

    def freeze(self, process: Process, seconds: float, name: str = "") -> None:
        process.frozen_until = max(process.frozen_until, self.time + seconds)
        self.later(seconds, self.thaw, process)
        self.happened("process suspended", f"{process.run_id} suspended for {seconds} {name}")

    def thaw(self, process: Process) -> None:
        """The process goes on, unless something else suspends it still."""
        if self.time < process.frozen_until:
            return
        held, process.held = process.held, []
        for thread, token in held:
            self.later(0.0, self._resume, thread, token)
        if process.behind:
            self.later(0.0, self._follow, process, process.run)

    def nap(self, seconds: float) -> None:
        """The machine sleeps: no process runs, the monotonic clock stands still, boot and wall clock go on."""
        self.asleep_until = self.time + seconds
        for process in self.processes:
            process.frozen_until = max(process.frozen_until, self.asleep_until)
        self.happened("machine asleep", f"machine sleeps {seconds}")
        self.later(seconds, self._woken, seconds)

    def _woken(self, seconds: float) -> None:
        self.slept_s += seconds
        for process in self.processes:
            self.thaw(process)

    def lose_locks(self) -> None:
        self.happened("lock connection lost", "database connections lost")
        self.store.holders.clear()
        self.poke()

    def _resume(self, thread: Thread, token: int) -> None:
        if thread.dead or token != thread.wake:
            return
        if self.time < thread.process.frozen_until:
            thread.process.held.append((thread, token))
            return
        self._switch(thread)

    def _switch(self, thread: Thread) -> None:
        before, self._current = self._current, thread
        try:
            thread.green.switch()
        finally:
            self._current = before

    def run_until(self, end: float, done: Callable[[], bool] = lambda: False) -> None:
        """Lets everything happen up to the virtual moment `end`, or until `done()`, asked once per virtual event."""
        while self._heap and self._heap[0][0] <= end and not done():
            self.time, _, deed = heapq.heappop(self._heap)
            deed()
        if not done():
            self.time = max(self.time, end)

    # --- processes ------------------------------------------------------------------------------------------------------

    def context(self, process: Process) -> Context:
        ports = Ports(SimClock(self, process), SimRandomness(self.chance), self, self.store, None)  # type: ignore[arg-type]
        configs = {kind: Config(f"https://{kind}.sim", "good") for kind in self.accounts}
        return Context(ports, self.settings, SimWords(), OneKey(SEAL_KEY), configs, {}, self.channels)  # type: ignore[arg-type]

    def exchange(self, request: Request) -> Answer:
        """The transport port."""
        return self.networks[request.host.split(".")[0]].exchange(request)

    def start(self, process: Process) -> None:
        if process.up:
            return
        process.run, process.up, process.frozen_until, process.held = process.run + 1, True, self.asleep_until, []
        process.behind = False
        self.note(f"{process.run_id} starts")
        process.context, process.threads = self.context(process), []
        for kind in self.accounts:
            self._begin(process, kind)

    def reload(self, accounts: tuple[str, ...]) -> None:
        """A new configuration: accounts come or go, modes may have changed. Each process follows it by itself."""
        self.configure(accounts)
        self.happened("configuration reloaded", f"configuration: {', '.join(accounts)}; {sorted(self.modes.items())}")
        for process in self.processes:
            self.later(self.chance.uniform(0.0, 1.0), self._follow, process, process.run)

    def _follow(self, process: Process, run: int) -> None:
        """As the driver of loops does: everyone finishes the step under way, then those of the new configuration take over."""
        if not process.up or process.run != run:
            return
        process.behind = self.time < process.frozen_until
        if process.behind:
            return
        process.context = self.context(process)
        staying = {thread.account for thread in process.threads if not thread.dead}
        for thread in process.threads:
            thread.leaves = True
        for kind in self.accounts:
            if kind not in staying:
                self._begin(process, kind)
        self.poke()

    def _begin(self, process: Process, kind: str) -> None:
        thread = self._thread(process, kind, Dispatcher(process.context, kind, BROADCASTERS))
        process.threads.append(thread)
        self.later(self.chance.uniform(0.0, 0.5), self._resume, thread, 0)

    def _left(self, thread: Thread) -> None:
        """Its step is over: the lock is free, and its successor may begin."""
        thread.dispatcher.close()
        thread.dead = True
        thread.process.threads.remove(thread)
        if thread.account in thread.process.context.configs:
            self._begin(thread.process, thread.account)

    def _thread(self, process: Process, account: str, dispatcher: Dispatcher) -> Thread:
        dispatcher.idle_s, dispatcher.election_s = 1e6, 10.0  # a poke tells of new rows
        self._threads += 1
        thread = Thread(account, f"{process.run_id}/{dispatcher.name}", process, dispatcher, None, number=self._threads)
        thread.green = greenlet(partial(self._drive, thread), self._main)
        return thread

    def _drive(self, thread: Thread) -> None:
        """What the driver of loops does: one pass after the other; a fault is met with a pause."""
        try:
            while True:
                try:
                    for name in thread.dispatcher.work():
                        self.point(name)
                    wait = thread.dispatcher.due_in
                except Exception as error:
                    self.note(f"{thread.name} met {type(error).__name__}")
                    if self.knobs.store_trouble == 0.0 or "locked" not in str(error):
                        raise
                    wait = 1.0
                if thread.poked:
                    wait, thread.poked = min(wait, POLL_S), False
                if not thread.leaves:
                    self._heed_haste(thread, wait)
                    self.sleep(max(wait, 0.001), idle=True)
                if thread.leaves:
                    self._left(thread)
                    return
        except Crash:
            thread.dead = True

    def _heed_haste(self, thread: Thread, wait: float) -> None:
        """A dispatcher that goes round and round without a pause would burn a core for ever: a fault, told once; the loop ends."""
        thread.rounds = 0 if wait > 0.001 else thread.rounds + 1
        if thread.rounds > BUSY_ROUNDS:
            self.busy.add(f"busy: {thread.name} went round {BUSY_ROUNDS} times without a pause")
            raise Crash

    def poke(self) -> None:
        """Something new stands in the database: dispatchers poll it, idle ones see it within their polling time."""
        for process in self.processes:
            for thread in process.threads:
                if thread.idle and not thread.dead:
                    thread.wake += 1
                    token = thread.wake
                    self.later(self.chance.uniform(0.0, POLL_S), self._resume, thread, token)
                else:
                    thread.poked = True

    def kill(self, process: Process, why: str) -> None:
        """SIGKILL: no thread of it does anything more; its locks are free."""
        self.note(f"{process.run_id} killed {why}")
        process.up = False
        current = self._current
        for thread in process.threads:
            thread.dead = True
            thread.dispatcher._lock.release()
            if thread is not current:
                self.later(0.0, self._bury, thread)
        self.later(self.chance.uniform(1.0, 60.0), self.start, process)

    def _bury(self, thread: Thread) -> None:
        if thread.green and not thread.green.dead:
            before, self._current = self._current, None
            thread.green.throw(Crash)
            self._current = before

    def _trouble(self, moment: str) -> None:
        """Database busy or full, or the process dying before or after a commit."""
        thread = self._current
        if thread is None or not self.chaos:
            return
        if thread.dead:
            raise Crash
        if self.knobs.store_trouble and moment != "committed" and self.chance.random() < self.knobs.store_trouble:
            self.happened("database busy", f"{thread.name} database busy at {moment}")
            raise busy()
        if self.knobs.crashes and moment != "begin" and self.chance.random() < self.knobs.crashes / 4:
            self.counts["crash around a commit"] += 1
            self.kill(thread.process, f"at {moment}")
            raise Crash


def _settings(accounts: tuple[str, ...]) -> Settings:
    return Settings.model_validate(
        {
            "page": {"name": "Example Bank", "bank": "Example", "url": "https://page.sim"},
            "components": [{"slug": "cards", "name": {"en": "Cards"}}],
            "accounts": [{"name": name, "kind": class_of(name), "config": {}} for name in accounts],
        }
    )


def _channels(homes: Mapping[str, str], modes: Mapping[str, str]) -> dict[str, ChannelInfo]:
    return {
        name: ChannelInfo(
            Channel(name, home, class_of(home), _language(name), UpdateMode(modes[class_of(home)]), LinkMode.NEVER),
            fits=lambda text: True,
            delivery_class=str(DeliveryClass(BROADCASTERS[class_of(home)].CLASS)),
        )
        for name, home in homes.items()
    }


def _language(channel: str) -> str:
    return channel.partition(".")[2] or "en"
