"""Seeds in which one thing happens at a time, so that everything expected of it can be said beforehand, to the second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from statuspage.actions import maintenance
from statuspage.actions.maintenance import Plan
from tests.simulation.flow.bank import AUTHOR, PARTS, Bank
from tests.simulation.flow.people import People
from tests.simulation.flow.town import IDLE_S, Knobs, Town, span
from tests.simulation.flow.truth import Fog, Ill, Noise, Spell, Truth
from tests.simulation.world import Tell

BAD = frozenset({"major_outage", "partial_outage", "degraded_performance"})
DOWN = frozenset({"major_outage"})
PARTLY = frozenset({"degraded_performance"})
UNSEEN = frozenset({"unknown"})
WORKED_ON = frozenset({"under_maintenance"})
OWN_S = 10.0  # design, section 1: one check interval and so much until the verdict; with a target that hangs, two time-outs more
TICKS_S = 4.0  # the loops of this world look less often than real ones
PUBLIC = ("login", "app", "cards", "atm")


@dataclass(frozen=True)
class Window:
    """On the page a component may (must) show one of these from `begin` to `end`."""

    key: str
    begin: float
    end: float
    shows: frozenset[str]
    must: bool = False


@dataclass(frozen=True)
class Episode:
    """What happens from begin to end, and what is expected of it.

    new      automatic incidents that may begin between begin and until: at least, at most
    named    components that the incident names in the end; by: it is begun by then
    since    not before this the trouble may be said to have begun; over: since when all is well again; None: no matter
    secret   incidents about private components that begin besides; they never stand in one with others
    """

    kind: str
    begin: float
    end: float
    until: float
    new: tuple[int, int] = (0, 0)
    named: frozenset[str] = frozenset()
    by: float = 0.0
    since: float = 0.0
    over: float | None = None
    windows: tuple[Window, ...] = ()
    told_at_most: int = 99
    secret: int = 0


@dataclass
class Script:
    """Lays episodes one after the other."""

    town: Town
    chance: Random
    now: float
    episodes: list[Episode] = field(default_factory=list)

    @property
    def bank(self) -> Bank:
        return self.town.bank

    def detect(self, takes_s: float = 0.05) -> float:
        knobs = self.town.knobs
        delays = 4 * knobs.lag_s + (8.0 if knobs.shuffles else 0.0)
        return self.bank.interval_s + OWN_S + 2 * takes_s + delays + TICKS_S

    @property
    def aftermath(self) -> float:
        """Until an incident is resolved, and can be reopened no more."""
        return self.bank.stable_s + self.bank.reopen_s + 2 * IDLE_S["verdicts"] + 20.0

    def ill(self, what: Ill, begin: float, end: float, *keys: str) -> None:
        self.town.truth.spells.extend(Spell(what, begin, end, key) for key in keys)

    def fog(self, what: Fog, begin: float, end: float, key: str | None = None, places: Iterable[str | None] = (None,)) -> None:
        self.town.truth.spells.extend(Spell(what, begin, end, key, place) for place in places)

    def one(self) -> str:
        return self.chance.choice(PUBLIC)

    def add(self, episode: Episode) -> None:
        self.episodes.append(episode)
        self.now = episode.until + self.chance.uniform(5.0, 40.0)
        self.town.note(f"script {episode.kind} {episode.begin:.1f} {episode.end:.1f}")


def _trouble(script: Script, what: Ill, shows: frozenset[str], kind: str, keys: tuple[str, ...], *, vault: bool = False) -> None:
    """Some components fail, perhaps some seconds after each other, and work again: one incident that names them all."""
    takes = {Ill.HANGING: 10.0, Ill.SLOW: 3.0}.get(what, 0.05)
    bound = script.detect(takes)
    begin = script.now
    starts = {key: begin + script.chance.uniform(0.0, 8.0 if len(keys) > 1 else 0.0) for key in keys}
    last = max(starts.values())
    end = last + bound + script.chance.uniform(20.0, 120.0)
    for key, start in starts.items():
        script.ill(what, start, end, key)
    if vault:
        script.ill(what, begin, end, "vault")
    windows = [Window(key, start, end + bound, BAD) for key, start in starts.items()]
    windows += [Window(key, last + bound, end, shows, must=True) for key in keys]
    script.add(
        Episode(
            kind, begin, end, end + bound + script.aftermath, (1, 1), frozenset(keys), last + bound, since=begin, over=end,
            windows=tuple(windows), secret=int(vault),
        )
    )  # fmt: skip


def outage(script: Script) -> None:
    what = script.chance.choice((Ill.DOWN, Ill.HANGING))
    _trouble(script, what, DOWN, f"outage ({what})", (script.one(),))


def slow(script: Script) -> None:
    """P6: slow, or only a part: degraded, never an outage."""
    what = script.chance.choice((Ill.SLOW, Ill.PART))
    _trouble(script, what, PARTLY, f"slow ({what})", (script.one(),))


def burst(script: Script) -> None:
    """P15: all of them at once, what is private too."""
    _trouble(script, Ill.DOWN, DOWN, "burst", PUBLIC, vault=script.chance.random() < 0.5)


def family(script: Script) -> None:
    """What depends on it fails with it."""
    _trouble(script, Ill.DOWN, DOWN, "family", ("login", "app"))


def private(script: Script) -> None:
    _trouble(script, Ill.DOWN, DOWN, "private", ("vault",))


def blip(script: Script) -> None:
    """Over before the second repeat."""
    begin = script.now
    end = begin + script.chance.uniform(0.5, 3.5)
    script.ill(Ill.DOWN, begin, end, *script.chance.choice(((script.one(),), PUBLIC)))
    script.add(Episode("blip", begin, end, end + script.detect()))


def alone(script: Script) -> None:
    """P1: one location sees a failure, the others do not."""
    if len(script.bank.places) < 2:
        return blip(script)
    begin = script.now
    end = begin + script.chance.uniform(60.0, 300.0)
    script.fog(Fog.ALONE, begin, end, script.chance.choice((None, script.one())), [script.chance.choice(script.bank.places)])
    return script.add(Episode("alone", begin, end, end + script.detect()))


def blind(script: Script) -> None:
    """P2, P3: our own network is down, at one location or at all of them; perhaps the bank is down too, and nobody can tell."""
    begin, bank = script.now, script.bank
    everywhere = script.chance.random() < 0.5 or len(bank.places) < 3
    end = begin + script.chance.uniform(5 * bank.interval_s, 9 * bank.interval_s)
    what = script.chance.choice((Fog.BLIND, Fog.SILENT))
    script.fog(what, begin, end, None, [None] if everywhere else [script.chance.choice(bank.places)])
    windows: tuple[Window, ...] = ()
    if everywhere:
        dark = begin + 4 * bank.interval_s + IDLE_S["publisher"] + 5.0
        if script.chance.random() < 0.5:
            script.ill(Ill.DOWN, begin + 5.0, end - 5.0, *PUBLIC)
        windows = tuple(Window(key, begin, end + script.detect(3.0), UNSEEN) for key in PUBLIC)
        windows += tuple(Window(key, dark, end, UNSEEN, must=True) for key in PUBLIC if dark < end)
    script.add(Episode(f"blind ({what}, {'everywhere' if everywhere else 'one'})", begin, end, end + script.detect(3.0), windows=windows))


def account(script: Script) -> None:
    """The test account is refused, or the probe is taken for a robot: the page does not turn red."""
    begin, key = script.now, script.one()
    end = begin + script.chance.uniform(120.0, 400.0)
    what = script.chance.choice((Fog.ACCOUNT, Fog.BLOCKED))
    script.fog(what, begin, end, key)
    windows = () if what is Fog.ACCOUNT else (Window(key, begin, end + script.detect(), UNSEEN),)
    script.add(Episode(f"account ({what})", begin, end, end + script.detect(), windows=windows))


def relapse(script: Script) -> None:
    """Down, up, down again, in monitoring or lately resolved: one incident."""
    key, bound, bank = script.one(), script.detect(), script.bank
    begin = script.now
    first = begin + bound + script.chance.uniform(10.0, 60.0)
    again = first + bound + script.chance.uniform(20.0, bank.stable_s + bank.reopen_s - 2 * bound - 60.0)
    end = again + bound + script.chance.uniform(10.0, 60.0)
    script.ill(Ill.DOWN, begin, first, key)
    script.ill(Ill.DOWN, again, end, key)
    windows = (
        Window(key, begin, first + bound, BAD), Window(key, again, end + bound, BAD),
        Window(key, begin + bound, first, DOWN, must=True), Window(key, again + bound, end, DOWN, must=True),
    )  # fmt: skip
    until = end + bound + script.aftermath
    script.add(Episode("relapse", begin, end, until, (1, 1), frozenset({key}), begin + bound, since=begin, over=end, windows=windows))


def flapping(script: Script) -> None:
    """P5: each 30-90 s another face: one incident, which is not told at every turn."""
    key, chance = script.one(), script.chance
    begin = at = script.now
    while at < begin + 1200.0:
        end = at + chance.uniform(30.0, 90.0)
        script.ill(Ill.DOWN, at, end, key)
        at = end + chance.uniform(30.0, 90.0)
    bound = script.detect()
    windows = (Window(key, begin, end + bound + 300.0 + IDLE_S["verdicts"], BAD),)
    seen = 1 if script.bank.interval_s <= 20.0 else 0
    script.add(
        Episode(
            "flapping", begin, end, end + bound + 300.0 + script.aftermath, (seen, 1), frozenset(), end, since=begin, over=end,
            windows=windows, told_at_most=4,
        )
    )  # fmt: skip


def noisy(script: Script) -> None:
    """P4: an outage while up to a fifth of all looks at it show the contrary."""
    if script.bank.interval_s > 20.0:
        return outage(script)
    key, begin = script.one(), script.now + 60.0
    end = begin + 90.0 + script.chance.uniform(20.0, 120.0)
    script.ill(Ill.DOWN, begin, end, key)
    script.town.truth.noises.append(Noise(begin - 60.0, end + 60.0, key, script.chance.choice((0.05, 0.1, 0.2))))
    windows = (Window(key, begin - 60.0, end + 60.0 + 90.0 + 300.0 + IDLE_S["verdicts"], BAD | UNSEEN),)
    until = end + 60.0 + script.detect() + 300.0 + script.aftermath
    return script.add(Episode("noisy", begin - 60.0, end, until, (1, 1), frozenset({key}), begin + 90.0, over=end, windows=windows))


def renamed(script: Script) -> None:
    """A component is called otherwise in the middle of its outage; processes follow the new configuration one after the other."""
    key, town = script.one(), script.town
    begin = script.now
    _trouble(script, Ill.DOWN, DOWN, "renamed", (key,))
    end = script.episodes[-1].end

    def rename() -> None:
        town.reconfigure(town.bank.renamed(key, f"{town.bank.part(key).slug}-x"))

    moment = script.chance.uniform(begin + script.detect(), end)
    town.later(moment - town.time, rename)
    town.note(f"script rename {key} at {moment:.1f}")


def removed(script: Script) -> None:
    """A component is taken out of the configuration in the middle of its outage: told on, ended by whoever the alarm asks, put back."""
    key, town, bound = script.one(), script.town, script.detect()
    begin = script.now
    gone = begin + bound + script.chance.uniform(5.0, 60.0)
    ended = gone + script.chance.uniform(60.0, 900.0)
    back = ended + script.chance.uniform(30.0, 300.0)
    script.ill(Ill.DOWN, begin, ended - 5.0, key)
    town.later(gone - town.time, lambda: town.reconfigure(town.bank.changed(key, gone=True)))
    town.later(ended - town.time, People(town, script.chance).answer)
    town.later(back - town.time, lambda: town.reconfigure(town.bank.changed(key, gone=False)))
    town.note(f"script remove {key} from {gone:.1f} to {back:.1f}")
    settled = back + bound + 2.0 + IDLE_S["publisher"]
    windows = (Window(key, begin, gone + bound, BAD), Window(key, gone, settled, BAD | UNSEEN | frozenset({"missing"})))
    until = settled + script.aftermath
    script.add(Episode("removed", begin, ended, until, (1, 1), frozenset({key}), begin + bound, since=begin, windows=windows))


def works(script: Script) -> None:
    """P7: planned work silences, on a component or on what it depends on, until its end; what outlasts it is an incident."""
    key, bound, chance = script.one(), script.detect(), script.chance
    begin, town = script.now, script.town
    planned = begin + 30.0
    end = planned + 60.0 + bound + chance.uniform(60.0, 200.0)
    outlasts = chance.random() < 0.5
    broken = planned + 25.0
    fixed = end + bound + chance.uniform(20.0, 100.0) if outlasts else end - bound - 5.0
    hit = ("app", "login") if key == "login" else (key,)
    script.ill(Ill.DOWN, broken, fixed, *hit)

    def plan() -> None:
        now = town.wall() - span(town.time)
        maintenance.plan(town.outside, Plan((town.bank.part(key).slug,), now + span(planned), now + span(end), AUTHOR))
        town.watch.observe()
        town.stir("promises", "publisher")

    town.later(begin + 1.0 - town.time, plan)
    late = IDLE_S["promises"] + IDLE_S["publisher"] + 5.0
    # Work past its end that no check sees done is not "under maintenance" any more; what waits to be ended is shown for the loops' pause.
    windows = [Window(key, planned, max(end, fixed + bound if outlasts else end) + late, WORKED_ON)]
    windows += [Window(one, broken, fixed + bound, BAD) for one in hit if one != key]
    if outlasts:
        windows += [Window(one, end, fixed + bound, BAD) for one in hit]
        windows += [Window(key, end + bound, fixed, DOWN, must=True)]
        expected = Episode(
            "works, outlasted", begin, fixed, fixed + bound + script.aftermath, (1, 1), frozenset(hit), end + bound, since=end,
            over=fixed, windows=tuple(windows),
        )  # fmt: skip
    else:
        expected = Episode("works", begin, end, end + late + bound, windows=tuple(windows))
    script.add(expected)


LOUD: tuple[Callable[[Script], None], ...] = (outage, slow, burst, family, private, relapse, flapping, noisy, renamed, removed, works)
STILL: tuple[Callable[[Script], None], ...] = (blip, alone, blind, account)


def build(seed: int, acts: Sequence[Callable[[Script], None]] = (), *, tell: Tell = None) -> tuple[Town, list[Episode], float]:
    """The world of a clean seed, its episodes, and its length. acts: these instead of four drawn from all."""
    chance = Random(f"clean {seed}")
    bank = Bank(
        PARTS,
        places=("madrid", "utrecht", "lyon")[: chance.choice((1, 2, 3, 3))],
        interval_s=chance.choice((20.0, 20.0, 60.0)),
        folders=chance.choice((1, 1, 2)),
    )
    knobs = Knobs(doubles=chance.choice((0.0, 0.2)), shuffles=chance.choice((0.0, 0.0, 0.3)), lag_s=chance.choice((0.05, 0.2, 1.0)))
    town = Town(seed, bank, Truth(), knobs, day=chance.randint(0, 40), tell=tell)
    script = Script(town, chance, now=2 * bank.interval_s + 20.0)
    drawn = [chance.choice(LOUD), chance.choice(LOUD), chance.choice(STILL), chance.choice(STILL)]
    chance.shuffle(drawn)
    for act in acts or drawn:
        act(script)
    return town, script.episodes, script.now + 10.0
