"""The configuration from a terminal: begin one, check it, describe it, put it in force; and the database's tables."""

from __future__ import annotations

import json
from contextlib import closing
from functools import partial
from importlib import resources
from pathlib import Path

import click
from dns.resolver import NoResolverConfiguration, Resolver

from statuspage.actions.components import left_open
from statuspage.cli.common import REFUSED, Invocation, explained, fail, prepare
from statuspage.cli.names import looked_up
from statuspage.demo import stage
from statuspage.outside import SystemClock
from statuspage.settings import Settings
from statuspage.settings.loader import load_file
from statuspage.settings.schema import json_schema
from statuspage.settings.summary import summary
from statuspage.store import Database
from statuspage.store.migrate import NotMigrated, current, head, upgrade
from statuspage.store.trouble import StoreTrouble
from statuspage.worker.process import accept_file


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--look-up", is_flag=True, help="Ask name servers too whether page and mail hang on the same things as the bank.")
@click.pass_obj
@explained
def check(invocation: Invocation, file: Path | None, look_up: bool) -> None:
    """Say in words what a configuration would run, with budgets and times to verdict. Exit status 3 if it is wrong."""
    path, environ = file or invocation.process.config, invocation.environ
    if path.resolve() == stage.CONFIGURATION.resolve():  # its references are invented: it can be looked at while nothing runs
        environ = {**stage.environment("127.0.0.1", 8000, invocation.process.data), **environ}
    loaded = load_file(path, environ)
    left = _left_open(invocation, loaded.settings)
    found = summary(loaded, SystemClock().now().date(), partial(looked_up, resolver=_resolver()) if look_up else list)
    if invocation.as_json:
        click.echo(json.dumps({**found.as_json(), "left_open": left}, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join([*left, *found.lines()]))


def _resolver() -> Resolver:
    try:
        return Resolver()
    except NoResolverConfiguration:
        fail("This machine has no name server to ask (/etc/resolv.conf). Leave out --look-up; nothing else needs one here.", REFUSED)


@click.command()
def schema() -> None:
    """Write the JSON Schema of statuspage.yaml, for editors."""
    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@click.command()
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file; refused if it exists.")
@click.pass_obj
@explained
def init(invocation: Invocation, output: Path | None) -> None:
    """Print a configuration to begin with: one component, one probe, no network yet."""
    text = resources.files("statuspage.data").joinpath("starter.yaml").read_text(encoding="utf-8")
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        fail(f"{output} exists already and stays as it is. Choose another name.", REFUSED)
    invocation.done(f"Wrote {output}. Next: statuspage check {output}", file=output)


@click.command()
@click.pass_obj
@explained
def migrate(invocation: Invocation) -> None:
    """Bring the database to this version's tables. May be run again at any time."""
    prepare(invocation.process)
    with closing(Database(invocation.process.database)) as database:
        before = current(database)
        upgrade(database)
    what = "already." if before == head() else f"now; before: {before or 'none'}."
    invocation.done(f"The database has the tables of {head()} {what}", before=before, now=head())


@click.command()
@click.pass_obj
@explained
def reload(invocation: Invocation) -> None:
    """Check the configuration file and put it in force in every process. A wrong file changes nothing."""
    loaded = accept_file(invocation.ports, invocation.process, invocation.environ)
    name, number = invocation.process.config.name, len(loaded.settings.components)
    left = _left_open(invocation, loaded.settings)
    said = [f"{name} is in force everywhere within 2 s. Components: {number}.", *left]
    invocation.done("\n".join(said), file=name, components=number, left_open=left)


def _left_open(invocation: Invocation, settings: Settings) -> list[str]:
    """What goes on and names a component that these settings have not, or made private; nothing where no database could say so."""
    file = Database(invocation.process.database).file
    if file is not None and not file.exists():
        return []
    try:
        with invocation.ports.store.reading() as session:
            return left_open(session, settings)
    except (NotMigrated, *StoreTrouble):
        return []


COMMANDS = [check, schema, init, migrate, reload]
