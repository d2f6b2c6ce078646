"""The two off switches from a terminal."""

from __future__ import annotations

import click

from statuspage.actions import switches as acts
from statuspage.cli.common import Invocation, explained, show, who
from statuspage.store import switches

WHAT = click.Choice(switches.NAMES)


@click.command()
@click.argument("what", type=WHAT)
@click.option("--reason", required=True, help="Why; kept in the audit log and shown in the console.")
@click.pass_obj
@explained
def pause(invocation: Invocation, what: str, reason: str) -> None:
    """Switch off all automatic posting, or all probing. Acts within a second, everywhere."""
    acts.turn_off(invocation.context(), what, who=who(), reason=reason)
    invocation.done(f"{what} is off. Switch it on again with: statuspage resume {what}", name=what, off=True, reason=reason)


@click.command()
@click.argument("what", type=WHAT)
@click.pass_obj
@explained
def resume(invocation: Invocation, what: str) -> None:
    """Switch posting or probing on again."""
    acts.turn_on(invocation.context(), what, who=who(), reason="")
    invocation.done(f"{what} is on.", name=what, off=False)


@click.command("switches")
@click.pass_obj
@explained
def list_switches(invocation: Invocation) -> None:
    """Whether posting and probing are on."""
    context = invocation.context()
    with context.ports.store.reading() as session:
        rows = [{"name": s.name, "off": s.off, "by": s.by, "reason": s.reason, "at": s.at} for s in switches.listing(session)]
    show(invocation, rows, ("name", "off", "by", "reason", "at"), "Switches")


COMMANDS = [pause, resume, list_switches]
