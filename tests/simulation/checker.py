"""Judges a finished world by the fakes' truth: lost, doubled, unexpected, disordered, stale, unapproved, never settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind, UpdateMode
from statuspage.store import deliveries
from tests.simulation.networks import TruePost
from tests.simulation.people import Operators, Told
from tests.simulation.ports import wall_of
from tests.simulation.reasons import Reasons
from tests.simulation.texts import code_of
from tests.simulation.world import World

SETTLED_S = 600.0
GRACE = timedelta(seconds=1)  # between the last look at the clock and the request
BLIND_MARGIN_S = 60.0  # the deadline of the request that was under way when the last fault ended, and what follows the ten minutes
_OPEN = (DeliveryState.WAITING, DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN)
_OVER = (NoticeKind.RESOLVED, NoticeKind.RESOLVED_AUTO)
_NOT_OUT = (DeliveryState.SUPERSEDED, DeliveryState.WITHDRAWN, DeliveryState.REFUSED, DeliveryState.QUEUED)
_MAY_BE_STUCK = ("expired", "duplicate", "content", "denied", "billing", "gone", "refused", "retry", "restored")
_REJECTED = ("stuck", "content", "denied", "billing", "gone", "restored")


def faults_by_now(world: World, people: Operators) -> list[str]:
    """What may never be, not even while things are under way: posts that may not be there, and rows that ended without a reason."""
    with world.store.reading() as session:
        rows = {row.code: row for row in deliveries.listing(session, limit=10_000) if row.subject_kind is SubjectKind.INCIDENT}
    reasons = Reasons(world, people)
    return [
        *_Judge(world, people, rows, world.offsets_in, reasons).posts(),
        *reasons.missing(),
        *reasons.too_soon(),
        *reasons.other_words(),
    ]


def faults(world: World, people: Operators, *, healed_at: float | None = None) -> list[str]:
    """What went wrong, one line each; empty if everything is as promised.

    healed_at   when the last fault ended; None: nothing is asked of how soon everything settled
    """
    with world.store.reading() as session:
        rows = {row.code: row for row in deliveries.listing(session, limit=10_000) if row.subject_kind is SubjectKind.INCIDENT}
    reasons = Reasons(world, people)
    judge = _Judge(world, people, rows, world.offsets_in, reasons)
    late = [] if healed_at is None else _late(world, reasons, rows, healed_at)
    why = [*reasons.missing(), *reasons.untold(), *reasons.too_soon(), *reasons.other_words()]
    return [*judge.posts(), *judge.settled(), *why, *late]


def faults_by_the_ledger(world: Any, people: Any) -> list[str]:
    """As faults(), for worlds that keep no record of their own of who did what: real processes, real networks.

    What ended without a post is then excused by what the ledger gives as its reason.
    """
    with world.store.reading() as session:
        rows = {row.code: row for row in deliveries.listing(session, limit=10_000) if row.subject_kind is SubjectKind.INCIDENT}
        stories = {row.id: deliveries.story(session, row.id) for row in rows.values()}
    assumed = {row.code for row in rows.values() if any(a.outcome in ("assumed", "seen") for a in stories[row.id])}
    rejected = {row.code for row in rows.values() if any(a.outcome in _REJECTED for a in stories[row.id])}
    judge, ledger = _Judge(world, people, rows, lambda begin, end: [0.0]), _Ledger(world, rows, assumed, rejected)
    return [*judge.posts(), *judge.settled(), *ledger.rows_ended(), *ledger.threads()]


def _late(world: World, reasons: Reasons, rows: dict[str, Delivery], healed_at: float) -> Iterator[str]:
    """D28: everything is final ten minutes after the last fault.

    Three things last by design. A hold ends when it ends. A wait that a network asked for, up to an hour, is no fault that ended: the
    ten minutes begin when it is over; a process that starts on a wall clock that was set back lets it begin anew, since nothing else was
    written down. And on a network that cannot be read people get ten minutes to look (D11): a thread in which that happened has these,
    beginning with the end of the request whose answer was lost, and a moment for what follows.
    """
    blind = {(row.subject_id, row.channel) for row in rows.values() if reasons.was_assumed(row.code)}
    for row in rows.values():
        network = world.networks[row.account]
        held_until = reasons.hold_ends(row.code, healed_at)
        begun = max(healed_at + (network.asked_s if world.knobs.jumps else 0.0), network.asked_until, held_until)
        most = SETTLED_S + (BLIND_MARGIN_S if (row.subject_id, row.channel) in blind else 0.0)
        took = max([move.at for move in reasons.moves_of(row.id) if move.at > healed_at], default=begun) - begun
        if took > most:
            yield f"late: {row.code} on {row.channel} became {row.state} {took:.0f} s after the last fault"


class _Judge:
    def __init__(
        self,
        world: World,
        people: Operators,
        rows: dict[str, Delivery],
        offsets_in: Callable[[float, float], list[float]],
        reasons: Reasons | None = None,
    ) -> None:
        self.world = world
        self.reasons = reasons  # None: the world keeps no record of its own
        self.forms = reasons is not None  # of each statement's three wordings only that for its place in the thread will do
        self.offsets_in = offsets_in  # of the wall clock, from one moment to another
        self.told = people.told
        self.restored = people.restored
        self.rows = rows

    # --- every post -----------------------------------------------------------------------------------------------------

    def posts(self) -> Iterator[str]:
        for name, network in sorted(self.world.networks.items()):
            made: dict[str, int] = {}
            there = [post for post in network.posts if not post.gone]  # what its staff deleted may be posted again
            for post in there:
                first = code_of(post.revisions[0][2])
                made[first] = made.get(first, 0) + 1
                yield from self._post(name, post)
            for code, number in sorted(made.items()):
                if number > 1 and not self._person_resent(code):
                    yield f"doubled: {name} has {number} posts of {code}"
            yield from self._order(name, there)

    def _post(self, name: str, post: TruePost) -> Iterator[str]:
        for number, (sent_at, _, text) in enumerate(post.revisions):
            code = code_of(text)
            told = self.told.get(code)
            if told is None:
                yield f"unexpected: {name} shows {text!r}, which nobody told"
                continue
            if (told.delivery.account if self.forms else told.delivery.channel) != name:
                yield f"unexpected: {code} belongs on {told.delivery.account}, not on {name}"
            if self.forms and not self._same_thread(name, told, post):
                yield f"unexpected: {code} continues a post of another thread on {name}"
            if text not in told.words_at(float("-inf") if self.restored else sent_at, self._forms(told, post, number)):
                yield f"unapproved: {name} shows {text!r}"
            row = self.rows.get(code)
            made_new = text == post.revisions[0][2]  # an edit whose answer was lost may show and yet give way to the next one
            if (
                made_new
                and row is not None
                and not (row.state is DeliveryState.SUPERSEDED and sent_at < self.restored)  # by one that was found in its place
                and row.state in _NOT_OUT
                and not self._known_to_be_in_doubt(row, sent_at)
            ):
                yield f"unexpected: {code} is {row.state} in the ledger, but {name} shows it"
            if told.drill:
                yield f"unexpected: rehearsal {code} on {name}"
            yield from self._stale(told, sent_at)

    def _known_to_be_in_doubt(self, row: Delivery, sent_at: float) -> bool:
        """Nobody could look, and the ledger says so: its code stays good, and no other post was made of it."""
        kept = row.state is DeliveryState.SUPERSEDED and row.error_class is not None
        return kept and self.reasons is not None and self.reasons.left_in_doubt(row.code, sent_at)

    def _same_thread(self, name: str, told: Told, post: TruePost) -> bool:
        """The post that it rewrites, and the one that it replies to, speak of the same incident on the same channel."""
        parents = [other for other in self.world.networks[name].posts if other.id == post.reply_to]
        codes = [code_of(other.revisions[0][2]) for other in (post, *parents)]
        return all(self.told[code].delivery.thread == told.delivery.thread for code in codes if code in self.told)

    def _forms(self, told: Told, post: TruePost, number: int) -> Sequence[str]:
        """Which of a statement's three wordings fit the place of a post: a rewritten one, a reply, one that stands alone."""
        if not self.forms:
            return ("text", "text_alone", "story")
        if number:
            return ("story",)
        new = told.delivery.mode is UpdateMode.NEW  # its later posts stand alone, too, in the words of a reply
        return ("text",) if post.reply_to else ("text", "text_alone") if new else ("text_alone",)

    def _stale(self, told: Told, sent_at: float) -> Iterator[str]:
        until = max((until for _, until in told.untils), default=told.delivery.valid_until)
        if until is not None and all(wall_of(sent_at, offset) > until + GRACE for offset in self.offsets_in(sent_at, sent_at)):
            yield f"stale: {told.delivery.code} sent after {until:%H:%M:%S}"

    def _order(self, name: str, posts: list[TruePost]) -> Iterator[str]:
        shown: dict[tuple[str, str], list[tuple[float, int, str]]] = {}
        for post in posts:
            for _, applied_at, text in post.revisions:
                told = self.told.get(code_of(text))
                if told is not None and told.delivery.code in self.rows:
                    thread = (told.delivery.subject_id, told.delivery.channel)
                    shown.setdefault(thread, []).append((applied_at, told.order, told.delivery.code))
        for (subject, _), entries in sorted(shown.items()):
            for before, after in pairwise(sorted(entries)):
                if after[1] < before[1]:
                    yield f"disordered: {subject} on {name} shows {after[2]} after the newer {before[2]}"

    def _person_resent(self, code: str) -> bool:
        return code in self.told and bool(self.told[code].retried)

    # --- every row ------------------------------------------------------------------------------------------------------

    def settled(self) -> Iterator[str]:
        for code, row in sorted(self.rows.items()):
            if row.state in _OPEN:
                yield f"unsettled: {code} on {row.channel} is {row.state} ({row.error_class}: {row.detail})"


