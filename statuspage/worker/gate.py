"""Whether an account may be used now: breaker, the wait a network asked for, the stop after a refusal of our credentials or of us.

Times are monotonic: no wall clock opens or closes a gate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Gate:
    """failures: in a row. A breaker opens after `threshold` of them; each `trial_s` one trial decides whether it closes.

    stopped_trial_s   a stopped account is asked so often whether it knows us now: a repaired token needs no restart
    held   stopped, and off: the account itself was refused. Only a person ends that, or another configuration; no trial does
    """

    threshold: int
    trial_s: float
    stopped_trial_s: float = 300.0
    failures: int = 0
    open_until: float | None = None
    paused_until: float = 0.0
    stopped: str = ""
    stopped_trial_at: float = 0.0
    held: bool = False

    def wait_s(self, now: float) -> float:
        """Seconds until the account may be used or tried; 0.0: now."""
        if self.held:
            return math.inf
        if self.stopped:
            return max(self.stopped_trial_at - now, self.paused_until - now, 0.0)
        return max((self.open_until or 0.0) - now, self.paused_until - now, 0.0)

    def needs_trial(self) -> bool:
        """True if it must prove itself before the next post."""
        return bool(self.stopped) or self.open_until is not None

    def succeeded(self) -> None:
        self.failures, self.open_until, self.stopped, self.held = 0, None, "", False

    def failed(self, now: float) -> bool:
        """One more failure; True if the breaker is open now."""
        self.failures += 1
        if self.failures >= self.threshold:
            self.open_until = now + self.trial_s
        return self.open_until is not None

    def half_open(self) -> None:
        """A trial went well: posts may go, the next failure opens the breaker again."""
        self.failures, self.open_until, self.stopped, self.held = self.threshold - 1, None, "", False

    def pause(self, now: float, seconds: float) -> None:
        self.paused_until = max(self.paused_until, now + seconds)

    def stop(self, now: float, reason: str) -> None:
        self.stopped, self.stopped_trial_at = reason, now + self.stopped_trial_s

    def hold(self, reason: str) -> None:
        self.failures, self.open_until, self.stopped, self.held = 0, None, reason, True

    def release(self, now: float) -> None:
        """It may be tried, at once."""
        self.held, self.stopped_trial_at = False, now

    def pass_over(self, seconds: float) -> None:
        """So much time went by that the monotonic clock did not count."""
        self.paused_until -= seconds
        self.stopped_trial_at -= seconds
        if self.open_until is not None:
            self.open_until -= seconds
