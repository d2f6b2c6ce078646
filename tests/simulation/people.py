"""Operators and fate: who adds, withdraws, corrects and retries, and what befalls the machine, by the chance of the seed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random

from sqlalchemy import func, select
from sqlalchemy import text as sql

from statuspage.actions import deliveries as deeds
from statuspage.core.deliveries import Delivery
from statuspage.core.errors import DomainError
from statuspage.core.seal import digest_of, seal
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind
from statuspage.store import accounts, deliveries, switches
from statuspage.store.tables import NoticeRow
from tests.simulation.networks import MODES, FakeNetwork
from tests.simulation.world import SEAL_KEY, Process, World, story_of

_UNSAID = (DeliveryState.WITHDRAWN, DeliveryState.REFUSED)  # told in no later story
VOUCHED = timedelta(minutes=30)  # who sends again what is out of date says that it is true for so long
_KINDS = (NoticeKind.INVESTIGATING, NoticeKind.UPDATE, NoticeKind.IDENTIFIED, NoticeKind.MONITORING)


@dataclass
class Told:
    """What an operator committed for one channel: the truth against which posts are judged.

    before     the words that were replaced before the post left, with the moment from which they must not leave any more
    hold_s     how long it may not leave; offset_s: of the wall clock by which that was written down
    untils     until when it may count as true, in the order in which people said so, each with the moment at which they did
    retried    when a person sent it again; withdrawn: when one took it back; tampered: when an intruder changed its row
    """

    delivery: Delivery
    order: int
    at: float
    drill: bool
    hold_s: float = 0.0
    offset_s: float = 0.0
    untils: list[tuple[float, datetime]] = field(default_factory=list)
    retried: list[float] = field(default_factory=list)
    withdrawn: list[float] = field(default_factory=list)
    tampered: list[float] = field(default_factory=list)
    before: list[tuple[float, Delivery]] = field(default_factory=list)

    def words_at(self, moment: float, forms: Sequence[str]) -> set[str]:
        """Every wording that may leave at that moment. forms: which of text, text_alone and story."""
        versions = [self.delivery, *(old for until, old in self.before if moment <= until)]
        return {getattr(version, name) for version in versions for name in forms}


class Operators:
    """Adds updates in one transaction with their notices and deliveries, as the actions do."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.told: dict[str, Told] = {}  # code -> what was told
        self.restored = 0.0  # when a backup was; 0: never
        self.copied = 0.0  # when that backup was made

    def update(self, subject: str, kind: NoticeKind, *, valid_s: float | None, hold_s: float = 0.0, drill: bool = False) -> None:
        world, ctx = self.world, self.world.outside
        with world.store.writing() as session:
            earlier = deliveries.of_subject(session, SubjectKind.INCIDENT, subject)
            before = select(func.max(NoticeRow.sequence)).where(NoticeRow.subject_kind == "incident", NoticeRow.subject_id == subject)
            sequence = (session.scalar(before) or 0) + 1  # a notice may have no post: every account may just have left the configuration
            now = world.wall()
            valid = None if valid_s is None else now + timedelta(seconds=valid_s)
            hold = now + timedelta(seconds=hold_s) if hold_s else None
            notice = NoticeRow(
                id=ctx.new_id(), subject_kind="incident", subject_id=subject, sequence=sequence, kind=str(kind), created_at=now,
                valid_until=valid, not_before=hold, drill=drill,
            )  # fmt: skip
            session.add(notice)
            session.flush()
            world.counts["two channels on one account"] += len({info.channel.account for info in world.channels.values()}) < len(
                world.channels
            )
            for name in sorted(world.channels):
                thread = [row for row in earlier if row.channel == name and row.state not in _UNSAID and not self._is_tampered(row)]
                row = self._row(subject, sequence, kind, name, notice.id, now, valid, hold, thread)
                deliveries.add(session, row)
                self.told[row.code] = Told(
                    row, len(self.told), world.time, drill, hold_s, world.wall_offset_s, [(world.time, valid)] if valid else []
                )
        world.counts["hold" if hold_s else "no hold"] += 1
        world.happened(f"told {kind}", f"operator {subject} {sequence} {kind}")
        world.poke()

    def rehearse(self, subject: str) -> None:
        """A rehearsal whose rows somehow came to stand on real channels."""
        self.world.counts["rehearsal on a real channel"] += 1
        self.update(subject, NoticeKind.INVESTIGATING, valid_s=None, drill=True)

    def _row(
        self, subject: str, sequence: int, kind: NoticeKind, channel: str, notice_id: str, now: datetime,
        valid: datetime | None, hold: datetime | None, earlier: list[Delivery],
    ) -> Delivery:  # fmt: skip
        ctx, info = self.world.outside, self.world.channels[channel].channel
        code = ctx.new_code()
        text, alone = f"{subject} {kind} Ref {code}", f"Alone: {subject} {kind} Ref {code}"
        story = story_of(text, [row.text for row in earlier])
        row = Delivery(
            id=ctx.new_id(), notice_id=notice_id, subject_kind=SubjectKind.INCIDENT, subject_id=subject, sequence=sequence, kind=kind,
            channel=channel, account=info.account, network=info.network, language=info.language, mode=info.mode, text=text,
            text_alone=alone,
            story=story, code=code, digest=digest_of(text, alone, story),
            state=DeliveryState.WAITING if hold else DeliveryState.QUEUED, created_at=now, not_before=hold, valid_until=valid,
            essential=kind is NoticeKind.CORRECTION,
        )  # fmt: skip
        return replace(row, seal=seal(row, SEAL_KEY))

    def rows(self, *states: DeliveryState) -> list[Delivery]:
        with self.world.store.reading() as session:
            return deliveries.listing(session, states or None)

    def meddle(self) -> None:
        """One deed of a person on a delivery, if there is one to do it on."""
        world, ctx = self.world, self.world.outside
        movable = (DeliveryState.WAITING, DeliveryState.QUEUED, DeliveryState.STUCK)
        rows = sorted((row for row in self.rows(*movable) if row.subject_kind is SubjectKind.INCIDENT), key=lambda row: row.id)
        if not rows:
            return
        stuck = [row for row in rows if row.state is DeliveryState.STUCK]
        row = world.chance.choice(stuck if stuck and world.chance.random() < 0.7 else rows)
        try:
            if row.state is DeliveryState.STUCK and world.chance.random() < 0.7:
                deeds.retry(ctx, row.id, "operator", looked=True)
                told = self.told[row.code]
                world.networks[row.account].barred_all = 0.0  # it may have been off, and is resumed then
                told.retried.append(world.time)
                if told.untils and world.wall() >= told.untils[-1][1]:
                    told.untils.append((world.time, world.wall() + VOUCHED))
                world.happened("sent again by a person", f"operator retries {row.code}")
            else:
                self.withdraw(row)
                world.happened(f"withdrawn while {row.state}", f"operator withdraws {row.code}")
        except DomainError as error:
            world.note(f"operator refused: {type(error).__name__}")
        world.poke()

    def withdraw(self, withdrawn: Delivery) -> Delivery | None:
        """As the deed, which may refuse. Later stories of the thread that nobody took for sending do not tell it from now on."""
        instead = deeds.withdraw(self.world.outside, withdrawn.id, "operator", "not needed")
        self.told[withdrawn.code].withdrawn.append(self.world.time)
        thread = sorted((row for row in self.rows() if row.thread == withdrawn.thread), key=lambda row: row.sequence)
        for row in thread:
            if row.sequence > withdrawn.sequence and row.state in (DeliveryState.WAITING, DeliveryState.QUEUED):
                told = self.told[row.code]
                earlier = [
                    self.told[other.code].delivery.text for other in thread if other.sequence < row.sequence and other.state not in _UNSAID
                ]
                told.before.append((self.world.time, told.delivery))
                told.delivery = replace(told.delivery, story=story_of(told.delivery.text, earlier))
        return instead

    def _is_tampered(self, row: Delivery) -> bool:
        return row.code in self.told and bool(self.told[row.code].tampered)

    def _without_tampered(self, changed: Delivery) -> None:
        """When it is refused, later stories of the thread that nobody took for sending do not tell it any more."""
        thread = sorted((row for row in self.rows() if row.thread == changed.thread), key=lambda row: row.sequence)
        for row in thread:
            if row.sequence > changed.sequence and row.code in self.told:
                told = self.told[row.code]
                sound = [other for other in thread if other.sequence < row.sequence and not self._is_tampered(other)]
                texts = [self.told[other.code].delivery.text for other in sound if other.state not in _UNSAID]
                told.before.append((float("inf"), replace(told.delivery, story=story_of(told.delivery.text, texts))))

    def reword(self) -> None:
        """Somebody writes the newest statement of a thread anew, as long as nobody took it for sending; one that was changed is refused."""
        world = self.world
        rows = [row for row in self.rows(DeliveryState.WAITING, DeliveryState.QUEUED) if row.attempts == 0 and row.code in self.told]
        newest = {row.thread: row.sequence for row in sorted(self.rows(), key=lambda row: row.sequence)}
        rows = sorted((row for row in rows if newest[row.thread] == row.sequence and not self._is_tampered(row)), key=lambda row: row.id)
        if not rows:
            return
        row, told = world.chance.choice(rows), None
        text, alone = f"Reworded: {row.text}", f"Reworded: {row.text_alone}"
        story = text + row.story.removeprefix(row.text)
        changed = replace(row, text=text, text_alone=alone, story=story, digest=digest_of(text, alone, story))
        changed = replace(changed, seal=seal(changed, SEAL_KEY))
        with world.store.writing() as session:
            if deliveries.change(session, row, text=text, text_alone=alone, story=story, digest=changed.digest, seal=changed.seal):
                told = self.told[row.code]
        if told is not None:
            told.before.append((world.time, told.delivery))
            told.delivery = changed
            world.happened(f"reworded while {row.state}", f"operator rewords {row.code}")
            world.poke()

    def reload(self) -> None:
        """Another configuration: an account less, one more, or other modes for what comes."""
        world, chance = self.world, self.world.chance
        known, now = world.knobs.classes, set(world.accounts)
        kind = chance.choice(known)
        if chance.random() < 0.5:
            world.modes[kind] = chance.choice(MODES[kind])
            world.counts["mode changed"] += 1
        elif kind not in now:
            now.add(kind)
            world.counts["account added"] += 1
        elif len(now) > 1:
            now.discard(kind)
            world.counts["account removed"] += 1
        world.reload(tuple(account for account in world.every_account if account in now))

    def move(self, chance: Random) -> None:
        """A channel stands on another account from now on, of the same class or of another one."""
        world = self.world
        if not world.chaos:
            return
        channel = chance.choice(sorted(world.homes))
        others = [account for account in world.every_account if account != world.homes[channel]]
        if others:
            world.homes[channel] = chance.choice(others)
            world.counts["channel moved"] += 1
            world.reload(world.accounts)

    def switch(self, *, off: bool) -> None:
        with self.world.store.writing() as session:
            switches.turn(session, switches.POSTING, off=off, by="operator", reason="", at=self.world.wall())
        self.world.happened(f"posting {'off' if off else 'on'}")
        self.world.poke()

    def tamper(self) -> None:
        """Somebody changes the words of a delivery in the database."""
        rows = sorted(
            (row for row in self.rows(DeliveryState.QUEUED, DeliveryState.WAITING) if row.request is None), key=lambda row: row.id
        )
        if rows:
            row = self.world.chance.choice(rows)
            with self.world.store.writing() as session:
                for column in ("text", "text_alone", "story"):
                    session.execute(sql(f"UPDATE delivery SET {column} = 'Send money to X Ref {row.code}' WHERE id = :id"), {"id": row.id})
            self.told[row.code].tampered.append(self.world.time)
            self._without_tampered(row)
            self.world.happened("row changed in the database", f"intruder changes {row.code}")
            self.world.poke()


