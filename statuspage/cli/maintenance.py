"""Planned work from a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import click

from statuspage.actions import maintenance as acts
from statuspage.actions.context import Context
from statuspage.cli.common import Invocation, explained, show, show_one, who
from statuspage.cli.previews import PREVIEW, show_preview
from statuspage.cli.threads import show_thread, thread_of
from statuspage.cli.values import INSTEAD, MOMENT, RIGHT, SEQUENCE, SYMPTOM, WORDS, WRONG, limit_option
from statuspage.cli.waiting import add_commands
from statuspage.core.incidents import IncidentUpdate
from statuspage.core.maintenance import Maintenance
from statuspage.core.vocabulary import SubjectKind
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


def _do(invocation: Invocation, only_preview: bool, deed: Callable[[Context], Maintenance]) -> None:
    """Shows what the deed would say, or does it and shows the work as it is then."""
    if only_preview:
        show_preview(invocation, deed)
    else:
        show_one(invocation, summary(deed(invocation.context())))


@maintenance.command()
@click.argument("components", nargs=-1, required=True)
@click.option("--from", "scheduled_for", type=MOMENT, required=True, help="When it begins, e.g. 2026-11-29T02:00+01:00; else UTC.")
@click.option("--until", "scheduled_until", type=MOMENT, required=True, help="When it ends.")
@click.option("--symptom", type=SYMPTOM, help="Key of the sentence on what customers will notice; default: the first component's.")
@WORDS
@click.option("--drill", is_flag=True, help="A rehearsal: nothing public, sandbox channels only.")
@PREVIEW
@click.pass_obj
@explained
def plan(
    invocation: Invocation,
    components: Sequence[str],
    scheduled_for: datetime,
    scheduled_until: datetime,
    symptom: str | None,
    texts: Mapping[str, str],
    drill: bool,
    only_preview: bool,
) -> None:
    """Announce work on COMPONENTS."""
    asked = acts.Plan(tuple(components), scheduled_for, scheduled_until, who(), symptom, texts, drill)
    if only_preview:
        show_preview(invocation, lambda ctx: acts.plan(ctx, asked).work, asked.free_text)
        return
    planned = acts.plan(invocation.context(), asked)
    show_one(invocation, {**summary(planned.work), "think_of": list(planned.warnings)})


@maintenance.command()
@click.argument("work_id")
@PREVIEW
@click.pass_obj
@explained
def start(invocation: Invocation, work_id: str, only_preview: bool) -> None:
    """Start the work now, before its time."""
    _do(invocation, only_preview, lambda ctx: acts.start(ctx, work_id=work_id, who=who()))


@maintenance.command()
@click.argument("work_id")
@click.option("--until", type=MOMENT, required=True, help="The new end.")
@PREVIEW
@click.pass_obj
@explained
def extend(invocation: Invocation, work_id: str, until: datetime, only_preview: bool) -> None:
    """The work takes longer."""
    _do(invocation, only_preview, lambda ctx: acts.extend(ctx, work_id=work_id, until=until, who=who()))


@maintenance.command()
@click.argument("work_id")
@click.option("--reason", default="", help="Why, although probes see a component failing; recorded, never public.")
@PREVIEW
@click.pass_obj
@explained
def complete(invocation: Invocation, work_id: str, reason: str, only_preview: bool) -> None:
    """The work is done."""
    _do(invocation, only_preview, lambda ctx: acts.complete(ctx, work_id=work_id, who=who(), reason=reason))


@maintenance.command()
@click.argument("work_id")
@PREVIEW
@click.pass_obj
@explained
def cancel(invocation: Invocation, work_id: str, only_preview: bool) -> None:
    """The work will not take place."""
    _do(invocation, only_preview, lambda ctx: acts.cancel(ctx, work_id=work_id, who=who()))


@maintenance.command("list")
@limit_option(50)
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
    """One piece of planned work: its updates, with the numbers that `correct` takes, and where each post stands."""
    with invocation.context().ports.store.reading() as session:
        found = stored.get(session, work_id)
        thread = thread_of(session, SubjectKind.MAINTENANCE, work_id)
    show_thread(invocation, {**summary(found), "titles": dict(found.titles)}, thread)


@maintenance.command()
@click.argument("work_id")
@click.argument("sequence", type=SEQUENCE)
@WRONG
@RIGHT
@INSTEAD
@PREVIEW
@click.pass_obj
@explained
def correct(
    invocation: Invocation,
    work_id: str,
    sequence: int,
    wrong: Mapping[str, str],
    right: Mapping[str, str],
    symptom: str | None,
    only_preview: bool,
) -> None:
    """Correct update SEQUENCE (see `maintenance show`). The old text stays visible; a correction is posted in the same threads."""

    def deed(context: Context) -> IncidentUpdate:
        return acts.correct(context, work_id=work_id, sequence=sequence, wrong=wrong, text=right, who=who(), symptom=symptom)

    if only_preview:
        show_preview(invocation, deed, wrong, right)
        return
    said = deed(invocation.context())
    show_one(invocation, {"id": said.id, "sequence": said.sequence, "corrects": said.corrects, "languages": sorted(said.texts)})


add_commands(maintenance, SubjectKind.MAINTENANCE)
COMMANDS = [maintenance]
