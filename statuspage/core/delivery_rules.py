"""What the dispatcher decides, as pure functions: what is next in a thread, what an unclear answer calls for, how long to wait.

Seconds are those of the monotonic clock unless a name says otherwise. docs/delivery.md gives the reasons.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind, UpdateMode

INTENT_GOOD_FOR_S = 10.0  # from the commit of the intent to the socket; far below the quiet period, so a successor cannot be overtaken
MAX_ATTEMPTS = 30  # over all epochs, since a person last asked for it; then a person decides
LOOKS_AFTER_S = (2.0, 10.0, 30.0, 60.0)  # early looks at the own timeline: what is found there is found; absence is no proof yet
PAGE_FIRST = timedelta(seconds=2)  # a post waits so long at most for the page; with the page's second it is within the three of the design
PARENT_GONE = "parent_gone"  # error class of a row whose parent is no longer there: it starts the thread anew

_OVER = (NoticeKind.RESOLVED, NoticeKind.RESOLVED_AUTO, NoticeKind.PLANNED_CANCELLED)
_PROGRESS = (NoticeKind.INVESTIGATING, NoticeKind.IDENTIFIED, NoticeKind.UPDATE, NoticeKind.REOPENED)  # it goes on
_BEFORE_SENDING = (DeliveryState.WAITING, DeliveryState.QUEUED)


def key_of(delivery_id: str, epoch: int) -> str:
    """The idempotency key: the same for every attempt of an epoch, another one for any other delivery or epoch. 32 letters."""
    return hashlib.sha256(f"delivery {delivery_id} epoch {epoch}".encode()).hexdigest()[:32]


# --- a thread -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What a thread calls for. release: waiting rows whose hold is over; supersede: row and the sequence that replaces it;
    expire: rows that may not be sent by themselves any more; send: the one row that may go now."""

    release: tuple[Delivery, ...] = ()
    supersede: tuple[tuple[Delivery, int], ...] = ()
    expire: tuple[Delivery, ...] = ()
    send: Delivery | None = None

    @property
    def changes(self) -> bool:
        return bool(self.release or self.supersede or self.expire)


def plan_thread(rows: Sequence[Delivery], *, now: datetime, released: Collection[str] = ()) -> Plan:
    """What may happen next in one thread (subject x channel).

    rows      all of the thread, by sequence
    released  ids of waiting rows whose hold is over
    returns   a Plan; nothing is sent while an earlier row is being sent or unknown

    The newest statement that may go replaces all older ones that are not out yet, except corrections and warnings, which are
    sent first, in their order. A row that a newer one has overtaken is never sent: the sequence in a thread never falls. What
    was definitely rejected (stuck) is replaced by the next statement.
    """
    release = tuple(row for row in rows if row.state is DeliveryState.WAITING and row.id in released)
    if any(row.state in (DeliveryState.SENDING, DeliveryState.UNKNOWN) for row in rows):
        return Plan(release=release)
    ready = [row for row in rows if row.state is DeliveryState.QUEUED or row in release]
    newest_out = max((row.sequence for row in rows if row.state is DeliveryState.DELIVERED), default=0)
    if not ready:
        return Plan(release=release)
    newest = ready[-1].sequence
    supersede, left = [], []
    for row in rows:
        if row.state.final:
            continue
        if row.sequence < newest_out:
            supersede.append((row, newest_out))
        elif row.sequence < newest and (row.state is DeliveryState.STUCK or not row.essential):
            supersede.append((row, newest))
        elif row.state is not DeliveryState.STUCK:
            left.append(row)
    expire = tuple(row for row in left if row in ready and expired(row, now))
    left = [row for row in left if row not in expire]
    head = left[0] if left else None
    blocked = head is None or head not in ready
    return Plan(release, tuple(supersede), expire, None if blocked else head)


def expired(row: Delivery, now: datetime) -> bool:
    """True if the statement may have become untrue: its next update is due. It is never sent by itself any more."""
    return row.valid_until is not None and now >= row.valid_until


def doubtful(row: Delivery) -> bool:
    """True if a post of this row may be out though the ledger cannot say so: sending it again can then make a second one."""
    unclear = row.error_class in ("duplicate", "restored") or (row.error_class == "stuck" and row.attempts > 0)
    return row.state is DeliveryState.UNKNOWN or (row.state is DeliveryState.STUCK and unclear)


def may_be_out(row: Delivery) -> bool:
    """True if the row was tried, or its post stands or may stand though nobody here knows of a try: it comes from a backup."""
    return row.attempts > 0 or row.state in (DeliveryState.SENDING, DeliveryState.DELIVERED) or doubtful(row)


