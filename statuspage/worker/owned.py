"""Loops of which only one may run over all processes, and the store as their owner has it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from statuspage.actions.context import Context
from statuspage.ports import StorePort
from statuspage.store.locks import LockLost, OwnerLock
from statuspage.worker.loop import Loop

ASK_AGAIN_S = 1.0  # how often a process that does not own a loop tries to become its owner


class OwnersStore:
    """The store port of a loop's owner: what it writes commits only while the lock is held, on the very connection that holds it.

    So an owner that was suspended in the middle of a step, and lost its lock meanwhile, cannot act on what it had read before: its
    next commit raises LockLost. For one thread.
    """

    def __init__(self, store: StorePort, lock: OwnerLock) -> None:
        self._store = store
        self._lock = lock

    def writing(self) -> AbstractContextManager[Any]:
        """A write transaction of the owner. Raises LockLost; nothing was committed then."""
        held: AbstractContextManager[Any] = self._lock.writing()
        return held

    def reading(self) -> AbstractContextManager[Any]:
        return self._store.reading()

    def lock(self, name: str) -> Any:
        return self._store.lock(name)


def as_owner(context: Context, lock: OwnerLock) -> Context:
    """The context for a loop that steps only while `lock` is held."""
    return replace(context, ports=replace(context.ports, store=OwnersStore(context.ports.store, lock)))


class Owned:
    """A loop of which only one may run, over all processes: it is made when its lock is got, and steps only while the lock is held.

    owner   False while another process owns it; a step proves nothing then
    """

    def __init__(self, name: str, make: Callable[[], Loop], lock: OwnerLock) -> None:
        self.name = name
        self.make = make
        self.lock = lock
        self.loop: Loop | None = None

    @property
    def owner(self) -> bool:
        return self.loop is not None

    def step(self) -> float:
        if not self.lock.acquire():
            self._let_go()  # the lock may have been lost: the next owner is at work, and what this one remembers is old
            return ASK_AGAIN_S
        try:
            if self.loop is None:
                self.loop = self.make()
            return self.loop.step()
        except LockLost:
            self._let_go()
            return ASK_AGAIN_S

    def close(self) -> None:
        """The loop lets go of what it holds while it is still the owner; only then may the next one begin."""
        try:
            self._let_go()
        finally:
            self.lock.release()

    def _let_go(self) -> None:
        loop, self.loop = self.loop, None
        close = getattr(loop, "close", None)
        if close is not None:
            close()
