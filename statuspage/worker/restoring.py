"""A backup becomes the database in use, in one step: before it there is the old state, after it the new one with everything settled."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from statuspage.actions.restoring import settle_restored
from statuspage.core.errors import Conflict, NotAllowed
from statuspage.ports import Ports
from statuspage.settings.keys import NOTICES, SEAL, read_keys
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database
from statuspage.store.copies import roll_back
from statuspage.store.migrate import upgrade
from statuspage.worker import backups
from statuspage.worker.assemble import build_context
from statuspage.worker.backups import DATABASE, KEYS, SIGNING, Manifest
from statuspage.worker.in_use import alone
from statuspage.worker.process import running_configuration


@dataclass(frozen=True)
class Restored:
    """unknown: deliveries that are looked for first; aside: where the database that stood there is now, if there was one."""

    manifest: Manifest
    unknown: int
    aside: Path | None


@contextmanager
def nobody_else(process: ProcessSettings) -> Iterator[None]:
    """Raises Conflict while any process of the product uses the data folder."""
    with alone(process.data) as mine:
        if not mine:
            raise Conflict(f"The product is running on {process.data}. Stop it (web, prober, worker, up) first. Nothing was changed.")
        yield


def restore(
    backup: Path, keys: Sequence[bytes], process: ProcessSettings, ports: Ports, environ: Mapping[str, str], who: str,
    *, over: bool = False, keep_posting: bool = False,
) -> Restored:  # fmt: skip
    """Puts a backup in the place of the database and its keys. Killed at any moment, the old state or the new one is whole.

    ports  their store is not used
    over   there may be a database already: it is kept, beside the new one
    raises NotAllowed, Conflict, BadBackup, ConfigError, OSError; nothing was changed then
    """
    target = Database(process.database).file
    if target is None:
        raise NotAllowed("A backup is restored into SQLite only. For PostgreSQL use its own tools, then: statuspage after-restore")
    with nobody_else(process), backups.scratch(target.parent) as here:
        if target.exists() and not over:
            raise NotAllowed(
                f"{target} is there already. To put the backup in its place, which keeps it beside: --over. Nothing was changed."
            )
        manifest, _ = backups.unpack(backup, keys, here)
        inside = replace(process, data=here, database=f"sqlite:///{here / DATABASE}")
        _take_keys(here, process, inside)
        unknown = _settle(inside, ports, environ, who, manifest.made_at, keep_posting=keep_posting)
        aside = _put_in_place(inside, process, target, ports.clock.now())
    return Restored(manifest, unknown, aside)


def _take_keys(here: Path, process: ProcessSettings, inside: ProcessSettings) -> None:
    """Here are the backup's keys; those that the folder has already come first, since they may have been rotated since."""
    for name, file in ((SEAL, here / KEYS), (NOTICES, here / SIGNING)):
        ours = process.keys(name)
        known = ours.accepted() if ours.path.exists() else ()
        held = read_keys(file) if file.exists() else ()  # a backup of an older version has no seeds of notices
        if known or held:
            inside.keys(name).take(tuple(dict.fromkeys([*known, *held])))


def _settle(inside: ProcessSettings, ports: Ports, environ: Mapping[str, str], who: str, made_at: datetime, *, keep_posting: bool) -> int:
    with closing(Database(inside.database)) as database:
        upgrade(database)  # a backup of an older version
        own = replace(ports, store=database)
        _, loaded = running_configuration(own, inside, environ)
        return settle_restored(build_context(own, inside, loaded), who, made_at, keep_posting=keep_posting)


def _put_in_place(inside: ProcessSettings, process: ProcessSettings, target: Path, now: datetime) -> Path | None:
    """Keys first: the old database can be read with them, too."""
    for name in (SEAL, NOTICES):
        if inside.keys(name).path.exists():
            process.keys(name).take(inside.keys(name).accepted())
    aside = None
    if target.exists():
        roll_back(target)
        aside = target.with_name(f"{target.name}.before-restore-{now:%Y%m%dT%H%M%S}")
        os.link(target, aside)
        journal = target.with_name(f"{target.name}-journal")
        if journal.exists():
            journal.replace(aside.with_name(f"{aside.name}-journal"))  # of an old file that cannot be opened; it would spoil the new one
    (inside.data / DATABASE).replace(target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return aside
