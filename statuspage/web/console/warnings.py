"""Warnings in the console: somebody pretends to be the bank."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, redirect, render_template, request, url_for

from statuspage.actions import warnings as acts
from statuspage.core.vocabulary import Role, SubjectKind
from statuspage.store import deliveries, updates
from statuspage.web.auth import context, me, needs
from statuspage.web.console import words
from statuspage.web.database import database
from statuspage.web.forms import Field, read

SHOWN = timedelta(days=365)


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/warnings/", endpoint="warnings")(list_warnings)
    blueprint.post("/warnings/")(warn)


@needs(Role.VIEWER)
def list_warnings() -> str:
    session = database.session()
    found = updates.warnings(session, since=context().now() - SHOWN)
    posts = deliveries.of_subjects(session, SubjectKind.WARNING, [update.subject_id for update in found])
    return render_template(
        "console/warnings.html",
        title="Warnings",
        section="Warnings",
        warnings=[(update, words.threads(posts.get(update.subject_id, []))) for update in found],
    )


@needs(Role.RESPONDER)
def warn() -> Response:
    fields = {"fake": Field(required=True), "sure": Field(required=True, choices=("yes",)), "drill": Field(choices=("yes",))}
    form = read(request.form, fields | words.free_text_field_names())
    acts.fraud_warning(
        context(), fake=form.text("fake"), who=me().person.name, free_text=words.free_text(form), drill=form.text("drill") == "yes"
    )
    return redirect(url_for("console.warnings", done="Customers are warned."), 303)  # type: ignore[return-value]
