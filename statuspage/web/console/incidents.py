"""Incidents in the console: declare, look at, update, resolve, reopen, explain."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, url_for

from statuspage.actions import incidents as acts
from statuspage.actions.rules import NEEDS_APPROVAL
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import IncidentStatus, Role, SubjectKind
from statuspage.store import deliveries, incidents, updates
from statuspage.web.auth import context, me, needs
from statuspage.web.console import asked, components, probes, words
from statuspage.web.database import database

LISTED = 100


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/incidents/", endpoint="incidents")(list_incidents)
    blueprint.get("/incidents/new")(declare)
    blueprint.post("/incidents/new")(declare_submit)
    blueprint.get("/incidents/<incident_id>")(incident)
    blueprint.post("/incidents/<incident_id>/update")(update)
    blueprint.post("/incidents/<incident_id>/resolve")(resolve)
    blueprint.post("/incidents/<incident_id>/reopen")(reopen)
    blueprint.post("/incidents/<incident_id>/explain")(explain)


@needs(Role.VIEWER)
def list_incidents() -> str:
    rows = incidents.listing(database.session(), limit=LISTED)
    return render_template("console/incidents.html", title="Incidents", section="Incidents", rows=rows, most=LISTED)


@needs(Role.RESPONDER)
def declare() -> str:
    return render_template(
        "console/declare.html",
        title="Declare an incident",
        section="Incidents",
        groups=components.by_group(components.shown(database.session())),
        statuses=words.status_words(asked.TROUBLE),
        symptoms=words.sentences("symptom"),
    )


@needs(Role.RESPONDER)
def declare_submit() -> Response:
    begun = acts.declare(context(), asked.declaration())
    return _to(begun, "Declared. Each channel posts by its policy; see the threads below.")


@needs(Role.VIEWER)
def incident(incident_id: str) -> str:
    session = database.session()
    found = incidents.get(session, incident_id)
    told = updates.of_subject(session, SubjectKind.INCIDENT, incident_id)
    posts = deliveries.of_subject(session, SubjectKind.INCIDENT, incident_id)
    accepted = deliveries.first_accepted(session, [incident_id]).get(incident_id, {})
    shown = components.shown(session) if found.is_open else []
    return render_template(
        "console/incident.html",
        title=words.title_of(found),
        section="Incidents",
        incident=found,
        updates=list(reversed(told)),
        threads=words.threads(posts),
        stoppable=words.stoppable(posts),
        looks=probes.looks(session, set(found.components)) if found.is_open else [],
        statuses=[(str(status), sentence) for status, sentence in words.STATES.items() if status is not found.status],
        may_reopen=found.status in (IncidentStatus.MONITORING, IncidentStatus.RESOLVED),
        causes=[(key, sentence) for key, sentence in words.sentences("cause") if key != NEEDS_APPROVAL],
        symptoms=words.sentences("symptom"),
        lates=words.sentences("late"),
        members=[item for item in shown if item.slug in found.components],
        others=[item for item in shown if item.slug not in found.components],
        component_statuses=words.status_words(asked.SAID_OF_COMPONENTS),
        zone=context().settings.page.time_zone,
        moments=[*_moments(found), *((f"first accepted by {network}", at) for network, at in sorted(accepted.items()))],
    )


@needs(Role.RESPONDER)
def update(incident_id: str) -> Response:
    return _to(acts.update(context(), asked.change(incident_id)), "The update is published.")


@needs(Role.RESPONDER)
def resolve(incident_id: str) -> Response:
    return _to(acts.resolve(context(), asked.resolution(incident_id)), "Resolved.")


@needs(Role.RESPONDER)
def reopen(incident_id: str) -> Response:
    return _to(acts.reopen(context(), asked.reopening(incident_id)), "Reopened: the same threads go on.")


@needs(Role.RESPONDER)
def explain(incident_id: str) -> Response:
    version, texts = asked.explanation()
    told = acts.explain(context(), incident_id=incident_id, who=me().person.name, free_text=texts, version=version)
    return _to(told, "The explanation is published.")


def _moments(found: Incident) -> list[tuple[str, object]]:
    return [(name.removesuffix("_at").replace("_", " "), at) for name, at in vars(found.moments).items()]


def _to(found: Incident, done: str) -> Response:
    return redirect(url_for("console.incident", incident_id=found.id, done=done), 303)  # type: ignore[return-value]
