"""Rotating the key of seals while the product runs: no post is held up or refused for it, and in the end the old key opens nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from statuspage.actions.context import Context
from statuspage.core.deliveries import Delivery
from statuspage.core.errors import NotAllowed
from statuspage.core.seal import remote_ok, request_ok, seal, sealed_remote, sealed_request
from statuspage.settings.keys import KeyRing
from statuspage.store import accounts, audit, deliveries
from statuspage.worker.desk import configured

SETTLED_AFTER_S = 60.0  # by then whatever was begun under the old key is committed: no transaction of ours lasts a second


@dataclass(frozen=True)
class Resealed:
    """deliveries, credentials: sealed anew; wrong: unfinished deliveries that no key explains, which will be refused."""

    deliveries: int
    credentials: int
    wrong: int


def rotate(ctx: Context, ring: KeyRing, who: str) -> Resealed:
    """A new key seals from now on, and what is unfinished is sealed anew; the older keys still count until retire().

    ctx   its keys are those of the ring
    """
    ring.rotate()
    return _reseal(ctx, who, "keys.rotate")


def retire(ctx: Context, ring: KeyRing, who: str, now_s: float) -> tuple[int, Resealed]:
    """Only the newest key counts from now on. Returns how many were dropped, and what still had to be sealed anew.

    now_s   seconds since 1970
    raises  NotAllowed within a minute of the rotation
    """
    left = SETTLED_AFTER_S - (now_s - ring.changed_at())
    if left > 0 and len(ring.accepted()) > 1:
        raise NotAllowed(f"The key was changed less than a minute ago. Ask again in {left:.0f} s; until then the old key counts, too.")
    done = _reseal(ctx, who, "keys.retire")
    return ring.retire(), done


def _reseal(ctx: Context, who: str, deed: str) -> Resealed:
    with ctx.ports.store.writing() as session:
        rows = [row for row in deliveries.unfinished(session) if row.seal != seal(row, ctx.seal_key)]
        sound = [row for row in rows if ctx.genuine(row)]
        for row in sound:
            deliveries.change(session, row, seal=seal(row, ctx.seal_key), request=_request_anew(ctx, row))
        _reseal_kept(ctx, session)
        _mark_again(ctx, session)
        done = Resealed(len(sound), _reseal_credentials(ctx, session), len(rows) - len(sound))
        audit.append(session, at=ctx.now(), who=who, what=deed, detail={"deliveries": done.deliveries, "credentials": done.credentials})
    return done


def _request_anew(ctx: Context, row: Delivery) -> dict[str, Any] | None:
    """What is frozen of a request, under the new key; as it stands if its seal is wrong, so that it is refused for it."""
    if row.request is None or not request_ok(row, ctx.keys.accepted()):
        return None if row.request is None else dict(row.request)
    return sealed_request(row, row.request, ctx.seal_key)


def _reseal_kept(ctx: Context, session: Any) -> None:
    """What is settled: later updates tell it in their stories, take it up again, or continue its post, however old it is."""
    for row in deliveries.settled(session):
        values: dict[str, Any] = {"seal": seal(row, ctx.seal_key)} if ctx.genuine(row) else {}
        if row.remote_id and remote_ok(row, ctx.keys.accepted()):
            values["remote"] = sealed_remote(row, row.remote_id, row.remote, ctx.seal_key)
        if values:
            deliveries.change(session, row, **values)


def _mark_again(ctx: Context, session: Any) -> None:
    """Accounts that are off stay off: what names their refused configuration is made with the new key."""
    for name, config in sorted(ctx.configs.items()):
        known, of = accounts.get(session, name), configured(config)
        if known.held_for and known.held_for in [accounts.mark_of(of, key) for key in ctx.keys.accepted()]:
            accounts.save(session, replace(known, held_for=accounts.mark_of(of, ctx.seal_key)), ctx.now())


def _reseal_credentials(ctx: Context, session: Any) -> int:
    """Those that open; the others belong to a configuration that is no more, and are never used again."""
    number = 0
    for name, config in sorted(ctx.configs.items()):
        before = accounts.credentials(session, name)
        values = None if before is None else accounts.open_with(before, ctx.keys.accepted(), account=name, configured=configured(config))
        if before is None or values is None:
            continue
        nonce = bytes.fromhex(ctx.ports.random.token(2 * accounts.NONCE_BYTES, "0123456789abcdef"))
        after = accounts.seal_credentials(values, key=ctx.seal_key, account=name, configured=configured(config), nonce=nonce)
        number += accounts.replace_credentials(session, name, before, after)
    return number
