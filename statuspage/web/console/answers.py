"""For people who answer customers one by one: what to write, what to say at counter and phone, and on what that is based."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from statuspage.actions.answers import MEANT, answers, as_json
from statuspage.core.vocabulary import Role
from statuspage.publish.api_v2 import dump
from statuspage.web.auth import context, needs
from statuspage.web.console import words
from statuspage.web.database import database
from statuspage.web.forms import Field, read


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/answers/", endpoint="answers")(show)
    blueprint.get("/answers.json", endpoint="answers_json")(as_data)


@needs(Role.VIEWER)
def show() -> str:
    page = context().settings.page
    form = read(request.args, {"language": Field(choices=page.languages), "ref": Field(longest=20), "by": Field(longest=16)})
    by = form.text("by")
    card = answers(
        database.session(),
        context(),
        ref=form.text("ref") or None,
        reply_by=words.moment_typed(by, "by") if by else None,
    )
    return render_template(
        "console/answers.html",
        title="Answers to customers",
        section="Answers",
        card=card,
        meant=MEANT,
        spoken=form.text("language") or page.default_language,
        ref=form.text("ref"),
        by=by,
    )


@needs(Role.VIEWER)
def as_data() -> Response:
    card = answers(database.session(), context())
    return Response(dump(as_json(card, context().settings.page.languages)), content_type="application/json; charset=utf-8")
