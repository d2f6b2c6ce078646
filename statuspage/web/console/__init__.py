"""The console: what engineers see and do. Reads the request, calls one action, renders."""

from __future__ import annotations

from importlib import resources

from flask import Blueprint, Response

from statuspage.web.auth import guard, open_to_all
from statuspage.web.console import (
    accounts,
    answers,
    corrections,
    deliveries,
    entrance,
    incidents,
    overview,
    people,
    previews,
    probes,
    waiting,
    warnings,
    works,
)
from statuspage.web.console.words import register

_PAGES = (entrance, overview, incidents, previews, answers, probes, works, warnings, corrections, waiting, deliveries, accounts, people)
blueprint = Blueprint("console", __name__, url_prefix="/console")
blueprint.before_request(guard)
register(blueprint)
for module in _PAGES:
    module.add_routes(blueprint)


@blueprint.get("/style.css")
@open_to_all
def style() -> Response:
    """The console's only style sheet."""
    return _static("text/css", "css", "console.css")


@blueprint.get("/script.js")
@open_to_all
def script() -> Response:
    """The console's only script. Every page works without it, and then shows what was true when it was made."""
    return _static("text/javascript", "js", "console.js")


def _static(kind: str, *path: str) -> Response:
    text = resources.files("statuspage").joinpath("static", *path).read_text(encoding="utf-8")
    answer = Response(text, content_type=f"{kind}; charset=utf-8")
    answer.headers["Cache-Control"] = "private, max-age=60"
    return answer
