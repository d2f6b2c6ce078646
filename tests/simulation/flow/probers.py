"""The prober of one location, on its real plan: it looks, repeats while in doubt, and sends what it saw, late or twice or in disorder."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from statuspage.actions.checks import SKEW_ALLOWED, record
from statuspage.core.checks import CheckResult
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.worker.errands import known_streaks
from statuspage.worker.plan import Check, Plan
from tests.simulation.flow.bank import Bank
from tests.simulation.flow.truth import FINE, Fog, Shown
from tests.simulation.flow.watch import LookMade

if TYPE_CHECKING:
    from tests.simulation.flow.town import Town

PAUSED = Shown(Outcome.NO_DATA, Reason.PAUSED, takes_s=0.0)
BATCH = 500


class Prober:
    """skew_s: by how much the location's clock is ahead of the true time; remote: it says when it sent, by that clock."""

    def __init__(self, town: Town, place: str, *, skew_s: float = 0.0) -> None:
        self.town, self.place, self.skew_s = town, place, skew_s
        self.plans: dict[str, Plan] = {}
        self._tokens: dict[str, int] = {}
        self._waiting: list[tuple[CheckResult, LookMade]] = []
        self._sent: set[tuple[str, int]] = set()
        self._flush_at = float("inf")
        self._new_until = 0.0
        self._ailing: set[str] = set()  # keys whose last look did not show that all is well: the first that does is news

    def configure(self, bank: Bank) -> None:
        """A new process: it reads what is known of each probe, and counts on above everything earlier."""
        self._flush_at = self.town.time
        self._send(self._flush_at)  # a process that ends hands over what it has
        with self.town.store.reading() as session:
            streaks = known_streaks(session, bank.settings(), self.place)
        floor = int((self.town.time + 1000.0) * 10)
        settings = {probe.name.removeprefix("p-"): probe for probe in bank.settings().probes}
        before, self.plans = self.plans, {}
        self._new_until = self.town.time + 1.5 * bank.interval_s  # its grid may lie otherwise: its first looks travel at once
        for place, (key, probe) in enumerate(settings.items()):
            sequence = max(floor, before[key].sequence if key in before else 0)
            begins = self.town.time + self.town.chance.uniform(0.0, 1.0)
            self.plans[key] = Plan(probe, None, place=place, now=begins, sequence=sequence, streak=streaks[probe.name])
            self._arm(key)

    def _arm(self, key: str) -> None:
        token = self._tokens[key] = self._tokens.get(key, 0) + 1
        due = self.plans[key].due_at()
        if due < float("inf"):
            self.town.later(due - self.town.time, self._look, key, token)

    def _look(self, key: str, token: int) -> None:
        town, plan = self.town, self.plans.get(key)
        if plan is None or token != self._tokens[key]:
            return
        silent = town.truth.fog(Fog.SILENT, town.time, key, self.place)
        if silent is not None:
            town.later(silent.end - town.time, self._look, key, token)
            return
        check, _ = plan.begin(town.time)
        shown = PAUSED if not town.probing else town.truth.shows(town.time, key, self.place, town.chance)
        town.later(shown.takes_s, self._answer, key, plan, check, shown, town.time)
        self._arm(key)

    def _answer(self, key: str, plan: Plan, check: Check, shown: Shown, began: float) -> None:
        town = self.town
        counts = shown.outcome.counts
        latency = round(shown.takes_s * 1000, 1) if counts else None
        at = town.wall() - timedelta(seconds=town.time - began - self.skew_s)
        check.result = CheckResult(
            f"p-{key}", self.place, check.sequence, at, shown.outcome, shown.reason, latency_ms=latency, partial=shown.partial
        )  # fmt: skip
        check.ready = True
        doubt = plan.streak.in_doubt
        for result in plan.take_ready():
            self._waiting.append((result, self._made(key, result, town.seconds(result.at) - self.skew_s)))
        if self.plans.get(key) is plan:
            self._arm(key)
        news = doubt or plan.streak.in_doubt or shown is not FINE or key in self._ailing or town.time < self._new_until
        (self._ailing.discard if shown is FINE else self._ailing.add)(key)
        # What says nothing new travels together, in good time before three intervals make it old by a clock that is wrong.
        lazy = town.bank.interval_s * (1.0 if town.knobs.shuffles else 1.5)
        self._flush(town.chance.uniform(0.02, town.knobs.lag_s) if news else lazy - town.time % lazy)

    def _made(self, key: str, result: CheckResult, began: float) -> LookMade:
        bad = result.outcome is not Outcome.PASSED if result.outcome.counts else None
        return LookMade(
            key, self.place, result.sequence, began, 0.0, str(result.outcome), bad,
            down=result.outcome is Outcome.FAILED and not result.partial,
            blind=result.reason is Reason.LOCATION_BLIND,
            sees=result.outcome.counts or result.outcome is Outcome.ACCOUNT_PROBLEM,
            dated=result.at, latency_ms=result.latency_ms,
        )  # fmt: skip

    def _flush(self, delay_s: float) -> None:
        if self.town.time + delay_s < self._flush_at:
            self._flush_at = self.town.time + delay_s
            self.town.later(delay_s, self._send, self._flush_at)

    def _send(self, meant: float) -> None:
        town = self.town
        if meant != self._flush_at:
            return
        self._flush_at = float("inf")
        if not self._waiting:
            return
        away = town.truth.fog(Fog.AWAY, town.time, None, self.place)
        if away is not None:
            self._flush(away.end - town.time + 0.01)
            return
        batch, rest = self._waiting[:BATCH], self._waiting[BATCH:]
        if town.knobs.shuffles and town.chance.random() < town.knobs.shuffles:
            town.chance.shuffle(batch)
            cut = town.chance.randint(1, len(batch))
            batch, rest = batch[:cut], batch[cut:] + rest  # what stays comes with the next
        sent_at = town.wall() + timedelta(seconds=self.skew_s) if self.skew_s or town.chance.random() < 0.5 else None
        try:
            record(town.outside, [result for result, _ in batch], sent_at=sent_at)
        except OperationalError:
            self._flush(1.0)
            return
        self._waiting = rest
        for _, look in batch:
            self._arrived(look)
        town.stir("verdicts")
        if town.knobs.doubles and town.chance.random() < town.knobs.doubles:
            record(town.outside, [result for result, _ in batch], sent_at=sent_at)
        if self._waiting:
            self._flush(town.chance.uniform(0.2, 2.0))

    def _arrived(self, look: LookMade) -> None:
        if (look.key, look.sequence) in self._sent:
            return
        self._sent.add((look.key, look.sequence))
        town = self.town
        dated = look.dated - timedelta(seconds=self.skew_s) if abs(self.skew_s) > SKEW_ALLOWED.total_seconds() else look.dated
        town.watch.seen(replace(look, received=town.time, dated=min(dated, town.wall())))
