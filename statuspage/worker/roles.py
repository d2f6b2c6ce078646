"""Which loops each role runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from statuspage.actions.context import Context
from statuspage.outside import Folder
from statuspage.settings import Settings
from statuspage.settings.process import ProcessSettings
from statuspage.store.locks import OwnerLock
from statuspage.worker.cleaner import Cleaner
from statuspage.worker.dispatcher import Dispatcher
from statuspage.worker.loop import Loop
from statuspage.worker.prober import Prober
from statuspage.worker.promises import Promises
from statuspage.worker.publisher import Publisher
from statuspage.worker.verdicts import Verdicts

ASK_AGAIN_S = 1.0  # how often a process that does not own a loop tries to become its owner


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
        if self.loop is None:
            self.loop = self.make()
        return self.loop.step()

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


def worker_loops(context: Context, process: ProcessSettings) -> Sequence[Loop]:
    """Verdicts, promises, publication, clean-up, and one dispatcher per account."""
    targets = [Folder(process.public), *(Folder(Path(folder)) for folder in context.settings.publishing.folders)]
    publisher = Publisher(context, targets)
    makers: dict[str, Callable[[], Loop]] = {
        Verdicts.name: partial(Verdicts, context),
        Promises.name: partial(Promises, context),
        Publisher.name: lambda: publisher,  # one for good: its mirrors are loops of their own
        Cleaner.name: partial(Cleaner, context),
    }
    owned = [Owned(name, make, context.ports.store.lock(name)) for name, make in makers.items()]
    return [*owned, *publisher.mirrors, *(Dispatcher(context, account) for account in _accounts(context.settings))]


def prober_loops(context: Context, process: ProcessSettings) -> Sequence[Loop]:
    """One prober per configured location; each place that probes from elsewhere runs its own process."""
    store = context.ports.store
    places = {prober_name(location.name): location.name for location in context.settings.locations}
    return [Owned(name, partial(Prober, context, place), store.lock(name)) for name, place in places.items()]


def expected_loops(settings: Settings) -> frozenset[str]:
    """Names of all loops that must work somewhere while this configuration runs."""
    mirrors = {f"mirror:{number}" for number, _ in enumerate(settings.publishing.folders, 1)}
    probers = {prober_name(location.name) for location in settings.locations}
    dispatchers = {dispatcher_name(account) for account in _accounts(settings)}
    return frozenset({Verdicts.name, Promises.name, Publisher.name, Cleaner.name} | mirrors | probers | dispatchers)


def prober_name(location: str) -> str:
    return f"prober:{location}"


def dispatcher_name(account: str) -> str:
    return f"dispatcher-{account}"


def _accounts(settings: Settings) -> list[str]:
    """Accounts that some channel uses; the others have nothing to send."""
    return sorted({channel.account for channel in settings.channels})
