"""One check now, shown in full."""

from __future__ import annotations

import sys

import click

from statuspage.cli.common import REFUSED, Invocation, explained, show_one
from statuspage.core.vocabulary import Outcome


@click.group()
def probe() -> None:
    """Probes."""


@probe.command()
@click.argument("name")
@click.option("--location", help="From which place; default: the probe's first.")
@click.pass_obj
@explained
def run(invocation: Invocation, name: str, location: str | None) -> None:
    """Look once, now, and show everything that was seen. It is recorded nowhere. Exit status 1 unless it passed or was only slow.

    Refused while all probing is switched off; and a journey that sends orders while a prober works for that place.
    """
    from statuspage.worker.prober import run_once  # the engine of the probes: the other commands start sooner

    result = run_once(invocation.context(), name, location)
    seen = {
        "probe": result.probe,
        "location": result.location,
        "at": result.at,
        "outcome": str(result.outcome),
        "reason": str(result.reason),
        "partial": result.partial,
        "latency_ms": result.latency_ms,
        "phases_ms": {phase: round(took, 1) for phase, took in result.phases_ms.items()},
        "evidence": result.evidence,
    }
    show_one(invocation, seen)
    if result.outcome not in (Outcome.PASSED, Outcome.DEGRADED):
        sys.exit(REFUSED)


COMMANDS = [probe]
