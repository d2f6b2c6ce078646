"""The one place that sends: deadlines, secrets kept out of messages, answers mapped to errors.

`Http` is what a broadcaster is given. `RequestsTransport` is the real way out; tests and the simulator hand in their own.
"""

from __future__ import annotations

import json as jsonlib
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPResponse
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from broadcasters import waiting
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable
from broadcasters.mapping import Reading, by_status, error_for, lost
from broadcasters.wire import Answer, NoAnswer, NotSent, Request, Transport

__all__ = ["Answer", "Http", "NoAnswer", "NotSent", "Reading", "Request", "RequestsTransport", "Transport", "checked_base", "switched_on"]

MAX_ANSWER_BYTES = 1024 * 1024
MAX_HEADER_BYTES = 64 * 1024

T = TypeVar("T")


Interpret = Callable[[Answer, Any], Reading | None]


class Http:
    """Sends for a broadcaster and turns every answer into JSON or into one of the three errors.

    now   the moment, aware; for waiting times given as a date, and for signatures that carry the time of the attempt
    """

    def __init__(
        self, transport: Transport, *, deadline_s: float = 30.0, connect_timeout_s: float = 5.0, now: Callable[[], datetime]
    ) -> None:
        self._transport = transport
        self._deadline_s = deadline_s
        self._connect_timeout_s = connect_timeout_s
        self.now = now

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        create: bool,
        interpret: Interpret | None = None,
        read: Callable[[Any], T] = lambda answer: answer,
        deadline_s: float | None = None,
    ) -> T:
        """Send once, and return what `read` makes of the JSON answer (None for a body that is no JSON).

        json, form, body   at most one; the first two set their Content-Type
        create     True where a repeat could appear twice: then a lost answer, any 5xx and an unreadable success are Uncertain.
                   False for reads and edits, whose repeat is harmless: the same things are Unavailable
        interpret  the network's own reading of an answer and its JSON; None for the default by status
        read       picks what is needed; a LookupError, TypeError or ValueError from it means that the answer cannot be read
        deadline_s shorter than usual, for a request that is only nice to have
        raises     Rejected, Unavailable, Uncertain; never with a secret in its text
        source     default mapping: contracts of the channels, section 1; 5xx on a create never counts as "not published"
        """
        content, sent_headers = _content(json, form, body)
        request = Request(
            method=method,
            url=url,
            headers={"Accept": "application/json", **sent_headers, **(headers or {})},
            body=content,
            deadline_s=min(deadline_s or self._deadline_s, self._deadline_s),
            connect_timeout_s=self._connect_timeout_s,
        )
        answer = self._exchange(request, create)
        parsed = answer.json()
        reading = (interpret(answer, parsed) if interpret else None) or by_status(answer.status)
        error = error_for(reading, answer, request, create)
        if error is not None:
            raise self._completed(error, answer)
        try:
            return read(parsed)
        except (LookupError, TypeError, ValueError, AttributeError):
            raise lost(f"{request.host} answered {answer.status}, but what it said cannot be read.", create) from None

    def fetch(self, url: str) -> bytes:
        """The bytes behind a public address, e.g. of a picture. Raises Rejected or Unavailable; never Uncertain."""
        request = Request("GET", url, {"Accept": "*/*"}, b"", self._deadline_s, self._connect_timeout_s)
        answer = self._exchange(request, create=False)
        error = error_for(by_status(answer.status), answer, request, create=False)
        if error is not None:
            error.single = True  # nothing that a network says of our account
            raise self._completed(error, answer)
        return answer.body

    def _exchange(self, request: Request, create: bool) -> Answer:
        try:
            return self._transport.exchange(request)
        except NotSent as error:
            raise Unavailable(OutcomeClass.RETRY, f"{request.host} was not reached: {error}. Nothing was sent.") from None
        except NoAnswer as error:
            raise lost(f"{request.host} gave no answer: {error}.", create) from None

    def _completed(self, error: BroadcastError, answer: Answer) -> BroadcastError:
        """The same error with the longest wait that body or headers ask for."""
        now = waiting.moment_of(answer.headers, self.now())
        hints = [error.retry_after_s, waiting.retry_after_s(answer.header("Retry-After"), now)]
        if answer.status == 429:
            hints.append(waiting.resets_s(answer.headers, now))
        error.retry_after_s = waiting.longest(*hints)
        return error


