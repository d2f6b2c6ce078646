"""`statuspage up`: the whole product in one process tree."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import click
import structlog

from statuspage import interrupt
from statuspage.actions.people import ensure_administrator, sign_in_path
from statuspage.cli.common import REFUSED, Invocation, at_work, explained, fail, prepare
from statuspage.cli.run import HOST, port_option
from statuspage.core.hosts import everywhere, in_url, only_here, same_server
from statuspage.demo import stage
from statuspage.outside import SystemClock
from statuspage.ports import Ports
from statuspage.settings.process import ProcessSettings, to_environment
from statuspage.store import Database
from statuspage.store.migrate import upgrade
from statuspage.worker import logs
from statuspage.worker.process import Reloading, accept_file, context_of, open_ports, running_configuration
from statuspage.worker.signals import Signals
from statuspage.worker.supervisor import Supervisor

LABELS = {  # in this order
    "page": "Status page",
    "console": "Console",
    "sign_in": "Sign in once",
    "bank": "Bank",
    "switchboard": "Switchboard",
    "networks": "Networks",
    "metrics": "Metrics",
}
log = structlog.get_logger("statuspage.up")
ADVICE = "Try: switch on “sign_in_stopped” on the switchboard, then only watch the page and the networks."


@click.command()
@click.option("--demo", is_flag=True, help="Run the demonstration bank and networks, and watch them.")
@HOST
@port_option(stage.PORTS, "Port of the page; the demonstration uses the five after it.")
@click.pass_obj
@explained
def up(invocation: Invocation, demo: bool, host: str, port: int) -> None:
    """Run page, console, probes and broadcasters in one process tree. Ctrl-C stops everything."""
    process = dataclasses.replace(invocation.process, host=host, port=port)
    if demo and not invocation.config_typed:
        process = dataclasses.replace(process, config=stage.CONFIGURATION)
    interrupt.raise_on(signal.SIGINT, signal.SIGTERM)
    try:
        prepare(process)
        with _alone(process), at_work(process):
            _require_free_ports(host, [port + step for step in range(stage.PORTS if demo else 1)])
            _run(process, demo)
    except KeyboardInterrupt:
        click.echo("\nStopped before everything was up.", err=True)


def _run(process: ProcessSettings, demo: bool) -> None:
    """Starts everything and stays until it is asked to stop. Raises ConfigError before anything was started."""
    environ = dict(os.environ) | to_environment(process) | (stage.environment(process.host, process.port, process.data) if demo else {})
    with closing(Database(process.database)) as database:
        upgrade(database)
    logs.set_up(plain=sys.stderr.isatty(), role="up")
    ports = open_ports(process)
    loaded = accept_file(ports, process, environ)
    signals = Signals()
    supervisor = Supervisor(SystemClock(), signals, environ)
    signal.signal(
        signal.SIGTTOU, signal.SIG_IGN
    )  # children inherit this: in groups of their own they may write to the terminal all the same
    try:
        if demo:  # it takes as long as preparing the database
            supervisor.add("demo", "demo", "--host", process.host, "--port", str(process.port), "--data", str(process.data))
        addresses = _addresses(process, demo) | {"sign_in": _prepared(ports, process, environ, demo)}
        for role in ("web", "prober", "worker"):
            supervisor.add(role, role)
        signals.listen()
        words = advice(process, loaded.settings.page.url, demo)
        supervisor.watch(_each_round(ports, process, environ, signals, addresses, words, demo))
    finally:
        supervisor.end()
        process.addresses.unlink(missing_ok=True)


def _prepared(ports: Ports, process: ProcessSettings, environ: dict[str, str], demo: bool) -> str:
    """Past and people are in the database. Returns the address of the link that signs the administrator in."""
    context = context_of(ports, process, running_configuration(ports, process, environ)[1])
    if demo:
        stage.tell_the_past(context)
    return _base(process) + sign_in_path(context, ensure_administrator(context, "administrator"))


def _each_round(
    ports: Ports, process: ProcessSettings, environ: dict[str, str], signals: Signals, addresses: dict[str, str], words: str, demo: bool
) -> Callable[[], None]:
    told = complained = False
    reloading = Reloading(ports, process, environ, signals)

    def each_round() -> None:
        nonlocal told, complained
        reloading.step()
        if not told and _all_answer(addresses):
            try:
                _write_addresses(addresses, process)
            except OSError as error:  # a full disk: what runs goes on running
                if not complained:
                    log.error("the addresses cannot be written; it is tried again", file=str(process.addresses), why=error.strerror)
                complained = True
                return
            _tell(addresses, process, words, link=demo or sys.stdout.isatty())
            told = True

    return each_round


@contextmanager
def _alone(process: ProcessSettings) -> Iterator[None]:
    """One `up` at a time on a data folder. The lock is the open file's: it ends with this process, however that ends."""
    handle = os.open(process.data / ".up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(
                f"The product is running on {process.data} already; nothing was started.\n"
                "Stop that one, or choose another folder: make run DATA=elsewhere, or statuspage up --data elsewhere",
                REFUSED,
            )
        yield
    finally:
        os.close(handle)


