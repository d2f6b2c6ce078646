"""The first page of the console, and the off switches."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from statuspage.actions import switches as acts
from statuspage.actions.alarms import OF_DELIVERIES, path
from statuspage.actions.stories import subject_names
from statuspage.core.vocabulary import Role
from statuspage.store import alarms, deliveries, incidents, maintenance, switches, timeline
from statuspage.web.auth import context, me, needs
from statuspage.web.console.words import NEEDS_A_PERSON, component_name
from statuspage.web.database import database
from statuspage.web.forms import Field, read


@dataclass(frozen=True)
class Shown:
    """A component as the overview lists it."""

    name: str
    status: str
    private: bool


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/")(overview)
    blueprint.post("/switches/<name>")(switch)


@needs(Role.VIEWER)
def overview() -> str:
    session = database.session()
    ctx = context()
    statuses = timeline.latest(session)
    components = [
        Shown(component_name(item.slug), str(statuses.get(item.slug, "unknown")), item.private) for item in ctx.settings.components
    ]
    attention = deliveries.listing(session, NEEDS_A_PERSON, limit=20)
    return render_template(
        "console/overview.html",
        title="Overview",
        section="Overview",
        open_incidents=incidents.opened(session),
        alarms=[(alarm, path(alarm.key).removeprefix("console/")) for alarm in alarms.listing(session)],
        attention=attention,
        names=subject_names(session, attention),
        undecided={f"{topic}:{row.id}" for row in attention if not row.state.final for topic in OF_DELIVERIES},
        works=maintenance.unfinished(session),
        switched={item.name: item for item in switches.listing(session)},
        components=components,
    )


@needs(Role.RESPONDER)
def switch(name: str) -> Response:
    if name not in switches.NAMES:
        abort(404)
    form = read(request.form, {"turn": Field(required=True, choices=("on", "off")), "reason": Field()})
    if form.text("turn") == "off":
        acts.turn_off(context(), name, who=me().person.name, reason=form.text("reason"))
    else:
        acts.turn_on(context(), name, who=me().person.name, reason=form.text("reason"))
    return redirect(url_for("console.overview", done=f"{name.capitalize()} is {form.text('turn')}."), 303)  # type: ignore[return-value]