def checked_base(url: str, where: str) -> str:
    """An address from the configuration, without a slash at its end. ValueError where it would send secrets in clear text."""
    parts = urlsplit(url)
    loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and loopback)) and not parts.username:
        return url.rstrip("/")
    raise ValueError(
        f"{where} must be an https address (http only on this machine) without user name; "
        f"found the scheme {parts.scheme!r} and the host {parts.hostname!r}. Nothing is sent until this is changed."
    )


def switched_on(enable: bool, name: str) -> None:
    """For a kind that was never tried against the real network. Raises ValueError unless the configuration wants it all the same."""
    if not enable:
        raise ValueError(
            f"enable: {name} is off. It was tried only against the demonstration network, never against the real one; "
            "write enable: true to use it all the same. Nothing is sent until then."
        )


def _content(json: Any, form: Mapping[str, str] | None, body: bytes | None) -> tuple[bytes, dict[str, str]]:
    if json is not None:
        text = jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":"))
        try:
            return text.encode(), {"Content-Type": "application/json; charset=utf-8"}
        except UnicodeEncodeError:
            raise Rejected(OutcomeClass.CONTENT, "The text holds half a letter (a lone surrogate). Nothing was sent.") from None
    if form is not None:
        return urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    return body or b"", {}


# --- the real way out ---------------------------------------------------------------------------------------------------------------


for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).addFilter(lambda record: False)  # they write whole addresses, and some hold a token


class RequestsTransport:
    """Sends with requests; a watchdog ends the connection at the total deadline, which requests itself does not know.

    ca_bundle   file of certificates to trust instead of the usual ones, for a network behind the bank's own proxy

    A fresh connection per request: no cookie, no state and no half-dead connection survives. Environment variables
    (proxies, .netrc) are not read.
    """

    def __init__(self, ca_bundle: str | None = None) -> None:
        self._verify: bool | str = ca_bundle or True

    def exchange(self, request: Request) -> Answer:
        """See Transport. The connection is cut at deadline_s, whatever the server does."""
        line = _Line(time.monotonic() + request.deadline_s, request.connect_timeout_s)
        with requests.Session() as session, _watchdog(line, request.deadline_s):
            session.trust_env = False
            session.mount("https://", _Adapter(line))
            session.mount("http://", _Adapter(line))
            try:
                return self._answered(session, request)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise line.failure(error) from None

    def _answered(self, session: requests.Session, request: Request) -> Answer:
        with session.request(
            request.method,
            request.url,
            data=request.body or None,
            headers={"User-Agent": "statuspage", "Accept-Encoding": "identity", **request.headers},
            timeout=(request.connect_timeout_s, request.deadline_s + 1.0),  # per step; the watchdog comes first
            allow_redirects=False,
            stream=True,
            verify=self._verify,
        ) as response:
            headers = [(name, value) for name, value in response.raw.headers.items()]
            if sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
                raise _BadAnswer(f"its headers are larger than {MAX_HEADER_BYTES} bytes")
            return Answer(response.status_code, headers, _body(response))


class _BadAnswer(ValueError):
    """An answer that cannot be taken; the message may be shown."""


