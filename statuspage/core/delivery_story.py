"""A delivery's story in words: what was asked, what came of it, why it waits and until when, what a person can do. Pure.

For engineers, in English, without any secret: a request's words are shown elsewhere, its key is no secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import doubtful, expired, is_alarm
from statuspage.core.vocabulary import DeliveryState, SubjectKind

S = DeliveryState


# --- what was asked and what came of it ---------------------------------------------------------------------------------------


def asked(request: Mapping[str, Any], *, attempt: int, epoch: int) -> str:
    """What a frozen request asks of the network, as evidence; attempt counts within the epoch."""
    letters = len(request["text"])
    if request.get("edit"):
        what = f"rewrite post {request['edit']['id']} ({letters} letters)"
    elif request.get("container"):
        what = f"publish the prepared post {request['container']} ({letters} letters)"
    elif request.get("reply_to"):
        what = f"a reply to {request['reply_to']['id']} ({letters} letters)"
    else:
        what = f"a post that stands alone ({letters} letters)"
    return f"{what}, code {request['code']}, key {request['key'][:12]}, attempt {attempt}" + (f" of round {epoch}" if epoch > 1 else "")


_TOLD: Mapping[tuple[str, str], str] = {
    ("send", "intent"): "Sent",
    ("send", "repeat"): "Sent again: the same request under the same key",
    ("edit", "intent"): "Edit sent",
    ("edit", "repeat"): "Edit sent again",
    ("find", "found"): "Looked at the own timeline: it is there",
    ("find", "not_yet"): "Looked at the own timeline: not there yet",
    ("find", "absent"): "Proven not published: it may be sent anew",
    ("find", "duplicate"): "Looked at the own timeline: not there, though the network calls it a repeat",
    ("decide", "unknown"): "Found half-sent: whether it is out is not known",
    ("decide", "assumed"): "Counts as published: nobody decided otherwise",
    ("decide", "released"): "Its hold ended: it may go",
    ("decide", "superseded"): "Replaced by a newer update",
    ("decide", "withdrawn"): "Withdrawn",
    ("decide", "seen"): "A person saw it on the channel",
    ("decide", "retry"): "A person sends it again",
    ("decide", "stuck"): "Stuck: a person decides",
    ("decide", "stands_again"): "It goes out after all",
    ("decide", "given_up"): "Given up: a person decides",
    ("decide", "refused"): "Refused: it is never sent",
    ("decide", "restored"): "From a restored backup: whether it is out is not known",
}
_ANSWERED: Mapping[str, str] = {
    "ok": "The network accepted it",
    "not_sent": "Not sent",
    "retry": "It did not get through",
    "throttled": "The network asked us to wait",
    "ambiguous": "No clear answer: nobody knows whether it is out",
    "duplicate": "The network calls it a repeat",
    "reauth": "The network refused our credentials",
    "content": "The network refused the words",
    "denied": "The network does not let this account post",
    "billing": "The network wants to be paid first",
    "gone": "The network says that this place is gone",
    "parent_gone": "The post it continues is gone: the thread starts anew",
}


def told(act: str, outcome: str) -> str:
    """One line of the story in words. act: send, edit, find or decide; an outcome that is not known here is shown as it is."""
    if (act, outcome) in _TOLD:
        return _TOLD[act, outcome]
    words = _ANSWERED.get(outcome, outcome.replace("_", " "))
    return f"Looked at the own timeline: {words[:1].lower()}{words[1:]}" if act == "find" else words


def words_of(row: Delivery) -> str:
    """What stands, or will stand, on the network: the frozen request's words, else those that a follow-up would have."""
    return str(row.request["text"]) if row.request else row.story or row.text


class Line(Protocol):
    """One line of a story, as the store keeps it."""

    @property
    def at(self) -> datetime: ...
    @property
    def act(self) -> str: ...
    @property
    def outcome(self) -> str: ...


def unknown_since(row: Delivery, story: Sequence[Line]) -> datetime | None:
    """When the row last became unknown: its last send or decision that left it so. None for a row that is not unknown.

    A restored backup says nothing of when something was sent: what it knows of the last attempt counts, None if of none.
    """
    if row.state is not S.UNKNOWN:
        return None
    ends = [line.at for line in story if line.act != "find" and line.outcome not in ("intent", "repeat", "restored")]
    return ends[-1] if ends else row.last_attempt_at


