"""One attempt: claimed, intent committed, sent, answered, recorded. A process may die at any of these points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Uncertain
from broadcasters.post import DeliveryClass, Receipt
from statuspage.actions.notices import unsay
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import MAX_ATTEMPTS, Instant, expired, intent_fresh, is_alarm, key_of, plan_thread
from statuspage.core.delivery_story import asked
from statuspage.core.seal import remote_ok, sealed_request
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import deliveries, switches
from statuspage.worker.cards import image_of
from statuspage.worker.desk import Desk
from statuspage.worker.postmaster import freeze, genuine, is_edit
from statuspage.worker.verdict import TooLate, judge, stuck, write

FOLLOWED_WITHIN_S = 4.0  # a process that runs follows a new configuration within half of that
NOT_NOW_S = 1.0  # something forbids the row just now (withdrawn, replaced, posting switched off): looked at again after this


@dataclass(frozen=True)
class Intent:
    """A row whose sending is committed. repeat: it was unknown before, so that only a success says anything new."""

    row: Delivery
    at: Instant
    repeat: bool


def attempt(desk: Desk, claimed: Delivery) -> Iterator[str]:
    """Sends a row that is queued, or repeats one that is unknown where that is harmless. Yields the points it passes.

    The point "sent" lies inside the transport: between the last byte of the request and the first of the answer.
    """
    yield "claimed"
    request = claimed.request
    if desk.network.delivery_class is DeliveryClass.STAGED and not (request and request.get("container")):
        request = _staged(desk, claimed)
        if request is None:
            return
    intent = commit(desk, claimed, request)
    if intent is None:
        desk.due[claimed.id] = desk.mono() + NOT_NOW_S
        return
    yield "intent-committed"
    result = _send(desk, intent)
    yield "answered"
    verdict = judge(desk, intent.row, result, repeat=intent.repeat)
    desk.write(lambda session: write(desk, session, intent.row, verdict))
    yield "recorded"
    if isinstance(result, Rejected) and result.outcome is OutcomeClass.REAUTH and desk.renew(result):
        desk.due[intent.row.id] = desk.mono()


def _staged(desk: Desk, row: Delivery) -> dict[str, Any] | None:
    """The request with a fresh container, which nobody sees; None if the network would not make one."""
    desk.prove_owner()
    with desk.ctx.ports.store.reading() as session:
        rows = desk.own(deliveries.thread(session, row.subject_kind, row.subject_id, row.channel))
    request = _frozen(desk, row, rows)
    try:
        staged = sealed_request(row, {**request, "container": desk.network.stage(request)}, desk.ctx.seal_key)
    except BroadcastError as error:
        harmless = BroadcastError(OutcomeClass.RETRY, error.detail, error.retry_after_s) if isinstance(error, Uncertain) else error
        at = desk.instant()
        counted = {"attempts": row.attempts + 1, "last_attempt_at": at.wall, **_begun(row, at)}
        verdict = judge(desk, replace(row, request=request, **counted), harmless, repeat=False)
        tried = replace(verdict, values={**counted, **verdict.values})
        desk.write(lambda session: write(desk, session, row, tried))
        if isinstance(error, Rejected) and error.outcome is OutcomeClass.REAUTH:
            desk.renew(error)
        return None
    desk.refreshed = False
    return staged


def _begun(row: Delivery, at: Instant) -> dict[str, Any]:
    """What the first attempt of an epoch notes of its moment: back-off and the age of a key count from it."""
    if row.first_attempt_at is not None:
        return {}
    return {"process_id": at.process_id, "first_attempt_at": at.wall, "first_monotonic": at.monotonic, "first_boottime": at.boottime}


def _frozen(desk: Desk, row: Delivery, rows: list[Delivery]) -> dict[str, Any]:
    """The request of this epoch, sealed. A post whose id is not as we kept it is not continued: it may be somebody else's."""
    ctx = desk.ctx
    image = image_of(ctx, row) if desk.network.pictures else None
    sound = [other if _is_ours(desk, other) else replace(other, remote_id=None, remote={}) for other in rows]
    request = freeze(row, sound, can_edit=desk.network.can("edit"), now=ctx.now(), address=ctx.words.verification_url, image=image)
    return sealed_request(row, request, ctx.seal_key)


def _is_ours(desk: Desk, row: Delivery) -> bool:
    return row.remote_id is None or remote_ok(row, desk.ctx.keys.accepted())


def _tell_of_changed(desk: Desk, session: Any, row: Delivery, rows: list[Delivery]) -> None:
    """Operators hear of a kept post that is not as it was kept; the thread goes on without it."""
    for other in rows:
        if other.sequence < row.sequence and not _is_ours(desk, other):
            text = (
                f"What is kept of the post of delivery {other.id} on {other.channel} was changed in the database: its seal is wrong. "
                "No update continues that post. Find out who did."
            )
            desk.alarm(session, f"kept:{other.id}", text, other)


