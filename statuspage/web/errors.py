"""Errors as pages: what happened, what was not changed, what to do. Never a trace, never a secret."""

from __future__ import annotations

import structlog
from flask import Flask, Response, render_template, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException

from statuspage.core.errors import Conflict, DomainError, NotFound
from statuspage.publish.headers import RouteClass, headers_for
from statuspage.store.trouble import StoreTrouble
from statuspage.web.auth import recognise
from statuspage.web.forms import BadForm

log = structlog.get_logger("statuspage.web")


def init_app(app: Flask) -> None:
    """Every error of every route ends here, and every answer gets the console's headers."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(BadForm, lambda error: _page(400, "The form cannot be used", str(error)))
    app.register_error_handler(NotFound, lambda error: _page(404, "Not found", str(error)))
    app.register_error_handler(Conflict, lambda error: _page(409, "Somebody else was quicker", str(error)))
    app.register_error_handler(DomainError, lambda error: _page(422, "This may not be done", str(error)))
    for kind in StoreTrouble:
        app.register_error_handler(kind, _store)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_headers)


def _headers(answer: Response) -> Response:
    for name, value in headers_for(RouteClass.CONSOLE).items():
        answer.headers.setdefault(name, value)
    return answer


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    if code < 400:
        return error.get_response()  # type: ignore[return-value]
    recognise()
    own_words = error.description if code in (403, 429) else None
    return _page(code, error.name, own_words or "Go back to the overview and try from there. Nothing was changed.")


def _store(error: Exception) -> Response:
    log.error("the database does not answer", path=_path(), error=type(error).__name__)
    return _page(503, "The database does not answer", "Nothing was changed. The public page goes on; try again in a moment.")


def _unexpected(error: Exception) -> Response:
    log.exception("a request met a fault", path=_path(), method=request.method)
    return _page(500, "Something is wrong on our side", "It was noted. Look at the overview before you send it again.")


def _path() -> str:
    """The path for the log: of a route with arguments its pattern, since one of them may be a token."""
    return request.url_rule.rule if request.url_rule is not None else request.path


def _page(code: int, title: str, message: str) -> Response:
    if request_ctx.url_adapter is None:  # the Host is none: no page can be made, since no link on it would lead anywhere
        return Response(f"{title}\n", status=code, content_type="text/plain; charset=utf-8")
    answer = Response(render_template("console/error.html", title=title, message=message), status=code)
    if code in (429, 503):
        answer.headers["Retry-After"] = "5"
    return answer