def script(world: World, people: Operators) -> float:
    """Lays out incidents and faults over the chaos phase; returns its length in seconds."""
    chance, knobs = world.chance, world.knobs
    length = chance.choice([1200.0, 3600.0, 7200.0]) if not knobs.all_down else 14400.0
    for number in range(chance.randint(1, 2)):
        _incident(world, people, f"incident{number:04d}", chance.uniform(0.0, length / 2), length)
    for _ in range(chance.randint(1, 4) if knobs.people else 0):
        world.later(chance.uniform(0.0, length), chance.choice([people.meddle, people.meddle, people.reword]))
    for _ in range(chance.randint(1, 4) if knobs.reloads else 0):
        world.later(chance.uniform(0.0, length), people.reload)
    if knobs.drills:
        world.later(chance.uniform(0.0, length), partial(people.rehearse, "drill0000000"))
    if knobs.off_switch:
        at = chance.uniform(0.0, length / 2)
        world.later(at, partial(people.switch, off=True))
        world.later(at + chance.uniform(60.0, 900.0), partial(people.switch, off=False))
    if knobs.tampering:
        for _ in range(3):
            world.later(chance.uniform(0.0, length), people.tamper)
    _fate(world, people, length)
    _disown(world, Random(f"disowned in {world.seed}"), length)
    if knobs.moves:
        own = Random(f"moved in {world.seed}")
        for _ in range(own.randint(1, 3)):
            world.later(own.uniform(0.0, length), people.move, own)
    return length


