"""The `statuspage` command: the same actions from a terminal."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from statuspage import __version__
from statuspage.cli import (
    answers,
    backup,
    channel,
    configuration,
    deliveries,
    front,
    incident,
    maintenance,
    people,
    probe,
    run,
    switches,
    up,
    verify,
    warning,
)
from statuspage.cli.anywhere import Anywhere
from statuspage.cli.common import NO_ANSWER, Invocation, fail
from statuspage.settings.process import ProcessSettings
from statuspage.store.engine import is_known

EPILOG = """Exit status: 0 done, 1 refused by a rule, 2 typed wrong, 3 configuration wrong, 4 no such thing, 5 changed meanwhile,
6 database, file or process cannot be used, 7 cannot be tried (channel test), 130 ended by Ctrl-C, 141 nobody read the answer to its end."""


@click.group(cls=Anywhere, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "STATUSPAGE"})
@click.version_option(__version__, prog_name="statuspage")
@click.option(
    "--config", type=click.Path(path_type=Path), default=Path("statuspage.yaml"), show_default=True, help="The configuration file."
)
@click.option("--data", type=click.Path(path_type=Path), default=Path("var"), show_default=True, help="Folder of everything that is kept.")
@click.option("--database", help="Address of the database; default: SQLite in the data folder.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")
@click.pass_context
def main(context: click.Context, config: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Status page and outage broadcaster for banks.

    \b
    statuspage up --demo                       the whole product with a demonstration bank
    statuspage init > statuspage.yaml          a configuration to begin with
    statuspage check                           says in words what would run
    statuspage incident declare login          tells customers that logging in fails
    statuspage incident list --json            these options may stand behind a command, too
    """
    data = data.absolute()
    url = database or f"sqlite:///{data / 'statuspage.db'}"
    if not is_known(url):
        fail(
            "The address of the database cannot be used; it is not shown, since it may hold a password. "
            "Allowed are sqlite:////folder/statuspage.db and postgresql+psycopg://user@host:5432/name. Nothing was changed.",
            NO_ANSWER,
        )
    typed = context.get_parameter_source("config") is ParameterSource.COMMANDLINE
    context.obj = Invocation(ProcessSettings(config.absolute(), data, url), as_json, typed)


SAYING = (incident, answers, maintenance, warning, deliveries, switches, verify)
for module in (up, run, configuration, *SAYING, probe, channel, people, backup, front):
    for command in module.COMMANDS:
        main.add_command(command)
