"""Sends what stands in the ledger for one account: never lost, never doubled, never out of order. See docs/delivery.md.

One dispatcher owns an account: the holder of its lock. Each call of `work()` is one pass: put the threads in order, then take
at most one step with one row. Passes are generators that yield the points they reach, so that others can run, or the process
can die, at each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any

from broadcasters import BROADCASTERS
from broadcasters.errors import BroadcastError, OutcomeClass
from statuspage.actions.context import Context
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import (
    Move,
    Plan,
    doubtful,
    healed,
    hold_left_s,
    is_alarm,
    may_be_out,
    plan_thread,
    wait_left_s,
    waits_for_page,
)
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import cards, deliveries, publications, switches
from statuspage.store.locks import LockLost
from statuspage.worker import reconciler
from statuspage.worker.desk import Desk
from statuspage.worker.endings import tell_of_endings
from statuspage.worker.gate import Gate
from statuspage.worker.mailer import Mailer
from statuspage.worker.postmaster import Network, open_network
from statuspage.worker.renewal import renew_if_due
from statuspage.worker.sender import attempt
from statuspage.worker.verdict import asked_to_wait

POLL_S = 0.5  # a hot loop: a new row is seen within this

Threads = list[list[Delivery]]


class Dispatcher:
    """The loop of one account.

    due_in      seconds after which something is due if nothing new comes into the ledger
    idle_s      what due_in says when nothing at all is known to become due
    election_s  pause between two attempts to become the owner
    """

    idle_s = 60.0
    election_s = 1.0

    def __init__(self, ctx: Context, account: str, broadcasters: Mapping[str, Any] = BROADCASTERS) -> None:
        self.name = f"dispatcher-{account}"
        self.due_in = 0.0
        self._ctx = ctx
        self._account = account
        self._module = broadcasters[next(own.kind for own in ctx.settings.accounts if own.name == account)]
        self._lock = ctx.ports.store.lock(self.name)
        self._desk: Desk | None = None
        self._proof_wanted = False

    def step(self) -> float:
        """One pass. Returns the seconds after which it wants to be asked again."""
        for _ in self.work():
            pass
        return min(self.due_in, POLL_S)

    @property
    def owner(self) -> bool:
        """False while another process owns the account."""
        return self._desk is not None

    @property
    def network(self) -> Network | None:
        """The account at its network, with the credentials that count now; None while another process owns it."""
        desk = self._desk
        return None if desk is None else desk.network

    def prove_soon(self) -> None:
        """Somebody who reads was refused: asks the network who we are, and renews what is over, before a post needs it. Any thread."""
        self._proof_wanted = True

    def close(self) -> None:
        """Lets another process own the account."""
        desk, self._desk = self._desk, None
        try:
            if desk is not None and desk.mailer is not None:
                desk.mailer.close()
        finally:
            self._lock.release()

    def work(self) -> Iterator[str]:
        """One pass over the account's rows; nothing at all while somebody else owns the account."""
        self.due_in = self.election_s
        if not self._lock.acquire():
            self._leave(self._desk)
            return
        try:
            if self._desk is None:
                self._desk = self._take_over()
            yield from self._pass(self._desk)
        except LockLost:
            self._leave(self._desk)

    # --- ownership ------------------------------------------------------------------------------------------------------

    def _take_over(self) -> Desk:
        own = self._ctx.settings.delivery
        network = open_network(self._ctx, self._module, self._account)
        desk = Desk(self._ctx, self._account, self._lock, network, Gate(own.breaker_failures, own.breaker_trial_s, own.stopped_trial_s))
        desk.offset = self._ctx.ports.clock.boottime() - desk.mono()
        with self._ctx.ports.store.reading() as session:
            desk.load_account(session)
        self._proof_wanted = self._proof_wanted or bool(desk.gate.stopped and not desk.gate.held)  # settings may have put it right
        if network.run:
            desk.mailer = Mailer(desk)
        return desk

    def _leave(self, desk: Desk | None) -> None:
        """Somebody else may be the owner by now: nothing of what this one remembers counts."""
        self._desk = None
        if desk is not None and desk.mailer is not None:
            desk.mailer.drop()

    # --- one pass -------------------------------------------------------------------------------------------------------

    def _pass(self, desk: Desk) -> Iterator[str]:
        desk.count_sleep()
        desk.flush()
        if desk.mailer is not None:
            desk.mailer.collect()
        threads, off = self._read(desk)
        if self._put_in_order(desk, threads):
            threads, off = self._read(desk)
        row, wait = self._choose(desk, threads, off)
        if row is None:
            self.due_in = wait
            if self._proof_wanted and desk.network.can("verify") and not desk.gate.wait_s(desk.mono()):
                self._proof_wanted = False
                yield from _trial(desk)
            renew_if_due(desk)
            tell_of_endings(desk)
            return
        self.due_in = 0.0
        desk.patient.discard(row.id)
        if desk.gate.needs_trial() and desk.network.can("verify"):
            self._proof_wanted = False
            yield from _trial(desk)
        elif row.state is DeliveryState.UNKNOWN:
            yield from reconciler.reconcile(desk, row)
        elif desk.mailer is not None:
            yield from desk.mailer.carry_on(row, _gives_way(row, threads))
        else:
            yield from attempt(desk, row)

    def _read(self, desk: Desk) -> tuple[Threads, bool]:
        with self._ctx.ports.store.reading() as session:
            desk.heed_resume(session)
            rows = deliveries.busy_threads(session, self._account)
            off = bool(rows) and switches.is_off(session, switches.POSTING)
        return [list(group) for _, group in groupby(rows, key=attrgetter("thread"))], off

    def _put_in_order(self, desk: Desk, threads: Threads) -> bool:
        """What changes without any sending; True if something did."""
        changed = False
        for rows in threads:
            if not desk.network.run and any(row.state is DeliveryState.SENDING for row in rows):
                self._left_over(desk, rows)
                changed = True
            elif self._needs_order(desk, rows):
                with desk.lock.writing() as session:
                    self._order(desk, session, rows[0])
                changed = True
        return changed

    def _left_over(self, desk: Desk, rows: list[Delivery]) -> None:
        """A row found in `sending` at the start of a pass is nobody's: its process died, or could not write. It is unknown."""
        why = "found in sending: whether it was sent is not known"
        with desk.lock.writing() as session:
            for row in rows:
                if row.state is DeliveryState.SENDING and deliveries.change(session, row, state=DeliveryState.UNKNOWN, detail=why):
                    desk.note(session, row, "decide", "unknown", why)

    def _needs_order(self, desk: Desk, rows: list[Delivery]) -> bool:
        return self._plan(desk, rows).changes or (healed(rows) and not any(may_be_out(row) for row in rows) and self._unheard(rows[0]))

    def _unheard(self, row: Delivery) -> bool:
        with self._ctx.ports.store.reading() as session:
            return not deliveries.subject_may_be_out(session, row.subject_kind, row.subject_id)

    def _plan(self, desk: Desk, rows: list[Delivery]) -> Plan:
        now, mono = self._ctx.now(), desk.mono()
        released = set()
        for row in rows:
            if row.state is DeliveryState.WAITING and mono >= desk.holds.setdefault(row.id, mono + hold_left_s(row, now)):
                released.add(row.id)
        return plan_thread(rows, now=now, released=released)

    def _order(self, desk: Desk, session: Any, of: Delivery) -> None:
        """Plans again inside the transaction, where nobody adds or withdraws, and writes it."""
        now = self._ctx.now()
        rows = desk.own(deliveries.thread(session, of.subject_kind, of.subject_id, of.channel))
        if healed(rows) and not deliveries.subject_may_be_out(session, of.subject_kind, of.subject_id):
            for row in rows:
                if row.state in (DeliveryState.WAITING, DeliveryState.QUEUED):
                    _settle(desk, session, row, DeliveryState.SUPERSEDED, "over before anything was posted: nothing is posted")
            return
        plan = self._plan(desk, rows)
        for row, by in plan.supersede:
            kept = row.error_class if doubtful(row) else None  # somebody may have read it: its code stays good
            _settle(desk, session, row, DeliveryState.SUPERSEDED, f"replaced by update {by}", error_class=kept)
        for row in plan.expire:
            why = f"out of date since {now:%H:%M} UTC: never sent by itself. The next update replaces it; or retry or withdraw it."
            _settle(desk, session, row, DeliveryState.STUCK, why, error_class="expired")
            desk.alarm(session, f"delivery:{row.id}", f"Delivery {row.id} on {row.channel} is stuck: {why}", row)
        gone = {row.id for row, _ in plan.supersede} | {row.id for row in plan.expire}
        for row in plan.release:
            if row.id not in gone and deliveries.change(session, row, state=DeliveryState.QUEUED):
                desk.note(session, row, "decide", "released", "its hold is over")

    def _choose(self, desk: Desk, threads: Threads, off: bool) -> tuple[Delivery | None, float]:
        """The row whose turn it is, or the seconds until one can be due."""
        now, wait = desk.mono(), self.idle_s
        due: list[Delivery] = []
        for rows in threads:
            for row in self._moving(desk, rows, off):
                at = max(self._due_at(desk, row), desk.reads.open_until or 0.0 if _is_look(desk, row) else 0.0)
                if at <= now:
                    due.append(row)
                else:
                    wait = min(wait, at - now)
            wait = min([wait, *(desk.holds[row.id] - now for row in rows if row.id in desk.holds and row.state is DeliveryState.WAITING)])
            wait = min([wait, *self._until_expiry(rows)])
        closed = desk.gate.wait_s(now)
        if closed > 0:
            return None, min(wait, closed)
        return min(due, key=lambda row: (_is_look(desk, row), row.created_at, row.sequence, row.id), default=None), max(wait, 0.001)

    def _moving(self, desk: Desk, rows: list[Delivery], off: bool) -> Iterator[Delivery]:
        """Rows of one thread that a pass may take up."""
        for row in rows:
            desk.heed_epoch(row)
        unknown = [row for row in rows if row.state is DeliveryState.UNKNOWN]
        for row in unknown:
            if row.id not in desk.since:
                reconciler.first_seen(desk, row)
        head = self._plan(desk, rows).send
        yield from unknown
        if desk.network.run and not off:
            yield from (row for row in rows if row.state is DeliveryState.SENDING)
        if head is not None and head.state is DeliveryState.QUEUED and (not off or is_alarm(head)):
            yield head

    def _due_at(self, desk: Desk, row: Delivery) -> float:
        if row.id not in desk.due:
            own = self._ctx.settings.delivery
            most_s = max(own.backoff_cap_s, own.backoff_slow_s)  # what a network asked to wait is the account's, see Desk.load_account()
            desk.due[row.id] = desk.mono() + wait_left_s(row, self._ctx.now(), most_s)
        due, now = desk.due[row.id], desk.mono()
        if due > now or row.state is not DeliveryState.QUEUED or desk.gate.wait_s(now) > 0 or self._page_is_ready(desk, row):
            return due
        return now + POLL_S

    def _page_is_ready(self, desk: Desk, row: Delivery) -> bool:
        """False while the public page lacks what the network will fetch from there, a picture, or what readers of the post look for."""
        with self._ctx.ports.store.reading() as session:
            if waits_for_page(row, publications.last_published_at(session), self._ctx.now()):
                return False
            return not desk.network.pictures or cards.is_out(session, row)

    def _until_expiry(self, rows: list[Delivery]) -> Iterator[float]:
        now = self._ctx.now()
        for row in rows:
            if row.state is DeliveryState.QUEUED and row.valid_until is not None and row.valid_until > now:
                yield (row.valid_until - now).total_seconds()


