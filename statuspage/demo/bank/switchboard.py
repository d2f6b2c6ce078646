"""The switchboard: a page and an HTTP call for each fault, on a port of its own that stays up while the bank is down."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask import Flask, Response, abort, json, jsonify, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from statuspage.demo.bank.faults import FAULTS, Choice, Faults, InvalidSettings, UnknownFault
from statuspage.demo.bank.mobile import problem
from statuspage.demo.bank.website import CONTENT_POLICY, STYLE, TEMPLATES


def create_switchboard(faults: Faults, links: Mapping[str, str]) -> Flask:
    """The WSGI application of the switchboard for `faults`. links: what is worth watching, name -> address."""
    app = Flask("switchboard", template_folder=str(TEMPLATES), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 16 * 1024
    app.jinja_env.globals["style"] = STYLE
    app.before_request(_refuse_other_sites)
    app.after_request(_headers)
    app.register_error_handler(HTTPException, _no_such_thing)
    app.register_error_handler(UnknownFault, lambda error: problem(404, "Unknown fault", detail=str(error), faults=list(FAULTS)))
    app.register_error_handler(InvalidSettings, lambda error: problem(400, "Invalid settings", detail=str(error)))

    @app.get("/")
    def page() -> str:
        groups = [(group, list(members)) for group, members in groupby(FAULTS.values(), key=lambda fault: fault.group)]
        return render_template("switchboard.html", groups=groups, now=faults.listing(), is_choice=_is_choice, links=links)

    @app.get("/faults")
    def listing() -> Response:
        return jsonify(faults.listing())

    @app.get("/faults/<name>")
    def one(name: str) -> Response:
        faults.known(name)
        return jsonify(faults.listing()[name])

    @app.put("/faults/<name>")
    def turn_on(name: str) -> Response:
        faults.known(name)
        faults.turn_on(name, _settings(name))
        return jsonify(faults.listing()[name])

    @app.delete("/faults/<name>")
    def turn_off(name: str) -> Response:
        faults.turn_off(name)
        return jsonify(faults.listing()[name])

    @app.post("/switch/<name>")
    def switch(name: str) -> AnyResponse:
        """A plain form of the page: `to` is on or off, the other fields are settings."""
        fields = request.form.to_dict()
        if fields.pop("to", "on") == "off":
            faults.turn_off(name)
        else:
            faults.turn_on(name, fields, texts=True)
        return redirect(f"/#{name}", code=303)

    @app.post("/mend-all")
    def mend_all() -> AnyResponse:
        for name in FAULTS:
            faults.turn_off(name)
        return redirect("/", code=303)

    return app


def _settings(name: str) -> Any:
    """What the body asks for. Raises InvalidSettings if it is not JSON."""
    try:
        return json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError):
        raise InvalidSettings(f"{name}: the body is not JSON; send an object, like {{}}. Nothing was switched.") from None


def _no_such_thing(error: HTTPException) -> Response:
    """What is not there, or not by this method, for scripts as well as for people."""
    if error.response is not None:  # our own answer: aborted with it
        return error.response  # type: ignore[return-value]
    calls = "GET / (a page), GET /faults, GET, PUT and DELETE /faults/NAME"
    answer = problem(error.code or 500, error.name, detail=f"Here are: {calls}. Nothing was switched.")
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _is_choice(setting: object) -> bool:
    return isinstance(setting, Choice)


def _refuse_other_sites() -> None:
    """Only pages of the switchboard itself may switch. Scripts send no Origin and use PUT and DELETE, which no form can send."""
    origin = request.headers.get("Origin")
    if request.method in ("GET", "HEAD"):
        return
    if origin != request.host_url.rstrip("/") and (origin is not None or request.method == "POST"):
        abort(problem(403, "Wrong origin", detail="Switch from the switchboard's own page, or by PUT and DELETE. Nothing was switched."))


def _headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