# --- where it stands ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Surroundings:
    """What besides the row decides how it goes on.

    delivery_class  of the channel's network; "" if the channel is configured no more
    quiet_s, blind_assume_s  seconds, from the settings
    unknown_since   when the row became unknown, if it is
    posting_off     who switched all posting off; "" if nobody did
    stopped         why the account is stopped, or ""; held: until a person resumes it, no trial ends that
    failing         the account failed several times in a row: its breaker is open, until open_until at least
    run             a delivery goes to many people, one after the other
    asked_until     the network asked the whole account to wait until then
    no_picture      the network takes pictures, and this one is not on the public page yet
    """

    now: datetime
    delivery_class: str
    quiet_s: float
    blind_assume_s: float
    unknown_since: datetime | None = None
    posting_off: str = ""
    stopped: str = ""
    held: bool = False
    failing: bool = False
    open_until: datetime | None = None
    run: bool = False
    asked_until: datetime | None = None
    no_picture: bool = False


@dataclass(frozen=True)
class Standing:
    """why: one or two sentences; until: when that ends at the latest, if a time ends it; next_at: the next try or look, if known."""

    why: str
    until: datetime | None = None
    next_at: datetime | None = None


def standing(row: Delivery, thread: Sequence[Delivery], around: Surroundings) -> Standing:
    """Why the row is where it is, and what happens next by itself. thread: all rows of it, by sequence."""
    found = _standing(row, thread, around)
    until, next_at = (at if at is not None and at > around.now else None for at in (found.until, found.next_at))
    return replace(found, until=until, next_at=next_at)  # what should have happened by then happens at any moment


def _standing(row: Delivery, thread: Sequence[Delivery], around: Surroundings) -> Standing:
    match row.state:
        case S.WAITING if row.not_before is None:
            return Standing("Waits for a person's approval.")
        case S.WAITING:
            return Standing("On hold, so that a person can still stop it. It goes out by itself when the hold ends.", row.not_before)
        case S.QUEUED:
            return _queued(row, thread, around)
        case S.SENDING if around.run:
            return _running(row, around)
        case S.SENDING:
            return Standing("Is being sent just now. If no answer comes, it counts as unknown, not as failed.")
        case S.UNKNOWN:
            return _unknown(row, around)
        case S.STUCK:
            return Standing(f"Waits for a person's decision. {row.detail} The next update of this thread replaces it.".replace("  ", " "))
        case S.REFUSED:
            return Standing(f"Never sent: {row.detail}")
        case _:
            return Standing(row.detail)


def _queued(row: Delivery, thread: Sequence[Delivery], around: Surroundings) -> Standing:
    before = [other for other in thread if other.sequence < row.sequence and not other.state.final]
    doubtful_one = next((other for other in thread if other.state in (S.SENDING, S.UNKNOWN) and other.id != row.id), None)
    if not around.delivery_class:
        return Standing("Its channel is not configured any more, so nobody sends it. Configure it again, or withdraw the post.")
    if around.posting_off and not is_alarm(row):
        return Standing(f"All automatic posting is switched off by {around.posting_off}.", row.valid_until)
    if around.stopped:
        return Standing(_stop(around), row.valid_until)
    if doubtful_one is not None:
        return Standing(
            f"Waits for update {doubtful_one.sequence} of this thread: until it is known whether that one is out, nothing may follow it."
        )
    if before and before[0].state is S.WAITING:
        return Standing(f"Waits for update {before[0].sequence} of this thread, which is on hold.", before[0].not_before)
    if around.failing:
        why = f"The network failed several times in a row; it is asked whether it answers before anything is posted. {row.detail}"
        return Standing(why.strip(), row.valid_until, around.open_until)
    if around.asked_until is not None and around.asked_until > around.now:
        return Standing(f"The network asked the account to wait. {row.detail}".strip(), row.valid_until, around.asked_until)
    if row.attempts:
        return Standing(f"Is tried again by itself. {row.detail}".strip(), row.valid_until, row.next_attempt_at)
    if around.no_picture:
        return Standing("Waits for its picture: the network fetches it from the public page, and it is not there yet.", row.valid_until)
    return Standing("Goes out next.", row.valid_until)


def _stop(around: Surroundings) -> str:
    how = "off: nothing is asked of it until a person resumes it" if around.held else "stopped, and asked again every few minutes"
    return f"The account is {how}. {around.stopped}"


def _running(row: Delivery, around: Surroundings) -> Standing:
    told = f"Goes to its list, one subscriber after the other; whatever happens to the process, nobody is passed over. {row.detail}".strip()
    if around.posting_off:
        return Standing(f"{told} All automatic posting is switched off by {around.posting_off}: nobody more is sent to.", row.valid_until)
    if around.stopped:
        return Standing(f"{told} {_stop(around)}", row.valid_until)
    if around.failing:
        return Standing(f"{told} Whoever takes them failed several times in a row, and is asked again.", row.valid_until, around.open_until)
    return Standing(told, row.valid_until, row.next_attempt_at)


