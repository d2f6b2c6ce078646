"""Planted bugs (S2): each takes one protection away. A simulator that does not find them is blunt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch
from zlib import crc32

from broadcasters import mapping
from broadcasters.errors import OutcomeClass
from broadcasters.post import Found, Receipt, Remote
from statuspage.actions import deliveries
from statuspage.core import delivery_rules as rules
from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import deliveries as delivery_store
from statuspage.worker import desk, dispatcher, gate, postmaster, reconciler, sender, verdict
from statuspage.worker.verdict import accepted, write
from tests.simulation import networks, ports
from tests.simulation.run import run
from tests.simulation.world import draw_knobs

Mutant = Callable[[ExitStack], None]
MUTANTS: dict[str, Mutant] = {}


def mutant(name: str) -> Callable[[Mutant], Mutant]:
    def keep(deed: Mutant) -> Mutant:
        MUTANTS[name] = deed
        return deed

    return keep


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The product with that bug."""
    with ExitStack() as stack:
        MUTANTS[name](stack)
        yield


def _swap(stack: ExitStack, target: Any, name: str, value: Any) -> None:
    stack.enter_context(patch.object(target, name, value))


def _plan(stack: ExitStack, change: Callable[[Callable[..., rules.Plan], Sequence[Delivery], Any], rules.Plan]) -> None:
    real = rules.plan_thread
    for module in (dispatcher, sender):
        _swap(stack, module, "plan_thread", lambda rows, **how: change(real, rows, how))


@mutant("mark before send")
def _mark_before_send(stack: ExitStack) -> None:
    real = sender._send

    def send(of: desk.Desk, intent: sender.Intent) -> Any:
        of.write(lambda session: write(of, session, intent.row, accepted(intent.row, None, None, "ok", "")))
        return real(of, intent)

    _swap(stack, sender, "_send", send)


@mutant("retry without reconcile")
def _retry(stack: ExitStack) -> None:
    _swap(stack, desk, "move_for", lambda *_, **__: rules.Move.REPEAT)


@mutant("new key per attempt")
def _new_key(stack: ExitStack) -> None:
    real, numbers = postmaster.Network.perform, iter(range(10**9))

    def perform(self: postmaster.Network, request: Mapping[str, Any]) -> Receipt:
        return real(self, {**request, "key": f"key{next(numbers)}", "record_key": f"record{next(numbers)}"})

    _swap(stack, postmaster.Network, "perform", perform)


@mutant("blind retry")
def _blind_retry(stack: ExitStack) -> None:
    real = rules.move_for
    _swap(stack, desk, "move_for", lambda kind, **how: rules.Move.REPEAT if kind == "blind" else real(kind, **how))


@mutant("5xx means not applied")
def _5xx(stack: ExitStack) -> None:
    stack.enter_context(patch.dict(mapping._BY_STATUS, dict.fromkeys((500, 502, 503, 504), OutcomeClass.RETRY)))


@mutant("no quiet period")
def _no_quiet(stack: ExitStack) -> None:
    real = reconciler._read
    _swap(stack, reconciler, "_read", lambda of, row, found, quiet: real(of, row, found, True))


@mutant("key window ignored")
def _window(stack: ExitStack) -> None:
    _swap(stack, desk, "key_trusted", lambda row, now, window_s: row.first_attempt_at is not None)


@mutant("no re-check before send")
def _no_recheck(stack: ExitStack) -> None:
    _swap(stack, sender, "intent_fresh", lambda *_: True)


@mutant("no thread order")
def _no_order(stack: ExitStack) -> None:
    def change(real: Any, rows: Sequence[Delivery], how: Any) -> rules.Plan:
        plan: rules.Plan = real(rows, **how)
        ready = [row for row in rows if row.state is DeliveryState.QUEUED]
        return rules.Plan(release=plan.release, send=ready[-1] if ready else None)

    _plan(stack, change)


@mutant("held head does not block")
def _no_block(stack: ExitStack) -> None:
    busy = (DeliveryState.SENDING, DeliveryState.UNKNOWN)
    _plan(stack, lambda real, rows, how: real([row for row in rows if row.state not in busy], **how))


@mutant("wall-clock lease")
def _lease(stack: ExitStack) -> None:
    leases: dict[tuple[int, str], tuple[Any, datetime]] = {}

    def acquire(self: Any) -> bool:
        key = (id(self.store), self.name)
        holder, until = leases.get(key, (None, datetime.min.replace(tzinfo=ports.START.tzinfo)))
        now = self.store.wall()
        if holder is self or now >= until:
            leases[key] = (self, now + timedelta(seconds=60))
            return True
        return False

    @contextmanager
    def writing(self: Any) -> Iterator[Any]:
        with self.store.writing() as session:
            yield session

    _swap(stack, ports.SimLock, "acquire", acquire)
    _swap(stack, ports.SimLock, "writing", writing)


