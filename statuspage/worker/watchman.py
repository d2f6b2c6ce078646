"""Watches the ledger for what needs a person: no delivery stays stuck or unknown without an alarm, and no alarm outlives its delivery.

Apart from the dispatchers, since one of them may hang in its network for as long as a post may take, or belong to an account that
is configured no more. What it raises and clears are alarms; what it changes is one thing: a row that was being sent when its account
left the configuration has no dispatcher any more that could call it unknown.
"""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from statuspage.actions import alarms, stories
from statuspage.actions.context import Context
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import INTENT_GOOD_FOR_S, is_alarm
from statuspage.core.errors import NotFound
from statuspage.core.vocabulary import DeliveryState, SubjectKind
from statuspage.store import Session, accounts, deliveries, switches
from statuspage.store import alarms as alarm_store
from statuspage.worker.held import held_updates

STEP_S = 1.0
GRACE_S = 2.0  # beyond the quiet period: so long the look that settles it may take
_WATCHED = (DeliveryState.UNKNOWN, DeliveryState.SENDING, DeliveryState.STUCK, DeliveryState.QUEUED, DeliveryState.WAITING)
_UNSENT = (DeliveryState.QUEUED, DeliveryState.WAITING)
_DOUBT = ("ambiguous", "duplicate")  # error classes of a row that was unknown and is being repeated
_LATE = "late:"  # beginning of the keys of alarms about accounts on which nothing gets through
_MOST = 1000  # rows at a time, the newest first


