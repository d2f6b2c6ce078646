"""What most status pages do: read the database and render the page for every request."""

from __future__ import annotations

import os

from flask import Flask, Response
from granian import Granian
from granian.constants import Interfaces

from statuspage.publish.page import Pages
from statuspage.publish.wording import Wording
from statuspage.settings.process import from_environment
from statuspage.words import load_catalogue
from statuspage.worker.current import Current
from statuspage.worker.process import open_ports
from statuspage.worker.reading import Reader


def build() -> Flask:
    process = from_environment(os.environ)
    ctx = Current(open_ports(process), process, os.environ).context()
    reader = Reader(ctx)
    pages = Pages(reader.page, Wording(reader.page, load_catalogue()))
    app = Flask(__name__)

    @app.get("/en/")
    def front() -> Response:
        now = ctx.now()
        with ctx.ports.store.reading() as session:
            days = reader.days(session, now)
            seen = reader.seen(session, now)
            snapshot = reader.snapshot(session, now, seen, days).snapshot
        return Response(pages.front(snapshot, "en"), content_type="text/html; charset=utf-8")

    return app


if __name__ == "__main__":
    port = int(os.environ["NAIVE_PORT"])
    Granian(target="tests.bench.naive:build", factory=True, address="127.0.0.1", port=port, interface=Interfaces.WSGI).serve()
