"""Threads that run the WSGI application, so that nobody who reads the page waits for the database; with a short queue before them."""

from __future__ import annotations

import io
import queue
import re
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import structlog

from statuspage.web.heads import Answer, Headers

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
_UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
log = structlog.get_logger("statuspage.crew")


class Job(NamedTuple):
    """One request for the application, and who wants the answer (None: it came to nothing). `done` is called in a thread of the crew."""

    environ: Environ
    body: bytes
    done: Callable[[Answer | None], None]


class Crew:
    """Runs the application in its own threads. They are daemons: one that hangs must not keep the process from ending."""

    def __init__(self, application: Application, *, name: str, threads: int, waiting: int) -> None:
        self._application = application
        self._jobs: queue.Queue[Job] = queue.Queue(waiting)
        for number in range(threads):
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True).start()

    def take(self, job: Job) -> bool:
        """False if so many wait already that this one had better come again later."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        return True

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                answer = run(self._application, job)
            except Exception as error:  # the application answers for its own faults; this is one in answering
                log.exception("a request got no answer", error=type(error).__name__)
                answer = None
            job.done(answer)


def run(application: Application, job: Job) -> Answer:
    """Asks a WSGI application, as PEP 3333 says. Its answer is gathered whole: console pages are small. Raises what it raises."""
    begun: list[tuple[str, Headers]] = []
    parts: list[bytes] = []

    def start(status: str, headers: Headers, exc_info: object = None) -> Callable[[bytes], None]:
        begun[:] = [(status, headers)]
        return parts.append

    found = application({**job.environ, **_surroundings(job.body)}, start)
    try:
        parts.extend(found)
    finally:
        close = getattr(found, "close", None)
        if close is not None:
            close()
    status, headers = begun[0]
    if any(_UNSENDABLE.search(text) for text in (status, *(part for header in headers for part in header))):
        raise ValueError("a header of the answer has a line break or a letter that HTTP does not know")
    body = b"".join(parts)
    if status[:3] in ("204", "304"):
        return Answer(status, headers)
    if not any(name.lower() == "content-length" for name, _ in headers):
        headers = [*headers, ("Content-Length", str(len(body)))]
    return Answer(status, headers, b"" if job.environ["REQUEST_METHOD"] == "HEAD" else body)


def _surroundings(body: bytes) -> Environ:
    return {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",  # a front server does TLS
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
