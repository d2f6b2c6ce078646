"""Incidents in the console: declare, look at, update, resolve."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for

from statuspage.actions import incidents as acts
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, Role, SubjectKind
from statuspage.store import deliveries, incidents, updates
from statuspage.web.auth import context, me, needs
from statuspage.web.console import components, probes, words
from statuspage.web.database import database
from statuspage.web.forms import BadForm, Field, read

TROUBLE = (ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE)
LISTED = 100


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/incidents/", endpoint="incidents")(list_incidents)
    blueprint.get("/incidents/new")(declare)
    blueprint.post("/incidents/new")(declare_submit)
    blueprint.get("/incidents/<incident_id>")(incident)
    blueprint.post("/incidents/<incident_id>/update")(update)
    blueprint.post("/incidents/<incident_id>/resolve")(resolve)


def _declare_fields() -> dict[str, Field]:
    fields = {f"component-{item.slug}": Field(choices=[str(status) for status in TROUBLE]) for item in context().settings.components}
    symptoms = [key for key, _ in words.sentences("symptom")]
    fields |= {"symptom": Field(choices=symptoms), "scheme": Field(longest=40), "drill": Field(choices=("yes",))}
    return fields | words.free_text_field_names()


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
        statuses=words.status_words(TROUBLE),
        symptoms=words.sentences("symptom"),
    )


@needs(Role.RESPONDER)
def declare_submit() -> Response:
    form = read(request.form, _declare_fields())
    chosen = {item.slug: form.text(f"component-{item.slug}") for item in context().settings.components}
    hit = {slug: ComponentStatus(value) for slug, value in chosen.items() if value}
    if not hit:
        raise BadForm("No component was chosen. Say what is hit; nothing was changed.")
    asked = acts.Declaration(
        components=hit,
        who=me().person.name,
        symptom=form.text("symptom") or None,
        scheme=form.text("scheme") or None,
        drill=form.text("drill") == "yes",
        free_text=words.free_text(form),
    )
    begun = acts.declare(context(), asked)
    return _to(begun, "Declared. Each channel posts by its policy; see the threads below.")


@needs(Role.VIEWER)
def incident(incident_id: str) -> str:
    session = database.session()
    found = incidents.get(session, incident_id)
    told = updates.of_subject(session, SubjectKind.INCIDENT, incident_id)
    posts = deliveries.of_subject(session, SubjectKind.INCIDENT, incident_id)
    accepted = deliveries.first_accepted(session, [incident_id]).get(incident_id, {})
    return render_template(
        "console/incident.html",
        title=words.title_of(found),
        section="Incidents",
        incident=found,
        updates=list(reversed(told)),
        threads=words.threads(posts),
        looks=probes.looks(session, set(found.components)) if found.is_open else [],
        statuses=[(str(status), sentence) for status, sentence in words.STATES.items() if status is not found.status],
        causes=words.sentences("cause"),
        lates=[(key, sentence) for key, sentence in words.sentences("late") if "{" not in sentence],
        moments=[*_moments(found), *((f"first accepted by {network}", at) for network, at in sorted(accepted.items()))],
    )


@needs(Role.RESPONDER)
def update(incident_id: str) -> Response:
    fields = {
        "version": Field(required=True, longest=9),
        "status": Field(choices=[str(status) for status in words.STATES]),
        "cause": Field(choices=[key for key, _ in words.sentences("cause")]),
    }
    form = read(request.form, fields | words.free_text_field_names())
    asked = acts.Change(
        incident_id=incident_id,
        who=me().person.name,
        version=words.version_of(form),
        status=IncidentStatus(form.text("status")) if form.text("status") else None,
        cause=form.text("cause") or None,
        free_text=words.free_text(form),
    )
    return _to(acts.update(context(), asked), "The update is published.")


@needs(Role.RESPONDER)
def resolve(incident_id: str) -> Response:
    fields = {
        "version": Field(required=True, longest=9),
        "late": Field(choices=[key for key, _ in words.sentences("late")]),
        "reason": Field(longest=500),
    }
    form = read(request.form, fields)
    asked = acts.Resolution(
        incident_id=incident_id,
        who=me().person.name,
        version=words.version_of(form),
        late=form.text("late") or None,
        reason=form.text("reason"),
    )
    return _to(acts.resolve(context(), asked), "Resolved.")


def _moments(found: Incident) -> list[tuple[str, object]]:
    return [(name.removesuffix("_at").replace("_", " "), at) for name, at in vars(found.moments).items()]


def _to(found: Incident, done: str) -> Response:
    return redirect(url_for("console.incident", incident_id=found.id, done=done), 303)  # type: ignore[return-value]
