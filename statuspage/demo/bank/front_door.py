"""What stands between the connections and the website: the front door that may answer badly, and the workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statuspage.demo.bank.bank import WorkerPool
from statuspage.demo.bank.faults import Settings
from statuspage.demo.bank.parts import Waiting

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

WORKERS = 16
_PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>{0}</title><h1>{0}</h1><p>{1}</p></html>'
_SORRY = _PAGE.format("Sorry", "We are sorry. Our pages are being looked after. Please come back in a little while.")


@dataclass(frozen=True)
class Answer:
    """A fixed answer to every request."""

    status: str
    body: str
    headers: tuple[tuple[str, str], ...] = ()


# in this order: the first one that is on answers
ANSWERS: Mapping[str, Answer] = {
    "error_500": Answer("500 Internal Server Error", _PAGE.format("Internal Server Error", "Something went wrong.")),
    "error_503": Answer(
        "503 Service Unavailable", _PAGE.format("Service Unavailable", "The bank is not available."), (("Retry-After", "120"),)
    ),
    "sorry_page": Answer("200 OK", _SORRY),
    "empty_body": Answer("200 OK", ""),
}


class FrontDoor:
    """A WSGI application. Its health answers look at nothing behind it, as such answers often do: they stay green while all fails."""

    def __init__(self, website: WSGIApplication, waiting: Waiting) -> None:
        self._website = website
        self._waiting = waiting
        self._workers = WorkerPool(WORKERS, waiting)
        self._on: Mapping[str, Settings] = {}

    def suffer(self, on: Mapping[str, Settings]) -> None:
        """From now on answer as the faults that are on ask for."""
        self._on = on
        busy = on.get("workers_busy")
        self._workers.busy_s = float(busy["seconds"]) if busy else 0.0

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path in ("/ready", "/health"):
            return _send(Answer("200 OK", "ok\n"), start_response, "text/plain; charset=utf-8")
        slow = self._on.get("slow")
        if slow:
            self._waiting.pause(float(slow["seconds"]), while_=lambda: self._on.get("slow") == slow)
        for name, answer in ANSWERS.items():
            if name in self._on:
                return _send(answer, start_response)
        if "redirect_loop" in self._on:
            there = "/sign-in" if path == "/welcome" else "/welcome"
            return _send(Answer("302 Found", "", (("Location", there),)), start_response)
        with self._workers:
            return [b"".join(self._website(environ, start_response))]


def _send(answer: Answer, start_response: StartResponse, content_type: str = "text/html; charset=utf-8") -> Iterable[bytes]:
    body = answer.body.encode()
    start_response(answer.status, [("Content-Type", content_type), ("Content-Length", str(len(body))), *answer.headers])
    return [body]
