"""What is remembered of a login at a network: its breaker, why it was stopped, and fresh credentials, sealed.

Credentials that a network renewed are kept under AES-256-GCM, bound to the account's row and to the configured
credentials that they replace: moved to another row, or met by a newer configuration, they do not open.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from statuspage.store.tables import AccountRow
from statuspage.store.upsert import insert_for

NONCE_BYTES = 12


@dataclass(frozen=True)
class Account:
    """failures: in a row; open_until: nothing is sent before (for display, decisions use the monotonic clock); stopped: why, or "".

    paused_until   the network asked us not to ask before; noted_at: when that was written. By the wall clock, for those who come after
    held_for   stopped until a person resumes it: the mark of the configuration that was refused, see mark_of(); "": a trial ends the stop
    """

    name: str
    failures: int = 0
    open_until: datetime | None = None
    stopped: str = ""
    held_for: str = ""
    paused_until: datetime | None = None
    noted_at: datetime | None = field(default=None, compare=False)


def get(session: Session, name: str) -> Account:
    """What is remembered, or a fresh one."""
    row = session.execute(_STATES.where(AccountRow.name == name)).first()
    return Account(name) if row is None else Account(*row)


def all_states(session: Session) -> list[Account]:
    return [Account(*row) for row in session.execute(_STATES.order_by(AccountRow.name))]


def save(session: Session, account: Account, at: datetime) -> None:
    stop = {"stopped": account.stopped, "held_for": account.held_for, "paused_until": account.paused_until}
    _put(session, account.name, {"failures": account.failures, "open_until": account.open_until, **stop, "updated_at": at})


def save_credentials(session: Session, name: str, sealed: bytes, at: datetime) -> None:
    """at: now. When the rest was noted stays: what the network asked to wait is believed for no longer than from then on."""
    _put(session, name, {"credentials": sealed}, {"failures": 0, "stopped": "", "held_for": "", "updated_at": at})


def credentials(session: Session, name: str) -> bytes | None:
    """Sealed, as they were saved."""
    return session.scalar(select(AccountRow.credentials).where(AccountRow.name == name))


def seal_credentials(values: Mapping[str, str], *, key: bytes, account: str, configured: str, nonce: bytes) -> bytes:
    """nonce (12 bytes, never used twice) + AES-256-GCM. `configured`: a text that changes with the configured credentials."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes, this one {len(nonce)}")
    content = json.dumps(dict(values), sort_keys=True).encode()
    return nonce + AESGCM(_key(key)).encrypt(nonce, content, _bound(account, configured))


def open_credentials(sealed: bytes, *, key: bytes, account: str, configured: str) -> dict[str, str] | None:
    """None if they were sealed for another account, another configuration or under another key, or were changed."""
    nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        opened = AESGCM(_key(key)).decrypt(nonce, content, _bound(account, configured))
    except (InvalidTag, ValueError):
        return None
    values: dict[str, str] = json.loads(opened)
    return values


def open_with(sealed: bytes, keys: Iterable[bytes], *, account: str, configured: str) -> dict[str, str] | None:
    """As open_credentials, under the first of the keys that fits."""
    opened = (open_credentials(sealed, key=key, account=account, configured=configured) for key in keys)
    return next((values for values in opened if values is not None), None)


def mark_of(configured: str, key: bytes) -> str:
    """Tells one configuration of an account from another without telling what stands in it."""
    return hmac.new(_key(key), configured.encode(), hashlib.sha256).hexdigest()


def replace_credentials(session: Session, name: str, before: bytes, after: bytes) -> bool:
    """False if somebody else has put others there meanwhile; nothing is changed then."""
    done = session.execute(update(AccountRow).where(AccountRow.name == name, AccountRow.credentials == before).values(credentials=after))
    return bool(done.rowcount)  # type: ignore[attr-defined]


_STATES = select(
    AccountRow.name,
    AccountRow.failures,
    AccountRow.open_until,
    AccountRow.stopped,
    AccountRow.held_for,
    AccountRow.paused_until,
    AccountRow.updated_at,
)


def _put(session: Session, name: str, values: Mapping[str, object], defaults: Mapping[str, object] | None = None) -> None:
    statement = insert_for(session)(AccountRow.__table__).values(name=name, **{**(defaults or {}), **values})
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=dict(values)))


def _key(key: bytes) -> bytes:
    return hashlib.sha256(b"statuspage account credentials" + key).digest()


def _bound(account: str, configured: str) -> bytes:
    return json.dumps(["account", account, "credentials", hashlib.sha256(configured.encode()).hexdigest()]).encode()