@mutant("restore not reconciled")
def _restore(stack: ExitStack) -> None:
    _swap(stack, deliveries, "after_restore", lambda *_: 0)


@mutant("what a backup forgot was never said")
def _forgotten(stack: ExitStack) -> None:
    for module in (rules, dispatcher, delivery_store):
        _swap(stack, module, "may_be_out", lambda row: row.attempts > 0)


@mutant("marker per incident instead of per update")
def _marker(stack: ExitStack) -> None:
    def find(self: Any, row: Delivery) -> Any:
        posts = networks._send(self._http, self.config, "GET", "posts", None, create=False, read=lambda answer: list(answer["posts"]))
        mine = [post for post in posts if row.subject_id in post["text"]]
        return Found(Remote(mine[0]["id"]), mine[0]["text"], None) if mine else None

    _swap(stack, postmaster.Network, "find", find)


@mutant("collapse eats a correction")
def _collapse(stack: ExitStack) -> None:
    _plan(stack, lambda real, rows, how: real([replace(row, essential=False) for row in rows], **how))


@mutant("key age by monotonic time only")
def _monotonic(stack: ExitStack) -> None:
    def trusted(row: Delivery, now: rules.Instant, window_s: float) -> bool:
        return row.process_id == now.process_id and now.monotonic - (row.first_monotonic or 0.0) < window_s / 2

    _swap(stack, desk, "key_trusted", trusted)


@mutant("lock connection lost")
def _lost_lock(stack: ExitStack) -> None:
    """Who once had the lock goes on as if it were still held."""
    real = ports.SimLock.acquire
    had: set[Any] = set()

    def acquire(self: Any) -> bool:
        if self in had or real(self):
            had.add(self)
            return True
        return False

    @contextmanager
    def writing(self: Any) -> Iterator[Any]:
        with self.store.writing() as session:
            yield session

    _swap(stack, ports.SimLock, "acquire", acquire)
    _swap(stack, ports.SimLock, "writing", writing)


@mutant("stale text sent")
def _stale(stack: ExitStack) -> None:
    for module in (rules, desk, sender):
        _swap(stack, module, "expired", lambda row, now: False)


# --- what ends without a post, and what comes too soon: a judge who believes the ledger sees nothing of these -----------------------------


def _one_in_three(row: Delivery) -> bool:
    return crc32(row.id.encode()) % 3 == 0


@mutant("refused though its seal is right")
def _refused(stack: ExitStack) -> None:
    real = sender.forbidden

    def forbidden(of: desk.Desk, session: Any, row: Delivery) -> bool:
        if not _one_in_three(row):
            return real(of, session, row)
        why = "its seal is wrong: somebody changed it in the database. It is not sent. Find out who did."
        delivery_store.change(session, row, state=DeliveryState.REFUSED, settled_at=of.ctx.now(), error_class="refused", detail=why)
        return True

    _swap(stack, sender, "forbidden", forbidden)


@mutant("withdrawn by nobody")
def _withdrawn(stack: ExitStack) -> None:
    real = sender.forbidden

    def forbidden(of: desk.Desk, session: Any, row: Delivery) -> bool:
        if row.state is not DeliveryState.QUEUED or not _one_in_three(row):
            return real(of, session, row)
        delivery_store.change(session, row, state=DeliveryState.WITHDRAWN, settled_at=of.ctx.now(), detail="withdrawn by operator")
        return True

    _swap(stack, sender, "forbidden", forbidden)


@mutant("any failure is for good")
def _for_good(stack: ExitStack) -> None:
    real = verdict._unavailable

    def unavailable(of: desk.Desk, row: Delivery, error: Any, repeat: bool) -> verdict.Verdict:
        return real(of, row, error, repeat) if repeat else verdict.stuck(row, "content", error.detail)

    _swap(stack, verdict, "_unavailable", unavailable)


@mutant("a hold is no hold")
def _no_hold(stack: ExitStack) -> None:
    _swap(stack, dispatcher, "hold_left_s", lambda row, now: 0.0 if row.not_before else float("inf"))


@mutant("a restore ends every hold")
def _hold_lost(stack: ExitStack) -> None:
    stack.enter_context(patch.dict(deliveries._RESTORED_FROM, {DeliveryState.WAITING: deliveries.RESTORED}))


@mutant("what a network asks to wait is ignored")
def _impatient(stack: ExitStack) -> None:
    _swap(stack, gate.Gate, "pause", lambda self, now, seconds: None)
    for module in (verdict, dispatcher):
        _swap(stack, module, "asked_to_wait", lambda of, error: (0.0, {}))


@mutant("a wait ends with its process")
def _forgetful(stack: ExitStack) -> None:
    _swap(stack, desk.Desk, "_heed_wait", lambda self, known: None)