class _Lines:
    """What a head is read from. Remembers the last line."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.last = b""

    def readline(self, *limit: int) -> bytes:
        self.last = self._stream.readline(*limit)
        return self.last

    def close(self) -> None:
        self._stream.close()


class _Response(HTTPResponse):
    """An answer with a whole head: an empty line ends it. The library lets half a head pass where the connection ends in it.

    A refusal (4xx) is one however much of it is missing. A whole head needs no length: the end of the connection then ends the body.
    """

    def begin(self) -> None:
        stream: Any = self.fp
        lines: Any = _Lines(stream)
        self.fp = lines
        try:
            super().begin()
        finally:
            if self.fp is lines:  # else it has no body, and is closed
                self.fp = stream
        if lines.last not in (b"\r\n", b"\n") and not 400 <= self.status < 500:
            raise _BadAnswer("it ended inside its head")


def _body(response: requests.Response) -> bytes:
    """The body as it came. Read to its end: only there the library notices that a part of it is missing."""
    body = b""
    while piece := response.raw.read(64 * 1024, decode_content=False):
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise _BadAnswer(f"its answer is larger than {MAX_ANSWER_BYTES} bytes")
    return body


@contextmanager
def _watchdog(line: _Line, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, line.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        line.close()


class _Line:
    """The connection of one request, as its watchdog sees it: whether it stands, and how to cut it."""

    def __init__(self, deadline: float, connect_timeout_s: float) -> None:
        self._deadline = deadline
        self._connect_timeout_s = connect_timeout_s
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._expired = False
        self.connected = False  # from here on, something may have reached the server

    def dial(self, host: str, port: int) -> socket.socket:
        """A connected socket. Raises OSError; name look-up and all addresses together take at most the connect time-out.

        What is left of it is shared among the addresses that are left, so that one that never reacts does not hide the next.
        """
        until = min(time.monotonic() + self._connect_timeout_s, self._deadline)
        fault = OSError("no address")
        addresses = resolve(host, port, until)
        for place, (family, kind, protocol, _, address) in enumerate(addresses):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(max((until - time.monotonic()) / (len(addresses) - place), 0.001))
                connection.connect(address)
                connection.settimeout(max(until - time.monotonic(), 0.001))  # for a handshake on it
                self._watch(connection)
                return connection
            except OSError as error:
                connection.close()
                fault = error
        raise fault

    def _watch(self, connection: socket.socket) -> None:
        with self._lock:
            if self._expired:
                raise TimeoutError("the deadline passed")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._handle = connection.dup()  # a handle of its own: TLS takes the first one over

    def cut(self) -> None:
        """End the connection from outside; whoever reads or writes on it wakes at once."""
        with self._lock:
            self._expired = True
            if self._handle is not None:
                try:
                    self._handle.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # already ended by the server

    def close(self) -> None:
        with self._lock:
            if self._handle is not None:
                self._handle.close()
                self._handle = None

    def failure(self, error: Exception) -> NotSent | NoAnswer:
        """What went wrong, in words that hold no address and no secret."""
        kind = type(error).__name__
        if not self.connected:
            return NotSent(f"no connection ({reason(error) or kind})")
        if self._expired:
            return NoAnswer("the total deadline passed and the connection was cut")
        if isinstance(error, _BadAnswer):
            return NoAnswer(str(error))
        return NoAnswer(f"the connection ended early ({reason(error) or kind})")


def resolve(host: str, port: int, until: float) -> list[Any]:
    """Addresses of a name, within a deadline: the system's look-up knows none, so it runs aside and may be left behind."""
    found: list[Any] = []
    faults: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            faults.append(error if isinstance(error, OSError) else OSError("the name is not valid"))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(max(until - time.monotonic(), 0.0))
    if faults:
        raise faults[0]
    if not found:
        raise TimeoutError("the name was not resolved in time")
    return found


_TELLING = re.compile(
    r"(certificate verify failed[^(]*|Connection refused|Name or service not known|timed out|reset by peer|hostname mismatch)", re.I
)


def reason(error: Exception) -> str:
    """The telling piece of a library's message; the rest may hold the address, and with it a secret."""
    match = _TELLING.search(str(error))
    return match.group(1).strip(" :.") if match else ""


def _connection_class(base: Any, line: _Line) -> Any:
    """A urllib3 connection that dials through `line` and tells it when the connection stands, TLS included."""

    class Connection(base):  # type: ignore[misc]
        response_class = _Response

        def _new_conn(self) -> socket.socket:
            return line.dial(self._dns_host.strip("[]"), self.port)

        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(None)  # from here on the watchdog alone counts; the library sets its own time-out for reading
            line.connected = True

    return Connection


class _Adapter(HTTPAdapter):
    """requests on connections that a watchdog can cut."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _connection_class(pool.ConnectionCls, self._line)
        return pool