class Watchman:
    """One owner at a time. Remembers, on the monotonic clock, since when each row is unknown."""

    name = "watchman"

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self._since: dict[tuple[str, int, bool], float] = {}  # delivery id, epoch, sent for the first time -> monotonic moment
        self._late: dict[tuple[SubjectKind, str, str], float] = {}  # thread -> since when something is to go there, and nothing went
        self._held: set[str] = set()  # keys of the alarms about updates on hold, at the last look
        self._silenced: set[str] = set()  # accounts on which nothing goes because somebody wants it so, or they are stopped
        self._new = self._fresh = True

    def step(self) -> float:
        """One look at all that is open."""
        with self.ctx.ports.store.reading() as session:
            rows = deliveries.listing(session, _WATCHED, limit=_MOST)
            known = {alarm.key for alarm in alarm_store.listing(session, limit=_MOST)}
            over = [key for key in sorted(known) if self._is_over(session, key)]
            waits = self._waits(session, rows)
        for row in rows:
            if row.state is DeliveryState.SENDING and self._orphaned(row):
                self._left_over(row)
        self._remember(rows)
        for key, text, row in self._wanted(rows):
            if key not in known:
                self._raise(key, text, row)
        self._tell_late(waits, known)
        self._tell_held(rows, known)
        for key in over:
            alarms.clear_alarm(self.ctx, key)
        return STEP_S

    def _waits(self, session: Session, rows: list[Delivery]) -> dict[str, list[Delivery]]:
        """By account, what is to go and does not: its thread has waited for longer than the quiet period, whatever replaced what in it.

        Not where a person has seen to it that nothing goes: posting is off, or the account, which is an alarm of its own.
        """
        now, wall, quiet_s = self.ctx.ports.clock.monotonic(), self.ctx.now(), self.ctx.settings.delivery.quiet_s
        off = switches.is_off(session, switches.POSTING)
        stopped = {account.name for account in accounts.all_states(session) if account.stopped}
        self._silenced = {own.name for own in self.ctx.settings.accounts} if off else stopped
        under_way = [row for row in rows if row.state is DeliveryState.QUEUED or self._is_unclear(row)]
        due = [row for row in under_way if not (self._orphaned(row) or is_alarm(row))]
        due = [] if off else [row for row in due if row.account not in stopped]
        known = self._late
        self._late = {row.thread: known.get(row.thread, now - min(_queued_s(row, wall) if self._fresh else 0.0, quiet_s)) for row in due}
        self._fresh = False
        found: dict[str, list[Delivery]] = {}
        for row in due:
            if now - self._late[row.thread] >= quiet_s:
                found.setdefault(row.account, []).append(row)
        return found

    def _tell_late(self, waits: dict[str, list[Delivery]], known: set[str]) -> None:
        """One alarm for each account on which nothing gets through, and its end."""
        for account in sorted(waits.keys() - {key.removeprefix(_LATE) for key in known}):
            rows, quiet_s = [row for row in waits[account] if row.state is DeliveryState.QUEUED], self.ctx.settings.delivery.quiet_s
            if not rows:
                continue  # it is being tried just now, or its outcome is in doubt, which is told apart
            oldest = min(rows, key=attrgetter("created_at"))
            text = (
                f"{account}: for more than {quiet_s:.0f} s a post that is to go does not get through"
                f" ({len(rows)} of them wait; on {oldest.channel}: {oldest.detail or 'not tried yet'}) It is tried again by itself."
            )
            alarms.raise_alarm(self.ctx, f"{_LATE}{account}", text)
        for key in sorted(key for key in known if key.startswith(_LATE) and key.removeprefix(_LATE) not in waits):
            if key.removeprefix(_LATE) in self._silenced:
                alarms.retire_alarm(self.ctx, key)  # nothing got through: somebody switched it off, or that is told as an alarm of its own
            else:
                alarms.clear_alarm(self.ctx, key)

    def _tell_held(self, rows: list[Delivery], known: set[str]) -> None:
        """One alarm for each update on hold, while it is. Its end is no news: either it was posted, or somebody stopped it.

        Not again for one that a person has looked into.
        """
        held = held_updates([row for row in rows if not self._orphaned(row)], self.ctx.now())
        for key in sorted(held.keys() - known - self._held):
            alarms.raise_alarm(self.ctx, key, held[key])
        self._held = set(held)
        for key in sorted(key for key in known - held.keys() if key.startswith(alarms.HELD)):
            alarms.retire_alarm(self.ctx, key)

    def _remember(self, rows: list[Delivery]) -> None:
        """A row found unknown by a new owner is as old as its last attempt says, but never older than the quiet period."""
        now, wall, quiet_s = self.ctx.ports.clock.monotonic(), self.ctx.now(), self.ctx.settings.delivery.quiet_s
        unclear = {_which(row): row for row in rows if self._is_unclear(row)}
        self._since = {which: at for which, at in self._since.items() if which in unclear}
        for which, row in unclear.items():
            age = _age_s(row, wall) if self._new else 0.0
            self._since.setdefault(which, now - min(age, quiet_s))
        self._new = False

    def _wanted(self, rows: list[Delivery]) -> list[tuple[str, str, Delivery]]:
        """Key, text and row of every alarm that must stand."""
        now, own = self.ctx.ports.clock.monotonic(), self.ctx.settings.delivery
        found = []
        for row in rows:
            since = self._since.get(_which(row))
            sending_s = own.deadline_s + INTENT_GOOD_FOR_S if _which(row)[2] else 0.0  # so long it may take, and is no doubt yet
            if since is not None and now - since >= sending_s + own.quiet_s + GRACE_S:
                text = (
                    f"Delivery {row.id} on {row.channel}: for more than {own.quiet_s:.0f} s nobody knows whether it was published. "
                    f"{row.detail} It waits, and so does its thread. Look at the channel; then say whether it is there."
                )
                found.append((f"unknown:{row.id}", text, row))
            elif row.state is DeliveryState.STUCK:
                text = f"Delivery {row.id} on {row.channel} is stuck: {row.detail} Retry or withdraw it; the next update replaces it."
                found.append((f"delivery:{row.id}", text, row))
            elif row.state in _UNSENT and self._orphaned(row):
                text = (
                    f"Delivery {row.id} waits on {row.channel}, and nobody sends it: no channel uses the account {row.account} any more. "
                    "Configure the channel again, or withdraw it."
                )
                found.append((f"delivery:{row.id}", text, row))
        return found

    def _is_unclear(self, row: Delivery) -> bool:
        """True while nobody knows whether it is out, also while it is sent, but for runs over lists: whoever sends it may be suspended."""
        info = self.ctx.channels.get(row.channel)
        run = info is not None and info.run
        return row.state is DeliveryState.UNKNOWN or (row.state is DeliveryState.SENDING and not run)

    def _orphaned(self, row: Delivery) -> bool:
        return row.account not in {info.channel.account for info in self.ctx.channels.values()}

    def _left_over(self, row: Delivery) -> None:
        """Whoever holds the account's lock knows that nobody is sending. From then on a person is asked, as for any unknown post."""
        lock = self.ctx.ports.store.lock(f"dispatcher-{row.account}")
        if not lock.acquire():
            return  # its dispatcher finishes this post before it ends
        try:
            with lock.writing() as session:
                why = f"the account {row.account} left the configuration while this was being sent: whether it was sent is not known."
                if deliveries.change(session, row, state=DeliveryState.UNKNOWN, detail=why):
                    deliveries.note(session, row, self.ctx.now(), "decide", "unknown", why)
        finally:
            lock.release()

    def _is_over(self, session: Session, key: str) -> bool:
        """True for the alarm of a delivery that needs nobody any more. A refused one stands until a person has looked into it."""
        topic, _, delivery_id = key.partition(":")
        if topic not in alarms.OF_DELIVERIES:
            return False
        try:
            row = deliveries.get(session, delivery_id)
        except NotFound:
            return True  # kept no longer
        if row.state.final:
            return row.state is not DeliveryState.REFUSED
        if topic == "unknown":
            return not self._is_unclear(row)
        return row.state in _UNSENT and not self._orphaned(row)

    def _raise(self, key: str, text: str, row: Delivery) -> None:
        with self.ctx.ports.store.writing() as session:
            standing = deliveries.get(session, row.id)
            if self._is_unclear(standing) == self._is_unclear(row) and not standing.state.final:
                stories.alarm(session, self.ctx, key, text, standing, tell=not is_alarm(row))


def _which(row: Delivery) -> tuple[str, int, bool]:
    return row.id, row.epoch, row.state is DeliveryState.SENDING and row.error_class not in _DOUBT


def _queued_s(row: Delivery, wall: datetime) -> float:
    """How long it may go already, by the wall clock."""
    return max((wall - max(row.created_at, row.not_before or row.created_at)).total_seconds(), 0.0)


def _age_s(row: Delivery, wall: datetime) -> float:
    return 0.0 if row.last_attempt_at is None else max((wall - row.last_attempt_at).total_seconds(), 0.0)