def _unknown(row: Delivery, around: Surroundings) -> Standing:
    since = around.unknown_since or row.last_attempt_at or around.now
    quiet_until = since + timedelta(seconds=around.quiet_s)
    lead = f"Nobody knows whether it is out. {row.detail}".strip()
    if around.held:
        lead += f" {_stop(around)}"
    elif around.stopped or around.failing:
        lead += " The network does not answer just now, or does not know us; until it does, nothing can be found out there."
    edit = bool(row.request and row.request.get("edit"))
    repeat = around.delivery_class in ("natural_key", "keyed") and not expired(row, around.now)
    if edit:
        return Standing(f"{lead} An edit can be repeated without harm: it is, until it is answered.", None, row.next_attempt_at)
    if repeat and row.error_class not in ("duplicate", "restored", "restored_waiting", "restored_stuck"):
        how = "The same request is repeated under the same key: the network makes no second post of it."
        if around.delivery_class == "keyed":
            how += " Once the network may have forgotten the key, the own timeline is read instead."
        return Standing(f"{lead} {how}", None, row.next_attempt_at)
    if around.delivery_class == "blind":
        assumed_at = max(since + timedelta(seconds=around.blind_assume_s), row.next_attempt_at or since)  # anew where a process began anew
        return Standing(
            f"{lead} This network's timeline cannot be read: look at the channel. Without a decision it counts as published.", assumed_at
        )
    if around.delivery_class == "staged":
        return Standing(f"{lead} The network is asked what became of the prepared post.", quiet_until, row.next_attempt_at)
    return Standing(
        f"{lead} The own timeline is read for code {row.code}: if it is there, it is delivered; if it is still missing when the quiet "
        "period is over, it is sent anew.",
        quiet_until,
        row.next_attempt_at,
    )


# --- what a person can do -----------------------------------------------------------------------------------------------------


class Deed(StrEnum):
    """What a person may do with a delivery; the value is the command's name."""

    SEEN = "seen"
    NOT_THERE = "not-there"
    RETRY = "retry"
    WITHDRAW = "withdraw"
    CORRECT = "correct"


@dataclass(frozen=True)
class Choice:
    """One thing that a person can do now. may_double: a second post is possible if the person is wrong, so it must be confirmed."""

    deed: Deed
    label: str
    meaning: str
    command: str
    may_double: bool = False


def choices(row: Delivery, around: Surroundings) -> tuple[Choice, ...]:
    """What a person can do with the row now, the safest first; nothing for a row that moves by itself or is over."""
    found = []
    if doubtful(row):
        found += [_seen(row), _not_there(row, around)]
    elif row.state is S.STUCK:
        outdated = " Its words are out of date: by sending it you vouch for them for 30 minutes." if expired(row, around.now) else ""
        meaning = f"It surely is not out; it goes out again now.{outdated}"
        found.append(Choice(Deed.RETRY, "Send it again", meaning, f"statuspage deliveries retry {row.id}"))
    if row.state in (S.WAITING, S.QUEUED, S.STUCK):
        meaning = "It is never sent. What is out already stays; a statement that it replaced goes out, if that is still true."
        found.append(Choice(Deed.WITHDRAW, "Withdraw", meaning, f"statuspage deliveries withdraw {row.id}"))
    if row.state in (S.DELIVERED, S.UNKNOWN) and row.subject_kind in (SubjectKind.INCIDENT, SubjectKind.MAINTENANCE):
        found.append(
            Choice(
                Deed.CORRECT,
                "Correct it",
                "Nothing is deleted: a correction that says what was wrong follows in every thread.",
                f"statuspage {row.subject_kind} correct {row.subject_id} {row.sequence} --wrong … --right …",
            )
        )
    return tuple(found)


def _seen(row: Delivery) -> Choice:
    return Choice(
        Deed.SEEN,
        "I looked: it is there",
        "It is delivered. The next update of the thread stands alone, since the post's id is not known.",
        f"statuspage deliveries seen {row.id} --url ADDRESS",
    )


def _not_there(row: Delivery, around: Surroundings) -> Choice:
    ends = None if around.unknown_since is None else around.unknown_since + timedelta(seconds=around.quiet_s)
    early = f" Possible from {ends:%H:%M:%S} UTC on: until then a late post may still appear." if ends and ends > around.now else ""
    return Choice(
        Deed.NOT_THERE,
        "I looked: it is not there",
        f"It is sent anew. If it is there after all, customers see it twice.{early}",
        f"statuspage deliveries not-there {row.id}",
        may_double=True,
    )
