"""What is answered for a public address: a published file, or a few words. Nothing here ever touches the database.

Paths of the application (console, API, health, metrics) go on to the application; everything else is a file or an answer of this
module. Query strings make no new copies: but for the form at /u/ they are not looked at. The embedded server asks `find`; any other
server of WSGI can call the object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import parse_qs

from statuspage.core.ids import typed_code
from statuspage.outside import SystemClock
from statuspage.ports import Clock
from statuspage.publish.headers import CACHE_NEVER, RouteClass
from statuspage.publish.site import MEDIA_TYPES, REPORT
from statuspage.web import choosing
from statuspage.web.crew import Application, Environ
from statuspage.web.heads import Answer, Headers
from statuspage.web.published import Published, Shelf

OURS = ("/console", "/api/v1", "/health", "/metrics")  # engineers and their machines
APPLICATION = (*OURS, "/unsubscribe")
LEAVING = "/unsubscribe/"
API = "/api/v2/"  # of Statuspage, read by scripts of every origin
LONGEST = 4000  # letters of path and query; longer is 414
_NONSENSE = re.compile(r"[\x00-\x20\x7f\\]|//|(?:^|/)\.{1,2}(?:/|$)|/\.(?!well-known/)")
_OF_CODES = re.compile(r"/(?:([a-z]{2,3})/)?u(/.*)?", re.IGNORECASE | re.DOTALL)  # /en/u/CODE means the same as /u/CODE
# What is copied with an address by accident.
_AROUND = " \t\u00a0\u200b\u200e\u200f\u2060\ufeff<>()[]\"'\u201c\u201d\u201e\u2018\u2019«».,;:!"
PREFLIGHT = [
    ("Access-Control-Allow-Methods", "GET, HEAD"),
    ("Access-Control-Allow-Headers", "If-None-Match, If-Modified-Since"),
    ("Access-Control-Max-Age", "86400"),
]
StartResponse = Callable[..., object]


class PublishedFiles:
    """folder: where the publisher writes; application: what answers for the console and the rest, if this object is called."""

    def __init__(self, folder: Path, application: Application, clock: Clock | None = None) -> None:
        self._shelf = Shelf(folder, clock or SystemClock())
        self._application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        self._shelf.refresh()
        found = self.find(environ)
        if not isinstance(found, Answer):
            return self._application(found, start_response)
        start_response(found.status, found.headers)
        return [found.body] if found.body else []

    def find(self, environ: Environ) -> Answer | Environ:
        """The answer; or, if it is for the application to give, what to ask it with."""
        path: str = environ.get("PATH_INFO") or "/"
        request = _Request(self._shelf, environ)
        answer = request.refusal(path)
        if answer is None:
            inner = self._inner(environ, path)
            if inner is not None:
                return inner
            answer = request.answer(path)
        return answer._replace(body=b"") if environ["REQUEST_METHOD"] == "HEAD" else answer

    def _inner(self, environ: Environ, path: str) -> Environ | None:
        """What the application is asked with, if the address is one of its own."""
        if _below(path, APPLICATION):
            return environ
        prefix = self._shelf.manifest.prefix
        if prefix and path.startswith(f"{prefix}{LEAVING}"):  # an address in a mail begins with that of the page
            return {**environ, "SCRIPT_NAME": prefix, "PATH_INFO": path.removeprefix(prefix)}
        if environ["REQUEST_METHOD"] == "POST" and path == prefix + REPORT:
            return {**environ, "PATH_INFO": REPORT}
        return None

    def look(self) -> bool:
        """Takes up a newer edition, if there is one; true if so."""
        return self._shelf.look()

    def plain(self, status: str, text: str, more: Headers | None = None) -> Answer:
        """A refusal in words, by the server itself."""
        return plain(self._shelf, status, text, more)

    @staticmethod
    def is_ours(path: str) -> bool:
        """True for what engineers and their machines ask for, of all that the application answers."""
        return _below(path, OURS)


def _below(path: str, places: tuple[str, ...]) -> bool:
    return path.startswith(places) and any(path == own or path.startswith(f"{own}/") for own in places)


class _Request:
    """One request for a public file."""

    def __init__(self, shelf: Shelf, environ: Environ) -> None:
        self._shelf, self._environ = shelf, environ

    def refusal(self, raw: str) -> Answer | None:
        """The answer to an address that nobody in good faith asks for; nothing if it may go on."""
        if len(raw) + len(self._environ.get("QUERY_STRING", "")) > LONGEST:
            return self._plain("414 URI Too Long", "This address is too long.")
        told = raw.replace(" ", "") if self._of_codes(self._inner_path(raw)) else raw  # a code may be copied with blanks in it
        if not raw.startswith("/") or _NONSENSE.search(told):
            return self._plain("400 Bad Request", "This address cannot be read.")
        return None

    def answer(self, raw: str) -> Answer:
        """A published file, or what is to be said in its place."""
        path, method = self._inner_path(raw), self._environ["REQUEST_METHOD"]
        if method == "OPTIONS" and self._is_open(path):
            return Answer("204 No Content", [*self._shelf.headers(RouteClass.MACHINE).items(), *PREFLIGHT])
        if method not in ("GET", "HEAD"):
            return self._plain("405 Method Not Allowed", "Only GET and HEAD are answered here.", [("Allow", "GET, HEAD")])
        return self._file(path, self._environ.get("QUERY_STRING", ""))

    def _inner_path(self, raw: str) -> str:
        """The path as counted from the page's own root."""
        prefix = self._shelf.manifest.prefix
        return (raw.removeprefix(prefix) if prefix and (raw == prefix or raw.startswith(f"{prefix}/")) else raw) or "/"

    def _of_codes(self, path: str) -> str | None:
        """What follows /u, of codes' addresses with and without a language; None for any other address."""
        found = _OF_CODES.fullmatch(path)
        spoken = found is not None and (found[1] is None or found[1].lower() in self._shelf.manifest.languages)
        return (found[2] or "") if found is not None and spoken else None

    def _is_open(self, path: str) -> bool:
        """True for what scripts of every origin may read. Their browsers ask before they send a validator along."""
        if path.startswith(API):
            return True
        found = self._file(path, "")
        return found.status == "200 OK" and any(name == "Access-Control-Allow-Origin" for name, _ in found.headers)

    def _file(self, path: str, query: str) -> Answer:
        of_codes = self._of_codes(path)
        if of_codes in ("", "/") and query:
            asked = parse_qs(query, max_num_fields=20).get("code", [""])[0] if query.count("&") < 20 else ""
            if asked.strip():
                return self._to_code(asked)
        for name in (*_names(path), *_names_of_code(of_codes or "")):
            found = self._shelf.get(name)
            if found is not None:
                return self._neutral(name) if self._is_neutral(name) else self._send(found, _status(name))
        return self._missing(path)

    def _to_code(self, asked: str) -> Answer:
        """To the page of the code that was typed; whatever cannot be one goes to the page that says so."""
        code = typed_code(self._without_address(asked))
        place = f"/u/{code}/" if code else "/u/unknown/"
        where = self._shelf.manifest.prefix + place
        return self._plain("303 See Other", f"See {where}", [("Location", where)])

    def _without_address(self, asked: str) -> str:
        """The code in an address of our own, as messages carry it; anything else as it was typed. Another host's leads to no code."""
        typed = re.split(r"[?#]", asked.strip(_AROUND))[0]
        scheme, _, rest = typed.partition("://") if "://" in typed else ("http", "", typed)
        host, _, path = rest.partition("/")
        own = host.lower() == self._environ.get("HTTP_HOST", "").lower() and scheme.lower() in ("http", "https")
        prefix = self._shelf.manifest.prefix
        below = f"/{path}".startswith(f"{prefix}/")
        return (self._of_codes(f"/{path}".removeprefix(prefix)) or "").strip("/") if own and below else asked

    def _is_neutral(self, name: str) -> bool:
        """True for a page that exists in every language, asked for without one."""
        manifest = self._shelf.manifest
        return name.endswith(".html") and self._shelf.is_hot(f"{manifest.default_language}/{name}")

    def _neutral(self, name: str) -> Answer:
        """A page asked for without a language: in the one the reader likes best, at the same address."""
        found = self._shelf.get(f"{self._language()}/{name}") or self._shelf.get(name)
        return self._missing("/") if found is None else self._send(found, _status(name), by_language=True)

    def _missing(self, path: str) -> Answer:
        """404 in words: not a page, or not a code of ours. 503 while nothing was published yet.

        The second is kept by nobody on the way: a moment later it may be the code of a message that just went out.
        """
        if path.startswith(API) and self._shelf.manifest.languages:
            return plain(self._shelf, "404 Not Found", '{"error":"Not found"}', kind=MEDIA_TYPES[".json"])
        first = path.strip("/").split("/")[0].lower()
        spoken = first in self._shelf.manifest.languages
        language = first if spoken else self._language()
        of_code = (self._of_codes(path) or "").strip("/") != ""
        found = self._shelf.get(f"{language}/{'u/unknown/index.html' if of_code else '404.html'}") if language else None
        if found is None:
            return self._plain("503 Service Unavailable", "Nothing has been published yet. Please try again soon.", [("Retry-After", "5")])
        answer = self._send(found, "404 Not Found", by_language=not spoken)
        return answer._replace(headers=[*({**dict(answer.headers), "Cache-Control": CACHE_NEVER}).items()]) if of_code else answer

    def _language(self) -> str:
        manifest = self._shelf.manifest
        return choosing.language(self._environ.get("HTTP_ACCEPT_LANGUAGE", ""), manifest.languages, manifest.default_language)

    def _send(self, found: Published, status: str, *, by_language: bool = False) -> Answer:
        environ = self._environ
        form = found.forms[choosing.coding(environ.get("HTTP_ACCEPT_ENCODING", ""), found.forms)]
        vary = [("Vary", "Accept-Encoding, Accept-Language" if by_language else "Accept-Encoding")]
        tags, since = environ.get("HTTP_IF_NONE_MATCH"), environ.get("HTTP_IF_MODIFIED_SINCE")
        if status == "200 OK" and choosing.unchanged(tags, since, form.etag, found.modified):
            return Answer("304 Not Modified", form.brief + vary)
        return Answer(status, form.headers + vary, form.body)

    def _plain(self, status: str, text: str, more: Headers | None = None) -> Answer:
        return plain(self._shelf, status, text, more)


