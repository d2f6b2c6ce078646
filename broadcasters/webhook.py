"""A signed webhook (Standard Webhooks 1.0, https://www.standardwebhooks.com): how operators get their alarms.

The receiver drops what it has seen, by webhook-id: a repeat is harmless for ever, so the id is a natural key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from broadcasters import text
from broadcasters.errors import OutcomeClass
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Post, Receipt, Remote

KIND = "webhook"
CLASS = DeliveryClass.NATURAL_KEY
MODES = ("new",)
ASKABLE = False  # nothing without sending: verify() only says what would be done


@dataclass(frozen=True)
class Config:
    """Where to send, and the secret that signs.

    secret           whsec_ and the Base64 of 24 to 64 random bytes, shared with the receiver
    previous_secret  signs too while the receiver still knows only the old one
    """

    url: str
    secret: str = field(repr=False)
    previous_secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", checked_base(self.url, "url"))
        for name in ("secret", "previous_secret"):
            if value := getattr(self, name):
                _key(value, name)


def limits(_: Config) -> text.Limits:
    """16,000 bytes of text keep the whole under the 20 KB that receivers expect."""
    return text.Limits(text.Unit.BYTES, 16000)


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Send one event. The body is the same for every attempt; the moment and the signatures are those of this attempt."""
    timestamp = str(int(http.now().timestamp()))
    body = _body(post)
    signed = f"{post.key}.{timestamp}.".encode() + body
    secrets = [secret for secret in (config.secret, config.previous_secret) if secret]
    headers = {
        "Content-Type": "application/json",
        "webhook-id": post.key,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }
    http.send("POST", config.url, headers=headers, body=body, create=True, interpret=_reading)
    return Receipt(Remote(post.key))


def verify(config: Config, http: Http) -> str:
    """Nothing can be asked of a receiver without sending an event: says only what would be sent."""
    keys = "two secrets" if config.previous_secret else "one secret"
    return f"Events would be signed with {keys}; whether the receiver takes them shows with the first."


def _body(post: Post) -> bytes:
    moment = post.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {"text": post.text, "language": post.language, "code": post.code, "link": post.link or None}
    event = {"type": "notice.posted", "timestamp": moment, "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _signature(secret: str, signed: bytes) -> str:
    digest = hmac.new(_key(secret, "secret"), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str, name: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise ValueError(f"{name} must be whsec_ and the Base64 of 24 to 64 random bytes; what was found is not shown")
    return key


def _reading(answer: Answer, _: Any) -> Reading | None:
    """410 means: stop. 429 and redirects as everywhere. All else that is no success may pass: the receiver is the bank's own."""
    if answer.status in (410, 429) or 200 <= answer.status < 400:
        return None
    return Reading(OutcomeClass.AMBIGUOUS if answer.status >= 500 else OutcomeClass.RETRY)
