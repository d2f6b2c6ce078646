"""Incidents from a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import click

from statuspage.actions import incidents as acts
from statuspage.actions.context import Context
from statuspage.cli.common import Invocation, explained, show, show_one, who
from statuspage.cli.previews import PREVIEW, show_preview
from statuspage.cli.threads import show_thread, thread_of
from statuspage.cli.values import (
    CAUSE,
    COMPONENT,
    EXPLANATION,
    HIT_COMPONENT,
    INSTEAD,
    LATE,
    MOMENT,
    RIGHT,
    SEQUENCE,
    SYMPTOM,
    VERSION,
    WORDS,
    WRONG,
    limit_option,
    once_each,
)
from statuspage.cli.waiting import add_commands
from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, SubjectKind
from statuspage.store import deliveries, incidents


@click.group()
def incident() -> None:
    """Declare incidents, say what is new, resolve them, reopen and explain them.

    \b
    statuspage incident declare login                      logging in is down
    statuspage incident declare transfers=degraded_performance --symptom slow
    statuspage incident update ID --status identified --cause supplier
    statuspage incident stop ID 2                          update 2 goes to no network that has not got it yet
    statuspage incident resolve ID
    statuspage incident reopen ID                          it is back: the same thread goes on
    statuspage incident explain ID --text en="A supplier's line failed."
    """


SEEN = click.option("--version", type=VERSION, help="The version that you saw; refused if somebody changed it meanwhile.")
NEXT = click.option("--next", "next_update_by", type=MOMENT, help="Promise another moment for the next update.")
_WITH_STATUS: dict[str, Any] = {"multiple": True, "type": COMPONENT, "callback": once_each, "metavar": "COMPONENT=STATUS"}
REASON = click.option("--reason", default="", help="Why it is said to work, although probes still see it failing; recorded, never public.")


def summary(found: Incident) -> dict[str, object]:
    """One incident as lists show it."""
    return {
        "id": found.id,
        "status": str(found.status),
        "impact": str(found.impact),
        "name": next(iter(found.titles.values()), "") or f"not public: {', '.join(found.components)}",
        "components": {slug: str(status) for slug, status in found.components.items()},
        "started_at": found.started_at,
        "next_update_by": found.next_update_by,
        "automatic": found.automatic,
        "drill": found.drill,
        "version": found.version,
    }


def _do(invocation: Invocation, deed: Callable[[Context], Incident], *texts: Mapping[str, str], preview: bool) -> None:
    """Does it and shows the incident; or shows only what would be said. texts: what a person wrote, by language."""
    if preview:
        show_preview(invocation, deed, *texts)
    else:
        show_one(invocation, summary(deed(invocation.context())))


@incident.command()
@click.argument("components", nargs=-1, required=True, type=HIT_COMPONENT, callback=once_each, metavar="COMPONENT[=STATUS]...")
@click.option("--symptom", type=SYMPTOM, help="Key of the sentence on what customers notice; default: the first component's.")
@click.option("--scheme", help="Name of the payment scheme, where the sentence needs one.")
@click.option("--since", type=MOMENT, help="When customers first noticed, e.g. 2026-03-01T14:05+01:00 (without +01:00: UTC); default: now.")
@WORDS
@click.option("--drill", is_flag=True, help="A rehearsal: nothing public, sandbox channels only.")
@PREVIEW
@click.pass_obj
@explained
def declare(
    invocation: Invocation,
    components: Mapping[str, ComponentStatus],
    symptom: str | None,
    scheme: str | None,
    since: datetime | None,
    texts: Mapping[str, str],
    drill: bool,
    only_preview: bool,
) -> None:
    """Tell customers that something is wrong. STATUS is major_outage (if left out), partial_outage or degraded_performance."""
    asked = acts.Declaration(
        components=components,
        who=who(),
        symptom=symptom,
        scheme=scheme,
        started_at=since,
        drill=drill,
        free_text=texts,
    )
    _do(invocation, lambda ctx: acts.declare(ctx, asked), asked.free_text, preview=only_preview)


@incident.command()
@click.argument("incident_id")
@click.option("--status", type=click.Choice(["investigating", "identified", "monitoring"]), help="What is new; left out: unchanged.")
@click.option("--cause", type=CAUSE, help="Key of the sentence on the cause; needed with identified.")
@click.option(
    "--component",
    "components",
    **_WITH_STATUS,
    help="A component that changes or is added; STATUS, always named, may be operational: it works again.",
)
@click.option("--symptom", type=SYMPTOM, help="What customers notice now; default: as it is, or what the component says that is now named.")
@click.option("--late", type=LATE, help="Key of the sentence on payments that wait, in monitoring; waiting needs --late-until.")
@click.option("--late-until", type=MOMENT, help="By when the payments that wait are expected to be done.")
@WORDS
@NEXT
@REASON
@SEEN
@PREVIEW
@click.pass_obj
@explained
def update(
    invocation: Invocation,
    incident_id: str,
    status: str | None,
    cause: str | None,
    components: Mapping[str, ComponentStatus],
    symptom: str | None,
    late: str | None,
    late_until: datetime | None,
    texts: Mapping[str, str],
    next_update_by: datetime | None,
    reason: str,
    version: int | None,
    only_preview: bool,
) -> None:
    """Say what is new about an open incident.

    That something works which probes see failing is refused, unless a reason is recorded.
    """
    asked = acts.Change(
        incident_id=incident_id,
        who=who(),
        version=version,
        status=IncidentStatus(status) if status else None,
        cause=cause,
        components=components,
        symptom=symptom,
        free_text=texts,
        next_update_by=next_update_by,
        late=late,
        late_until=late_until,
        reason=reason,
    )
    _do(invocation, lambda ctx: acts.update(ctx, asked), asked.free_text, preview=only_preview)


@incident.command()
@click.argument("incident_id")
@click.argument("sequence", type=SEQUENCE)
@WRONG
@RIGHT
@INSTEAD
@PREVIEW
@click.pass_obj
@explained
def correct(
    invocation: Invocation,
    incident_id: str,
    sequence: int,
    wrong: Mapping[str, str],
    right: Mapping[str, str],
    symptom: str | None,
    only_preview: bool,
) -> None:
    """Correct update SEQUENCE (see `incident show`). The old text stays visible; a correction is posted in the same threads.

    Later updates and the title no longer say what is called wrong.
    """

    def deed(context: Context) -> IncidentUpdate:
        return acts.correct(context, incident_id=incident_id, sequence=sequence, wrong=wrong, text=right, who=who(), symptom=symptom)

    if only_preview:
        show_preview(invocation, deed, wrong, right)
        return
    said = deed(invocation.context())
    show_one(invocation, {"id": said.id, "sequence": said.sequence, "corrects": said.corrects, "languages": sorted(said.texts)})


@incident.command()
@click.argument("incident_id")
@click.option("--cause", type=CAUSE, help="Key of the sentence on the cause.")
@click.option("--late", type=LATE, help="Key of the sentence on payments that wait: handled or waiting_open.")
@REASON
@SEEN
@PREVIEW
@click.pass_obj
@explained
def resolve(
    invocation: Invocation, incident_id: str, cause: str | None, late: str | None, reason: str, version: int | None, only_preview: bool
) -> None:
    """Say that it is over. Refused while probes see it failing, unless a reason is recorded."""
    asked = acts.Resolution(incident_id=incident_id, who=who(), version=version, cause=cause, late=late, reason=reason)
    _do(invocation, lambda ctx: acts.resolve(ctx, asked), preview=only_preview)


@incident.command()
@click.argument("incident_id")
@click.option(
    "--component",
    "components",
    **_WITH_STATUS,
    help="What fails now, with its STATUS; default: what failed before, as it failed.",
)
@click.option("--since", type=MOMENT, help="Since when it fails again; default: now.")
@WORDS
@NEXT
@SEEN
@PREVIEW
@click.pass_obj
@explained
def reopen(
    invocation: Invocation,
    incident_id: str,
    components: Mapping[str, ComponentStatus],
    since: datetime | None,
    texts: Mapping[str, str],
    next_update_by: datetime | None,
    version: int | None,
    only_preview: bool,
) -> None:
    """Say that it is back, after monitoring or after it was resolved. The same threads go on."""
    asked = acts.Reopening(
        incident_id=incident_id,
        who=who(),
        version=version,
        components=components,
        started_at=since,
        free_text=texts,
        next_update_by=next_update_by,
    )
    _do(invocation, lambda ctx: acts.reopen(ctx, asked), asked.free_text, preview=only_preview)


@incident.command()
@click.argument("incident_id")
@EXPLANATION
@SEEN
@PREVIEW
@click.pass_obj
@explained
def explain(invocation: Invocation, incident_id: str, texts: Mapping[str, str], version: int | None, only_preview: bool) -> None:
    """Publish the explanation of an incident that is resolved: what happened, and what changes."""

    def deed(context: Context) -> Incident:
        return acts.explain(context, incident_id=incident_id, who=who(), free_text=texts, version=version)

    _do(invocation, deed, texts, preview=only_preview)


@incident.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that are not over.")
@limit_option(50)
@click.pass_obj
@explained
def list_incidents(invocation: Invocation, only_open: bool, limit: int) -> None:
    """The newest incidents first."""
    context = invocation.context()
    with context.ports.store.reading() as session:
        found = incidents.opened(session)[::-1][:limit] if only_open else incidents.listing(session, limit=limit)
    rows = [summary(item) | {"drill": item.drill if invocation.as_json else "drill" if item.drill else ""} for item in found]
    show(invocation, rows, ("id", "status", "impact", "started_at", "next_update_by", "drill", "name"), "Incidents")


@incident.command("show")
@click.argument("incident_id")
@click.pass_obj
@explained
def show_incident(invocation: Invocation, incident_id: str) -> None:
    """One incident: its updates, its moments, and where each post stands."""
    context = invocation.context()
    with context.ports.store.reading() as session:
        found = incidents.get(session, incident_id)
        thread = thread_of(session, SubjectKind.INCIDENT, incident_id)
        accepted = deliveries.first_accepted(session, [incident_id]).get(incident_id, {})
    moments = {name: at for name, at in vars(found.moments).items() if at is not None}
    show_thread(invocation, {**summary(found), "moments": moments, "first_accepted": accepted}, thread)


add_commands(incident, SubjectKind.INCIDENT)
COMMANDS = [incident]
