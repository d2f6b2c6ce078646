"""Leaving a mail list, with one click (RFC 8058). For people without an account, and for the programs of mailbox providers.

GET shows a button and changes nothing: scanners follow every link of a mail. POST acts, without a sign-in, a cookie or a token of a form:
whoever has the address has the mail. Nothing here says to whom a token belongs.
"""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from statuspage.actions import subscribers
from statuspage.actions.context import Context
from statuspage.core.errors import NotFound
from statuspage.publish.headers import RouteClass, content_security_policy
from statuspage.publish.page import Pages
from statuspage.publish.wording import Wording
from statuspage.web import choosing
from statuspage.words import Interface, load_catalogue
from statuspage.worker.public_page import public_page

blueprint = Blueprint("leaving", __name__)
PATH = "/unsubscribe"


@blueprint.get(f"{PATH}/<token>")
def ask(token: str) -> Response:
    """The button; or, for an address that was not copied whole, what is wrong."""
    ctx: Context = current_app.extensions["current"].context()
    return _page(ctx, "ask") if subscribers.is_ours(ctx, token) else _page(ctx, "wrong", 404)


@blueprint.post(f"{PATH}/<token>")
def leave(token: str) -> Response:
    """Takes the owner of the mail off the list at once. A second time is as good as the first."""
    ctx: Context = current_app.extensions["current"].context()
    try:
        subscribers.leave(ctx, token)
    except NotFound:
        return _page(ctx, "wrong", 404)
    return _page(ctx, "done")


@blueprint.route(f"{PATH}/<token>", methods=["PUT", "PATCH", "DELETE", "TRACE"])
def otherwise(token: str) -> Response:
    """As a GET, but for the status: whoever asks like this is a program, and its owner reads no page of engineers."""
    ctx: Context = current_app.extensions["current"].context()
    answer = _page(ctx, "ask" if subscribers.is_ours(ctx, token) else "wrong", 405)
    answer.headers["Allow"] = "GET, HEAD, POST"
    return answer


def _page(ctx: Context, shown: str, status: int = 200) -> Response:
    """One of the three pages, in the look of the public ones: with their style sheet, named in a policy that allows nothing else."""
    page = public_page(ctx.settings, ctx.logo)
    language = choosing.language(request.headers.get("Accept-Language", ""), page.languages, page.default_language)
    text, pages = Interface(language).text, Pages(page, Wording(page, load_catalogue()))
    lead, button = ("lead", text("mail.button")) if shown == "ask" else (shown, "")
    body = pages.leaving(language, text("mail.title"), text(f"mail.{lead}", bank=page.name), button)
    policy = content_security_policy(RouteClass.PAGE, {"style": pages.assets.hashes["style"]})
    headers = {"Vary": "Accept-Language", "X-Robots-Tag": "noindex", "Content-Security-Policy": policy}
    return Response(body, status=status, headers=headers)
