"""One call to a demonstration network, and what it answers."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote


@dataclass(frozen=True)
class Call:
    """A request, seen from inside the network it was sent to.

    path   without the network's own first part; base   address of that network, for links in answers
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    base: str

    def fields(self) -> dict[str, Any]:
        """Body as a JSON object or a form; {} if it is neither."""
        if self.headers.get("content-type", "").startswith("application/json"):
            try:
                parsed = json.loads(self.body)
            except ValueError:
                return {}
            return parsed if isinstance(parsed, dict) else {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def bearer(self) -> str:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind == "Bearer" else ""


def basic(call: Call) -> tuple[str, str]:
    """Name and password of Basic authentication; ("", "") if there is none."""
    kind, _, value = call.headers.get("authorization", "").partition(" ")
    try:
        name, _, password = base64.b64decode(value if kind == "Basic" else "", validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return "", ""
    return unquote(name), unquote(password)


@dataclass(frozen=True)
class Reply:
    """`body` is sent as JSON, or as it is if it is bytes; None: nothing."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
