"""What a person can do with a delivery: send it again, withdraw it, say that it is out; and what follows a restored backup."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from statuspage.actions.alarms import clear_in, raise_in
from statuspage.actions.context import Context
from statuspage.actions.notices import unsay
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import doubtful, expired
from statuspage.core.delivery_story import unknown_since
from statuspage.core.errors import Conflict, NotAllowed, NotFound
from statuspage.core.seal import seal
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import accounts, audit, deliveries, versioned

RETRY_VALID_FOR = timedelta(minutes=30)  # a person who sends an out-of-date statement again vouches for it so long
RESTORED = "restored"  # error classes that the dispatcher never answers with a repeat; what was waiting waits again if it is not out
RESTORED_WAITING = "restored_waiting"
RESTORED_STUCK = "restored_stuck"  # a person was to decide about it, and may have done so since: it is looked for, and never sent by itself
_RESTORED_FROM = {DeliveryState.WAITING: RESTORED_WAITING, DeliveryState.STUCK: RESTORED_STUCK}
FRESH: dict[str, Any] = {  # of a row that begins a new epoch
    "request": None,
    "process_id": "",
    "first_attempt_at": None,
    "first_monotonic": None,
    "first_boottime": None,
    "next_attempt_at": None,
    "error_class": None,
    "settled_at": None,
}


def retry(ctx: Context, delivery_id: str, who: str, *, looked: bool = False) -> None:
    """Sends a stuck delivery again; one that may be out only because `who` has looked and says that it is not there.

    looked   True: that person's word that the post is not on the channel. Not taken while a late one may still appear
    raises   NotFound, NotAllowed, Conflict

    A new epoch with a new key. A statement that is out of date counts as true for another 30 minutes, by that person's word. An account
    that is off since the network refused it is resumed: who sends again says that it is put right.
    """
    with ctx.ports.store.writing() as session:
        row = _get(session, delivery_id, (DeliveryState.STUCK, DeliveryState.UNKNOWN), "sent again")
        _check_absent(session, ctx, row, looked)
        if not ctx.genuine(row):
            raise NotAllowed(f"Delivery {row.id} was changed in the database: its seal is wrong. It is not sent again.")
        newer = [
            other.sequence
            for other in deliveries.thread(session, row.subject_kind, row.subject_id, row.channel)
            if other.sequence > row.sequence and other.state is DeliveryState.DELIVERED
        ]
        if newer:
            raise NotAllowed(
                f"Delivery {row.id} is update {row.sequence}; update {max(newer)} is already out on {row.channel}. "
                "Publish a new update or a correction instead. Nothing was changed."
            )
        values = {**FRESH, "state": DeliveryState.QUEUED, "epoch": row.epoch + 1, "attempts": 0}
        if expired(row, ctx.now()):
            values |= _vouched(row, ctx)
        _decide(session, ctx, row, "retry", f"sent again by {who}", who, values)
        if accounts.get(session, row.account).held_for:
            _resume(session, ctx, row.account, who)


def withdraw(ctx: Context, delivery_id: str, who: str, reason: str = "") -> Delivery | None:
    """Takes a delivery back before it is sent. What may already be out is corrected, not withdrawn.

    Returns what goes out in its place: the statement that it had replaced, if that is still true. Raises NotFound, NotAllowed, Conflict.
    """
    with ctx.ports.store.writing() as session:
        row = _get(session, delivery_id, (DeliveryState.WAITING, DeliveryState.QUEUED, DeliveryState.STUCK), "withdrawn")
        versioned.keep(session, row.subject_kind, row.subject_id)
        why = f"withdrawn by {who}" + (f": {reason}" if reason else "")
        _decide(session, ctx, row, "withdrawn", why, who, {"state": DeliveryState.WITHDRAWN, "settled_at": ctx.now()})
        return unsay(session, ctx, row, ctx.now())


def mark_seen(ctx: Context, delivery_id: str, who: str, url: str | None = None) -> None:
    """`who` has seen the post on the channel: it is delivered. url: where, if known. Raises NotFound, NotAllowed, Conflict."""
    with ctx.ports.store.writing() as session:
        row = _get(session, delivery_id, (DeliveryState.UNKNOWN, DeliveryState.STUCK), "marked as seen")
        values = {"state": DeliveryState.DELIVERED, "settled_at": ctx.now(), "url": url, "error_class": None}
        _decide(session, ctx, row, "seen", f"seen by {who}", who, values)


def resume_account(ctx: Context, name: str, who: str) -> None:
    """Lets a stopped account be tried again at once. By itself it is tried every delivery.stopped_trial_s; one that is off, not at all.

    Raises NotFound.
    """
    known = sorted(account.name for account in ctx.settings.accounts)
    if name not in known:
        raise NotFound(f"There is no account {name!r}. Known: {', '.join(known) or 'none'}. Nothing was changed.")
    with ctx.ports.store.writing() as session:
        _resume(session, ctx, name, who)


def after_restore(ctx: Context, who: str, backup_at: datetime) -> int:
    """The database comes from a backup made at `backup_at`: whatever was not finished then may have been sent since.

    Call it before any worker starts. Every unfinished delivery becomes unknown and is looked for on its channel before anything
    is sent; on channels that cannot be read a person is asked. Returns the number of such deliveries.
    """
    with ctx.ports.store.writing() as session:
        rows = deliveries.unfinished(session)
        why = f"from a backup of {backup_at:%Y-%m-%d %H:%M} UTC: whether it was sent since is not known"
        for row in rows:
            error_class = _RESTORED_FROM.get(row.state, RESTORED)
            deliveries.change(session, row, state=DeliveryState.UNKNOWN, error_class=error_class, detail=why)
            deliveries.note(session, row, ctx.now(), "decide", RESTORED, why)
        audit.append(session, at=ctx.now(), who=who, what="restore", detail={"backup_at": backup_at, "unknown": len(rows)})
        raise_in(session, ctx, f"restore:{backup_at.isoformat()}", f"The database was restored; {len(rows)} deliveries are {why}.")
    return len(rows)


def _resume(session: Any, ctx: Context, name: str, who: str) -> None:
    before = accounts.get(session, name)  # a person puts credentials right; what the network asked to wait, and when, stands
    accounts.save(session, accounts.Account(name, paused_until=before.paused_until), before.noted_at or ctx.now())
    clear_in(session, ctx, f"account:{name}")
    audit.append(session, at=ctx.now(), who=who, what="account.resume", subject=name)


def _get(session: Any, delivery_id: str, allowed: tuple[DeliveryState, ...], deed: str) -> Delivery:
    row = deliveries.get(session, delivery_id)
    if row.state not in allowed:
        names = ", ".join(allowed)
        raise NotAllowed(f"Delivery {row.id} is {row.state} and cannot be {deed}. That is for: {names}. Nothing was changed.")
    return row


def _check_absent(session: Any, ctx: Context, row: Delivery, looked: bool) -> None:
    """Raises NotAllowed if a post of the row may be out: nobody looked, or whoever looked cannot know yet."""
    if not doubtful(row):
        return
    if not looked:
        raise NotAllowed(
            f"Delivery {row.id} may be out on {row.channel}: sending it again could post it twice. Look for code {row.code} there. "
            "Then say that it is there (seen), or that it is not there (not-there). Nothing was changed."
        )
    since = unknown_since(row, deliveries.story(session, row.id))
    until = None if since is None else since + timedelta(seconds=ctx.settings.delivery.quiet_s)
    if until is not None and ctx.now() < until:  # also where the clock was set back meanwhile: how long it was is not known then
        raise NotAllowed(
            f"Until {until:%H:%M:%S} UTC the post of delivery {row.id} may still appear on {row.channel}; that it is not there now proves "
            "nothing. Look again then. Nothing was changed."
        )


def _decide(session: Any, ctx: Context, row: Delivery, outcome: str, why: str, who: str, values: dict[str, Any]) -> None:
    if not deliveries.change(session, row, detail=why, **values):
        raise Conflict(f"Delivery {row.id} was changed meanwhile. Look again. Nothing was changed.", deliveries.get(session, row.id))
    deliveries.note(session, row, ctx.now(), "decide", outcome, why)
    audit.append(session, at=ctx.now(), who=who, what=f"delivery.{outcome}", subject=row.id)
    for topic in ("delivery", "unknown"):
        clear_in(session, ctx, f"{topic}:{row.id}")


def _vouched(row: Delivery, ctx: Context) -> dict[str, Any]:
    valid = replace(row, valid_until=ctx.now() + RETRY_VALID_FOR)
    return {"valid_until": valid.valid_until, "seal": seal(valid, ctx.seal_key)}