def commit(desk: Desk, claimed: Delivery, request: Any) -> Intent | None:
    """Commits 'sending', on the connection that holds the lock, if everything still allows it. None: it does not (any more).

    request   a staged one; None to freeze one now
    """
    at = desk.instant()
    with desk.lock.writing() as session:
        row = deliveries.get(session, claimed.id)
        rows = desk.own(deliveries.thread(session, row.subject_kind, row.subject_id, row.channel))
        repeat = row.state is DeliveryState.UNKNOWN
        if (row.state, row.epoch, row.attempts) != (claimed.state, claimed.epoch, claimed.attempts):
            return None
        if repeat and not desk.may_repeat(row):
            return None
        if not repeat and getattr(plan_thread(rows, now=at.wall).send, "id", None) != row.id:
            return None
        if not is_alarm(row) and switches.is_off(session, switches.POSTING):
            return None
        if forbidden(desk, session, row) or _spent(desk, session, row, repeat):
            return None
        if request is not None and not genuine(replace(row, request=request), desk.ctx.keys.accepted()):
            return None  # reworded while its container was made: the old words are never sent, another is made for the new ones
        _tell_of_changed(desk, session, row, rows)
        values = {
            "state": DeliveryState.SENDING,
            "attempts": row.attempts + 1,
            "key": key_of(row.id, row.epoch),
            "request": request or _frozen(desk, row, rows),
            "last_attempt_at": at.wall,
            **_begun(row, at),
        }
        if not deliveries.change(session, row, **values):
            return None  # PostgreSQL: withdrawn, replaced or reworded by somebody whose transaction ended since it was read
        committed = deliveries.get(session, row.id)
        evidence = asked(committed.request or {}, attempt=committed.attempts, epoch=committed.epoch)
        desk.note(session, committed, "edit" if is_edit(committed) else "send", "repeat" if repeat else "intent", evidence)
    return Intent(committed, at, repeat)


def forbidden(desk: Desk, session: Any, row: Delivery) -> bool:
    """Refuses a row that may never be sent (changed behind our back, a rehearsal on a real channel), with an alarm."""
    info = desk.ctx.channels.get(row.channel)
    state, why = DeliveryState.REFUSED, ""
    if not desk.ctx.genuine(row) or (row.request is not None and not genuine(row, desk.ctx.keys.accepted())):
        doubt = f"Whether it is out is not known: look for code {row.code}." if row.state is DeliveryState.UNKNOWN else "It is not sent."
        why = f"its seal is wrong: somebody changed it in the database. {doubt} Find out who did."
    elif info is None or info.channel.account != row.account:
        if desk.mono() < desk.strange.setdefault(row.id, desk.mono() + FOLLOWED_WITHIN_S):
            return True  # it may be of a newer configuration, which this process is about to follow
        state, why = (
            DeliveryState.STUCK,
            "its channel is not configured on this account any more. Withdraw it, or configure the channel and retry.",
        )
    elif deliveries.is_drill(session, row.notice_id) and not info.channel.sandbox:
        why = "it belongs to a rehearsal, and its channel is no sandbox. It is not sent."
    if not why:
        return False
    settled = desk.ctx.now() if state.final else None
    if deliveries.change(session, row, state=state, settled_at=settled, error_class=str(state), detail=why):
        desk.note(session, row, "decide", str(state), why)
        desk.alarm(session, f"delivery:{row.id}", f"Delivery {row.id} on {row.channel}: {why}", row)
        if state is DeliveryState.REFUSED and row.state is not DeliveryState.UNKNOWN:  # that one may be out: nothing older may follow it
            unsay(session, desk.ctx, row, desk.ctx.now())
    return True


def _spent(desk: Desk, session: Any, row: Delivery, repeat: bool) -> bool:
    """True if the row has had all its attempts in earlier epochs: a repeat gives way to reading, anything else to a person."""
    if row.epoch == 1 or deliveries.tries(session, row.id) < MAX_ATTEMPTS:
        desk.spent.discard(row.id)
        return False
    if repeat:
        desk.spent.add(row.id)
        return True
    verdict = stuck(row, "retry", f"Given up after {MAX_ATTEMPTS} attempts. {row.detail}")
    write(desk, session, row, replace(verdict, noted="given_up"), act="decide")
    return True


def _send(desk: Desk, intent: Intent) -> Receipt | BroadcastError | TooLate:
    """The only place from which a post leaves. Whatever goes wrong here without a known meaning leaves the row unknown."""
    row, now = intent.row, desk.instant()
    before = replace(row, attempts=row.attempts - 1)  # this attempt is counted already; whether it may be made was asked before
    if not intent_fresh(intent.at, now) or (intent.repeat and not desk.may_repeat(before)):
        return TooLate("too long between the commit and the send: not sent")
    if expired(row, now.wall):
        return TooLate("out of date since the commit: not sent")
    try:
        return desk.network.perform(row.request or {})
    except BroadcastError as error:
        return error
    except Exception as error:
        return Uncertain(OutcomeClass.AMBIGUOUS, f"The broadcaster failed with {type(error).__name__}; the post may have been published.")
