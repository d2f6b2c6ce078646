"""The published files over HTTP: a bare WSGI callable in front of Flask that never touches the database.

Paths of the application (console, API, health, metrics) go on to the wrapped application; everything else is a file or an answer of
this module. Query strings make no new copies: but for the form at /u/ they are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from statuspage.core.ids import CODE_ALPHABET, CODE_LENGTH, typed_code
from statuspage.outside import SystemClock
from statuspage.ports import Clock
from statuspage.publish.headers import CACHE_NEVER, RouteClass
from statuspage.publish.site import REPORT
from statuspage.web import choosing
from statuspage.web.published import Headers, Published, Shelf

APPLICATION = ("/console", "/api/v1", "/health", "/metrics", "/unsubscribe")
LEAVING = "/unsubscribe/"
LONGEST = 4000  # letters of path and query; longer is 414
_NONSENSE = re.compile(r"[\x00-\x20\x7f\\]|//|(?:^|/)\.{1,2}(?:/|$)|/\.(?!well-known/)")
_CODE = re.compile(f"[{CODE_ALPHABET}]{{{CODE_LENGTH}}}")
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class PublishedFiles:
    """folder: where the publisher writes; application: what answers for the console and the rest."""

    def __init__(self, folder: Path, application: Application, clock: Clock | None = None) -> None:
        self._shelf = Shelf(folder, clock or SystemClock())
        self._application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO") or "/"
        request = _Request(self._shelf, environ, start_response)
        if refusal := request.refusal(path):
            return refusal
        if path.startswith(APPLICATION) and any(path == own or path.startswith(f"{own}/") for own in APPLICATION):
            return self._application(environ, start_response)
        self._shelf.refresh()
        prefix = self._shelf.manifest.prefix
        if prefix and path.startswith(f"{prefix}{LEAVING}"):  # an address in a mail begins with that of the page
            return self._application({**environ, "SCRIPT_NAME": prefix, "PATH_INFO": path.removeprefix(prefix)}, start_response)
        if environ["REQUEST_METHOD"] == "POST" and path == prefix + REPORT:
            return self._application({**environ, "PATH_INFO": REPORT}, start_response)
        return request.answer(path)


class _Request:
    """One request for a public file."""

    def __init__(self, shelf: Shelf, environ: Environ, start_response: StartResponse) -> None:
        self._shelf, self._environ, self._start = shelf, environ, start_response

    def refusal(self, raw: str) -> Iterable[bytes]:
        """The answer to an address that nobody in good faith asks for; nothing if it may go on."""
        if len(raw) + len(self._environ.get("QUERY_STRING", "")) > LONGEST:
            return self._plain("414 URI Too Long", "This address is too long.")
        if not raw.startswith("/") or _NONSENSE.search(raw):
            return self._plain("400 Bad Request", "This address cannot be read.")
        return ()

    def answer(self, raw: str) -> Iterable[bytes]:
        """A published file, or what is to be said in its place."""
        if self._environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._plain("405 Method Not Allowed", "Only GET and HEAD are answered here.", [("Allow", "GET, HEAD")])
        prefix = self._shelf.manifest.prefix
        path = raw.removeprefix(prefix) if prefix and (raw == prefix or raw.startswith(f"{prefix}/")) else raw
        return self._file(path or "/", self._environ.get("QUERY_STRING", ""))

    def _file(self, path: str, query: str) -> Iterable[bytes]:
        if path in ("/u", "/u/") and query:
            asked = parse_qs(query, max_num_fields=20).get("code", [""])[0] if query.count("&") < 20 else ""
            if asked.strip():
                return self._to_code(asked)
        if path.startswith("/u/"):
            path = "/u/" + path[3:].upper() if _CODE.fullmatch(path[3:].strip("/").upper()) else path
        for name in _names(path):
            found = self._shelf.get(name)
            if found is not None:
                return self._neutral(name) if self._is_neutral(name) else self._send(found, _status(name))
        return self._missing(path)

    def _to_code(self, asked: str) -> Iterable[bytes]:
        """To the page of the code that was typed; whatever cannot be one goes to the page that says so."""
        code = typed_code(asked)
        place = f"/u/{code}/" if code else "/u/unknown/"
        where = self._shelf.manifest.prefix + place
        return self._plain("303 See Other", f"See {where}", [("Location", where)])

    def _is_neutral(self, name: str) -> bool:
        """True for a page that exists in every language, asked for without one."""
        manifest = self._shelf.manifest
        return name.endswith(".html") and self._shelf.is_hot(f"{manifest.default_language}/{name}")

    def _neutral(self, name: str) -> Iterable[bytes]:
        """A page asked for without a language: in the one the reader likes best, at the same address."""
        found = self._shelf.get(f"{self._language()}/{name}") or self._shelf.get(name)
        return self._missing("/") if found is None else self._send(found, _status(name), by_language=True)

    def _missing(self, path: str) -> Iterable[bytes]:
        """404 in words: not a page, or not a code of ours. 503 while nothing was published yet."""
        parts = path.strip("/").split("/")
        spoken = parts[0] in self._shelf.manifest.languages
        language = parts[0] if spoken else self._language()
        page = "u/unknown/index.html" if "u" in parts[:2] and len(parts) > 1 else "404.html"
        found = self._shelf.get(f"{language}/{page}") if language else None
        if found is None:
            return self._plain("503 Service Unavailable", "Nothing has been published yet. Please try again soon.", [("Retry-After", "5")])
        return self._send(found, "404 Not Found", by_language=not spoken)

    def _language(self) -> str:
        manifest = self._shelf.manifest
        return choosing.language(self._environ.get("HTTP_ACCEPT_LANGUAGE", ""), manifest.languages, manifest.default_language)

    def _send(self, found: Published, status: str, *, by_language: bool = False) -> Iterable[bytes]:
        environ = self._environ
        form = found.forms[choosing.coding(environ.get("HTTP_ACCEPT_ENCODING", ""), found.forms)]
        vary = [("Vary", "Accept-Encoding, Accept-Language" if by_language else "Accept-Encoding")]
        tags, since = environ.get("HTTP_IF_NONE_MATCH"), environ.get("HTTP_IF_MODIFIED_SINCE")
        if status == "200 OK" and choosing.unchanged(tags, since, form.etag, found.modified):
            self._start("304 Not Modified", form.brief + vary)
            return []
        self._start(status, form.headers + vary)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [form.body]

    def _plain(self, status: str, text: str, more: Headers | None = None) -> Iterable[bytes]:
        """A short answer that is not a file; with the headers of its class, and kept by nobody."""
        body = f"{text}\n".encode()
        headers = {**self._shelf.headers(RouteClass.MACHINE), "Cache-Control": CACHE_NEVER, "Content-Type": "text/plain; charset=utf-8"}
        self._start(status, [*headers.items(), ("Content-Length", str(len(body))), *(more or [])])
        return [b""] if self._environ["REQUEST_METHOD"] == "HEAD" else [body]


def _status(name: str) -> str:
    """The pages that say that something does not exist say so in the status too."""
    return "404 Not Found" if name.endswith(("404.html", "u/unknown/index.html")) else "200 OK"


def _names(path: str) -> Iterable[str]:
    """The files that an address may mean, likeliest first."""
    inner = path.lstrip("/")
    if not inner or inner.endswith("/"):
        return (f"{inner}index.html",)
    return (inner, f"{inner}/index.html")
