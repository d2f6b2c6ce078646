"""Planned work from a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from statuspage.actions import maintenance as acts
from statuspage.cli.common import Invocation, explained, show, show_one, who
from statuspage.cli.values import MOMENT, RIGHT, WORDS, WRONG
from statuspage.core.maintenance import Maintenance
from statuspage.store import maintenance as stored


@click.group()
def maintenance() -> None:
    """Plan work, start it, extend it, complete or cancel it. It starts by itself at its time, and ends when checks are good.

    \b
    statuspage maintenance plan transfers --from 2026-11-29T02:00+01:00 --until 2026-11-29T04:00+01:00
    statuspage maintenance extend ID --until 2026-11-29T05:00+01:00
    """


def summary(work: Maintenance) -> dict[str, object]:
    """One piece of planned work as lists show it."""
    return {
        "id": work.id,
        "status": f"{work.status} (cancelled)" if work.cancelled else str(work.status),
        "components": list(work.components),
        "scheduled_for": work.scheduled_for,
        "scheduled_until": work.scheduled_until,
        "started_at": work.started_at,
        "completed_at": work.completed_at,
        "drill": work.drill,
        "version": work.version,
    }


@maintenance.command()
@click.argument("components", nargs=-1, required=True)
@click.option("--from", "scheduled_for", type=MOMENT, required=True, help="When it begins, e.g. 2026-11-29T02:00+01:00.")
@click.option("--until", "scheduled_until", type=MOMENT, required=True, help="When it ends.")
@click.option("--symptom", help="Key of the sentence on what customers will notice; default: the first component's.")
@WORDS
@click.option("--drill", is_flag=True, help="A rehearsal: nothing public, sandbox channels only.")
@click.pass_obj
@explained
def plan(
    invocation: Invocation,
    components: Sequence[str],
    scheduled_for: datetime,
    scheduled_until: datetime,
    symptom: str | None,
    texts: Sequence[tuple[str, str]],
    drill: bool,
) -> None:
    """Announce work on COMPONENTS."""
    asked = acts.Plan(tuple(components), scheduled_for, scheduled_until, who(), symptom, dict(texts), drill)
    planned = acts.plan(invocation.context(), asked)
    show_one(invocation, {**summary(planned.work), "think_of": list(planned.warnings)})


@maintenance.command()
@click.argument("work_id")
@click.pass_obj
@explained
def start(invocation: Invocation, work_id: str) -> None:
    """Start the work now, before its time."""
    show_one(invocation, summary(acts.start(invocation.context(), work_id=work_id, who=who())))


@maintenance.command()
@click.argument("work_id")
@click.option("--until", type=MOMENT, required=True, help="The new end.")
@click.pass_obj
@explained
def extend(invocation: Invocation, work_id: str, until: datetime) -> None:
    """The work takes longer."""
    show_one(invocation, summary(acts.extend(invocation.context(), work_id=work_id, until=until, who=who())))


@maintenance.command()
@click.argument("work_id")
@click.option("--reason", default="", help="Why, although probes see a component failing; recorded, never public.")
@click.pass_obj
@explained
def complete(invocation: Invocation, work_id: str, reason: str) -> None:
    """The work is done."""
    show_one(invocation, summary(acts.complete(invocation.context(), work_id=work_id, who=who(), reason=reason)))


@maintenance.command()
@click.argument("work_id")
@click.pass_obj
@explained
def cancel(invocation: Invocation, work_id: str) -> None:
    """The work will not take place."""
    show_one(invocation, summary(acts.cancel(invocation.context(), work_id=work_id, who=who())))


@maintenance.command("list")
@click.option("--limit", default=50, show_default=True)
@click.pass_obj
@explained
def list_work(invocation: Invocation, limit: int) -> None:
    """Planned work, the newest first."""
    with invocation.context().ports.store.reading() as session:
        found = stored.listing(session, limit=limit)
    show(invocation, [summary(work) for work in found], ("id", "status", "scheduled_for", "scheduled_until", "components"), "Planned work")


@maintenance.command("show")
@click.argument("work_id")
@click.pass_obj
@explained
def show_work(invocation: Invocation, work_id: str) -> None:
    """One piece of planned work."""
    with invocation.context().ports.store.reading() as session:
        found = stored.get(session, work_id)
    show_one(invocation, {**summary(found), "titles": dict(found.titles)})


@maintenance.command()
@click.argument("work_id")
@click.argument("sequence", type=int)
@WRONG
@RIGHT
@click.pass_obj
@explained
def correct(
    invocation: Invocation, work_id: str, sequence: int, wrong: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]]
) -> None:
    """Correct update SEQUENCE. The old text stays visible; a correction is posted in the same threads."""
    said = acts.correct(invocation.context(), work_id=work_id, sequence=sequence, wrong=dict(wrong), text=dict(right), who=who())
    show_one(invocation, {"id": said.id, "sequence": said.sequence, "corrects": said.corrects, "languages": sorted(said.texts)})


COMMANDS = [maintenance]
