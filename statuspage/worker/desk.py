"""What one dispatcher has before it: the account's gate and network, and what this run of the process remembers of its rows.

Nothing here outlives the process, and nothing here is needed after a crash: the ledger alone says what was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, field, fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from broadcasters.errors import BroadcastError
from statuspage.actions import stories
from statuspage.actions.alarms import clear_in, raise_in
from statuspage.actions.context import Context
from statuspage.actions.deliveries import RESTORED, RESTORED_STUCK, RESTORED_WAITING
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import (
    MAX_ATTEMPTS,
    Backoff,
    Instant,
    Move,
    ends_account,
    expired,
    is_alarm,
    key_trusted,
    move_for,
    obeyed_s,
)
from statuspage.core.delivery_story import told
from statuspage.store import accounts, deliveries
from statuspage.store.accounts import NONCE_BYTES, Account
from statuspage.store.locks import OwnerLock
from statuspage.worker.gate import Gate
from statuspage.worker.postmaster import Network, is_edit
from statuspage.worker.renewal import Renewal

if TYPE_CHECKING:
    from statuspage.worker.mailer import Mailer

NO_REPEAT = frozenset({"content", "denied", "billing", "gone", "duplicate", RESTORED, RESTORED_WAITING, RESTORED_STUCK})

READS_FAIL, READS_AGAIN_S = 3, 30.0  # so many looks in a row that came to nothing let the account rest from looking for so long


@dataclass
class Desk:
    """due, since: delivery id -> monotonic moment of its next step, and since when it is unknown to this process.

    epochs      delivery id -> the epoch for which the two above were noted
    unwritten   a change that the database did not take yet; written before anything else is done
    refreshed   the credentials are new, and have not opened anything yet: who refuses these too wants a person
    patient     rows that wait only because something failed
    offset      of the boot clock to the monotonic one, when last looked at: it grows by what the machine sleeps
    spent       unknown rows that have had all their attempts, over all epochs
    reads       the breaker of looks at the own timeline: where only they fail, posts go on
    mailer      of an account whose deliveries are runs over a list
    strange     rows on a channel that this configuration does not have here -> until when it may be that a newer one does
    endings_told   the day for which the calendar was looked at, see tell_of_endings()
    """

    ctx: Context
    account: str
    lock: OwnerLock
    network: Network
    gate: Gate
    due: dict[str, float] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    holds: dict[str, float] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    unwritten: list[Callable[[Any], None]] = field(default_factory=list)
    refreshed: bool = False
    mailer: Mailer | None = None
    renewal: Renewal = field(default_factory=Renewal)
    patient: set[str] = field(default_factory=set)
    spent: set[str] = field(default_factory=set)
    offset: float = 0.0
    reads: Gate = field(default_factory=lambda: Gate(READS_FAIL, READS_AGAIN_S))
    endings_told: date | None = None
    strange: dict[str, float] = field(default_factory=dict)

    def mono(self) -> float:
        return self.ctx.ports.clock.monotonic()

    def instant(self) -> Instant:
        clock = self.ctx.ports.clock
        return Instant(clock.now(), clock.monotonic(), clock.boottime(), clock.process_id())

    def write(self, deed: Callable[[Any], None]) -> None:
        """One transaction of the owner. What the database does not take is kept and written first next time."""
        self.unwritten.append(deed)
        self.flush()

    def flush(self) -> None:
        """Writes what is kept, in order. Raises what the database raises; LockLost drops it all: a successor reconciles."""
        while self.unwritten:
            with self.lock.writing() as session:
                self.unwritten[0](session)
            self.unwritten.pop(0)

    def prove_owner(self) -> None:
        """Before a question that no intent guards: who was suspended meanwhile may have a successor, who knows what the network asked for.

        Raises LockLost.
        """
        with self.lock.writing():
            pass

    def due_wall(self, row: Delivery) -> datetime | None:
        """When the row's next step is due, for people; None if this process has set nothing."""
        at = self.due.get(row.id)
        return None if at is None else self.ctx.now() + timedelta(seconds=max(at - self.mono(), 0.0))

    def keep_due(self, session: Any, row: Delivery) -> None:
        """Lets people see when the next step is due."""
        deliveries.change(session, row, next_attempt_at=self.due_wall(row))

    def own(self, rows: Iterable[Delivery]) -> list[Delivery]:
        """Those of a thread that are this account's: where a channel has moved, each account has a thread of its own."""
        return [row for row in rows if row.account == self.account]

    # --- what a row calls for -------------------------------------------------------------------------------------------

    def refused(self, row: Delivery) -> bool:
        """True if the same request may not, or need not, be sent again; see move_for()."""
        return row.error_class in NO_REPEAT or row.attempts >= MAX_ATTEMPTS or row.id in self.spent or expired(row, self.ctx.now())

    def move(self, row: Delivery, *, refused: bool = False) -> Move:
        move = move_for(
            self.network.delivery_class,
            edit=is_edit(row),
            key_trusted=key_trusted(row, self.instant(), self.network.key_window_s),
            refused=refused or self.refused(row),
            frozen=row.request is not None,
        )
        return Move.WAIT if move is Move.LOOK and not self.network.can("find") else move  # e.g. a webhook: nothing can be read

    def may_repeat(self, row: Delivery) -> bool:
        """True if sending the same request again cannot make a second post. A staged container is published once at most."""
        move = self.move(row)
        return move is Move.REPEAT or (move is Move.ASK and not self.refused(row))

    def wait_s(self, row: Delivery) -> float:
        """Drawn anew at each call: how long to wait after a failed attempt."""
        clock, own = self.ctx.ports.clock, self.ctx.settings.delivery
        backoff = Backoff(own.backoff_base_s, own.backoff_cap_s, own.backoff_slow_after_s, own.backoff_slow_s)
        known = row.first_monotonic is not None and row.process_id == clock.process_id()
        age = clock.monotonic() - (row.first_monotonic or 0.0) if known else 0.0
        return backoff.wait_s(max(row.attempts, 1), age, self.ctx.ports.random.uniform(0.0, 1.0))

    def heed_epoch(self, row: Delivery) -> None:
        """A person sends it again, or another owner did: what it waited for in the epoch before counts no more."""
        if self.epochs.setdefault(row.id, row.epoch) != row.epoch:
            self.epochs[row.id] = row.epoch
            self.due.pop(row.id, None)
            self.since.pop(row.id, None)
            self.patient.discard(row.id)

    def back_off(self, row: Delivery, seconds: float) -> None:
        """The row waits because something failed; it need not when the network works again, see wake()."""
        self.due[row.id] = self.mono() + seconds
        self.patient.add(row.id)

    def count_sleep(self) -> None:
        """While the machine slept, the networks' time went on: what they asked to wait, and our own back-off, ran on too.

        Quiet periods and holds did not: they count what this process can have seen.
        """
        offset = self.ctx.ports.clock.boottime() - self.mono()
        slept = offset - self.offset
        if slept >= 1.0:  # less is the time between two looks at clocks
            self.offset = offset
            self.gate.pass_over(slept)
            self.reads.pass_over(slept)
            for row_id in self.patient:
                self.due[row_id] -= slept

    def wake(self, *, unknown: bool) -> None:
        """The network works again: what backs off need not wait out its long pauses, nor may it all come in one second.

        What the network itself asked to wait is kept by the gate. unknown: also the rows of which nobody knows whether they are out.
        """
        now, spread = self.mono(), self.ctx.settings.delivery.backoff_base_s
        for row_id in sorted(self.patient):
            if unknown or row_id not in self.since:
                self.patient.discard(row_id)
                self.due[row_id] = min(self.due.get(row_id, now), now + self.ctx.ports.random.uniform(0.0, spread))

    # --- alarms ---------------------------------------------------------------------------------------------------------

    def alarm(self, session: Any, key: str, text: str, row: Delivery | None = None, *, tell: bool = True) -> None:
        """Tells the operators, unless tell is False; trouble with their own channels is only listed, or each alarm would raise the next."""
        if row is None:
            raise_in(session, self.ctx, key, text)
        else:
            stories.alarm(session, self.ctx, key, text, row, tell=tell and not is_alarm(row))

    def clear(self, session: Any, key: str) -> None:
        clear_in(session, self.ctx, key)

    def calm(self, session: Any, row: Delivery) -> None:
        for topic in ("delivery", "unknown"):
            self.clear(session, f"{topic}:{row.id}")

    # --- the account ----------------------------------------------------------------------------------------------------

    def save_gate(self, session: Any) -> None:
        gate, now = self.gate, self.ctx.now()
        wall = None if gate.open_until is None else now + timedelta(seconds=gate.open_until - self.mono())
        held_for = accounts.mark_of(configured(self.ctx.configs[self.account]), self.ctx.seal_key) if gate.held else ""
        paused = now + timedelta(seconds=gate.paused_until - self.mono()) if gate.paused_until > self.mono() else None
        accounts.save(session, Account(self.account, gate.failures, wall, gate.stopped, held_for, paused), now)

    def load_account(self, session: Any) -> None:
        """Breaker, stop and wait as the last owner left them (a trial comes first, then), and renewed credentials."""
        known = accounts.get(session, self.account)
        of = configured(self.ctx.configs[self.account])
        self.gate.failures, self.gate.stopped = known.failures, known.stopped
        self.gate.held = bool(known.stopped) and known.held_for in [accounts.mark_of(of, key) for key in self.ctx.keys.accepted()]
        if known.failures >= self.gate.threshold:
            self.gate.open_until = self.mono()
        self._heed_wait(known)
        sealed = accounts.credentials(session, self.account)
        if sealed is not None:
            self.network.use(accounts.open_with(sealed, self.ctx.keys.accepted(), account=self.account, configured=of) or {})

    def _heed_wait(self, known: Account) -> None:
        """What the network asked the last owner to wait holds for this one too, no longer than it was, whatever the wall clock did."""
        if known.paused_until is not None and known.noted_at is not None:
            whole, left = known.paused_until - known.noted_at, known.paused_until - self.ctx.now()
            most = self.ctx.settings.delivery.retry_after_max_s
            self.gate.pause(self.mono(), max(min(left.total_seconds(), whole.total_seconds(), most), 0.0))

    def keep_wait(self, session: Any) -> None:
        """A wait that the network asked for is written down, for whoever owns the account next."""
        if self.gate.paused_until > self.mono():
            self.save_gate(session)

    def heed_resume(self, session: Any) -> None:
        """Somebody said that a stopped account may be tried again: then at once, and not at the next trial."""
        if self.gate.stopped and not accounts.get(session, self.account).stopped:
            self.gate.release(self.mono())

    def renew(self, why: BroadcastError) -> bool:
        """After a refusal of our credentials: one refresh, where the network has one. False: the account is stopped, with an alarm."""
        if self.network.can("refresh") and not self.refreshed:
            self.refreshed = True
            try:
                values = self.network.refresh()
            except BroadcastError as error:
                why = error
                self.count_sleep()
                self.gate.pause(self.mono(), obeyed_s(error.retry_after_s, self.ctx.settings.delivery.retry_after_max_s)[0])
            else:
                self.write(lambda session: self.keep(session, values))
                return True
        again = f"within {self.ctx.settings.delivery.stopped_trial_s:.0f} s, or at once with: statuspage account resume {self.account}"
        detail = (
            f"{self.account}: the network refused our credentials ({why.detail}) Posts wait until they are put right; then they go {again}"
        )
        self.gate.stop(self.mono(), detail)
        self.write(lambda session: self.stopped(session, detail))
        return False

    def hold(self, why: BroadcastError) -> bool:
        """After a definite refusal: if it speaks of the account, that is off from now on. Call stopped() with what is written next."""
        if not ends_account(str(why.outcome), single=why.single or why.parent_gone):
            return False
        said = told("send", str(why.outcome))
        self.gate.hold(
            f"{self.account}: {said[:1].lower()}{said[1:]} ({why.detail}) Put it right; then run statuspage account resume {self.account}, "
            "or send again what is stuck there."
        )
        return True

    def stopped(self, session: Any, detail: str, row: Delivery | None = None) -> None:
        """Keeps that the account is stopped, and tells operators, once until it works again. row: the delivery that met it, if one did."""
        self.save_gate(session)
        key = f"account:{self.account}"
        if row is None:
            raise_in(session, self.ctx, key, detail)
        else:
            stories.alarm(session, self.ctx, key, detail, row, tell=True)

    def works_again(self, session: Any) -> None:
        """The network took something: what was told of the account is over, and its next trouble is told anew."""
        self.save_gate(session)
        self.clear(session, f"account:{self.account}")

    def keep(self, session: Any, values: dict[str, str]) -> None:
        nonce = bytes.fromhex(self.ctx.ports.random.token(2 * NONCE_BYTES, "0123456789abcdef"))
        of = configured(self.ctx.configs[self.account])
        sealed = accounts.seal_credentials(values, key=self.ctx.seal_key, account=self.account, configured=of, nonce=nonce)
        accounts.save_credentials(session, self.account, sealed, self.ctx.now())

    def note(self, session: Any, row: Delivery, act: str, outcome: str, detail: str = "") -> None:
        deliveries.note(session, row, self.ctx.now(), act, outcome, detail)


def configured(config: Any) -> str:
    """A text that changes when the configured credentials change."""
    if is_dataclass(config) and not isinstance(config, type):
        return repr(list(zip([f.name for f in fields(config)], astuple(config), strict=True)))
    return repr(config)
