"""How long a verdict takes, how many checks run at once, and whether intervals, re-checks and test accounts fit together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

PROMISED_MORE_S = 10.0  # design: one interval + 10 s where the target answers; interval + 2 x timeout + 10 s where it hangs
VERDICT_S = 1.0  # the verdict loop looks at new results at least this often
CODE_PERIOD_S = 30.0  # a one-time code is worth one sign-in of one account in so long
HOUR_S = 3600.0
SLOTS = 400  # checks of one location in flight at once; each holds a socket


@dataclass(frozen=True)
class Timing:
    """What counts of a probe's settings. Seconds; accounts 0: it does not sign in; codes: it needs one-time codes."""

    name: str
    interval_s: float
    recheck_s: float
    timeout_s: float
    failures_to_open: int
    accounts: int = 0
    attempts_per_hour: int = 0
    codes: bool = False


@dataclass(frozen=True)
class Budget:
    """answers_s, hangs_s: from the moment of the failure to the verdict, at worst. slots: checks of this probe in flight at once."""

    name: str
    answers_s: float
    hangs_s: float
    slots: int
    warnings: tuple[str, ...] = ()


def in_flight(timing: Timing) -> int:
    """Checks of one probe that may run at once: re-checks do not wait for each other, or hanging targets would take for ever."""
    return max(1, timing.failures_to_open - 1)


def budget(timing: Timing) -> Budget:
    """The budget of one probe, with words for the person where something does not fit.

    The failure begins just after a check. The next one finds it an interval later (and ends after its timeout, if it hangs); the
    re-checks begin every recheck_s, the first at once where recheck_s has passed meanwhile.
    """
    again = timing.failures_to_open - 1
    wait_s = _code_wait_s(timing)
    answers_s = timing.interval_s + again * timing.recheck_s + wait_s + VERDICT_S
    hangs_s = timing.interval_s + timing.timeout_s + VERDICT_S
    if again:
        hangs_s += max(timing.recheck_s - timing.timeout_s, 0.0) + (again - 1) * timing.recheck_s + timing.timeout_s + wait_s
    return Budget(timing.name, answers_s, hangs_s, in_flight(timing), tuple(_warnings(timing, answers_s, hangs_s)))


def slots_needed(timings: Iterable[Timing]) -> int:
    """Checks in flight at once if every target hangs and is being re-checked: with so many slots no check waits for another."""
    return sum(in_flight(timing) * max(1, math.ceil(timing.timeout_s / timing.interval_s)) for timing in timings)


def slots_warning(location: str, timings: Iterable[Timing]) -> str:
    """What to think of where the prober of a location has too few slots for its probes; "" if they are enough."""
    needed = slots_needed(timings)
    if needed <= SLOTS:
        return ""
    return (
        f"{location}: when every target hangs, {needed} checks would be in flight at once, more than the {SLOTS} that a prober runs; "
        "then checks are late, and so are verdicts. Lower timeout_s, look less often, or give each location its part of the probes."
    )


def survives(slots: int, interval_s: float, timeout_s: float) -> int:
    """How many hanging targets that many slots keep on time: slots x interval / timeout."""
    return math.floor(slots * interval_s / timeout_s)


def _code_wait_s(timing: Timing) -> float:
    """Time lost waiting for a fresh one-time code while a failure is being confirmed."""
    if not timing.codes or timing.accounts == 0:
        return 0.0
    return CODE_PERIOD_S * (math.ceil(timing.failures_to_open / timing.accounts) - 1)


def _warnings(timing: Timing, answers_s: float, hangs_s: float) -> Iterable[str]:
    promised = timing.interval_s + PROMISED_MORE_S
    if answers_s > promised:
        yield (
            f"{timing.name}: a failure may take {answers_s:g} s to be confirmed, more than the {promised:g} s that are promised "
            "(interval + 10 s). Lower recheck_s or failures_to_open, or add test accounts."
        )
    promised += 2 * timing.timeout_s
    if hangs_s > promised:
        yield (
            f"{timing.name}: a hanging target may take {hangs_s:g} s to be confirmed, more than the {promised:g} s that are promised "
            "(interval + 2 x timeout + 10 s). Lower recheck_s or failures_to_open."
        )
    if timing.timeout_s > timing.interval_s:
        longer = f"timeout_s {timing.timeout_s:g} is longer than interval_s {timing.interval_s:g}"
        yield f"{timing.name}: {longer}; while the target hangs, checks are late."
    if timing.accounts:
        yield from _account_warnings(timing)


def _account_warnings(timing: Timing) -> Iterable[str]:
    steady = HOUR_S / timing.interval_s / timing.accounts
    failing = 2 * steady + timing.failures_to_open  # a refusal on one account is tried on another
    if steady > timing.attempts_per_hour:
        yield (
            f"{timing.name}: each test account would sign in {steady:.0f} times an hour, more than attempts_per_hour "
            f"{timing.attempts_per_hour}: part of every hour is without data. Raise it, add accounts or look less often."
        )
    elif failing > timing.attempts_per_hour:
        yield (
            f"{timing.name}: while sign-ins are refused each test account would try {failing:.0f} times an hour, more than "
            f"attempts_per_hour {timing.attempts_per_hour}: a long outage would end in no data."
        )
    if timing.codes and timing.interval_s * timing.accounts < CODE_PERIOD_S:
        yield (
            f"{timing.name}: {timing.accounts} test accounts every {timing.interval_s:g} s need codes faster than one in 30 s each; "
            "checks will wait for fresh codes. Add accounts or look less often."
        )
