"""The server of the `web` role: granian in front of one WSGI application."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from statuspage.settings.process import ProcessSettings, to_environment
from statuspage.store import Database
from statuspage.worker.process import accept_again, open_ports
from statuspage.worker.supervisor import orphaned

THREADS = 8  # console requests wait for the database; published files do not
BACKLOG = 1024
LOOK_FOR_PARENT_EVERY_S = 1.0


def serve(process: ProcessSettings) -> None:
    """Serves until SIGTERM or Ctrl-C. SIGHUP puts the configuration file in force, as in every role."""
    os.environ.update(to_environment(process))  # wsgi.build() runs in a process of its own and finds everything there
    end_with(lambda: orphaned(os.environ))
    server = Granian(
        target="statuspage.web.wsgi:build",
        factory=True,
        address=process.host,
        port=process.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        backlog=BACKLOG,
        respawn_failed_workers=True,
        workers_kill_timeout=3,
        log_level=LogLevels.error,
        log_access=False,
    )
    server.on_reload(lambda: _reload(process))
    server.serve()


def end_with(gone: Callable[[], bool]) -> None:
    """Ends this process, as SIGTERM would, soon after `gone` has become true."""

    def watch() -> None:
        pause = threading.Event()
        while not gone():
            pause.wait(LOOK_FOR_PARENT_EVERY_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _reload(process: ProcessSettings) -> None:
    database = Database(process.database)
    try:
        accept_again(replace(open_ports(process), store=database), process, os.environ)
    finally:
        database.close()  # the next worker process is forked from here, and may inherit no connection
