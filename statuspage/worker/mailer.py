"""A notice to a list: one delivery, many mails or short messages. Each subscriber gets it once, save those in flight at a kill.

The delivery stays in `sending` while its run goes on. What counts is the ledger of mails: an intent is committed for each before it
leaves, its answer before the same connection takes the next one. What is found without an answer is settled as the network allows
(docs/delivery.md): a mail is sent again under the same Message-ID, so a kill doubles at most one mail per connection.
"Mail" below stands for a short message too.

Runs go in slices, so that newer notices, holds, the off switches and other incidents get their turn. One for each account.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Uncertain
from broadcasters.runs import ACCOUNT, Draft, Recipient
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import INTENT_GOOD_FOR_S, Instant, expired, intent_fresh, obeyed_s
from statuspage.core.subscribers import token_of
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import deliveries, mails
from statuspage.store.mails import Due, Outcome
from statuspage.worker.desk import Desk
from statuspage.worker.mail_lines import Handed, MailLines, Parcel
from statuspage.worker.mail_run import End, Run, judged, progress
from statuspage.worker.postmaster import genuine
from statuspage.worker.sender import NOT_NOW_S, commit, forbidden
from statuspage.worker.verdict import Verdict, judge, write

SLICE_S = 1.0  # then whatever else is due on the account has its turn
AT_ONCE = 200  # subscribers read from the list at a time
MOST_TRIES = 8  # of one mail within one run
LONGEST_RETRY_S = 3600.0
LOOK_AGAIN_S = 5.0  # at mails that were put off, and at whether anything newer came
FINISH_S = 2.0  # what is under way when the loop ends
BURST_S = 0.05  # the pace may be caught up by so much: waking up takes time, too
TELL_EVERY_S = 5.0  # how far a run has come


class Mailer:
    """The runs of one account. Lives as long as the process owns it; the ledger alone outlives it."""

    def __init__(self, desk: Desk) -> None:
        own, self._config = desk.ctx.settings.delivery, desk.network.config
        open_line = desk.network.opener(deadline_s=own.deadline_s, connect_timeout_s=own.connect_timeout_s)
        self._desk = desk
        self._lines = MailLines(open_line, self._config.connections, desk.mono)
        self._runs: dict[str, Run] = {}
        self._on_their_way: set[str] = set()  # tags, of whatever run: nobody gets two mails at once, or an older one after a newer
        self._unwritten: list[Outcome] = []
        self._next_at = 0.0  # monotonic: when the pace allows the next mail
        self._doubted: dict[tuple[str, str], float] = {}  # delivery and tag -> monotonic: since when nobody knows whether it arrived
        # what an earlier process left in doubt counts from here; one that lost its lock without knowing may be within one request still
        self._began = desk.mono() + (0.0 if desk.lock.sure else INTENT_GOOD_FOR_S + own.deadline_s)
        self._stopped: set[str] = set()  # deliveries whose refusals were taken for our own trouble

    # --- one slice ------------------------------------------------------------------------------------------------------

    def carry_on(self, claimed: Delivery, newer: int | None) -> Iterator[str]:
        """One slice of a run that is queued or under way. newer: sequence of an update that it must give way to. Yields its points."""
        yield "claimed"
        row = self._begun(claimed)
        run = None if row is None else self._runs.get(row.id) or self._opened(row)
        if row is None or run is None:
            self._desk.due[claimed.id] = self._desk.mono() + NOT_NOW_S
            return
        yield "intent-committed"
        run.row = row
        end = End(f"the others get update {newer}", stale=False) if newer is not None else None
        if end is None and expired(row, self._desk.ctx.now()):
            end = End("it is out of date for the others", stale=True)
        self._slice(run, end)
        yield "recorded"

    def _begun(self, claimed: Delivery) -> Delivery | None:
        """The row in sending; None if it may not be (any more)."""
        desk = self._desk
        if claimed.state is DeliveryState.QUEUED:
            intent = commit(desk, claimed, None)
            return None if intent is None else intent.row
        info = desk.ctx.channels.get(claimed.channel)
        if (
            info is not None
            and info.channel.account == desk.account
            and desk.ctx.genuine(claimed)
            and genuine(claimed, desk.ctx.keys.accepted())
        ):
            return claimed
        self._runs.pop(claimed.id, None)
        with desk.lock.writing() as session:
            forbidden(desk, session, claimed)
        return None

    def _opened(self, row: Delivery) -> Run | None:
        """A run as this process finds it. None while no list was ever read: nobody is passed over for that."""
        ctx = self._desk.ctx
        with ctx.ports.store.reading() as session:
            known = mails.mail_list(session, self._desk.account)
            before = mails.counts(session, row.id)
        if known is None or not known.edition:
            return None
        made = self._desk.network.draft(row.request or {}, run=row.id, page=ctx.settings.page.url)
        with self._desk.lock.writing() as session:
            why, again_at = f"the process ended while it was being sent: {made.in_doubt}", ctx.now() + self._quiet(made)
            cut_short = mails.interrupted(session, row.id, self._on_their_way, again_at, why)
            if cut_short:
                self._desk.note(session, row, "decide", "resumed", f"{made.noun} that were under way: {cut_short}; {made.in_doubt}")
        self._stopped.discard(row.id)
        self._runs[row.id] = Run(row, made, known.secret, taken=before.get(mails.SENT, 0))
        return self._runs[row.id]

    def _slice(self, run: Run, end: End | None) -> None:
        desk = self._desk
        until, wait_s = desk.mono() + SLICE_S, 0.0
        while True:
            trouble = self._take_in(self._lines.results(wait_s)) or run.suspicion
            self._turn(run, 0 if end or trouble else self._allowed())
            now = desk.mono()
            if trouble is not None:
                self._in_trouble(run, trouble)
                return
            if end is not None or (run.through and not run.under_way):
                self._over(run, end)
                return
            if now >= until:
                desk.due[run.row.id] = now
                self._tell(run, now)
                return
            wait_s = self._pause(run, until - now)

    def _pause(self, run: Run, most_s: float) -> float:
        """Lets time pass until the pace allows the next mail; returns how long to wait for an answer in its place."""
        paced = max(self._next_at - self._desk.mono(), 0.0)
        more = self._lines.idle > 0 and not (run.whole and all(one.subscriber.tag in self._on_their_way for one in run.ready))
        wait = min(most_s, paced) if more else most_s
        if self._lines.under_way:
            return wait
        self._desk.ctx.ports.clock.wait(wait)
        return 0.0

    def collect(self) -> None:
        """Writes the answers that came in meanwhile: they wait for no run's turn."""
        self._take_in(self._lines.results(0.0))
        if self._unwritten:
            with self._desk.lock.writing() as session:
                self._write(session)
            self._written()

    def close(self) -> None:
        """What is under way is given a moment; what is not finished then is found in the ledger by the next owner."""
        self._take_in(self._lines.close(FINISH_S))
        self.collect()

    def drop(self) -> None:
        """Somebody else may be the owner by now: nothing is written any more."""
        self._lines.close(0.0)

    # --- one turn: answers in, mails out ----------------------------------------------------------------------------------

    def _turn(self, run: Run, most: int) -> None:
        """Writes the answers and the next intents in one transaction, then hands those mails out."""
        chosen = self._chosen(run, most)
        if not chosen and not self._unwritten:
            return
        going: list[Due] = []
        try:
            with self._desk.lock.writing() as session:
                self._write(session)
                left = mails.left_among(session, [one.subscriber.tag for one in chosen]) if chosen else set()
                mails.pass_over(session, run.row.id, left, mails.LEFT)
                going = [one for one in chosen if one.subscriber.tag not in left]
                mails.intend(session, run.row.id, going)
        except BaseException:
            run.ready.extendleft(reversed(chosen))
            raise
        at = self._desk.instant()
        self._written()
        run.waiting -= left
        for one in going:
            self._hand_out(run, one, at)

    def _hand_out(self, run: Run, one: Due, at: Instant) -> None:
        person, desk = one.subscriber, self._desk
        to = Recipient(person.address, person.tag, token_of(person.tag, run.secret), one.doubtful)
        self._on_their_way.add(person.tag)
        make, fresh = partial(run.draft.errand, to), lambda: intent_fresh(at, desk.instant())
        self._lines.hand_out(Parcel(run.row.id, person.tag, one.attempts + 1, person.address, make, fresh, self._quiet(run.draft)))
        self._next_at = max(self._next_at, desk.mono() - BURST_S) + 1.0 / self._config.per_second

    def _write(self, session: Any) -> None:
        mails.record(session, self._unwritten)
        for run in self._runs.values():
            if run.taken and not run.heard:
                deliveries.accept_first(session, run.row.subject_id, run.row.network, self._desk.ctx.now())

    def _written(self) -> None:
        self._unwritten = []
        for run in self._runs.values():
            run.heard = run.taken > 0

    def _take_in(self, results: list[Handed]) -> BroadcastError | None:
        """Judges answers; the first trouble of the relay itself among them, if any."""
        trouble: BroadcastError | None = None
        for result in results:
            self._on_their_way.discard(result.parcel.tag)
            outcome = self._outcome(result)
            self._unwritten.append(outcome)
            run = self._runs.get(result.parcel.delivery_id)
            if run is not None:
                run.waiting.discard(result.parcel.tag)
                run.taken += outcome.state == mails.SENT
                run.count(result.error)
            if result.error is not None and result.error.code == ACCOUNT:
                trouble = trouble or result.error
            elif result.sent and self._desk.gate.failures:
                self._desk.gate.succeeded()
                self._desk.write(self._desk.works_again)
        return trouble

    def _quiet(self, draft: Draft) -> timedelta:
        """So long nothing is done about a mail of which nobody knows whether it arrived."""
        return timedelta(seconds=self._desk.ctx.settings.delivery.quiet_s if draft.looks else 0.0)

    def _outcome(self, result: Handed) -> Outcome:
        parcel, error, now = result.parcel, result.error, self._desk.ctx.now()
        key = (parcel.delivery_id, parcel.tag)
        if not result.sent:
            return Outcome(*key, mails.DEFERRED, "not sent in time", now)
        if error is None:
            return Outcome(*key, mails.SENT, result.said)
        said = error.detail
        if isinstance(error, Rejected) and error.code != ACCOUNT:
            if parcel.delivery_id in self._stopped:  # it was under way when the others were put back
                return Outcome(*key, mails.DEFERRED, said, now)
            return Outcome(*key, mails.REFUSED, said)
        doubtful = isinstance(error, Uncertain)
        if doubtful:
            self._note_doubt(key, parcel.quiet.total_seconds())
        if parcel.attempts >= MOST_TRIES:
            return Outcome(*key, mails.REFUSED, f"given up after {parcel.attempts} attempts. {said}", doubtful=doubtful)
        if error.code == ACCOUNT and not doubtful:
            return Outcome(*key, mails.DEFERRED, said, now)  # not this person's doing: as soon as the relay works again
        wait = min(self._config.retry_s * 2.0 ** (parcel.attempts - 1), LONGEST_RETRY_S)
        wait *= self._desk.ctx.ports.random.uniform(1.0, 1.25)
        return Outcome(*key, mails.DEFERRED, said, now + max(timedelta(seconds=wait), parcel.quiet if doubtful else timedelta()), doubtful)

    def _note_doubt(self, key: tuple[str, str], quiet_s: float) -> None:
        """Those whose quiet period is over need not be remembered: this process is older than that."""
        now = self._desk.mono()
        self._doubted = {other: since for other, since in self._doubted.items() if now - since < quiet_s}
        self._doubted[key] = now

    def _held_until(self, run: Run, one: Due) -> float:
        """Monotonic: before that, one that may have arrived proves nothing by its absence, whatever the clock on the wall says."""
        if not one.doubtful or not run.draft.looks:
            return 0.0
        return self._doubted.get((run.row.id, one.subscriber.tag), self._began) + self._quiet(run.draft).total_seconds()

    # --- who is next ------------------------------------------------------------------------------------------------------

    def _allowed(self) -> int:
        """How many mails may leave now, by the pace and by the connections."""
        now = self._desk.mono()
        behind = now - max(self._next_at, now - BURST_S)
        return min(self._lines.idle, int(behind * self._config.per_second) + 1) if behind >= 0 else 0

    def _chosen(self, run: Run, most: int) -> list[Due]:
        if most and not run.ready:
            self._read_on(run)
        chosen: list[Due] = []
        for _ in range(len(run.ready)):
            if len(chosen) >= most:
                break
            one = run.ready.popleft()
            (run.ready if one.subscriber.tag in self._on_their_way else chosen).append(one)
        return chosen

    def _read_on(self, run: Run) -> None:
        """The next subscribers: those whose mail was put off until now, then along the list; from its beginning if it is a new one."""
        ctx = self._desk.ctx
        with ctx.ports.store.reading() as session:
            known = mails.mail_list(session, self._desk.account)
            if known is None:
                return
            found = mails.due_again(session, known, run.row.id, ctx.now(), AT_ONCE)
            if known.edition != run.edition:
                run.edition, run.seen, run.whole = known.edition, "", False
            if not run.whole:
                more = mails.next_unsent(session, known, run.row.language, run.row.id, run.seen, AT_ONCE)
                run.whole = len(more) < AT_ONCE
                run.seen = more[-1].subscriber.tag if more else run.seen
                found += more
        now, held = self._desk.mono(), [self._held_until(run, one) for one in found]
        run.held_until = min((until for until in held if until > now), default=0.0)
        for one, until in zip(found, held, strict=True):
            if until <= now and one.subscriber.tag not in run.waiting and not self._desk.network.fault(one.subscriber.address):
                run.waiting.add(one.subscriber.tag)
                run.ready.append(one)

    # --- how it ends ------------------------------------------------------------------------------------------------------

    def _in_trouble(self, run: Run, error: BroadcastError) -> None:
        """The relay itself: what was handed out is answered soon, nothing more is handed out until it works."""
        desk, row = self._desk, run.row
        desk.count_sleep()
        if isinstance(error, Rejected) and error.outcome is not OutcomeClass.REAUTH:
            self._runs.pop(row.id, None)
            verdict = judge(desk, row, error, repeat=False)
            desk.write(lambda session: self._stop(session, run, verdict))
            return
        desk.write(lambda session: desk.note(session, row, "send", str(error.outcome), error.detail))
        if isinstance(error, Rejected):
            desk.renew(error)
        else:
            asked, _ = obeyed_s(error.retry_after_s, desk.ctx.settings.delivery.retry_after_max_s)
            desk.gate.pause(desk.mono(), asked)
            if error.outcome is not OutcomeClass.THROTTLED:
                desk.gate.failed(desk.mono())
            desk.write(desk.save_gate)
        desk.back_off(row, desk.wait_s(row))

    def _stop(self, session: Any, run: Run, verdict: Verdict) -> None:
        """Stuck. Where nobody was reached, those who were refused are put back: they were refused for our own trouble."""
        self._put_back(session, run)
        write(self._desk, session, run.row, verdict)

    def _put_back(self, session: Any, run: Run) -> None:
        if run.draft.refused_first and not run.taken:
            self._stopped.add(run.row.id)
            mails.put_back(session, run.row.id, self._desk.ctx.now())

    def _over(self, run: Run, end: End | None) -> None:
        """Nothing more to be tried now: the run is over, or waits for mails that were put off."""
        desk, row, now = self._desk, run.row, self._desk.ctx.now()
        with desk.lock.writing() as session:
            known = mails.mail_list(session, desk.account)
            if end is None and known is not None and known.edition != run.edition:
                run.whole = False  # a list that came after the last look at it: who is new there gets the mail, too
                desk.due[row.id] = desk.mono()
                return
            if known is not None:
                mails.settle_absent(session, known, row.id)
            due = mails.next_due(session, row.id) if end is None else None
            if due is not None:
                wait_s = max((due - now).total_seconds(), 0.0) or max(run.held_until - desk.mono(), 0.0)
                desk.due[row.id] = desk.mono() + min(wait_s, LOOK_AGAIN_S)
                deliveries.change(session, row, detail=progress(run), next_attempt_at=due)
                return
            missed = end is not None and known is not None and mails.next_unsent(session, known, row.language, row.id, "", 1) != []
            verdict = judged(run, mails.counts(session, row.id), end, missed=missed)
            if verdict.state is DeliveryState.STUCK:
                self._put_back(session, run)
            write(desk, session, row, verdict, act="send" if end is None else "decide")
        self._runs.pop(row.id, None)
        if not self._runs:
            self._lines.rest()

    def _tell(self, run: Run, now: float) -> None:
        """Lets people see how far it has come."""
        if now - run.told_at >= TELL_EVERY_S:
            run.told_at = now
            with self._desk.lock.writing() as session:
                deliveries.change(session, run.row, detail=progress(run))