def _incident(world: World, people: Operators, subject: str, begin: float, length: float) -> None:
    chance = world.chance
    moments = sorted(chance.uniform(begin, length) for _ in range(chance.randint(1, 5)))
    if world.knobs.reloads and subject.endswith("0") and chance.random() < 0.5 and len(world.accounts) > 1:
        world.counts["account still to come"] += 1
        world.configure(world.accounts[1:])
        world.later(chance.uniform(begin, length), world.reload, world.every_account)
    pace = chance.choice([1.0, 1.0, 0.01])  # now and then all of it within seconds
    moments = [begin + (moment - begin) * pace for moment in moments]
    for number, moment in enumerate(moments):
        kind = _KINDS[min(number, 3)] if chance.random() > 0.15 or not number else NoticeKind.CORRECTION
        valid = chance.choice([None, 1800.0, 7200.0, 86400.0])
        hold = chance.choice(world.knobs.holds)
        world.later(moment, partial(people.update, subject, kind, valid_s=valid, hold_s=hold))
    if chance.random() < 0.7:
        kind = chance.choice([NoticeKind.RESOLVED, NoticeKind.RESOLVED_AUTO])
        world.later(moments[-1] + chance.uniform(1.0, 600.0), partial(people.update, subject, kind, valid_s=7200.0))


