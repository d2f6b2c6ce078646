"""Judges a finished world by the fakes' truth: lost, doubled, unexpected, disordered, stale, unapproved, never settled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, select

from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind
from statuspage.store import deliveries
from statuspage.store.tables import AttemptRow
from tests.simulation.networks import TruePost
from tests.simulation.people import Operators, Told
from tests.simulation.ports import wall_of
from tests.simulation.world import World

SETTLED_S = 600.0
GRACE = timedelta(seconds=1)  # between the last look at the clock and the request
BLIND_MARGIN_S = 60.0  # the deadline of the request that was under way when the last fault ended, and what follows the ten minutes
_CODE = re.compile(r"(?:\b(?:R[eé]f\S*|Kenmerk) |/u/)([2-9A-Z]{7})\b")
_OPEN = (DeliveryState.WAITING, DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN)
_OVER = (NoticeKind.RESOLVED, NoticeKind.RESOLVED_AUTO)
_NOT_OUT = (DeliveryState.SUPERSEDED, DeliveryState.WITHDRAWN, DeliveryState.REFUSED, DeliveryState.QUEUED)
_MAY_BE_STUCK = ("expired", "duplicate", "content", "denied", "billing", "gone", "refused", "retry", "restored")
_REJECTED = ("stuck", "content", "denied", "billing", "gone", "restored")


def code_of(text: str) -> str:
    """The code of the newest statement in a post."""
    found = _CODE.search(text)
    return found.group(1) if found else ""


def faults_by_now(world: World, people: Operators) -> list[str]:
    """What may never be, not even while things are under way: doubled, unexpected, unapproved, stale or disordered posts."""
    with world.store.reading() as session:
        rows = {row.code: row for row in deliveries.listing(session, limit=10_000) if row.subject_kind is SubjectKind.INCIDENT}
    return list(_Judge(world, people, rows, set(), set()).posts())


def faults(world: World, people: Operators, *, healed_at: float | None = None, last_line: int = 0) -> list[str]:
    """What went wrong, one line each; empty if everything is as promised.

    healed_at, last_line   when the last fault ended, and the last line of any delivery's story then; None: nothing is asked of
                           how soon everything settled
    """
    with world.store.reading() as session:
        rows = {row.code: row for row in deliveries.listing(session, limit=10_000) if row.subject_kind is SubjectKind.INCIDENT}
        stories = {row.id: deliveries.story(session, row.id) for row in rows.values()}
    assumed = {row.code for row in rows.values() if any(a.outcome in ("assumed", "seen") for a in stories[row.id])}
    rejected = {row.code for row in rows.values() if any(a.outcome in _REJECTED for a in stories[row.id])}
    judge = _Judge(world, people, rows, assumed, rejected)
    late = [] if healed_at is None else _late(world, rows, assumed, healed_at, last_line)
    return [*judge.posts(), *judge.rows_settled(), *judge.threads(), *late]


def _late(world: World, rows: dict[str, Delivery], assumed: set[str], healed_at: float, last_line: int) -> Iterator[str]:
    """D28: everything is final ten minutes after the last fault.

    Two things last by design. A wait that a network asked for, up to an hour, is no fault that ended: the ten minutes begin when it is
    over; a process that starts on a wall clock that was set back lets it begin anew, since nothing else was written down. And on a
    network that cannot be read people get ten minutes to look (D11): a thread in which that happened has these, beginning with the end
    of the request whose answer was lost, and a moment for what follows.
    """
    by_id = {row.id: row for row in rows.values()}
    blind = {(row.subject_id, row.channel) for row in rows.values() if row.code in assumed}
    with world.store.reading() as session:
        lines = session.execute(
            select(AttemptRow.delivery_id, func.max(AttemptRow.at)).where(AttemptRow.id > last_line).group_by(AttemptRow.delivery_id)
        ).all()
    for delivery_id, at in lines:
        row = by_id.get(delivery_id)
        if row is None:
            continue
        network = world.networks[row.channel]
        begun = max(healed_at + (network.asked_s if world.knobs.jumps else 0.0), network.asked_until)
        most = SETTLED_S + (BLIND_MARGIN_S if (row.subject_id, row.channel) in blind else 0.0)
        took = (at - wall_of(begun, 0.0)).total_seconds()
        if took > most:
            yield f"late: {row.code} on {row.channel} became {row.state} {took:.0f} s after the last fault"


class _Judge:
    def __init__(self, world: World, people: Operators, rows: dict[str, Delivery], assumed: set[str], rejected: set[str]) -> None:
        self.world = world
        self.told = people.told
        self.restored = people.restored
        self.rows = rows
        self._offsets = (0.0, 7200.0, -7200.0) if world.knobs.jumps else (0.0,)  # of the product's wall clock
        self.assumed = assumed
        self.rejected = rejected

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
        for sent_at, _, text in post.revisions:
            code = code_of(text)
            told = self.told.get(code)
            if told is None:
                yield f"unexpected: {name} shows {text!r}, which nobody told"
                continue
            if told.delivery.channel != name:
                yield f"unexpected: {code} belongs on {told.delivery.channel}, not on {name}"
            if text not in told.words_at(float("-inf") if self.restored else sent_at):
                yield f"unapproved: {name} shows {text!r}"
            row = self.rows.get(code)
            made_new = text == post.revisions[0][2]  # an edit whose answer was lost may show and yet give way to the next one
            if (
                made_new
                and row is not None
                and not (row.state is DeliveryState.SUPERSEDED and sent_at < self.restored)  # by one that was found in its place
                and row.state in (DeliveryState.SUPERSEDED, DeliveryState.WITHDRAWN, DeliveryState.REFUSED, DeliveryState.QUEUED)
            ):
                yield f"unexpected: {code} is {row.state} in the ledger, but {name} shows it"
            if told.drill:
                yield f"unexpected: rehearsal {code} on {name}"
            yield from self._stale(told, row, sent_at)

    def _stale(self, told: Told, row: Delivery | None, sent_at: float) -> Iterator[str]:
        until = told.delivery.valid_until
        if until is None or self.restored:
            return
        if told.vouched_until is not None:
            until = max(until, told.vouched_until)
        if all(wall_of(sent_at, offset) > until + GRACE for offset in self._offsets):
            yield f"stale: {told.delivery.code} sent after {until:%H:%M:%S}"

    def _order(self, name: str, posts: list[TruePost]) -> Iterator[str]:
        shown: dict[str, list[tuple[float, int, str]]] = {}
        for post in posts:
            for _, applied_at, text in post.revisions:
                told = self.told.get(code_of(text))
                if told is not None and told.delivery.code in self.rows:
                    shown.setdefault(told.delivery.subject_id, []).append((applied_at, told.order, told.delivery.code))
        for subject, entries in sorted(shown.items()):
            for before, after in pairwise(sorted(entries)):
                if after[1] < before[1]:
                    yield f"disordered: {subject} on {name} shows {after[2]} after the newer {before[2]}"

    def _person_resent(self, code: str) -> bool:
        return code in self.told and self.told[code].retried

    # --- every row ------------------------------------------------------------------------------------------------------

    def rows_settled(self) -> Iterator[str]:
        for code, row in sorted(self.rows.items()):
            if row.state in _OPEN:
                yield f"unsettled: {code} on {row.channel} is {row.state} ({row.error_class}: {row.detail})"
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
            if row.essential and row.code not in self.rejected and not self._retried(rows) and "replaced" in row.detail:
                yield f"lost: correction {row.code} on {channel} was collapsed"

    def _retried(self, rows: list[Delivery]) -> bool:
        """A person sent a newer stuck one again before the correction could go."""
        return any(self.told[row.code].retried for row in rows)

    def _over_untold(self, rows: list[Delivery]) -> bool:
        """It was over before anybody read of it, as the ledger says and every network too: then nothing is posted.

        What is told elsewhere after that was decided (the end alone, or a correction) is no reason to tell it here.
        """
        decided = [row.settled_at for row in rows if row.settled_at and "over before anything was posted" in row.detail]
        trouble = [row for row in self.rows.values() if row.subject_id == rows[-1].subject_id and row.kind not in _OVER]
        return bool(decided) and rows[-1].kind in _OVER and not any(self._stood(row, min(decided)) for row in trouble)

    def _stood(self, row: Delivery, at: datetime) -> bool:
        """Its post stood at that moment of the product's clock, however that jumped, and its network's staff did not delete it."""
        posts = [post for post in self.world.networks[row.channel].posts if not post.gone]
        shown = [applied_at for post in posts for _, applied_at, text in post.revisions if code_of(text) == row.code]
        return any(wall_of(moment, max(self._offsets)) < at for moment in shown)
