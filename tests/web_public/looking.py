"""One page on a server whose clock the test sets, and a visitor who reaches no other host."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Route


@contextmanager
def page_served(body: bytes, at: datetime) -> Iterator[str]:
    """The page at the yielded address, from a server whose own clock says `at`."""

    class Old(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", format_datetime(at, usegmt=True))
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Old)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/en/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def visitor(browser: Browser, address: str, clock: datetime | None, *, script: bool = True, **how: Any) -> Iterator[BrowserContext]:
    """Somebody whose clock says `clock`, and who reaches no other host than the page's. how: as Browser.new_context takes it."""
    context = browser.new_context(java_script_enabled=script, **how)

    def only_ours(route: Route) -> None:
        route.continue_() if urlsplit(route.request.url).netloc == urlsplit(address).netloc else route.abort()

    context.route("**/*", only_ours)
    if clock is not None:
        start = int(clock.timestamp() * 1000)
        context.add_init_script(f"Date.now = () => {start} + performance.now();")
    yield context
    context.close()
