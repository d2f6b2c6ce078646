"""The WSGI application of the `web` role: published files first, then Flask."""

from __future__ import annotations

import os
import sys

from statuspage import create_app
from statuspage.settings.process import from_environment
from statuspage.web.public import PublishedFiles
from statuspage.web.server import end_with
from statuspage.worker import logs
from statuspage.worker.current import Current
from statuspage.worker.process import open_ports


def build() -> PublishedFiles:
    """Called by the server, once per worker process."""
    parent = os.getppid()
    end_with(lambda: os.getppid() != parent)  # the server's main process may be killed without a word to us
    process = from_environment(os.environ)
    logs.set_up(plain=sys.stderr.isatty(), role="web")
    current = Current(open_ports(process), process, os.environ)
    return PublishedFiles(process.public, create_app(current))
