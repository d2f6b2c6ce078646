"""The server of the `web` role: granian in front of one WSGI application."""

from __future__ import annotations

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from statuspage.settings.process import ProcessSettings

THREADS = 8  # console requests wait for the database; published files do not
BACKLOG = 1024


def serve(process: ProcessSettings) -> None:
    """Serves until SIGTERM or Ctrl-C."""
    Granian(
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
        log_level=LogLevels.warning,
        log_access=False,
    ).serve()
