"""Signing in and out. A link's GET shows a button and its POST uses it up, since mail scanners open every link."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from statuspage.actions import people
from statuspage.actions.people import NewSession
from statuspage.core.access import PASSWORD_MAX
from statuspage.core.vocabulary import Role
from statuspage.web import throttle
from statuspage.web.auth import HASHES_AT_ONCE, check_way_in, context, drop_cookie, me, needs, open_to_all, safe_next, set_cookie
from statuspage.web.forms import Field, read

WRONG = "Name and password do not belong together, or this person may not sign in."


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/sign-in")(sign_in)
    blueprint.post("/sign-in")(sign_in_submit)
    blueprint.get("/link/<token>")(link)
    blueprint.post("/link/<token>")(link_submit)
    blueprint.post("/sign-out")(sign_out)


@open_to_all
def sign_in() -> str:
    check_way_in()
    return render_template("console/sign_in.html", title="Sign in", next=safe_next(request.args.get("next", "")), wrong="")


@open_to_all
def sign_in_submit() -> Response | tuple[str, int]:
    check_way_in()
    form = read(request.form, {"name": Field(required=True), "password": Field(longest=PASSWORD_MAX), "next": Field(longest=500)})
    name = form.text("name")
    ctx = context()
    wait_s = throttle.GUESSES.wait_s(ctx.ports.clock.monotonic(), name, request.remote_addr or "")
    if wait_s > 0 or not HASHES_AT_ONCE.acquire(blocking=False):
        abort(429, f"Too many tries. Wait {max(1, round(wait_s))} s, then try again; others are not affected.")
    try:
        begun = people.sign_in(ctx, name, request.form.get("password", ""))
    finally:
        HASHES_AT_ONCE.release()
    if begun is None:
        throttle.GUESSES.wrong(ctx.ports.clock.monotonic(), name, request.remote_addr or "")
        return render_template("console/sign_in.html", title="Sign in", next=safe_next(form.text("next")), wrong=WRONG), 403
    throttle.GUESSES.right(name)
    return _enter(begun, safe_next(form.text("next")))


@open_to_all
def link(token: str) -> str:
    check_way_in()
    return render_template("console/link.html", title="One-time sign-in", fresh=people.link_is_fresh(context(), token))


@open_to_all
def link_submit(token: str) -> Response | tuple[str, int]:
    check_way_in()
    read(request.form, {})
    begun = people.sign_in_by_link(context(), token)
    if begun is None:
        return render_template("console/link.html", title="One-time sign-in", fresh=False), 403
    return _enter(begun, url_for("console.overview"))


@needs(Role.VIEWER)
def sign_out() -> Response:
    people.sign_out(context(), me())
    answer = redirect(url_for("console.sign_in"), 303)
    drop_cookie(answer)  # type: ignore[arg-type]
    return answer  # type: ignore[return-value]


def _enter(begun: NewSession, where: str) -> Response:
    answer = redirect(where, 303)
    set_cookie(answer, begun.token)  # type: ignore[arg-type]
    return answer  # type: ignore[return-value]