def _fate(world: World, people: Operators, length: float) -> None:
    chance, knobs = world.chance, world.knobs

    def when() -> float:
        return chance.uniform(0.0, length)

    if knobs.jumps:
        for _ in range(2):
            offset = chance.choice(knobs.offsets)
            world.later(when(), jump, world, offset)
    if knobs.crashes:
        for process in world.processes:
            world.later(when(), _kill, world, process)
    if knobs.lock_losses:
        for _ in range(3):
            world.later(when(), world.lose_locks)
    if knobs.deletions:
        world.later(when(), _delete_post, world)
    if knobs.revokes:
        network = world.networks[chance.choice(sorted(world.networks))]
        world.later(when(), _revoke, world, network)
    if knobs.all_down:
        at = chance.uniform(0.0, length / 4)
        world.later(at, _all_down, world, True)
        world.later(at + 10800.0, _all_down, world, False)
    if knobs.restores:
        at = chance.uniform(0.0, length)
        copies: list[sqlite3.Connection] = []
        world.later(at, back_up, world, copies)
        world.later(min(at + chance.choice([60.0, 600.0]), length), restore, world, people, copies)


def _disown(world: World, chance: Random, length: float) -> None:
    """Now and then a network refuses the account itself, until somebody has that put right there and resumes it, perhaps too early.

    By a chance of its own: the other worlds are as they were before there was this.
    """
    if chance.random() < 0.85:
        return
    network = world.networks[chance.choice(sorted(world.networks))]
    at, status = chance.uniform(0.0, length), chance.choice([402, 403, 410])
    world.later(at, _refuse, world, network, status)
    for moment in (at + chance.uniform(10.0, 900.0), at + chance.uniform(60.0, 3600.0)):
        world.later(moment, _resume, world, network)
    world.later(at + chance.uniform(60.0, 3600.0), _accept, world, network)


