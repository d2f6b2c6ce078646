"""What an attempt's result means for its row, its account and the people: judged once, in memory; written until it is written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Uncertain
from broadcasters.post import Receipt, Remote
from statuspage.actions.alarms import address
from statuspage.actions.deliveries import FRESH
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import LOOKS_AFTER_S, MAX_ATTEMPTS, PARENT_GONE, Move, is_alarm, obeyed_s
from statuspage.core.seal import sealed_remote
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import deliveries
from statuspage.worker.desk import Desk
from statuspage.worker.postmaster import is_edit, kept


@dataclass(frozen=True)
class TooLate:
    """Nothing was sent: between the commit of the intent and the socket something took too long."""

    detail: str


@dataclass(frozen=True)
class Verdict:
    """values: columns to write; alarms: key -> text; gate: the account's memory changed; noted: how the story calls it.

    off   why the account is off from now on; "": it is not. What is told of that says enough of the row, too
    """

    state: DeliveryState
    noted: str
    detail: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    alarms: dict[str, str] = field(default_factory=dict)
    gate: bool = False
    off: str = ""


def judge(desk: Desk, row: Delivery, result: Receipt | BroadcastError | TooLate, *, repeat: bool) -> Verdict:
    """Called once per attempt; keeps in the desk's memory when the row and the account are due again.

    repeat   the row was unknown before: a failure of the repeat says nothing about the first attempt, so it stays unknown
    """
    desk.count_sleep()  # what was asked for while the machine slept begins now
    if isinstance(result, TooLate):
        desk.due[row.id] = desk.mono()
        return Verdict(DeliveryState.UNKNOWN if repeat else DeliveryState.QUEUED, "not_sent", result.detail)
    if isinstance(result, Receipt):
        return _received(desk, row, result)
    if isinstance(result, Rejected):
        found = _rejected(desk, row, result, repeat)
        return replace(found, off=_off(desk, row, found)) if desk.hold(result) else found
    if isinstance(result, Uncertain):
        return _uncertain(desk, row, result)
    if result.outcome is not OutcomeClass.THROTTLED and is_edit(row):
        return _uncertain(desk, row, result)  # a lost edit is harmless to repeat, but it may still arrive, late, over a newer one
    return _unavailable(desk, row, result, repeat)


def _received(desk: Desk, row: Delivery, receipt: Receipt) -> Verdict:
    changed = bool(desk.gate.failures or desk.gate.stopped)
    desk.gate.succeeded()
    desk.wake(unknown=True)
    desk.refreshed = False
    if _may_still_arrive(desk, row):
        return Verdict(DeliveryState.UNKNOWN, "ok", "shown; sent once more when no lost edit can arrive any more", gate=changed)
    found = accepted(row, receipt.remote, receipt.url, "ok", "; ".join((*receipt.notes, *filter(None, [receipt.wrong]))), gate=changed)
    if receipt.wrong:
        found.alarms[f"shown:{row.id}"] = f"Delivery {row.id} on {row.channel} is published otherwise than it was sent. {receipt.wrong}"
    return found


def _may_still_arrive(desk: Desk, row: Delivery) -> bool:
    """True for an edit of which one whose answer was lost can come late, over what follows it. The row is due when it no longer can."""
    quiet_until = desk.since.get(row.id, float("-inf")) + desk.ctx.settings.delivery.quiet_s
    if not is_edit(row) or desk.mono() >= quiet_until:
        return False
    desk.due[row.id] = quiet_until
    return True


def accepted(row: Delivery, remote: Remote | None, url: str | None, noted: str, detail: str, *, gate: bool = False) -> Verdict:
    """The post is out. remote: None where it is only assumed to be."""
    values = {
        "remote_id": remote.id if remote else None,
        "remote": kept(row, remote) if remote else {},
        "url": url,
        "error_class": None,
        "next_attempt_at": None,
    }
    return Verdict(DeliveryState.DELIVERED, noted, detail, values, gate=gate)


def _uncertain(desk: Desk, row: Delivery, error: BroadcastError) -> Verdict:
    now = desk.mono()
    desk.since[row.id] = now
    duplicate = error.outcome is OutcomeClass.DUPLICATE
    opened = not duplicate and desk.gate.failed(now)
    error_class = OutcomeClass.DUPLICATE if duplicate else OutcomeClass.AMBIGUOUS
    move = desk.move(row, refused=duplicate)
    asked, alarms = asked_to_wait(desk, error)
    desk.gate.pause(now, asked)
    if move is Move.WAIT and is_edit(row):  # not sent again: nothing to decide, it only may still arrive
        desk.due[row.id] = now + desk.ctx.settings.delivery.quiet_s
    elif move is Move.WAIT:
        desk.due[row.id] = now + desk.ctx.settings.delivery.blind_assume_s
        alarms[f"unknown:{row.id}"] = _unseen(desk, row, error.detail)
    elif move is Move.LOOK:
        desk.due[row.id] = now + min(LOOKS_AFTER_S[0], desk.ctx.settings.delivery.quiet_s)
    else:
        desk.back_off(row, max(desk.wait_s(row), asked))
    values = {"error_class": str(error_class)}
    return Verdict(DeliveryState.UNKNOWN, str(error.outcome), error.detail, values, alarms, gate=opened)


def _unseen(desk: Desk, row: Delivery, detail: str) -> str:
    minutes = desk.ctx.settings.delivery.blind_assume_s / 60
    return (
        f"Delivery {row.id} on {row.channel}: nobody knows whether it was published, and the network cannot be asked. {detail} "
        f"Look at the channel: mark it as seen, or send it again. Without a decision it counts as sent after {minutes:.0f} min."
    )


def unseen_alarm(desk: Desk, row: Delivery) -> tuple[str, str]:
    """Key and text of the alarm for a row that was found unknown on a network that cannot be read."""
    return f"unknown:{row.id}", _unseen(desk, row, "The process ended while it was being sent.")


def _rejected(desk: Desk, row: Delivery, error: Rejected, repeat: bool) -> Verdict:
    if error.outcome is OutcomeClass.REAUTH:
        desk.due[row.id] = desk.mono()
        state = DeliveryState.UNKNOWN if repeat else DeliveryState.QUEUED
        return Verdict(state, str(error.outcome), error.detail, {} if repeat else {"error_class": str(error.outcome)})
    alone = row.error_class == PARENT_GONE or (not (row.request or {}).get("edit") and not (row.request or {}).get("reply_to"))
    if error.parent_gone and not alone and (not repeat or is_edit(row)):
        desk.due[row.id] = desk.mono()
        text = f"On {row.channel} the post that delivery {row.id} continues is gone: the thread starts anew. {error.detail}"
        return Verdict(
            DeliveryState.QUEUED,
            PARENT_GONE,
            error.detail,
            {**FRESH, "error_class": PARENT_GONE, "epoch": row.epoch + 1, "attempts": 0},  # other words, so another key
            {f"parent:{row.subject_id}:{row.channel}": text},
        )
    if repeat and not is_edit(row):
        desk.due[row.id] = desk.mono()
    if repeat and (not is_edit(row) or _may_still_arrive(desk, row)):
        return Verdict(DeliveryState.UNKNOWN, str(error.outcome), error.detail, {"error_class": str(error.outcome)})
    return stuck(row, str(error.outcome), error.detail)


def _off(desk: Desk, row: Delivery, found: Verdict) -> str:
    """What operators are told of an account that is off, and of the delivery that met it."""
    why = f"{desk.gate.stopped} Until then nothing is asked of it, and what is to go there waits."
    key = f"delivery:{row.id}"
    return f"{why} {found.alarms[key]} {address(desk.ctx, key)}" if key in found.alarms else why


def stuck(row: Delivery, outcome: str, detail: str) -> Verdict:
    """A person decides; they are told."""
    text = f"Delivery {row.id} on {row.channel} is stuck: {detail} Retry or withdraw it; the next update replaces it."
    return Verdict(DeliveryState.STUCK, outcome, detail, {"error_class": outcome, "next_attempt_at": None}, {f"delivery:{row.id}": text})


def _unavailable(desk: Desk, row: Delivery, error: BroadcastError, repeat: bool) -> Verdict:
    now, opened = desk.mono(), False
    asked, alarms = asked_to_wait(desk, error)
    wait = max(desk.wait_s(row), asked)
    if error.outcome is OutcomeClass.THROTTLED:
        desk.gate.pause(now, wait)
    else:
        desk.gate.pause(now, asked)
        opened = desk.gate.failed(now)
    desk.back_off(row, wait)
    if repeat:
        return Verdict(DeliveryState.UNKNOWN, str(error.outcome), error.detail, {}, alarms, gate=opened)
    if row.attempts >= MAX_ATTEMPTS:
        return stuck(row, str(error.outcome), f"Given up after {row.attempts} attempts. {error.detail}")
    values: dict[str, Any] = {"error_class": str(error.outcome), "next_attempt_at": desk.ctx.now() + timedelta(seconds=wait)}
    if error.container_spent:
        values["request"] = None  # with the container in it; the next attempt makes another
    return Verdict(DeliveryState.QUEUED, str(error.outcome), error.detail, values, alarms, gate=opened)


def asked_to_wait(desk: Desk, error: BroadcastError) -> tuple[float, dict[str, str]]:
    """Seconds that the network asks the account to wait, as far as that is obeyed; and an alarm where it asks for more."""
    most = desk.ctx.settings.delivery.retry_after_max_s
    asked, too_long = obeyed_s(error.retry_after_s, most)
    if not too_long:
        return asked, {}
    text = f"{desk.account}: the network asks to wait {error.retry_after_s:.0f} s; it is asked again after {most:.0f} s."
    return asked, {f"wait:{desk.account}": text}


def write(desk: Desk, session: Any, row: Delivery, verdict: Verdict, act: str = "") -> None:
    """Row, story, alarms and account in one transaction. Safe to be asked again after the database refused it.

    act   send, edit, find or decide; "": send or edit, as the request says
    """
    now = desk.ctx.now()
    settled = {"settled_at": now} if verdict.state.final else {}
    again = {"next_attempt_at": desk.due_wall(row)} if verdict.state in (DeliveryState.UNKNOWN, DeliveryState.QUEUED) else {}
    values = {"state": verdict.state, "detail": verdict.detail, **settled, **again, **verdict.values}
    if values.get("remote_id"):
        values["remote"] = sealed_remote(row, values["remote_id"], values["remote"], desk.ctx.seal_key)
    moved = deliveries.change(session, row, **values)
    desk.note(session, row, act or ("edit" if is_edit(row) else "send"), verdict.noted, _evidence(verdict))
    if verdict.off:
        desk.stopped(session, verdict.off, row if verdict.state is DeliveryState.STUCK else None)
    if not moved:
        return
    if verdict.state is DeliveryState.DELIVERED:
        if not is_alarm(row):
            deliveries.accept_first(session, row.subject_id, row.network, now)
        desk.calm(session, row)
    for key, text in verdict.alarms.items():
        desk.alarm(session, key, text, row, tell=not verdict.off)
    desk.keep_wait(session)
    if verdict.gate:
        (desk.works_again if verdict.state is DeliveryState.DELIVERED else desk.save_gate)(session)


def _evidence(verdict: Verdict) -> str:
    """What the network answered, for the story: where it accepted a post, under which id and address too."""
    remote_id, url = verdict.values.get("remote_id"), verdict.values.get("url")
    named = f"id {remote_id}" + (f", {url}" if url else "") if remote_id else ""
    return "; ".join(part for part in (verdict.detail, named) if part)
