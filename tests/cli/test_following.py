"""Processes follow the configuration; one that cannot be used, or a store that does not answer, ends none of them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from statuspage.ports import Ports
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database, components, configurations
from statuspage.worker.current import LOOK_EVERY_S, Current
from statuspage.worker.loop import Driver
from statuspage.worker.process import Follower, Reloading, accept_file, open_ports
from statuspage.worker.signals import Signals
from tests.cli.terminal import Terminal


@pytest.fixture
def process(terminal: Terminal) -> ProcessSettings:
    return ProcessSettings(terminal.config, terminal.data, f"sqlite:///{terminal.data / 'statuspage.db'}")


@pytest.fixture
def ports(process: ProcessSettings) -> Ports:
    return open_ports(process)


@pytest.fixture
def signals() -> Iterator[Signals]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    listening = Signals()
    listening.listen()
    yield listening
    for number, handler in before.items():
        signal.signal(number, handler)


def spoil(ports: Ports, text: str) -> None:
    """A generation is the newest that no process can put together: a name of the past breaks a guard rail."""
    with ports.store.writing() as session:
        components.sync(session, [components.Configured("old", {"en": "Visa™"})], now=datetime.now(UTC), new_id=lambda: "old")
        configurations.accept(session, text=text + "\n", digest="spoilt", at=datetime.now(UTC))


def test_roles_and_requests_keep_the_old_configuration_and_take_up_the_next_good_one(
    terminal: Terminal, process: ProcessSettings, ports: Ports
) -> None:
    environ = terminal.environment
    accept_file(ports, process, environ)
    built: list[str] = []
    driver = Driver(ports.clock)
    follower = Follower(ports, process, environ, lambda ctx, _: built.append(ctx.settings.page.bank) or [], driver)  # type: ignore[func-returns-value]
    follower.follow()
    current = Current(ports, process, environ)
    spoil(ports, terminal.config.read_text().replace("bank: Canary", "bank: Other"))

    follower.follow()
    current._looked_at -= LOOK_EVERY_S
    served = current.context().settings.page.bank

    assert (built, follower.generation, served) == (["Canary"], 2, "Canary")


def test_a_locked_store_delays_a_reload_and_ends_nothing(terminal: Terminal, process: ProcessSettings, signals: Signals) -> None:
    quick = Database(process.database)
    ports = open_ports(process)
    environ = terminal.environment
    accept_file(ports, process, environ)
    terminal.config.write_text(terminal.config.read_text().replace("bank: Canary", "bank: Other"))
    reloading = Reloading(ports, process, environ, signals)
    full = terminal.data / "statuspage.db"
    shutil.move(full, full.with_suffix(".away"))
    full.mkdir()  # the store does not answer, at once

    os.kill(os.getpid(), signal.SIGHUP)
    signals.wait(1.0)
    reloading.step()
    waits = reloading.due_at is not None
    full.rmdir()
    shutil.move(full.with_suffix(".away"), full)
    reloading.due_at = 0.0
    reloading.step()

    with closing(quick), quick.reading() as session:
        newest = configurations.newest(session)
    assert waits and reloading.due_at is None
    assert newest is not None and "bank: Other" in newest.text
