"""Leaving a mail list, with one click (RFC 8058). For people without an account, and for the programs of mailbox providers.

GET shows a button and changes nothing: scanners follow every link of a mail. POST acts, without a sign-in, a cookie or a token of a form:
whoever has the address has the mail. Nothing here says to whom a token belongs.
"""

from __future__ import annotations

from flask import Blueprint, Response, current_app, render_template, request

from statuspage.actions import subscribers
from statuspage.actions.context import Context
from statuspage.core.errors import NotFound
from statuspage.web import choosing
from statuspage.words.interface import Interface

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


def _page(ctx: Context, shown: str, status: int = 200) -> Response:
    page = ctx.settings.page
    language = choosing.language(request.headers.get("Accept-Language", ""), tuple(page.languages), page.default_language)
    text = Interface(language).text
    body = render_template("public/leave.html", shown=shown, language=language, bank=page.name, home=f"{page.url}/{language}/", t=text)
    return Response(body, status=status, headers={"Vary": "Accept-Language", "X-Robots-Tag": "noindex"})
