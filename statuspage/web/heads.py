"""The head of an HTTP/1.1 request, read by the letter of RFC 9112, and the bytes of an answer.

What may be understood in two ways is refused: a server in front and this one must never disagree where a request ends. So a body comes
with one Content-Length or not at all, a name has no space behind it, a line ends with CR LF, and nothing is folded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

MOST_HEAD = 16 * 1024  # bytes of a head; nginx takes 8 KiB for a line and 32 KiB for all
MOST_FIELDS = 100
_REQUEST = re.compile(rb"([A-Z]{1,20}) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])")
_FIELD = re.compile(rb"([!#$%&'*+.^`|~0-9A-Za-z_-]+):([^\x00-\x08\x0a-\x1f\x7f]*)")
_ORIGIN = re.compile(rb"https?://[^/?#]+", re.IGNORECASE)  # of a request as to a proxy, which a server has to understand (3.2.2)
_HOST = re.compile(r"[A-Za-z0-9.\-_~!$&'()*+,;=%]*(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
_LENGTH = re.compile(r"[0-9]{1,15}")
_ONCE = ("CONTENT_LENGTH", "HTTP_HOST", "HTTP_TRANSFER_ENCODING", "CONTENT_TYPE", "HTTP_AUTHORIZATION", "HTTP_ORIGIN")
OUR_FAULT = ("500 Internal Server Error", "Something is wrong on our side. It was noted.")
Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """What is sent: "200 OK", all headers but Date and Connection, and the body, which is empty for HEAD and 304."""

    status: str
    headers: Headers
    body: bytes = b""


class Refused(Exception):
    """A request that is not answered but refused, whereupon the connection ends. `words` are for a person who tries by hand."""

    def __init__(self, status: str, words: str) -> None:
        super().__init__(status)
        self.status, self.words = status, words


@dataclass(frozen=True)
class Head:
    """One request without its body. `fields` as WSGI names them: HTTP_ACCEPT, CONTENT_TYPE; those with _ in their name are left out,
    because they would look like those with -, which a front server sets."""

    method: str
    target: bytes
    minor: str  # of the version: HTTP/1.0 or HTTP/1.1
    fields: dict[str, str]

    @cached_property
    def length(self) -> int:
        """Bytes of the body."""
        return int(self.fields.get("CONTENT_LENGTH", "0"))

    @cached_property
    def keeps(self) -> bool:
        """True if another request may follow on the same connection."""
        said = {part.strip().lower() for part in self.fields.get("HTTP_CONNECTION", "").split(",")}
        return self.minor == "1" and "close" not in said

    @property
    def waits(self) -> bool:
        """True if the client sends its body only when it is told to (Expect: 100-continue)."""
        return self.minor == "1" and self.fields.get("HTTP_EXPECT", "").lower() == "100-continue"

    def environ(self) -> dict[str, Any]:
        """As PEP 3333 says, so far as it depends on the request's head alone."""
        path, _, query = self.target.partition(b"?")
        return {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_PROTOCOL": f"HTTP/1.{self.minor}",
            **self.fields,
        }


def read_head(raw: bytes) -> Head:
    """`raw` is everything up to and with the empty line. Raises Refused."""
    first, *lines = raw[:-4].split(b"\r\n")
    request = _REQUEST.fullmatch(first)
    if request is None:
        raise Refused("400 Bad Request", "This is not a request of HTTP/1.1.")
    if request[3] != b"1":
        raise Refused("505 HTTP Version Not Supported", "Only HTTP/1.1 is spoken here.")
    if len(lines) > MOST_FIELDS:
        raise Refused("431 Request Header Fields Too Large", f"A request may have at most {MOST_FIELDS} header fields.")
    origin = _ORIGIN.match(request[2])  # at its beginning only: an address within a path or a query is a part of it
    target = request[2][origin.end() if origin else 0 :] or b"/"
    head = Head(request[1].decode(), target if target[:1] != b"?" else b"/" + target, request[4].decode(), _fields(lines))
    _check(head)
    return head


def _fields(lines: list[bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise Refused("400 Bad Request", "One of the header fields cannot be read.")
        if b"_" in field[1]:
            continue
        name = field[1].decode().upper().replace("-", "_")
        key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
        value = field[2].strip(b" \t").decode("latin-1")
        if key in found and key in _ONCE:
            raise Refused("400 Bad Request", "A header field that may stand once stands twice.")
        found[key] = f"{found[key]}{'; ' if key == 'HTTP_COOKIE' else ', '}{value}" if key in found else value
    return found


def _check(head: Head) -> None:
    """What makes it uncertain where the request ends, or for whom it is meant."""
    fields = head.fields
    if "HTTP_TRANSFER_ENCODING" in fields:
        raise Refused("411 Length Required", "A body is taken with a Content-Length only.")
    if "CONTENT_LENGTH" in fields and not _LENGTH.fullmatch(fields["CONTENT_LENGTH"]):
        raise Refused("400 Bad Request", "The Content-Length cannot be read.")
    if head.minor != "0" and "HTTP_HOST" not in fields:
        raise Refused("400 Bad Request", "A request says for which host it is.")
    if not _HOST.fullmatch(fields.get("HTTP_HOST", "")):
        raise Refused("400 Bad Request", "The host cannot be read.")


def whole(answer: Answer, date: str, *, keeps: bool) -> bytes:
    """All bytes of one answer. `date` is the value of the Date header."""
    told = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    ending = "" if keeps else "Connection: close\r\n"
    return f"HTTP/1.1 {answer.status}\r\nDate: {date}\r\n{told}{ending}\r\n".encode("latin-1") + answer.body
