"""Why a delivery may end without a post, by what the world itself knows: who withdrew or changed what, what a network truly answered to
which code, what was told after it. The ledger only says that a row was moved; nothing that it gives as a reason is believed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from broadcasters.post import DeliveryClass
from statuspage.core.vocabulary import DeliveryState, NoticeKind, UpdateMode
from tests.simulation.networks import FakeNetwork, Refusal, Write
from tests.simulation.people import Operators, Told
from tests.simulation.ports import Move, wall_of
from tests.simulation.texts import code_of
from tests.simulation.world import World

ASSUMED_AFTER_S = 600.0  # what cannot be looked up counts as sent then: people had so long to look
GIVEN_UP_AFTER = 30
UNSEEN_ATTEMPTS = 5  # of those thirty: a process that dies between its commit and its request asked nothing
_OVER = (NoticeKind.RESOLVED, NoticeKind.RESOLVED_AUTO)
_WROTE_DOWN = timedelta(seconds=1)
_SENDING, _UNKNOWN = str(DeliveryState.SENDING), str(DeliveryState.UNKNOWN)
_GOES_ON = (NoticeKind.INVESTIGATING, NoticeKind.IDENTIFIED, NoticeKind.UPDATE, NoticeKind.REOPENED)


def _as_true_after(said: NoticeKind, newer: NoticeKind) -> bool:
    """Nobody takes up "it does not work" when "it works again" is taken back, nor the other way round."""
    return (said in _GOES_ON and newer in _GOES_ON) or said is newer is NoticeKind.MONITORING


class Reasons:
    """Goes through every move of every row, each at the moment at which it was made."""

    def __init__(self, world: World, people: Operators) -> None:
        self.world = world
        self.people = people
        self.told = people.told
        self._of_id = {told.delivery.id: told for told in people.told.values()}
        self._threads: dict[tuple[str, str], list[Told]] = defaultdict(list)
        for told in people.told.values():
            self._threads[told.delivery.subject_id, told.delivery.channel].append(told)
        self._refusals: dict[str, list[Refusal]] = defaultdict(list)
        self._writes: dict[str, list[Write]] = defaultdict(list)
        for network in world.networks.values():
            for refusal in network.refusals:
                self._refusals[code_of(refusal.text)].append(refusal)
            for write in network.writes:
                self._writes[code_of(write.text)].append(write)
        self._shown: dict[str, float] = {}  # code -> since when
        for network in world.networks.values():
            for post in network.posts:
                for _, applied_at, text in post.revisions:
                    code = code_of(text)
                    self._shown[code] = min(self._shown.get(code, applied_at), applied_at)
        self._moves: dict[str, list[Move]] = defaultdict(list)
        for move in world.store.moves():
            self._moves[move.id].append(move)

    def moves_of(self, row_id: str) -> list[Move]:
        return self._moves[row_id]

    def was_assumed(self, code: str) -> bool:
        """It was taken for sent on a network that cannot be read, shown or not."""
        told = self.told[code]
        moves = self._moves[told.delivery.id]
        return any(move.after == DeliveryState.DELIVERED and self._assumed(told, move, moves[:number]) for number, move in enumerate(moves))

    # --- each move ------------------------------------------------------------------------------------------------------

    def missing(self) -> Iterator[str]:
        for row_id, moves in sorted(self._moves.items()):
            told = self._of_id.get(row_id)
            for number, move in enumerate(moves):
                if told is not None and not self._allowed(told, move, moves[:number]):
                    yield f"lost: {told.delivery.code} on {told.delivery.channel} was {move.after} at {move.at:.0f} s without a reason"

    def _allowed(self, told: Told, move: Move, before: list[Move]) -> bool:
        match DeliveryState(move.after):
            case DeliveryState.WITHDRAWN:
                return any(moment <= move.at for moment in told.withdrawn)
            case DeliveryState.REFUSED:
                return told.drill or any(moment <= move.at for moment in told.tampered)
            case DeliveryState.STUCK:
                return self._may_stick(told, move.at)
            case DeliveryState.SUPERSEDED:
                return self._may_give_way(told, move)
            case DeliveryState.DELIVERED:
                return self._shown.get(told.delivery.code, float("inf")) <= move.at or self._assumed(told, move, before)
        return True

    def _may_stick(self, told: Told, at: float) -> bool:
        """Refused for good, out of date, given up after so many attempts, left without a channel; or of a backup, and perhaps rewritten
        since, or stuck before.
        """
        row = told.delivery
        since = max((moment for moment in told.retried if moment <= at), default=told.at)
        refused = any(since <= refusal.at <= at for refusal in self._refusals[row.code])
        asked = sum(since <= write.at <= at for write in self._writes[row.code])
        from_backup = 0.0 < self.people.restored <= at and told.at <= self.people.copied
        undecided = row.mode is UpdateMode.EDIT or self._state_at(row.id, self.people.copied) == DeliveryState.STUCK
        return (
            refused
            or self._out_of_date(told, at)
            or asked >= GIVEN_UP_AFTER - UNSEEN_ATTEMPTS
            or (from_backup and undecided)
            or any(left <= at for left in self.world.left_at.get((row.channel, row.account), ()))
        )

    def _state_at(self, row_id: str, at: float) -> str:
        return next((move.after for move in reversed(self._moves[row_id]) if move.at <= at), "")

    def _out_of_date(self, told: Told, at: float) -> bool:
        """By the wall clock of that moment. A backup does not know who vouched for it since."""
        untils = [until for moment, until in told.untils if moment <= at]
        if not untils:
            return False
        until = untils[0] if self.people.restored else untils[-1]
        return any(wall_of(at, offset) >= until - _WROTE_DOWN for offset in self.world.offsets_in(at, at))

    def _may_give_way(self, told: Told, move: Move) -> bool:
        """To a newer statement that might go out by then, or because all was over before anybody read of it."""
        newer = [other for other in self._thread(told, move.at) if other.order > told.order and self._may_go(other, move.at)]
        if not told.delivery.essential:
            return bool(newer) or self._over_untold(told, move.at)
        overtaken = any(self._shown.get(other.delivery.code, float("inf")) <= move.at for other in newer)
        return bool(newer) and (move.before == DeliveryState.STUCK or overtaken)

    def _may_go(self, told: Told, at: float) -> bool:
        return not self._withdrawn(told, at) and self.hold_over(told, at)

    def _withdrawn(self, told: Told, at: float) -> bool:
        return any(moment <= at and self._counts(moment, at) for moment in told.withdrawn)

    def _over_untold(self, told: Told, at: float) -> bool:
        """The newest of several statements says that it is over, and of the trouble no post stood anywhere."""
        thread = self._thread(told, at)
        if len(thread) < 2 or thread[-1].delivery.kind not in _OVER:
            return False
        subject = told.delivery.subject_id
        known = [other for other in self.told.values() if other.delivery.subject_id == subject and self._in_ledger(other, at)]
        trouble = {other.delivery.code for other in known if other.delivery.kind not in _OVER}
        return not any(self._stood(network, trouble, at) for network in self.world.networks.values())

    def _stood(self, network: FakeNetwork, codes: set[str], at: float) -> bool:
        """A post with one of these codes; what the network's own staff deleted does not count."""
        posts = [post for post in network.posts if not post.gone]
        return any(applied_at < at and code_of(text) in codes for post in posts for _, applied_at, text in post.revisions)

    def _assumed(self, told: Told, move: Move, before: list[Move]) -> bool:
        """Where nothing can be read, a post may count as sent when people have had their minutes to look."""
        if self.world.networks[told.delivery.account].kind is not DeliveryClass.BLIND:
            return False
        since = move.at
        for earlier in reversed([other for other in before if move.undone or not other.undone]):
            if earlier.after not in (_SENDING, _UNKNOWN):
                break
            since = earlier.at
        return move.at - since >= ASSUMED_AFTER_S - 0.001

    def _thread(self, told: Told, at: float) -> list[Told]:
        """What the ledger knew then of its thread."""
        return [other for other in self._threads[told.delivery.subject_id, told.delivery.channel] if self._in_ledger(other, at)]

    def _in_ledger(self, told: Told, at: float = float("inf")) -> bool:
        """False for what was not told yet, and for what was told after the backup was made that was restored by then."""
        return told.at <= at and self._counts(told.at, at)

    # --- holds ----------------------------------------------------------------------------------------------------------

    def hold_over(self, told: Told, at: float) -> bool:
        """A wall clock that went forward after it was written down may shorten a hold by as much: a new process knows no better."""
        ahead = max(offset - told.offset_s for offset in self.world.offsets_in(told.at, at)) if told.hold_s else 0.0
        return at - told.at >= told.hold_s - max(ahead, 0.0) - 0.001

    def hold_ends(self, code: str, healed_at: float) -> float:
        """When the last hold of the thread ends. While the machine sleeps, it stands still; a process that starts on a wall clock that was
        set back lets it begin anew.
        """
        row = self.told[code].delivery
        held = [told for told in self._threads[row.subject_id, row.channel] if told.hold_s]
        jumps = self.world.knobs.jumps
        return max(((max(told.at, healed_at) if jumps else told.at) + told.hold_s + self.world.slept_s for told in held), default=0.0)

    # --- what is left at the end ----------------------------------------------------------------------------------------

    def untold(self) -> Iterator[str]:
        """Each thread tells its newest statement, or that one ended for a reason of its own."""
        for (_, channel), thread in sorted(self._threads.items()):
            left = [told for told in thread if not self._withdrawn(told, float("inf")) and not told.drill and self._in_ledger(told)]
            while left and left[-1].tampered and not self._left_to_people(left[-1]):
                left.pop()
            if not left or not (moves := self._moves[left[-1].delivery.id]):
                continue
            last = moves[-1]
            if last.after == DeliveryState.SUPERSEDED and not self._excused(left[-1], last.at):
                yield f"lost: {left[-1].delivery.code} on {channel} gave way, but nothing newer came"

    def _left_to_people(self, told: Told) -> bool:
        """It went out of date before anybody could see that it had been changed. Who sends it again hears of that."""
        last = self._moves[told.delivery.id][-1:]
        return any(move.after == DeliveryState.STUCK and self._out_of_date(told, move.at) for move in last)

    def left_in_doubt(self, code: str, sent_at: float) -> bool:
        """It was sent, its channel moved to another account before anybody knew more, and a newer statement came when that was back."""
        row = self.told[code].delivery
        moves = self._moves[row.id]
        gone = [move.at for move in moves if move.after == DeliveryState.STUCK and move.before in (_SENDING, _UNKNOWN)]
        moved = self.world.left_at.get((row.channel, row.account), ())
        return moves[-1].before == DeliveryState.STUCK and any(sent_at <= at and any(left <= at for left in moved) for at in gone)

    def _excused(self, told: Told, at: float) -> bool:
        """Over, out of date when what had replaced it was withdrawn or refused, or perhaps out."""
        others = self._thread(told, float("inf"))
        refused = [move.at for other in others for move in self._moves[other.delivery.id] if move.after == DeliveryState.REFUSED]
        taken_back = [moment for moment in [*refused, *(moment for other in others for moment in other.withdrawn)] if moment >= at]
        doubtful = bool(self._refusals[told.delivery.code]) or self.people.restored > 0.0
        silenced = [other for other in others if other.order > told.order and (other.withdrawn or other.tampered)]
        untrue = any(not _as_true_after(told.delivery.kind, other.delivery.kind) for other in silenced)
        return untrue or self._over_untold(told, at) or doubtful or any(self._out_of_date(told, moment) for moment in taken_back)

    # --- requests -------------------------------------------------------------------------------------------------------

    def too_soon(self) -> Iterator[str]:
        """Requests before a hold ended, after a withdrawal, or while the network asked to wait."""
        for code, writes in sorted(self._writes.items()):
            told = self.told.get(code)
            for write in writes if told is not None else ():
                if not self.hold_over(told, write.at):
                    yield f"early: {code} was sent at {write.at:.0f} s, before its hold ended"
                if write.path != "containers" and self._withdrawn(told, write.at):
                    yield f"unexpected: {code} was sent at {write.at:.0f} s, though it was withdrawn"
        for name, network in sorted(self.world.networks.items()):
            for line in network.too_soon:
                yield f"hasty: {name} was asked before it allowed that: {line}"
            for post_id in network.foreign:
                yield f"unexpected: {name} was to continue {post_id}, which is no post of this account"

    def _counts(self, moment: float, at: float) -> bool:
        """False for a deed that a restored backup has undone by then."""
        return not (at >= self.people.restored and self.people.copied < moment <= self.people.restored)

    def other_words(self) -> Iterator[str]:
        """One key stands for one text: a network that remembers keys would answer with the other post."""
        for name, network in sorted(self.world.networks.items()):
            texts: dict[str, str] = {}
            for write in network.writes:
                if write.path == "posts" and texts.setdefault(write.key, write.text) != write.text:
                    yield f"rekeyed: {name} was given {write.text!r} under the key of {texts[write.key]!r}"
