"""The configuration that runs, for processes that answer requests rather than run loops."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import structlog

from statuspage.actions.context import Context
from statuspage.ports import Ports
from statuspage.settings.loader import ConfigError
from statuspage.settings.process import ProcessSettings
from statuspage.store import configurations
from statuspage.worker.process import context_of, running_configuration

LOOK_EVERY_S = 1.0
log = structlog.get_logger("statuspage.current")


class Current:
    """Hands out the context of the newest accepted configuration; looks for a newer one at most once a second."""

    def __init__(self, ports: Ports, process: ProcessSettings, environ: Mapping[str, str]) -> None:
        self.ports = ports
        self.process = process
        self._environ = environ
        self._lock = threading.Lock()
        self._generation, loaded = running_configuration(ports, process, environ)
        self._context = context_of(ports, process, loaded)
        self._looked_at = ports.clock.monotonic()

    def context(self) -> Context:
        """The context to use for this request."""
        with self._lock:
            if self.ports.clock.monotonic() - self._looked_at >= LOOK_EVERY_S:
                self._looked_at = self.ports.clock.monotonic()
                self._look()
            return self._context

    def _look(self) -> None:
        with self.ports.store.reading() as session:
            newest = configurations.newest_generation(session)
        if newest == self._generation:
            return
        try:
            _, loaded = running_configuration(self.ports, self.process, self._environ)
            self._context = context_of(self.ports, self.process, loaded)
        except ConfigError as error:
            log.error("the new configuration cannot be used here; the old one keeps running", generation=newest, problems=error.problems)
        self._generation = newest
