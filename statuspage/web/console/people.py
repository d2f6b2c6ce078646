"""People in the console, for administrators: who may do what, new ones, one-time links, and who may no longer."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for

from statuspage.actions import people as acts
from statuspage.core.errors import NotFound
from statuspage.core.vocabulary import Role
from statuspage.store import people
from statuspage.store.people import Person
from statuspage.web.auth import context, me, needs, own_origin
from statuspage.web.database import database
from statuspage.web.forms import Field, read

ROLES = tuple(str(role) for role in Role)


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/people/", endpoint="people")(everybody)
    blueprint.post("/people/")(add)
    blueprint.post("/people/<person_id>/link", endpoint="person_link")(link)
    blueprint.post("/people/<person_id>/role", endpoint="person_role")(role)
    blueprint.post("/people/<person_id>/disable", endpoint="person_disable")(disable)


@needs(Role.ADMINISTRATOR)
def everybody() -> str:
    return _page()


@needs(Role.ADMINISTRATOR)
def add() -> str:
    form = read(request.form, {"name": Field(required=True, longest=100), "role": Field(required=True, choices=ROLES)})
    added = acts.add_person(context(), name=form.text("name"), role=Role(form.text("role")), who=me().person.name)
    return _with_link(added)


@needs(Role.ADMINISTRATOR)
def link(person_id: str) -> str:
    read(request.form, {})
    found = _person(person_id)
    if found.disabled_at is not None:
        raise NotFound(f"{found.name} may not sign in any more. Nothing was changed.")
    return _with_link(found)


@needs(Role.ADMINISTRATOR)
def role(person_id: str) -> Response:
    form = read(request.form, {"role": Field(required=True, choices=ROLES)})
    found = _person(person_id)
    acts.set_role(context(), name=found.name, role=Role(form.text("role")), who=me().person.name)
    return _back(f"{found.name} is {form.text('role')} now, and signed out everywhere.")


@needs(Role.ADMINISTRATOR)
def disable(person_id: str) -> Response:
    read(request.form, {"sure": Field(required=True, choices=("yes",))})
    found = _person(person_id)
    acts.disable(context(), name=found.name, who=me().person.name)
    return _back(f"{found.name} can no longer sign in.")


def _person(person_id: str) -> Person:
    with context().ports.store.reading() as session:  # closed again before anything is written
        found = people.by_id(session, person_id)
    if found is None:
        raise NotFound("There is nobody with that id. Nothing was changed.")
    return found


def _with_link(person: Person) -> str:
    """The page with the link on it: shown once, and never part of an address that a browser or a log would keep."""
    path = acts.sign_in_path(context(), person, who=me().person.name)
    return _page(person.name, f"{own_origin()}{path}")


def _page(name: str = "", link: str = "") -> str:
    rows = people.everybody(database.session())
    return render_template("console/people.html", title="People", section="People", rows=rows, roles=ROLES, link=link, link_for=name)


def _back(done: str) -> Response:
    return redirect(url_for("console.people", done=done), 303)  # type: ignore[return-value]
