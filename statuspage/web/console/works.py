"""Planned work in the console: plan, look at, start, extend, complete, cancel."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, redirect, render_template, request, url_for

from statuspage.actions import maintenance as acts
from statuspage.core.maintenance import Maintenance
from statuspage.core.vocabulary import MaintenanceStatus, Role, SubjectKind
from statuspage.store import deliveries, maintenance, updates
from statuspage.web.auth import context, me, needs
from statuspage.web.console import words
from statuspage.web.database import database
from statuspage.web.forms import Field, Form, read

BEGUN = (MaintenanceStatus.IN_PROGRESS, MaintenanceStatus.VERIFYING)
_VERSION = {"version": Field(required=True, longest=9)}


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/maintenance/", endpoint="works")(list_works)
    blueprint.get("/maintenance/new", endpoint="plan")(plan)
    blueprint.post("/maintenance/new")(plan_submit)
    blueprint.get("/maintenance/<work_id>")(work)
    for deed in (start, extend, complete, cancel):
        blueprint.post(f"/maintenance/<work_id>/{deed.__name__}", endpoint=f"work_{deed.__name__}")(deed)


@needs(Role.VIEWER)
def list_works() -> str:
    rows = maintenance.listing(database.session(), limit=100)
    return render_template("console/works.html", title="Planned work", section="Planned work", rows=rows)


@needs(Role.RESPONDER)
def plan() -> str:
    return render_template(
        "console/plan.html",
        title="Plan work",
        section="Planned work",
        components=[(item.slug, words.component_name(item.slug), item.private) for item in context().settings.components],
        symptoms=words.sentences("symptom"),
        zone=context().settings.page.time_zone,
        earliest=words.typed(context().now()),
    )


@needs(Role.RESPONDER)
def plan_submit() -> Response:
    fields = {
        "component": Field(required=True, many=True, choices=[item.slug for item in context().settings.components]),
        "from": Field(required=True, longest=20),
        "until": Field(required=True, longest=20),
        "symptom": Field(choices=[key for key, _ in words.sentences("symptom")]),
        "drill": Field(choices=("yes",)),
    }
    form = read(request.form, fields | words.free_text_field_names())
    asked = acts.Plan(
        components=tuple(form.texts("component")),
        scheduled_for=words.moment_typed(form.text("from"), "from"),
        scheduled_until=words.moment_typed(form.text("until"), "until", ends=True),
        who=me().person.name,
        symptom=form.text("symptom") or None,
        free_text=words.free_text(form),
        drill=form.text("drill") == "yes",
    )
    planned = acts.plan(context(), asked)
    return _to(planned.work, " ".join(["Planned.", *planned.warnings]))


@needs(Role.VIEWER)
def work(work_id: str) -> str:
    session = database.session()
    found = maintenance.get(session, work_id)
    told = updates.of_subject(session, SubjectKind.MAINTENANCE, work_id)
    posts = deliveries.of_subject(session, SubjectKind.MAINTENANCE, work_id)
    return render_template(
        "console/work.html",
        title=words.title_of(found),
        section="Planned work",
        work=found,
        begun=found.status in BEGUN,
        updates=list(reversed(told)),
        threads=words.threads(posts),
        stoppable=words.stoppable(posts),
        zone=context().settings.page.time_zone,
        later=words.typed(max(found.scheduled_until, context().now()) + timedelta(hours=1)),
    )


@needs(Role.RESPONDER)
def start(work_id: str) -> Response:
    form = _read()
    return _to(acts.start(context(), work_id=work_id, who=me().person.name, version=words.version_of(form)), "The work has begun.")


@needs(Role.RESPONDER)
def extend(work_id: str) -> Response:
    form = _read({"until": Field(required=True, longest=20)})
    until = words.moment_typed(form.text("until"), "until", ends=True)
    after = acts.extend(context(), work_id=work_id, until=until, who=me().person.name, version=words.version_of(form))
    return _to(after, "The work takes longer; customers are told.")


@needs(Role.RESPONDER)
def complete(work_id: str) -> Response:
    form = _read({"reason": Field(longest=500)})
    asked = {"who": me().person.name, "version": words.version_of(form), "reason": form.text("reason")}
    return _to(acts.complete(context(), work_id=work_id, **asked), "The work is done.")  # type: ignore[arg-type]


@needs(Role.RESPONDER)
def cancel(work_id: str) -> Response:
    form = _read()
    return _to(acts.cancel(context(), work_id=work_id, who=me().person.name, version=words.version_of(form)), "The work is cancelled.")


def _read(fields: dict[str, Field] | None = None) -> Form:
    return read(request.form, _VERSION | (fields or {}))


def _to(found: Maintenance, done: str) -> Response:
    return redirect(url_for("console.work", work_id=found.id, done=done), 303)  # type: ignore[return-value]