def _require_free_ports(host: str, ports: list[int]) -> None:
    for port in ports:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                span = f"ports {ports[0]} to {ports[-1]}" if len(ports) > 1 else f"port {ports[0]}"
                other = ports[0] + 100 if ports[0] + 100 <= 65535 - stage.PORTS + 1 else 8000
                fail(
                    f"Port {port} on {host} cannot be used: {error.strerror}. This needs {span}; nothing was started.\n"
                    f"Stop what runs there, or choose others: make run PORT={other}, or statuspage up --port {other}",
                    REFUSED,
                )


def _base(process: ProcessSettings) -> str:
    return f"http://{in_url(process.host)}:{process.port}"


def _addresses(process: ProcessSettings, demo: bool) -> dict[str, str]:
    """Of everything that answers; none ends in a slash, so that {page}/u/CODE and {networks}/truth are addresses too."""
    base = _base(process)
    found = {"page": base, "console": f"{base}/console", "metrics": f"{base}/metrics"}
    return found | (stage.addresses(process.host, process.port) if demo else {})


def _all_answer(addresses: dict[str, str]) -> bool:
    waited_for = ("page", "console", "bank", "switchboard", "networks")
    return all(_answers(addresses[name]) for name in waited_for if name in addresses)


def advice(process: ProcessSettings, page_url: str, demo: bool) -> str:
    """What a person should know at the start, each thing on a line of its own.

    A page address that is not the one served is right behind a front server, so that it is said and never refused; one that leads to
    another port of this machine is nearly always a slip.
    """
    lines = [ADVICE] if demo else []
    if everywhere(process.host):
        lines.append("It listens on every address of this machine: from elsewhere, use the machine's name instead.")
    base, named = _base(process), urlsplit(page_url).hostname or ""
    reached_as = f"http://{in_url(named)}:{process.port}" if everywhere(process.host) else base
    if not same_server(page_url, reached_as):
        lines.append(f"Links in the page, in feeds and posts lead to {page_url}, for that is page.url in {process.config.name}.")
        lines.append(
            f"This start serves {base}: correct page.url, or start with the port that stands there."
            if only_here(named)
            else f"A front server must bring that address to {base}; see docs/production.md."
        )
    return "".join(f"{line}\n" for line in lines)


def _write_addresses(addresses: dict[str, str], process: ProcessSettings) -> None:
    """addresses.json, whole or not at all, for its owner only: it holds the link that signs in."""
    aside = process.addresses.with_suffix(".new")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(json.dumps(_known(addresses), indent=2) + "\n")
    aside.replace(process.addresses)


def _known(addresses: dict[str, str]) -> dict[str, str]:
    return {name: addresses[name] for name in LABELS if addresses.get(name)}


def _tell(addresses: dict[str, str], process: ProcessSettings, words: str, *, link: bool) -> None:
    """Tells the person, in one piece. link: whether the link that signs in is shown; it must not get into a service manager's log."""
    shown = _known(addresses)
    if not link:
        where = f"--config {shlex.quote(str(process.config))} --data {shlex.quote(str(process.data))}"
        shown["sign_in"] = f"statuspage person link administrator {where}"
    lines = [f"  {LABELS[name]:<13} {shown[name]}" for name in LABELS if name in shown]
    with contextlib.suppress(OSError):  # a terminal that is gone
        click.echo(
            "\nEverything is up.\n" + "\n".join(lines) + f"\n\n{words}Ctrl-C stops everything; what was done is kept in {process.data}.\n"
        )


def _answers(address: str) -> bool:
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=1)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status < 400
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


COMMANDS = [up]
