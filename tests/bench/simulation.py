"""How much of the simulated worlds an hour of a machine walks through: seeds per second, simulated days per minute."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from tests.simulation.flow.run import run as run_flow
from tests.simulation.many import spread
from tests.simulation.run import Outcome
from tests.simulation.run import run as run_delivery

DELIVERY_SEEDS = 200
FLOW_SEEDS = 8


def measure(folder: Path) -> str:
    """Both simulators, each over all cores, the start of their processes included."""
    return "\n".join(
        [
            "## Simulation",
            "",
            f"Whole seeds with their judgement, over {os.cpu_count()} processes, the start of which is included.",
            "",
            "| world | seeds | seconds | seeds per second | simulated days per minute |",
            "|---|---|---|---|---|",
            _row("delivery: the dispatcher under faults", run_delivery, DELIVERY_SEEDS),
            _row("flow: from probes to posts and the page", run_flow, FLOW_SEEDS),
            "",
        ]
    )


def _row(name: str, world: Callable[..., Outcome], seeds: int) -> str:
    begin = time.monotonic()
    walked = list(spread(world, range(1, seeds + 1)))
    took = time.monotonic() - begin
    if any(outcome.faults for outcome in walked):
        raise SystemExit(f"{name}: a seed found a fault; no figure is worth anything before that is mended")
    days = sum(outcome.virtual_s for outcome in walked) / 86_400.0
    return f"| {name} | {seeds} | {took:.0f} | {seeds / took:.1f} | {days * 60.0 / took:.1f} |"
