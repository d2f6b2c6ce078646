"""Unknown rows: was it published? Repeat where that is harmless, ask, look, or leave it to a person. Never a second post on a guess.

Quiet period: absence counts only when so long has passed, on the monotonic clock and within this run of the process, that no
request still under way can arrive. What is found is found at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from broadcasters.errors import BroadcastError, OutcomeClass, Rejected
from broadcasters.post import Found, Receipt, Remote
from statuspage.actions.deliveries import FRESH, RESTORED, RESTORED_STUCK, RESTORED_WAITING
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import INTENT_GOOD_FOR_S, Move, next_look_s, obeyed_s
from statuspage.core.vocabulary import DeliveryState, UpdateMode
from statuspage.store import deliveries
from statuspage.worker.desk import Desk
from statuspage.worker.postmaster import genuine, is_edit
from statuspage.worker.sender import attempt, forbidden
from statuspage.worker.verdict import accepted, stuck, unseen_alarm, write


def first_seen(desk: Desk, row: Delivery) -> None:
    """An unknown row that this process did not make unknown: its quiet period begins now; on a blind network a person is told.

    An owner that lost its lock without knowing may still be within one request: the period begins when that must be over.
    """
    now, own = desk.mono(), desk.ctx.settings.delivery
    desk.due[row.id] = now
    blind = desk.move(row) is Move.WAIT and not is_edit(row)  # these minutes are for people, and no request is repeated after them
    desk.since[row.id] = now if desk.lock.sure or blind else now + INTENT_GOOD_FOR_S + own.deadline_s
    if blind:
        key, text = unseen_alarm(desk, row)
        desk.write(lambda session: desk.alarm(session, key, text, row))


def reconcile(desk: Desk, row: Delivery) -> Iterator[str]:
    """One step towards an answer; yields the points it passes."""
    waited = desk.mono() - desk.since[row.id]
    quiet = waited >= desk.ctx.settings.delivery.quiet_s
    if row.request is not None and not genuine(row, desk.ctx.keys.accepted()):
        with desk.lock.writing() as session:
            forbidden(desk, session, row)  # the request names the container that would be asked for, or published
        return
    match desk.move(row):
        case Move.REPEAT:
            yield from attempt(desk, row)
        case Move.ASK:
            yield from _ask(desk, row, quiet)
        case Move.LOOK:
            yield from _look(desk, row, quiet)
        case Move.WAIT:
            _wait(desk, row, waited, quiet)


def _ask(desk: Desk, row: Delivery, quiet: bool) -> Iterator[str]:
    yield "claimed"
    desk.prove_owner()
    try:
        answer = desk.network.ask(row.request or {})
    except Rejected as error:
        if error.outcome is OutcomeClass.REAUTH or not quiet:
            _unreadable(desk, row, error)
        else:
            requeue(desk, row, f"the container can never be published: {error.detail}")
        return
    except BroadcastError as error:
        _unreadable(desk, row, error)
        return
    yield "answered"
    desk.reads.succeeded()
    if isinstance(answer, Receipt):
        _delivered(desk, row, answer.remote, answer.url, "the container says that it was published")
    elif desk.may_repeat(row):
        yield from attempt(desk, row)
    elif quiet:
        requeue(desk, row, "the container was never published")
    else:
        desk.due[row.id] = desk.since[row.id] + desk.ctx.settings.delivery.quiet_s
    yield "recorded"


def _look(desk: Desk, row: Delivery, quiet: bool) -> Iterator[str]:
    """Reads the own timeline. `quiet` was taken before it was read."""
    yield "claimed"
    desk.prove_owner()
    try:
        found = desk.network.find(row)
    except BroadcastError as error:
        _unreadable(desk, row, error)
        return
    yield "answered"
    desk.reads.succeeded()
    _read(desk, row, found, quiet)
    yield "recorded"


def _read(desk: Desk, row: Delivery, found: Found | None, quiet: bool) -> None:
    quiet_s = desk.ctx.settings.delivery.quiet_s
    if found is not None:
        _delivered(desk, row, found.remote, found.url, "found on the own timeline")
    elif not quiet:
        waited = desk.mono() - desk.since[row.id]
        desk.due[row.id] = desk.mono() + next_look_s(waited, quiet_s)
        desk.write(lambda session: _not_yet(desk, session, row))
    elif row.error_class == OutcomeClass.DUPLICATE:
        verdict = stuck(row, "duplicate", "The network calls it a repeat, but it is not on the own timeline.")
        desk.write(lambda session: write(desk, session, row, verdict, act="find"))
    elif _may_have_been_edited_away(desk, row):
        _leave_to_a_person(desk, row)
    else:
        requeue(desk, row, "provably not published")


def _leave_to_a_person(desk: Desk, row: Delivery) -> None:
    if row.error_class == RESTORED_STUCK:
        why = "From a backup, where a person was to decide about it. It was not found on the channel."
    else:
        why = "From a backup. Whether it was shown is not known: an update that the backup does not have may stand in its place by now."
    desk.write(lambda session: write(desk, session, row, stuck(row, RESTORED, why), act="find"))


def _may_have_been_edited_away(desk: Desk, row: Delivery) -> bool:
    """True for a row from a backup whose post an update may have rewritten since: its code is not to be found then, and proves nothing.

    Unless a newer update of the same thread was found: that stands in its place.
    """
    if row.error_class not in (RESTORED, RESTORED_WAITING, RESTORED_STUCK) or row.mode is not UpdateMode.EDIT:
        return False
    with desk.ctx.ports.store.reading() as session:
        rows = deliveries.thread(session, row.subject_kind, row.subject_id, row.channel)
    return not any(other.state is DeliveryState.DELIVERED and other.sequence > row.sequence for other in rows)


def _not_yet(desk: Desk, session: Any, row: Delivery) -> None:
    desk.note(session, row, "find", "not_yet", f"code {row.code} is not on the timeline yet; that proves nothing so early")
    desk.keep_due(session, row)


def _wait(desk: Desk, row: Delivery, waited: float, quiet: bool) -> None:
    """Blind: assumed to be out after a while. An edit that may not be repeated any more: it can do no harm after the quiet period."""
    own = desk.ctx.settings.delivery
    if is_edit(row):
        if quiet and _may_have_been_edited_away(desk, row):
            _leave_to_a_person(desk, row)
        elif quiet:
            requeue(desk, row, "the edit is not repeated: it was refused or given up, or its statement is out of date")
        else:
            desk.due[row.id] = desk.since[row.id] + own.quiet_s
    elif row.error_class == RESTORED_STUCK:
        _leave_to_a_person(desk, row)
    elif waited >= own.blind_assume_s:
        verdict = accepted(row, None, None, "assumed", "assumed to be published: nobody decided otherwise")
        desk.write(lambda session: write(desk, session, row, verdict, act="decide"))
    else:
        desk.due[row.id] = desk.since[row.id] + own.blind_assume_s
        desk.write(lambda session: desk.keep_due(session, row))


def _delivered(desk: Desk, row: Delivery, remote: Remote, url: str | None, how: str) -> None:
    desk.refreshed = False
    verdict = accepted(row, remote, url, "found", how)
    desk.write(lambda session: write(desk, session, row, verdict, act="find"))


def requeue(desk: Desk, row: Delivery, why: str) -> None:
    """Not published: a new epoch with a new key, and a request frozen anew. What a person was to decide about is left to a person."""
    if row.error_class == RESTORED_STUCK:
        _leave_to_a_person(desk, row)
        return
    desk.since.pop(row.id, None)
    desk.due[row.id] = desk.mono()
    desk.write(lambda session: _requeued(desk, session, row, why))


def _requeued(desk: Desk, session: Any, row: Delivery, why: str) -> None:
    desk.note(session, row, "find", "absent", why)
    state = DeliveryState.WAITING if row.error_class == RESTORED_WAITING else DeliveryState.QUEUED
    if deliveries.change(session, row, state=state, epoch=row.epoch + 1, attempts=0, detail=why, **FRESH):
        desk.calm(session, row)


def _unreadable(desk: Desk, row: Delivery, error: BroadcastError) -> None:
    """Stays unknown. Looked at again soon; the watchman tells people when the quiet period is over."""
    desk.count_sleep()
    now, own = desk.mono(), desk.ctx.settings.delivery
    if error.outcome not in (OutcomeClass.THROTTLED, OutcomeClass.REAUTH):
        desk.reads.failed(now)
    asked, _ = obeyed_s(error.retry_after_s, own.retry_after_max_s)
    desk.gate.pause(now, asked)
    desk.back_off(row, max(own.backoff_base_s, asked, desk.wait_s(row) / 2))
    desk.write(lambda session: _noted(desk, session, row, error))
    if error.outcome is OutcomeClass.REAUTH and desk.renew(error):
        desk.due[row.id] = desk.mono()


def _noted(desk: Desk, session: Any, row: Delivery, error: BroadcastError) -> None:
    desk.note(session, row, "find", str(error.outcome), error.detail)
    desk.keep_due(session, row)
    desk.keep_wait(session)
