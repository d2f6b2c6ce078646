"""Which loops each role runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from statuspage.actions.context import Context
from statuspage.outside import Folder
from statuspage.settings.process import ProcessSettings
from statuspage.store.locks import OwnerLock, open_lock
from statuspage.worker.cleaner import Cleaner
from statuspage.worker.dispatcher import Dispatcher
from statuspage.worker.loop import Loop
from statuspage.worker.prober import Prober
from statuspage.worker.promises import Promises
from statuspage.worker.publisher import Publisher
from statuspage.worker.verdicts import Verdicts

ASK_AGAIN_S = 1.0  # how often a process that does not own a loop tries to become its owner


class Owned:
    """A loop of which only one may run, over all processes: it steps only while its lock is held."""

    def __init__(self, loop: Loop, lock: OwnerLock) -> None:
        self.loop = loop
        self.lock = lock

    @property
    def name(self) -> str:
        return self.loop.name

    def step(self) -> float:
        return self.loop.step() if self.lock.acquire() else ASK_AGAIN_S

    def close(self) -> None:
        """The loop lets go of what it holds while it is still the owner; only then may the next one begin."""
        close = getattr(self.loop, "close", None)
        try:
            if close is not None:
                close()
        finally:
            self.lock.release()


def worker_loops(context: Context, process: ProcessSettings) -> Sequence[Loop]:
    """Verdicts, promises, publication, clean-up, and one dispatcher per account."""
    store: Any = context.ports.store
    targets = [Folder(process.public), *(Folder(Path(folder)) for folder in context.settings.publishing.folders)]
    publisher = Publisher(context, targets)
    single: list[Loop] = [Verdicts(context), Promises(context), publisher, Cleaner(context)]
    owned: list[Loop] = [Owned(loop, open_lock(store, loop.name)) for loop in single]
    used = {channel.account for channel in context.settings.channels}
    return [*owned, *publisher.mirrors, *(Dispatcher(context, account) for account in sorted(used))]


def prober_loops(context: Context, process: ProcessSettings) -> Sequence[Loop]:
    """One prober per configured location; each place that probes from elsewhere runs its own process."""
    store: Any = context.ports.store
    probers = [Prober(context, location.name) for location in context.settings.locations]
    return [Owned(prober, open_lock(store, prober.name)) for prober in probers]
