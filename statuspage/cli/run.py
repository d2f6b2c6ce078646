"""Running the product: `up` for all of it in one process tree, and each role by itself."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import sys
import threading
from http.client import HTTPConnection, HTTPException
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import click

from statuspage.actions.people import ensure_administrator, sign_in_path
from statuspage.cli.common import REFUSED, Invocation, explained, fail
from statuspage.demo import stage
from statuspage.outside import SystemClock
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database
from statuspage.store.migrate import require_head, upgrade
from statuspage.worker import logs
from statuspage.worker.assemble import build_context
from statuspage.worker.process import Build, accept_file, open_ports, run_role
from statuspage.worker.roles import prober_loops, worker_loops
from statuspage.worker.supervisor import Supervisor

ADDRESSES = PurePosixPath("addresses.json")


def environment(process: ProcessSettings) -> dict[str, str]:
    """The environment in which children find the same things."""
    own = {
        "STATUSPAGE_CONFIG": str(process.config),
        "STATUSPAGE_DATA": str(process.data),
        "STATUSPAGE_DATABASE": process.database,
        "STATUSPAGE_HOST": process.host,
        "STATUSPAGE_PORT": str(process.port),
    }
    return dict(os.environ) | own


@click.command()
@click.option("--demo", is_flag=True, help="Run the demonstration bank and networks, and watch them.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port of the page; the demonstration uses the four after it.")
@click.option("--config", type=click.Path(path_type=Path), help="The configuration file.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of everything that is kept.")
@click.pass_obj
@explained
def up(invocation: Invocation, demo: bool, host: str, port: int, config: Path | None, data: Path | None) -> None:
    """Run page, console, probes and broadcasters in one process tree. Ctrl-C stops everything."""
    process = _moved(invocation.process, config, data, host, port, demo)
    logs.set_up(plain=sys.stderr.isatty(), role="up")
    _require_free_ports(host, [port + step for step in range(stage.PORTS if demo else 1)])
    process.data.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    environ = environment(process)
    if demo:
        environ |= stage.environment(host, port, process.data)
    upgrade(Database(process.database))
    ports = open_ports(process, stop)
    loaded = accept_file(ports, process, environ)
    context = build_context(ports, process, loaded)
    if demo:
        stage.tell_the_past(context)
    administrator = ensure_administrator(context, "administrator")
    sign_in = sign_in_path(context, administrator)
    supervisor = Supervisor(SystemClock(stop), stop, environ)
    signal.signal(signal.SIGHUP, lambda *_: supervisor.signal_reload())
    try:
        if demo:
            supervisor.add("demo", "demo", "--host", host, "--port", str(port), "--data", str(process.data))
        for role in ("web", "prober", "worker"):
            supervisor.add(role, role)
        addresses = _addresses(host, port, sign_in, demo)
        supervisor.watch(lambda: _tell_when_ready(addresses, process, demo))
    finally:
        supervisor.end()
        (process.data / ADDRESSES).unlink(missing_ok=True)


def _moved(process: ProcessSettings, config: Path | None, data: Path | None, host: str, port: int, demo: bool) -> ProcessSettings:
    if data is not None:
        database = process.database
        if database == f"sqlite:///{process.data / 'statuspage.db'}":
            database = f"sqlite:///{data.absolute() / 'statuspage.db'}"
        process = dataclasses.replace(process, data=data.absolute(), database=database)
    if demo and config is None:
        config = stage.CONFIGURATION
    if config is not None:
        process = dataclasses.replace(process, config=config.absolute())
    return dataclasses.replace(process, host=host, port=port)


def _require_free_ports(host: str, ports: list[int]) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                span = f"{ports[0]} to {ports[-1]}" if len(ports) > 1 else str(ports[0])
                message = f"Port {port} on {host} cannot be used: {error.strerror}. This needs {span}; nothing was started."
                fail(f"{message}\nStop what runs there, or choose other ports: make run PORT={ports[0] + 100}", REFUSED)


def _addresses(host: str, port: int, sign_in: str, demo: bool) -> dict[str, str]:
    base = f"http://{host}:{port}"
    found = {"page": f"{base}/", "console": f"{base}/console/", "sign_in": f"{base}{sign_in}", "metrics": f"{base}/metrics"}
    return found | (stage.addresses(host, port) if demo else {})


def _tell_when_ready(addresses: dict[str, str], process: ProcessSettings, demo: bool) -> bool:
    """Once everything answers: writes addresses.json and tells the person, in one piece."""
    waited_for = ("page", "metrics", *(("bank", "switchboard", "networks") if demo else ()))
    if not all(_answers(addresses[name]) for name in waited_for):
        return False
    text = json.dumps(addresses, indent=2) + "\n"
    aside = process.data / f".{ADDRESSES}.new"
    aside.write_text(text)
    aside.replace(process.data / ADDRESSES)
    labels = {"page": "Status page", "console": "Console", "sign_in": "Sign in once", "bank": "Bank", "switchboard": "Switchboard"}
    labels |= {"networks": "Networks", "metrics": "Metrics"}
    lines = [f"  {labels[name]:<13} {address}" for name, address in sorted(addresses.items(), key=lambda item: list(labels).index(item[0]))]
    advice = "Try: switch on “sign_in_stopped” on the switchboard, then only watch the page and the networks.\n" if demo else ""
    click.echo(
        "\nEverything is up.\n" + "\n".join(lines) + f"\n\n{advice}Ctrl-C stops everything; what was done is kept in {process.data}.\n"
    )
    return True


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


def _role(invocation: Invocation) -> ProcessSettings:
    return dataclasses.replace(
        invocation.process,
        host=os.environ.get("STATUSPAGE_HOST", "127.0.0.1"),
        port=int(os.environ.get("STATUSPAGE_PORT", "8000")),
    )


@click.command()
@click.pass_obj
@explained
def web(invocation: Invocation) -> None:
    """Serve the page, the console, health and metrics."""
    from statuspage.web.server import serve

    process = _role(invocation)
    logs.set_up(plain=False, role="web")
    require_head(Database(process.database))
    serve(process)


@click.command()
@click.pass_obj
@explained
def prober(invocation: Invocation) -> None:
    """Run the probes of one location."""
    _run(invocation, "prober", prober_loops)


@click.command()
@click.pass_obj
@explained
def worker(invocation: Invocation) -> None:
    """Run verdicts, incidents, publication and deliveries."""
    _run(invocation, "worker", worker_loops)


def _run(invocation: Invocation, role: str, build: Build) -> None:
    process = _role(invocation)
    logs.set_up(plain=False, role=role)
    require_head(Database(process.database))
    run_role(role, process, os.environ, build)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", default=8000, show_default=True, help="Port of the page; bank, TLS bank, switchboard and networks take the four after it."
)
@click.option("--data", type=click.Path(path_type=Path), default=Path("var"), show_default=True)
def demo(host: str, port: int, data: Path) -> None:
    """Run the demonstration bank, its switchboard and the demonstration networks alone."""
    logs.set_up(plain=False, role="demo")
    stage.serve(host, port, data.absolute())


COMMANDS = [up, web, prober, worker, demo]