def healed(rows: Sequence[Delivery]) -> bool:
    """True if a subject that nobody was told about is over: then nothing is said of it.

    rows   of one thread, by sequence, of a subject of which no post may be out on any channel

    A statement that is the subject's only one is somebody's wish to announce the end, and is sent.
    """
    moving = [row for row in rows if row.state in _BEFORE_SENDING]
    return bool(moving) and rows[-1].kind in _OVER and len(rows) > 1 and not any(row.essential for row in moving)


def stands_again(withdrawn: Delivery, rows: Sequence[Delivery], now: datetime) -> Delivery | None:
    """What a withdrawn row had replaced, if it would be the newest of its thread and is still true; None if nothing comes in its place.

    rows   the thread, by sequence. What may be out in spite of having been replaced is never taken up again; nor is what stopped being
           true with the newer statement, whoever withdraws the post that says so: that it works again, is over, was wrong, fails again
    """
    place, gone = (withdrawn.account, withdrawn.network), (DeliveryState.WITHDRAWN, DeliveryState.REFUSED)
    others = [row for row in rows if row.id != withdrawn.id and row.state not in gone and (row.account, row.network) == place]
    newest = others[-1] if others else None
    if (
        newest is None
        or not still_true(newest.kind, after=withdrawn.kind)
        or newest.sequence > withdrawn.sequence
        or newest.state is not DeliveryState.SUPERSEDED
    ):
        return None
    return None if newest.error_class is not None or expired(newest, now) else newest


def still_true(kind: NoticeKind, *, after: NoticeKind) -> bool:
    """True if what was said before a statement of the kind `after` is as true after it: both say that it goes on, or that it is watched."""
    return (kind in _PROGRESS and after in _PROGRESS) or kind is after is NoticeKind.MONITORING


def hold_left_s(row: Delivery, now: datetime) -> float:
    """Seconds that a waiting row must still wait when a process first sees it; a wall clock that jumped cannot stretch the hold.

    From then on the monotonic clock counts. 0.0 for a row without a hold; for one that waits for a person: infinity.
    """
    if row.not_before is None:
        return float("inf") if row.state is DeliveryState.WAITING else 0.0
    whole = (row.not_before - row.created_at).total_seconds()
    return min(max((row.not_before - now).total_seconds(), 0.0), max(whole, 0.0))


def parent_of(rows: Sequence[Delivery], row: Delivery) -> Delivery | None:
    """The post that `row` continues: the newest of its thread on the same account that is out and whose id is known. None: it stands alone.

    A channel may have moved to another account meanwhile: an id of the old one means nothing there, or somebody else's post.
    """
    mine = [other for other in rows if (other.account, other.network) == (row.account, row.network) and other.sequence < row.sequence]
    out = [other for other in mine if other.state is DeliveryState.DELIVERED and other.remote_id]
    return out[-1] if out else None


class Place(StrEnum):
    """Where a post stands in its thread."""

    FIRST = "first"  # it stands alone and begins the thread
    REPLY = "reply"  # under the post before it
    EDIT = "edit"  # the post before it is rewritten
    NEW = "new"  # it stands alone, though the thread has begun


@dataclass(frozen=True)
class Placed:
    """A post in its thread. parent: what it continues; words: those of the row's frozen texts that are sent there."""

    place: Place
    parent: Delivery | None
    words: str


def placed(row: Delivery, rows: Sequence[Delivery], *, can_edit: bool) -> Placed:
    """Where the post of `row` would go just now, and with which words.

    rows      the thread, by sequence
    can_edit  the network lets posts be rewritten
    """
    parent = None if row.error_class == PARENT_GONE else parent_of(rows, row)
    if parent is None:
        return Placed(Place.FIRST, None, row.text_alone)
    if row.mode is UpdateMode.EDIT:
        return Placed(Place.EDIT, parent, row.story) if can_edit else Placed(Place.NEW, parent, row.text_alone)
    return Placed(Place.REPLY if row.mode is UpdateMode.REPLY else Place.NEW, parent, row.text)


# --- an unclear answer ------------------------------------------------------------------------------------------------------------


class Move(StrEnum):
    """What an unknown row calls for."""

    REPEAT = "repeat"  # the same request again is harmless
    ASK = "ask"  # the container of a staged post knows
    LOOK = "look"  # read the own timeline
    WAIT = "wait"  # a blind network: a person was told, it counts as sent after a while; an edit: let the quiet period pass


