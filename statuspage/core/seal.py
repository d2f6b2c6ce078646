"""The seal of a delivery: an HMAC over everything that decides what is sent where, until when, in which order.

A row that was changed behind the product's back is refused, not sent. What the dispatcher itself changes (state, attempts) is outside
the seal. The frozen request and what is kept of a post for the next one are made later than the row: each carries a seal of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from statuspage.core.deliveries import Delivery

_VERSION = "delivery-1"


class Keys(Protocol):
    """The keys of seals. While they are rotated several are accepted, and one makes new seals."""

    def newest(self) -> bytes:
        """The key under which new seals are made."""
        ...

    def accepted(self) -> Sequence[bytes]:
        """Every key whose seals count, the newest first."""
        ...


@dataclass(frozen=True)
class OneKey:
    """A single key that is never rotated."""

    key: bytes = field(repr=False)

    def newest(self) -> bytes:
        return self.key

    def accepted(self) -> Sequence[bytes]:
        return (self.key,)


def digest_of(text: str, text_alone: str, story: str) -> str:
    """SHA-256 (64 hexadecimal digits) of the three frozen texts of a delivery."""
    return hashlib.sha256(json.dumps([text, text_alone, story], ensure_ascii=False).encode()).hexdigest()


def seal(delivery: Delivery, key: bytes) -> str:
    """64 hexadecimal digits. Two deliveries that differ in any sealed field have different seals."""
    return hmac.new(key, _sealed_bytes(delivery), hashlib.sha256).hexdigest()


def seal_ok(delivery: Delivery, *keys: bytes) -> bool:
    """True if the row is as it was sealed, under one of the keys, and its digest is that of its texts."""
    same_texts = delivery.digest == digest_of(delivery.text, delivery.text_alone, delivery.story)
    sealed = [hmac.compare_digest(seal(delivery, key).encode(), delivery.seal.encode()) for key in keys]
    return any(sealed) and same_texts


def sealed_request(delivery: Delivery, request: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """The frozen request (JSON values) with its seal in `seal`: good for this delivery in this epoch alone."""
    return {**request, "seal": _seal_of_part("request", [delivery.id, delivery.epoch], request, key)}


def request_ok(delivery: Delivery, keys: Sequence[bytes]) -> bool:
    """True if the delivery's frozen request is as it was sealed, under one of the keys, for this epoch."""
    request = delivery.request or {}
    return _part_ok("request", [delivery.id, delivery.epoch], request, keys)


def sealed_remote(delivery: Delivery, remote_id: str, remote: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """What is kept of the delivery's post for the next one of the thread, with its seal in `seal`."""
    return {**remote, "seal": _seal_of_part("remote", [delivery.id, remote_id], remote, key)}


def remote_ok(delivery: Delivery, keys: Sequence[bytes]) -> bool:
    """True if id and properties of the delivery's post are as they were sealed; else another post than ours would be continued."""
    return _part_ok("remote", [delivery.id, delivery.remote_id], delivery.remote, keys)


def _part_ok(part: str, of: Sequence[Any], said: Mapping[str, Any], keys: Sequence[bytes]) -> bool:
    found = said.get("seal")
    return isinstance(found, str) and any(hmac.compare_digest(_seal_of_part(part, of, said, key).encode(), found.encode()) for key in keys)


def _seal_of_part(part: str, of: Sequence[Any], said: Mapping[str, Any], key: bytes) -> str:
    content = {name: value for name, value in said.items() if name != "seal"}
    text = json.dumps([_VERSION, part, *of, content], ensure_ascii=False, sort_keys=True)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _sealed_bytes(delivery: Delivery) -> bytes:
    fields = [
        _VERSION,
        delivery.id,
        delivery.notice_id,
        str(delivery.subject_kind),
        delivery.subject_id,
        delivery.sequence,
        str(delivery.kind),
        delivery.channel,
        delivery.account,
        delivery.network,
        delivery.language,
        str(delivery.mode),
        delivery.code,
        delivery.digest,
        delivery.essential,
        _moment(delivery.created_at),
        _moment(delivery.not_before),
        _moment(delivery.valid_until),
    ]
    return json.dumps(fields, ensure_ascii=False).encode()


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")
