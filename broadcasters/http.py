"""The one place that sends: deadlines, secrets kept out of messages, answers mapped to errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Request:
    """One HTTP request, complete. `deadline_s` bounds it from the first byte to the last."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    deadline_s: float = 30.0
    connect_timeout_s: float = 5.0


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """First header of that name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class NotSent(Exception):
    """Nothing of the request reached the server: name not found, refused, connect time-out, TLS fault."""


class NoAnswer(Exception):
    """The request may have been processed: time-out, reset after sending, an answer cut off."""


class Transport(Protocol):
    """Sends one request. Follows no redirect, keeps no cookie, verifies TLS."""

    def exchange(self, request: Request) -> Answer:
        """Raises NotSent or NoAnswer; any HTTP status is an Answer."""
        ...
