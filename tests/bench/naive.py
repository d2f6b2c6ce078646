"""What most status pages do: read the database and render the page for every request."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from flask import Flask, Response

from statuspage.outside import SystemClock
from statuspage.publish.page import Pages
from statuspage.publish.wording import Wording
from statuspage.settings.process import from_environment
from statuspage.web.front import Front
from statuspage.web.public import PublishedFiles
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

    @app.get("/console/en/")
    def front() -> Response:
        now = ctx.now()
        with ctx.ports.store.reading() as session:
            days = reader.days(session, now)
            seen = reader.seen(session, now)
            snapshot = reader.snapshot(session, now, seen, days).snapshot
        return Response(pages.front(snapshot, "en"), content_type="text/html; charset=utf-8")

    return app


async def serve(port: int) -> None:
    """By the product's own server, which asks the application for whatever is below /console and has no file at all."""
    app = build()
    front = Front(PublishedFiles(Path("nothing"), app), app, SystemClock())
    await front.open("127.0.0.1", port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(os.environ["NAIVE_PORT"])))
