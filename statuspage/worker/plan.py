"""When a probe is due: a fixed grid, short re-checks while in doubt, and an honest count of what was late."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Any

from statuspage.core.checks import CheckResult
from statuspage.core.detector import Policy, Streak, observe
from statuspage.probes.engine import Task
from statuspage.settings.models import ProbeSettings

LATE_S = 2.0
NEVER_CHECKED = Streak()
_SPREAD = 0.6180339887498949  # the golden ratio spreads any number of probes evenly over their interval


def policy_of(settings: ProbeSettings) -> Policy:
    """How many results in a row confirm that the probe's target fails, or works again."""
    return Policy(settings.failures_to_open, settings.successes_to_close)


@dataclass
class Check:
    """One check on its way. `result` is there once it ended; `ready` once nothing holds it back."""

    sequence: int
    began: float
    task: Task | None = None
    result: CheckResult | None = None
    ready: bool = False


class Plan:
    """One probe at one location. Times are monotonic seconds.

    checks   those begun and not yet handed on, oldest first; results leave in this order, whichever ended first
    streak   the local detector: it only decides whether to look again soon. At first what an earlier process knew
    """

    def __init__(
        self, settings: ProbeSettings, target: Any, *, place: int, now: float, sequence: int, streak: Streak = NEVER_CHECKED
    ) -> None:
        self.settings = settings
        self.target = target
        self.sequence = max(sequence, streak.last_sequence)
        self.checks: deque[Check] = deque()
        self.streak = streak
        self._policy = policy_of(settings)
        self._slot = now + settings.interval_s * ((place * _SPREAD) % 1.0)
        self._last_began = -math.inf

    @property
    def running(self) -> int:
        return sum(check.result is None for check in self.checks)

    def due_at(self) -> float:
        """When the next check should begin; infinity while enough of them run."""
        if self.streak.in_doubt:
            if self.running >= self._wanted():
                return math.inf
            return min(self._slot, self._last_began + self.settings.recheck_s)
        return self._slot if not self.running else math.inf

    def _wanted(self) -> int:
        """Results that may still decide the doubt: so many re-checks may run at once, without waiting for one that hangs."""
        sides = (self.streak.hurt, self.streak.down)
        return max([1, *(self._policy.needed(not side.bad) - side.run for side in sides if side.run)])

    def begin(self, now: float) -> tuple[Check, int]:
        """A new check, and how many checks of the grid were late: this one if it begins late, and all that were missed."""
        late = 0
        if now >= self._slot:
            missed = math.floor((now - self._slot) / self.settings.interval_s)
            late = missed + (now - self._slot - missed * self.settings.interval_s > LATE_S)
            if self.streak.in_doubt:
                late = 0  # re-checks, which come closer together, stood for them
            self._slot += (missed + 1) * self.settings.interval_s
        self.sequence += 1
        self._last_began = now
        check = Check(self.sequence, now)
        self.checks.append(check)
        return check, late

    def take_ready(self) -> list[CheckResult]:
        """Results that may be handed on, in the order of their sequence; the streak has seen them."""
        taken = []
        while self.checks and self.checks[0].ready:
            result = self.checks.popleft().result
            if result is not None:
                self.streak, _ = observe(self.streak, result, self._policy)
                taken.append(result)
        return taken