def plain(shelf: Shelf, status: str, text: str, more: Headers | None = None, kind: str = MEDIA_TYPES[".txt"]) -> Answer:
    """A short answer that is not a file; with the headers of its class, and kept by nobody."""
    body = f"{text}\n".encode()
    headers = {**shelf.headers(RouteClass.MACHINE), "Cache-Control": CACHE_NEVER, "Content-Type": kind}
    return Answer(status, [*headers.items(), ("Content-Length", str(len(body))), *(more or [])], body)


def _status(name: str) -> str:
    """The pages that say that something does not exist say so in the status too."""
    return "404 Not Found" if name.endswith(("404.html", "u/unknown/index.html")) else "200 OK"


def _names(path: str) -> Iterable[str]:
    """The files that an address may mean, likeliest first."""
    inner = path.lstrip("/")
    if not inner or inner.endswith("/"):
        return (f"{inner}index.html",)
    return (inner, f"{inner}/index.html")


def _names_of_code(rest: str) -> Iterable[str]:
    """The files of the code that an address means in another spelling; `rest` is what follows /u."""
    asked, _, file = rest.lstrip("/").partition("/")
    try:
        code = typed_code(asked.encode("latin-1").decode())  # as WSGI has it: the bytes of UTF-8
    except UnicodeDecodeError:
        return ()
    return _names(f"/u/{code}/{file}") if code else ()