def move_for(delivery_class: str, *, edit: bool, key_trusted: bool, refused: bool, frozen: bool = True) -> Move:
    """The harmless way on from `unknown`.

    delivery_class  natural_key, keyed, staged, bare or blind
    edit         the request rewrites a post: a repeat changes nothing
    key_trusted  see key_trusted()
    refused      the same request may or can not go again: a repeat was definitely refused, the network spoke of a duplicate, the
                 statement has expired, or the row comes from a backup
    frozen       the request is known (record key, container); it is not if the row comes from a backup made before it was sent
    """
    if edit:
        return Move.WAIT if refused else Move.REPEAT
    if delivery_class == "staged" and frozen:
        return Move.ASK
    harmless = delivery_class == "natural_key" or (delivery_class == "keyed" and key_trusted)
    if harmless and frozen and not refused:
        return Move.REPEAT
    return Move.WAIT if delivery_class == "blind" else Move.LOOK


@dataclass(frozen=True)
class Instant:
    """All clocks of one moment."""

    wall: datetime
    monotonic: float
    boottime: float
    process_id: str


def key_trusted(row: Delivery, now: Instant, window_s: float) -> bool:
    """True if the server surely still remembers the key: half its window since the FIRST attempt is not over.

    Wall clock and boot clock must both say so, within one run of one process: a wall clock may have been set back, a boot clock
    starts again with the machine, and after a restart nobody knows what happened between.
    """
    if row.first_attempt_at is None or row.first_boottime is None or row.process_id != now.process_id:
        return False
    ages = ((now.wall - row.first_attempt_at).total_seconds(), now.boottime - row.first_boottime)
    return all(0.0 <= age < window_s / 2 for age in ages)


def intent_fresh(committed: Instant, now: Instant) -> bool:
    """True if so little passed since the intent was committed that nobody can have taken over meanwhile; sleep counts too."""
    return max(now.monotonic - committed.monotonic, now.boottime - committed.boottime) < INTENT_GOOD_FOR_S


def next_look_s(waited_s: float, quiet_s: float) -> float:
    """Seconds from now to the next look at the timeline, `waited_s` after the row became unknown to this process."""
    after = [moment for moment in (*LOOKS_AFTER_S, quiet_s) if waited_s < moment <= quiet_s]
    return (after[0] if after else waited_s) - waited_s


def ends_account(outcome: str, *, single: bool) -> bool:
    """True if a definite refusal speaks of the account, its bill or its place: whatever is asked next would be refused too.

    single   it speaks of the one request alone, e.g. of the post replied to

    From then on the account is off: nothing is asked of it until a person resumes it, or its configuration is another one.
    """
    return outcome in ("denied", "billing", "gone") and not single


# --- waiting ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Backoff:
    """base_s doubles up to cap_s; after slow_after_s since the first attempt each wait is drawn up to slow_s."""

    base_s: float = 2.0
    cap_s: float = 60.0
    slow_after_s: float = 600.0
    slow_s: float = 480.0

    def wait_s(self, attempt: int, age_s: float, chance: float) -> float:
        """Full jitter: `chance` in [0, 1) of the ceiling. attempt: 1 after the first failure; age_s: since the first attempt."""
        ceiling = self.slow_s if age_s >= self.slow_after_s else min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, 30))
        return ceiling * chance


def wait_left_s(row: Delivery, now: datetime, most_s: float) -> float:
    """Seconds that a row must still wait when a process first sees it, from what the last one wrote down by its wall clock.

    Never more than the whole of that wait, nor than `most_s`: a wall clock that was set back meanwhile must not stretch it.
    """
    if row.next_attempt_at is None:
        return 0.0
    left = (row.next_attempt_at - now).total_seconds()
    whole = most_s if row.last_attempt_at is None else (row.next_attempt_at - row.last_attempt_at).total_seconds()
    return max(min(left, whole, most_s), 0.0)


def obeyed_s(asked_s: float | None, most_s: float) -> tuple[float, bool]:
    """What is honoured of a Retry-After, and whether it asks for more than that (then a person is told). Nonsense counts as nothing."""
    if asked_s is None or not asked_s > 0:
        return 0.0, False
    return min(asked_s, most_s), asked_s > most_s


def waits_for_page(row: Delivery, published_at: datetime | None, now: datetime) -> bool:
    """True while the page may not tell yet what a post says: who follows the post to it must not read that all is well, or that the
    code is not ours.

    published_at   when the newest edition was begun; None: nobody publishes. Trouble with the page delays a post by PAGE_FIRST at most.
    """
    since = max(row.created_at, row.not_before or row.created_at)
    untold = published_at is not None and published_at < since and not is_alarm(row)
    return untold and timedelta(0) <= now - since < PAGE_FIRST


def is_alarm(row: Delivery) -> bool:
    """True for what operators are told: no off switch silences it."""
    return row.subject_kind is SubjectKind.ALARM
