"""Running one role, or the demonstration, by itself."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial

import click

from statuspage.cli.common import Invocation, at_work, explained
from statuspage.demo import stage
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database
from statuspage.store.migrate import require_head
from statuspage.worker import logs
from statuspage.worker.process import Build, run_role

HOST = click.option("--host", envvar="STATUSPAGE_HOST", default="127.0.0.1", show_default=True, help="Address to listen on.")


def port_option(ports: int, meaning: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """The option --port of a command that needs so many ports in a row."""
    allowed = click.IntRange(1, 65536 - ports)
    return click.option("--port", envvar="STATUSPAGE_PORT", type=allowed, default=8000, show_default=True, help=meaning)


@click.command()
@HOST
@port_option(1, "Port of the page.")
@click.pass_obj
@explained
def web(invocation: Invocation, host: str, port: int) -> None:
    """Serve the page, the console, health and metrics."""
    from statuspage.web.server import serve  # its libraries are needed here only

    process = dataclasses.replace(invocation.process, host=host, port=port)
    _begin(process, "web")
    with at_work(process):
        serve(process)


@click.command()
@click.option("--location", "only", multiple=True, metavar="NAME", help="Look from this place only; may be repeated. Default: all.")
@click.pass_obj
@explained
def prober(invocation: Invocation, only: Sequence[str]) -> None:
    """Run the probes: of all locations, or of those that this machine stands for.

    \b
    Two places count as two only if they look through two networks: start one prober on each machine.
    statuspage prober --location madrid
    """
    from statuspage.worker.prober import location_of  # libraries for probing and posting: the other commands start sooner
    from statuspage.worker.roles import prober_loops

    if only:
        settings = invocation.context().settings
        for name in only:
            location_of(settings, name)
    _run(invocation, "prober", partial(prober_loops, only=only))


@click.command()
@click.pass_obj
@explained
def worker(invocation: Invocation) -> None:
    """Run verdicts, incidents, publication and deliveries."""
    from statuspage.worker.roles import worker_loops

    _run(invocation, "worker", worker_loops)


def _run(invocation: Invocation, role: str, build: Build) -> None:
    _begin(invocation.process, role)
    with at_work(invocation.process):
        run_role(role, invocation.process, os.environ, build)


def _begin(process: ProcessSettings, role: str) -> None:
    with closing(Database(process.database)) as database:  # the server forks: no connection may be open by then
        require_head(database)
    logs.set_up(plain=sys.stderr.isatty(), role=role)


@click.command()
@HOST
@port_option(stage.PORTS, "Port of the page; bank, TLS bank, switchboard, networks and mail take the five after it.")
@click.pass_obj
@explained
def demo(invocation: Invocation, host: str, port: int) -> None:
    """Run the demonstration bank, its switchboard and the demonstration networks alone."""
    logs.set_up(plain=sys.stderr.isatty(), role="demo")
    stage.serve(host, port, invocation.process.data)


COMMANDS = [web, prober, worker, demo]
