"""Which loops each role runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

import structlog

from broadcasters import BROADCASTERS
from statuspage.actions.context import Context
from statuspage.bucket import Bucket
from statuspage.outside import Folder
from statuspage.publish.writer import Target
from statuspage.settings import Settings
from statuspage.settings.models import BucketSettings
from statuspage.settings.process import ProcessSettings
from statuspage.worker.backup_watch import BackupWatch
from statuspage.worker.cleaner import Cleaner
from statuspage.worker.copies import Copies
from statuspage.worker.dispatcher import Dispatcher
from statuspage.worker.hubs import hub_name
from statuspage.worker.loop import Loop
from statuspage.worker.mail_list import MailListKeeper, list_name
from statuspage.worker.owned import Owned, as_owner
from statuspage.worker.prober import Prober
from statuspage.worker.promises import Promises
from statuspage.worker.publisher import Publisher
from statuspage.worker.timeline_watch import TimelineWatch, watch_name
from statuspage.worker.verdicts import Verdicts
from statuspage.worker.watchman import Watchman

log = structlog.get_logger("statuspage.process")


def worker_loops(context: Context, process: ProcessSettings) -> Sequence[Loop]:
    """Verdicts, promises, publication, clean-up, the watches over ledger and backups, and one dispatcher per account."""
    publishing = context.settings.publishing
    targets: list[Target] = [
        Folder(process.public),
        *(Folder(Path(folder)) for folder in publishing.folders),
        *map(Bucket, publishing.buckets),
    ]
    names = (Verdicts.name, Promises.name, Publisher.name, Cleaner.name, Watchman.name, BackupWatch.name)
    locks = {name: context.ports.store.lock(name) for name in names}
    owners = {name: as_owner(context, lock) for name, lock in locks.items()}
    publisher = Publisher(owners[Publisher.name], targets, previews=True)
    makers: dict[str, Callable[[], Loop]] = {
        Verdicts.name: partial(Verdicts, owners[Verdicts.name]),
        Promises.name: partial(Promises, owners[Promises.name]),
        Publisher.name: lambda: publisher,  # one for good: its mirrors are loops of their own
        Cleaner.name: partial(Cleaner, owners[Cleaner.name]),
        Watchman.name: partial(Watchman, owners[Watchman.name]),
        BackupWatch.name: partial(BackupWatch, owners[BackupWatch.name], own=process.database.startswith("sqlite")),
    }
    owned = [Owned(name, make, locks[name]) for name, make in makers.items()]
    dispatchers = {account: Dispatcher(context, account) for account in _accounts(context.settings)}
    watches = [TimelineWatch(context, dispatchers[account], account) for account in _watched(context.settings)]
    for account in _mailing(context.settings):
        lock = context.ports.store.lock(list_name(account))
        owned.append(Owned(list_name(account), partial(MailListKeeper, as_owner(context, lock), account), lock))
    copies = Copies(context, publisher, [*map(str, (process.public, *publishing.folders)), *(_place(one) for one in publishing.buckets)])
    return [*owned, copies, *publisher.mirrors, *publisher.hubs, *dispatchers.values(), *watches]


def prober_loops(context: Context, process: ProcessSettings, only: Collection[str] = ()) -> Sequence[Loop]:
    """One prober per configured location. only: names of those that this machine looks from; empty: all. Unknown ones are left out."""
    store = context.ports.store
    names = [location.name for location in context.settings.locations]
    places = {prober_name(name): name for name in names if not only or name in only}
    if gone := sorted(set(only) - set(names)):
        log.warning("locations that this process should look from are not configured any more", locations=gone)
    return [Owned(name, partial(Prober, context, place), store.lock(name)) for name, place in places.items()]


def expected_loops(settings: Settings) -> frozenset[str]:
    """Names of all loops that must work somewhere while this configuration runs."""
    publishing = settings.publishing
    mirrors = {f"mirror:{number}" for number, _ in enumerate([*publishing.folders, *publishing.buckets], 1)}
    hubs = {hub_name(number) for number, _ in enumerate(settings.publishing.hubs, 1)}
    probers = {prober_name(location.name) for location in settings.locations}
    dispatchers = {dispatcher_name(account) for account in _accounts(settings)}
    timelines = {watch_name(account) for account in _watched(settings)}
    lists = {list_name(account) for account in _mailing(settings)}
    always = {Verdicts.name, Promises.name, Publisher.name, Copies.name, Cleaner.name, Watchman.name, BackupWatch.name}
    return frozenset(always | mirrors | hubs | probers | dispatchers | timelines | lists)


def _place(bucket: BucketSettings) -> str:
    """What people call a storage: two providers may have buckets of one name."""
    return f"{bucket.endpoint or 'S3'} {bucket.bucket} {bucket.prefix}".strip()


def prober_name(location: str) -> str:
    return f"prober:{location}"


def dispatcher_name(account: str) -> str:
    return f"dispatcher-{account}"


def _accounts(settings: Settings) -> list[str]:
    """Accounts that some channel uses; the others have nothing to send."""
    return sorted({channel.account for channel in settings.channels})


def _mailing(settings: Settings) -> list[str]:
    """Those of them whose deliveries go to a list that a file keeps."""
    lists = {account.name for account in settings.accounts if getattr(BROADCASTERS[account.kind], "RUN", False)}
    return sorted(lists.intersection(_accounts(settings)))


def _watched(settings: Settings) -> list[str]:
    """Those of them whose timelines are read: not all networks show one."""
    wanted = {account.name for account in settings.accounts if account.watch and hasattr(BROADCASTERS[account.kind], "recent")}
    return sorted(wanted.intersection(_accounts(settings)))