class _Ledger:
    """Excuses what the ledger gives a reason for."""

    def __init__(self, world: Any, rows: dict[str, Delivery], assumed: set[str], rejected: set[str]) -> None:
        self.world = world
        self.rows = rows
        self.assumed = assumed
        self.rejected = rejected

    def rows_ended(self) -> Iterator[str]:
        for code, row in sorted(self.rows.items()):
            if row.state is DeliveryState.STUCK and row.error_class not in _MAY_BE_STUCK:
                yield f"stuck: {code} on {row.channel}: {row.error_class}: {row.detail}"
            if row.state is DeliveryState.DELIVERED and code not in self.assumed and not self._shown(row):
                yield f"lost: {code} is delivered in the ledger, but {row.channel} never showed it"

    def _shown(self, row: Delivery) -> bool:
        posts = self.world.networks[row.channel].posts
        return any(code_of(text) == row.code for post in posts for _, _, text in post.revisions)

    # --- every thread ---------------------------------------------------------------------------------------------------

    def threads(self) -> Iterator[str]:
        grouped: dict[tuple[str, str], list[Delivery]] = {}
        for row in self.rows.values():
            grouped.setdefault((row.subject_id, row.channel), []).append(row)
        for (subject, channel), rows in sorted(grouped.items()):
            yield from self._thread(subject, channel, sorted(rows, key=lambda row: row.sequence))

    def _thread(self, subject: str, channel: str, rows: list[Delivery]) -> Iterator[str]:
        for number, row in enumerate(rows):
            if row.state is not DeliveryState.SUPERSEDED:
                continue
            if all(other.state is DeliveryState.SUPERSEDED for other in rows[number:]) and not self._over_untold(rows):
                yield f"lost: {row.code} on {channel} gave way, but nothing newer came ({row.detail})"
            if row.essential and row.code not in self.rejected and "replaced" in row.detail:
                yield f"lost: correction {row.code} on {channel} was collapsed"

    def _over_untold(self, rows: list[Delivery]) -> bool:
        """It was over before anybody read of it, as the ledger says and every network too: then nothing is posted.

        What is told elsewhere after that was decided (the end alone, or a correction) is no reason to tell it here.
        """
        decided = [row.settled_at for row in rows if row.settled_at and "over before anything was posted" in row.detail]
        trouble = [row for row in self.rows.values() if row.subject_id == rows[-1].subject_id and row.kind not in _OVER]
        return bool(decided) and rows[-1].kind in _OVER and not any(self._stood(row, min(decided)) for row in trouble)

    def _stood(self, row: Delivery, at: datetime) -> bool:
        """Its post stood at that moment, and its network's staff did not delete it."""
        posts = [post for post in self.world.networks[row.channel].posts if not post.gone]
        shown = [applied_at for post in posts for _, applied_at, text in post.revisions if code_of(text) == row.code]
        return any(wall_of(moment, 0.0) < at for moment in shown)
