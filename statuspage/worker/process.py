"""What every role's process does around its loops: ports, signals, following the configuration, signs of life."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from broadcasters.http import RequestsTransport
from statuspage.actions.components import left_open
from statuspage.actions.context import Context
from statuspage.core.errors import InvalidText
from statuspage.outside import Folder, SystemClock, SystemRandomness
from statuspage.ports import Ports
from statuspage.settings.loader import ConfigError, Loaded, load_file, load_text
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database, configurations, heartbeats
from statuspage.store.trouble import StoreTrouble, reason
from statuspage.worker.assemble import build_context
from statuspage.worker.loop import Driver, Loop
from statuspage.worker.signals import Signals
from statuspage.worker.supervisor import orphaned

FOLLOW_EVERY_S = 0.5  # a new configuration is followed everywhere within 2 s, reading and building it included
BEAT_EVERY_S = 5.0
FINISH_WITHIN_S = 3.5
RELOAD_AGAIN_S = 5.0
log = structlog.get_logger("statuspage.process")

Build = Callable[[Context, ProcessSettings], Sequence[Loop]]


def open_ports(process: ProcessSettings) -> Ports:
    """The real ports of a process."""
    return Ports(SystemClock(), SystemRandomness(), RequestsTransport(), Database(process.database), Folder(process.data))


def accept_file(ports: Ports, process: ProcessSettings, environ: Mapping[str, str]) -> Loaded:
    """Checks the configuration file and makes it the one that runs, everywhere. Raises ConfigError and changes nothing if it is wrong."""
    loaded = load_file(process.config, environ)
    context_of(ports, process, loaded)  # what cannot be put together would be followed by nobody
    with ports.store.writing() as session:
        configurations.accept(session, text=loaded.text, digest=loaded.digest, at=ports.clock.now())
    return loaded


def running_configuration(ports: Ports, process: ProcessSettings, environ: Mapping[str, str]) -> tuple[int, Loaded]:
    """Generation and content of the configuration that runs; the file is accepted if there was none yet."""
    with ports.store.reading() as session:
        current = configurations.newest(session)
    if current is None:
        accept_file(ports, process, environ)
        return running_configuration(ports, process, environ)
    loaded = load_text(current.text, name=process.config.name, folder=process.config.parent, environ=environ)
    return current.generation, loaded


def context_of(ports: Ports, process: ProcessSettings, loaded: Loaded) -> Context:
    """The context of a configuration. Raises ConfigError where its words, or names that the database keeps, break a guard rail."""
    try:
        return build_context(ports, process, loaded)
    except InvalidText as error:
        raise ConfigError([f"{process.config.name}: {error}"]) from None


@dataclass
class Follower:
    """Builds the loops anew whenever a newer configuration was accepted; an unusable one leaves the old loops running."""

    ports: Ports
    process: ProcessSettings
    environ: Mapping[str, str]
    build: Build
    driver: Driver
    generation: int = 0

    def follow(self) -> None:
        with self.ports.store.reading() as session:
            newest = configurations.newest_generation(session)
        if newest == self.generation and self.generation:
            return
        try:
            generation, loaded = running_configuration(self.ports, self.process, self.environ)
            loops = self.build(context_of(self.ports, self.process, loaded), self.process)
        except ConfigError as error:
            if not self.generation:
                raise
            self.generation = newest  # said once, not every second
            log.error("the new configuration cannot be used here; the old one keeps running", generation=newest, problems=error.problems)
            return
        self.driver.run(loops)
        first, self.generation = not self.generation, generation
        log.info("configuration in force", generation=generation, loops=[loop.name for loop in loops], routine=first)


def run_role(role: str, process: ProcessSettings, environ: Mapping[str, str], build: Build) -> None:
    """Runs the loops of one role until SIGTERM or Ctrl-C; then posts in flight get 3.5 s."""
    signals = Signals()
    signals.listen()
    os.umask(0o022)  # published files are for everybody
    ports = open_ports(process)
    driver = Driver(ports.clock)
    follower = Follower(ports, process, environ, build, driver)
    reloading = Reloading(ports, process, environ, signals)
    beat_at = 0.0
    while not signals.stop:
        try:
            reloading.step()
            follower.follow()
            if ports.clock.monotonic() >= beat_at:
                _beat(ports, driver)
                beat_at = ports.clock.monotonic() + BEAT_EVERY_S
        except ConfigError:
            raise
        except Exception:
            log.exception("configuration and signs of work wait for the store; the loops go on")
        if orphaned(environ):
            log.warning("the supervisor is gone; this process ends too")
            break
        signals.wait(FOLLOW_EVERY_S)
    for name in driver.stop(FINISH_WITHIN_S):
        log.warning("a loop did not finish in time; what it was doing is reconciled at the next start", loop=name)


@dataclass
class Reloading:
    """Puts the file in force after SIGHUP. Trouble of the store or the disk ends no process: it is tried again until it worked."""

    ports: Ports
    process: ProcessSettings
    environ: Mapping[str, str]
    signals: Signals
    due_at: float | None = None  # monotonic; None: nobody asked

    def step(self) -> None:
        """One look whether somebody asked. Raises nothing: what went wrong stands in the log, and the old configuration keeps running."""
        now = self.ports.clock.monotonic()
        if self.signals.reload():
            self.due_at = now
        if self.due_at is None or now < self.due_at:
            return
        self.due_at = None
        try:
            accept_again(self.ports, self.process, self.environ)
        except (OSError, *StoreTrouble) as error:
            self.due_at = self.ports.clock.monotonic() + RELOAD_AGAIN_S
            log.error("the configuration file could not be put in force; it is tried again", why=reason(error), after_s=RELOAD_AGAIN_S)
        except Exception:
            log.exception("the configuration file could not be put in force; the old one keeps running")


def accept_again(ports: Ports, process: ProcessSettings, environ: Mapping[str, str]) -> None:
    """After SIGHUP: puts the file in force if it is right, and says so in the log either way."""
    try:
        loaded = accept_file(ports, process, environ)
        log.info("the configuration file was accepted", file=process.config.name)
        with ports.store.reading() as session:
            left = left_open(session, loaded.settings)
        for sentence in left:
            log.warning("what goes on names a component that was removed or made private", detail=sentence)
    except ConfigError as error:
        log.error("the configuration file is wrong; the old one keeps running", problems=error.problems)


def _beat(ports: Ports, driver: Driver) -> None:
    now, ticks = ports.clock.now(), ports.clock.monotonic()

    def moment(at: float | None) -> str | None:
        return None if at is None else (now + timedelta(seconds=at - ticks)).isoformat()

    loops = {
        name: {"worked_at": moment(running.worked_at), "due_at": moment(running.due_at), "fault": running.fault}
        for name, running in driver.running.items()
    }
    if loops:
        with ports.store.writing() as session:
            heartbeats.beat(session, process_id=ports.clock.process_id(), at=now, loops=loops)
