"""What goes over the wire: one request, one answer, and the two ways in which there is none."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """One HTTP request, complete. `deadline_s` bounds it from the first byte to the last. repr() shows no secret."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    deadline_s: float = 30.0
    connect_timeout_s: float = 5.0

    @property
    def host(self) -> str:
        """The server's name: all of the address that may be shown."""
        return urlsplit(self.url).hostname or "the server"


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """First header of that name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError):
            return None


class NotSent(Exception):
    """Nothing of the request reached the server: name not found, refused, connect time-out, TLS fault."""


class NoAnswer(Exception):
    """The request may have been processed: time-out, reset after sending, an answer cut off."""


class Transport(Protocol):
    """Sends one request. Follows no redirect, keeps no cookie, verifies TLS."""

    def exchange(self, request: Request) -> Answer:
        """Raises NotSent or NoAnswer; any HTTP status is an Answer."""
        ...
