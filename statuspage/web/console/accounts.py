"""Logins at networks in the console: how each stands, and the button that lets one that was refused be used again."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for

from statuspage.actions import deliveries as acts
from statuspage.core.vocabulary import Role
from statuspage.web.auth import context, me, needs
from statuspage.web.database import database
from statuspage.web.forms import read
from statuspage.worker.logins import logins


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/accounts/", endpoint="accounts")(list_accounts)
    blueprint.post("/accounts/<name>/resume")(resume)


@needs(Role.VIEWER)
def list_accounts() -> str:
    return render_template("console/accounts.html", title="Accounts", section="Accounts", logins=logins(database.session(), context()))


@needs(Role.RESPONDER)
def resume(name: str) -> Response:
    read(request.form, {})
    acts.resume_account(context(), name, who=me().person.name)
    return redirect(url_for("console.accounts", done=f"{name} is used again."), 303)  # type: ignore[return-value]
