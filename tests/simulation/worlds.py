"""The simulated worlds by name. In a module of its own: processes that are spawned do not know what stands in __main__."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from tests.simulation.flow.run import run as run_flow
from tests.simulation.run import Outcome, run
from tests.simulation.world import Tell

WORLDS: dict[str, Callable[..., Outcome]] = {"delivery": run, "flow": run_flow}


def walk(world: str, seed: int, tell: Tell = None) -> Outcome:
    """One seed. An exception out of the product or of the world is a fault, too; then nothing was judged."""
    try:
        return WORLDS[world](seed, tell=tell)
    except Exception:
        return Outcome(seed, [f"raised\n{traceback.format_exc()}"], "", 0.0, 0.0)