def _settle(desk: Desk, session: Any, row: Delivery, state: DeliveryState, why: str, error_class: str | None = None) -> None:
    now = desk.ctx.now() if state.final else None
    if deliveries.change(session, row, state=state, settled_at=now, detail=why, error_class=error_class):
        desk.note(session, row, "decide", str(state), why)


def _is_look(desk: Desk, row: Delivery) -> bool:
    """True for a question about what may be out. It comes after what is to go: a timeline that hangs holds up its own thread alone."""
    return row.state is DeliveryState.UNKNOWN and desk.move(row) in (Move.LOOK, Move.ASK)


def _gives_way(row: Delivery, threads: Threads) -> int | None:
    """The sequence of the newest update of the same thread that could go out in place of a run; None if it goes on."""
    rows = next(rows for rows in threads if any(other.id == row.id for other in rows))
    newer = [other.sequence for other in rows if other.state is DeliveryState.QUEUED and other.sequence > row.sequence]
    return max(newer) if newer and not row.essential else None


def _trial(desk: Desk) -> Iterator[str]:
    """Does the network answer and know us? A question that posts nothing, so that no delivery has to be the guinea pig."""
    yield "claimed"
    desk.prove_owner()
    needed = desk.gate.needs_trial()  # else somebody who only reads was refused: it may be of a right to read alone
    desk.refreshed = desk.refreshed and not desk.gate.stopped  # what a person has repaired may need a new session
    why = _refusal(desk)
    if why is not None and why.outcome is OutcomeClass.REAUTH and desk.renew(why):
        why = _refusal(desk)  # of the new credentials
    yield "answered"
    desk.count_sleep()
    now, was_stopped = desk.mono(), bool(desk.gate.stopped)
    wait_s, alarms = (0.0, {}) if why is None else asked_to_wait(desk, why)
    desk.gate.pause(now, wait_s)
    if why is None:
        desk.refreshed = False
        if needed:
            desk.gate.half_open()
        desk.wake(unknown=False)
    elif why.outcome is OutcomeClass.REAUTH:
        if desk.refreshed:
            desk.renew(why)
        return
    elif needed and desk.hold(why):
        pass  # the account itself is refused: only a person, or other settings, end that
    elif was_stopped:
        desk.gate.stop(now, desk.gate.stopped)
    else:
        desk.gate.failed(now)
    desk.write(lambda session: _tried(desk, session, alarms, ok=why is None, stopped=was_stopped or desk.gate.held))
    yield "recorded"


def _refusal(desk: Desk) -> BroadcastError | None:
    try:
        desk.network.verify()
    except BroadcastError as error:
        return error
    return None


def _tried(desk: Desk, session: Any, alarms: Mapping[str, str], *, ok: bool, stopped: bool) -> None:
    """stopped: it was before, and still is if not ok; a person who resumed it too early hears of that. alarms: key -> text."""
    for key, text in alarms.items():
        desk.alarm(session, key, text)
    if stopped and not ok:
        desk.stopped(session, desk.gate.stopped)
        return
    desk.save_gate(session)
    if ok:
        for topic in ("account", "wait"):
            desk.clear(session, f"{topic}:{desk.account}")
