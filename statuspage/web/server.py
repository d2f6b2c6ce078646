"""The server of the `web` role: the published files, and Flask behind them, in one process."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import threading
from collections.abc import Callable
from dataclasses import replace

from statuspage import create_app
from statuspage.outside import SystemClock
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database
from statuspage.web.front import Front
from statuspage.web.public import PublishedFiles
from statuspage.worker.current import Current
from statuspage.worker.process import accept_again, open_ports
from statuspage.worker.supervisor import orphaned

LOOK_FOR_PARENT_EVERY_S = 1.0
FILES_WANTED = 8192  # open at a time; most of them are connections
FILES_KEPT = 256  # of these, for the database, the application and the published files


def serve(process: ProcessSettings) -> None:
    """Serves until SIGTERM or Ctrl-C. SIGHUP puts the configuration file in force, as in every role. Raises OSError."""
    end_with(lambda: orphaned(os.environ))
    application = create_app(Current(open_ports(process), process, os.environ))
    clock = SystemClock()
    front = Front(PublishedFiles(process.public, application, clock), application, clock, most=open_files() - FILES_KEPT)
    asyncio.run(_serve(front, process))


async def _serve(front: Front, process: ProcessSettings) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: threading.Thread(target=_reload, args=(process,), name="reload", daemon=True).start())
    await front.open(process.host, process.port)
    await stop.wait()
    await front.close()


def open_files() -> int:
    """How many files this process may have open; raised as far as it is allowed, up to FILES_WANTED."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(allowed, FILES_KEPT * 2)


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
        database.close()
