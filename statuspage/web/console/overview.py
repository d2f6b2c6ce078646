"""The first page of the console, and the off switches."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from statuspage.actions import switches as acts
from statuspage.actions.alarms import OF_DELIVERIES, path
from statuspage.actions.stories import subject_names
from statuspage.core.vocabulary import ComponentStatus, Role, SubjectKind
from statuspage.store import alarms, deliveries, incidents, maintenance, reports, switches
from statuspage.web.auth import context, me, needs
from statuspage.web.console import components, words
from statuspage.web.console.words import NEEDS_A_PERSON
from statuspage.web.database import database
from statuspage.web.forms import Field, read

ATTENTION_SHOWN = 20
REPORTED_WITHIN = timedelta(hours=1)


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/", strict_slashes=False)(overview)  # without: no redirect, which would leave https behind a front server
    blueprint.post("/switches/<name>")(switch)


@needs(Role.VIEWER)
def overview() -> str:
    session = database.session()
    all_components = components.shown(session)
    attention = deliveries.listing(session, NEEDS_A_PERSON, limit=ATTENTION_SHOWN)
    begun = incidents.opened(session)
    posts = deliveries.of_subjects(session, SubjectKind.INCIDENT, [incident.id for incident in begun])
    return render_template(
        "console/overview.html",
        title=f"{len(begun)} open · Overview" if begun else "Overview",
        section="Overview",
        open_incidents=[(incident, words.threads(posts.get(incident.id, []))) for incident in begun],
        alarms=[(alarm, path(alarm.key).removeprefix("console/")) for alarm in alarms.listing(session)],
        attention=attention,
        more_attention=len(attention) == ATTENTION_SHOWN,
        names=subject_names(session, attention),
        undecided={f"{topic}:{row.id}" for row in attention if not row.state.final for topic in OF_DELIVERIES},
        reported=reports.since(session, context().now() - REPORTED_WITHIN),
        works=maintenance.unfinished(session),
        switched={item.name: item for item in switches.listing(session)},
        components=components.gravest_first(all_components),
        not_working=sum(item.status is not ComponentStatus.OPERATIONAL for item in all_components),
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