def _refuse(world: World, network: FakeNetwork, status: int) -> None:
    if world.chaos:
        network.disowns = status
        world.happened("account disowned", f"{network.name} answers {status} from now on")


def _accept(world: World, network: FakeNetwork) -> None:
    network.disowns = 0
    _resume(world, network)


def _resume(world: World, network: FakeNetwork) -> None:
    """Somebody uses it again, whether or not it is put right."""
    with world.store.reading() as session:
        off = accounts.get(session, network.name).held_for
        waiting = any(row.account == network.name for row in deliveries.listing(session, [DeliveryState.QUEUED]))
    if off and network.name in world.accounts:
        world.counts["waited while its account was off"] += waiting
        deeds.resume_account(world.outside, network.name, "operator")
        network.barred_all = 0.0  # who owns it next need not heed what was asked before
        world.happened("account resumed", f"operator resumes {network.name}")
        world.poke()


def _kill(world: World, process: Process) -> None:
    if process.up:
        world.kill(process, "by fate")


def back_up(world: World, copies: list[sqlite3.Connection]) -> None:
    copies.append(world.store.backup())
    world.copied_at = world.time


def jump(world: World, offset: float) -> None:
    world.wall_offset_s = offset
    world.happened("wall clock jumped", f"wall clock off by {offset}")
    world.poke()


def _revoke(world: World, network: FakeNetwork) -> None:
    network.token = "revoked"
    world.happened("credentials revoked", f"{network.name} revokes our credentials")


def _delete_post(world: World) -> None:
    posts = [post for _, network in sorted(world.networks.items()) for post in network.posts if not post.gone]
    if posts:
        post = world.chance.choice(posts)
        post.gone = True
        world.happened("post deleted by staff", f"{post.id} deleted by the network's staff")


def _all_down(world: World, down: bool) -> None:
    world.happened(f"all networks {'down' if down else 'up'}")
    for network in world.networks.values():
        network.down = down


def restore(world: World, people: Operators, copies: list[sqlite3.Connection]) -> None:
    for process in world.processes:
        if process.up:
            world.kill(process, "for the restore")
    people.restored, people.copied = world.time, world.copied_at
    world.store.restore(copies[0])
    for network in world.networks.values():
        network.barred_all = 0.0  # the backup does not know of it
    world.happened("database restored")
    deeds.after_restore(world.outside, "operator", world.wall())


def heal(world: World, people: Operators) -> None:
    """No new faults from now on: everything answers, clocks are right, processes run, credentials work."""
    world.chaos = False
    world.wall_offset_s = 0.0
    world.note("healed")
    for network in world.networks.values():
        network.faults, network.down, network.refuses_equal, network.disowns = {}, False, False, 0
        for moment in (1.0, 60.0):  # a refusal may still be under way
            world.later(moment, _resume, world, network)
        if network.token == "revoked":
            network.token = "good"
    if world.accounts != world.every_account:
        world.reload(world.every_account)
    people.switch(off=False)
    for process in world.processes:
        process.frozen_until = 0.0
        world.thaw(process)
        if not process.up:
            world.start(process)
    world.poke()