@mutant("a former owner may not live")
def _nobody_lives(stack: ExitStack) -> None:
    real = reconciler.first_seen

    def first_seen(of: desk.Desk, row: Delivery) -> None:
        real(of, row)
        of.since[row.id] = of.mono()

    _swap(stack, reconciler, "first_seen", first_seen)


@mutant("the same key in every epoch")
def _same_key(stack: ExitStack) -> None:
    for module in (sender, postmaster):
        _swap(stack, module, "key_of", lambda delivery_id, epoch: rules.key_of(delivery_id, 1))


@mutant("any doubt counts as sent")
def _assumed(stack: ExitStack) -> None:
    """What was looked for once and not found is taken for sent, as on a network that cannot be read."""

    def look(of: desk.Desk, row: Delivery, found: Any, quiet: bool) -> None:
        of.write(lambda session: write(of, session, row, accepted(row, None, None, "assumed", "assumed to be published"), act="decide"))

    _swap(stack, reconciler, "_read", look)


@mutant("people get no time to look")
def _no_time(stack: ExitStack) -> None:
    real, wait = verdict._uncertain, reconciler._wait

    def uncertain(of: desk.Desk, row: Delivery, error: Any) -> verdict.Verdict:
        found = real(of, row, error)
        of.due[row.id] = min(of.due[row.id], of.mono() + 60.0)
        return found

    _swap(stack, verdict, "_uncertain", uncertain)
    _swap(stack, reconciler, "_wait", lambda of, row, waited, quiet: wait(of, row, waited * 20, quiet))


@mutant("a stuck statement gives way to nothing")
def _gives_way(stack: ExitStack) -> None:
    """It is replaced by a statement that is still on hold."""

    def change(real: Any, rows: Sequence[Delivery], how: Any) -> rules.Plan:
        plan: rules.Plan = real(rows, **how)
        if len(rows) < 2 or rows[-1].state is not DeliveryState.WAITING or plan.send is None or plan.release:
            return plan
        return rules.Plan(supersede=((plan.send, rows[-1].sequence),))

    _plan(stack, change)


# Bugs whose faults seldom come together: these are on in their seeds, the rest is drawn as usual.
_SUSPENDED = {"classes": ("bare", "natural"), "second_process": True, "pauses": True, "sleeps": False, "lock_losses": True}
_CUT_OFF = {  # its owner is stopped for just as long as an intent is good for, succeeded at once, and its request takes as long as any may
    "classes": ("bare",),
    "modes": dict.fromkeys(networks.MODES, "reply"),
    "kinds": ("late",),
    "rate": 0.9,
    "second_process": True,
    "pauses": True,
    "suspends": 0.5,
    "suspended_at": ("intent-committed",),
    "pauses_s": (9.0,),
    "sleeps": False,
    "lock_losses": True,
    "loss_after_s": 0.05,
    "late_s": 89.0,
}
_ASLEEP = {"classes": ("keyed",), "kinds": ("cut", "lost_applied"), "rate": 0.5, "sleeps": True, "pauses": False}
AIMED: dict[str, dict[str, Any]] = {
    "blind retry": {"classes": ("blind",), "kinds": ("cut", "lost_applied"), "rate": 0.5},
    "key window ignored": _ASLEEP,
    "key age by monotonic time only": _ASLEEP,
    "no re-check before send": _SUSPENDED,
    "wall-clock lease": _SUSPENDED,
    "lock connection lost": {"classes": ("bare", "natural"), "second_process": True, "lock_losses": True, "rate": 0.5},
    "restore not reconciled": {"classes": ("bare", "natural"), "restores": True},
    "what a backup forgot was never said": {"restores": True},
    "a wait ends with its process": {"kinds": ("throttled",), "rate": 0.2, "crashes": 0.05, "jumps": False, "restores": False},
    "a restore ends every hold": {"restores": True, "holds": (3600.0,)},
    "a former owner may not live": _CUT_OFF,
    "the same key in every epoch": {"classes": ("natural", "keyed"), "modes": dict.fromkeys(networks.MODES, "reply"), "deletions": True},
    "people get no time to look": {"classes": ("blind",), "kinds": ("error", "lost"), "rate": 0.5},
    "stale text sent": {"all_down": True},
}


def caught_at(name: str, seeds: range) -> tuple[int, str] | None:
    """First seed in which the checker finds the bug, and how; None if it never does.

    A world that ends in an exception was not judged, and counts for nothing: what is planted may be out of date.
    """
    with planted(name):
        for seed in seeds:
            knobs = replace(draw_knobs(Random(seed)), **AIMED[name]) if name in AIMED else None
            with suppress(Exception):
                if found := run(seed, knobs).faults:
                    return seed, found[0]
    return None
