"""Who is at the console. Every console route says which role it needs; one that says nothing is refused (default deny)."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Response, abort, current_app, g, redirect, request, url_for

from statuspage.actions import people
from statuspage.actions.context import Context
from statuspage.core.access import ABSOLUTE, may
from statuspage.core.vocabulary import Role
from statuspage.store.people import SignedIn
from statuspage.store.trouble import StoreTrouble
from statuspage.web.forms import CSRF_FIELD

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
REFRESH = "Statuspage-Refresh"  # header of what a page fetches by itself, which is no use of the session
HASHES_AT_ONCE = threading.BoundedSemaphore(2)  # a password check takes 46 MiB and a core for a moment
View = TypeVar("View", bound=Callable[..., Any])


def needs(role: Role) -> Callable[[View], View]:
    """The view may be used by that role and those above it."""

    def mark(view: View) -> View:
        view.needed_role = role  # type: ignore[attr-defined]
        return view

    return mark


def open_to_all(view: View) -> View:
    """The view may be used without being signed in: signing in itself."""
    view.needed_role = None  # type: ignore[attr-defined]
    return view


def context() -> Context:
    """The configuration that runs, one and the same for the whole request."""
    if "context" not in g:
        g.context = current_app.extensions["current"].context()
    found: Context = g.context
    return found


def me() -> SignedIn:
    """The person of this request; only in views that need a role."""
    found: SignedIn = g.signed_in
    return found


def guard() -> Response | None:
    """Before every request of the console: who is it, may they, and did our own page ask?"""
    if request.endpoint is None or request.routing_exception is not None:
        return None
    view = current_app.view_functions[request.endpoint]
    if not hasattr(view, "needed_role"):
        abort(403, "This address is not open to anybody.")
    g.signed_in = _signed_in()
    if request.method not in SAFE_METHODS:
        _check_origin()
    if view.needed_role is None:
        return None
    if g.signed_in is None:
        if request.method in SAFE_METHODS:
            return redirect(url_for("console.sign_in", next=request.full_path.rstrip("?")), 303)  # type: ignore[return-value]
        abort(403, "You are signed out. Sign in and send it again; nothing was changed.")
    if not may(g.signed_in.person.role, view.needed_role):
        abort(403, f"This needs the role {view.needed_role}; you are {g.signed_in.person.role}. Nothing was changed.")
    if request.method not in SAFE_METHODS:
        _check_token()
    return None


def recognise() -> None:
    """Who asks for an address of the console that does not exist: the answer keeps their menu."""
    if "signed_in" not in g and f"{request.path}/".startswith("/console/"):
        with suppress(*StoreTrouble):
            g.signed_in = _signed_in()


def _signed_in() -> SignedIn | None:
    token = request.cookies.get(cookie_name())
    if not token or len(token) != people.TOKEN_LENGTH:
        return None
    return people.signed_in(context(), token, used=request.method not in SAFE_METHODS or REFRESH not in request.headers)


def _check_origin() -> None:
    """A browser says where a form came from; a foreign page, a sandboxed one ("null") and none at all are refused."""
    origin = request.headers.get("Origin", "")
    if origin != own_origin():
        abort(403, "The form did not come from this console. Open the page again and send it from there; nothing was changed.")


def own_origin() -> str:
    """Scheme and host under which the browser knows the console.

    Behind a front server that ends TLS the request itself comes as http: for the page's own host the configuration says what it
    is, so that no header has to be believed.
    """
    page = urlsplit(context().settings.page.url)
    return f"{page.scheme}://{page.netloc}" if request.host == page.netloc else f"{request.scheme}://{request.host}"


def _check_token() -> None:
    sent = request.form.getlist(CSRF_FIELD)
    if len(sent) != 1 or not hmac.compare_digest(sent[0].encode(), g.signed_in.csrf_token.encode()):
        abort(403, "The form is too old or not from this sign-in. Open the page again and send it from there; nothing was changed.")


def plain_loopback() -> bool:
    """True for http on this very machine, where a browser would not send a Secure cookie back: the one exception to the cookie rules."""
    origin = urlsplit(own_origin())
    return origin.scheme == "http" and origin.hostname in ("127.0.0.1", "localhost", "::1")


def check_way_in() -> None:
    """Nobody signs in over plain http from another computer: the browser would drop the cookie, and the link be used up for nothing."""
    if urlsplit(own_origin()).scheme == "http" and not plain_loopback():
        abort(
            403,
            "Over plain http, nobody can sign in from another computer: browsers keep no sign-in that others could read on the way. "
            "Put TLS in front (docs/production.md), or open the console on its own machine, at 127.0.0.1. A sign-in link is not used up.",
        )


def cookie_name() -> str:
    return "statuspage" if plain_loopback() else "__Host-statuspage"


def set_cookie(answer: Response, token: str) -> None:
    answer.set_cookie(
        cookie_name(),
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        secure=not plain_loopback(),
        httponly=True,
        samesite="Strict",
        path="/",
    )


def drop_cookie(answer: Response) -> None:
    answer.delete_cookie(cookie_name(), secure=not plain_loopback(), httponly=True, samesite="Strict", path="/")


def safe_next(wanted: str) -> str:
    """A path of the console to go on to; anything that could lead elsewhere becomes the overview."""
    try:
        path = urlsplit(wanted)
    except ValueError:
        return "/console/"
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted and " " not in wanted
    inside = wanted.startswith("/console/") and not path.scheme and not path.netloc and "//" not in path.path and ".." not in path.path
    return wanted if plain and inside else "/console/"
