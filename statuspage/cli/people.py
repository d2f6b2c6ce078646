"""People who may use the console, and whether the product is healthy."""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException

import click

from statuspage.actions import people as acts
from statuspage.actions.context import Context
from statuspage.cli.common import NO_ANSWER, Invocation, explained, fail, running_port, show, who
from statuspage.core.errors import NotFound
from statuspage.core.vocabulary import Role
from statuspage.store import people
from statuspage.store.people import Person


@click.group()
def person() -> None:
    """People who may use the console."""


@person.command()
@click.argument("name")
@click.option("--role", type=click.Choice([str(role) for role in Role]), default="responder", show_default=True)
@click.pass_obj
@explained
def add(invocation: Invocation, name: str, role: str) -> None:
    """Add somebody, and print a link that signs in once."""
    context = invocation.context()
    added = acts.add_person(context, name=name, role=Role(role), who=who())
    _give_link(invocation, context, added)


@person.command()
@click.argument("name")
@click.pass_obj
@explained
def link(invocation: Invocation, name: str) -> None:
    """Print a link that signs somebody in once, within a day."""
    context = invocation.context()
    with context.ports.store.reading() as session:
        found = people.by_name(session, name)
    if found is None or found.disabled_at is not None:
        raise NotFound(f"There is nobody named {name!r} who may sign in. Nothing was changed.")
    _give_link(invocation, context, found)


def _give_link(invocation: Invocation, context: Context, signs_in: Person) -> None:
    address = f"{context.settings.page.url}{acts.sign_in_path(context, signs_in, who())}"
    invocation.done(address, name=signs_in.name, role=str(signs_in.role), sign_in=address)


@person.command()
@click.argument("name")
@click.pass_obj
@explained
def password(invocation: Invocation, name: str) -> None:
    """Set somebody's password; it is asked for, or read from standard input where that is no terminal."""
    typed = click.prompt("Password", hide_input=True, confirmation_prompt=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    acts.set_password(invocation.context(), name=name, password=typed, who=who())
    invocation.done(f"{name} has a new password and is signed out everywhere.", name=name)


@person.command()
@click.argument("name")
@click.argument("role", type=click.Choice([str(role) for role in Role]))
@click.pass_obj
@explained
def role(invocation: Invocation, name: str, role: str) -> None:
    """Change what somebody may do."""
    acts.set_role(invocation.context(), name=name, role=Role(role), who=who())
    invocation.done(f"{name} is {role} now, and signed out everywhere.", name=name, role=role)


@person.command()
@click.argument("name")
@click.pass_obj
@explained
def disable(invocation: Invocation, name: str) -> None:
    """Take the console away from somebody, at once."""
    acts.disable(invocation.context(), name=name, who=who())
    invocation.done(f"{name} can no longer sign in.", name=name)


@person.command("list")
@click.pass_obj
@explained
def list_people(invocation: Invocation) -> None:
    """Everybody, and what they may do."""
    context = invocation.context()
    with context.ports.store.reading() as session:
        rows = [
            {"name": p.name, "role": str(p.role), "created_at": p.created_at, "disabled_at": p.disabled_at}
            for p in people.everybody(session)
        ]
    show(invocation, rows, ("name", "role", "created_at", "disabled_at"), "People")


@click.command()
@click.option(
    "--port", envvar="STATUSPAGE_PORT", type=click.IntRange(1, 65535), help="Port of the page; default: where `up` serves it, or 8000."
)
@click.pass_obj
def health(invocation: Invocation, port: int | None) -> None:
    """Ask the running product whether it does its work. Exit status 0 if every part proves it, else 6."""
    port = port or running_port(invocation.process) or 8000
    connection = HTTPConnection("127.0.0.1", port, timeout=4.5)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        click.echo(answer.read().decode("utf-8", "replace").strip())
    except (OSError, HTTPException) as error:
        fail(f"No answer on port {port}: {error}", NO_ANSWER)
    if answer.status != 200:
        sys.exit(NO_ANSWER)


COMMANDS = [person, health]
