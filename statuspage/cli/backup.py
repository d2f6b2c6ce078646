"""Backups, restoring them, and the keys that protect both."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from statuspage.cli.common import REFUSED, Invocation, explained, fail, show, who
from statuspage.cli.values import MOMENT
from statuspage.settings.keys import BACKUP, NOTICES, SEAL, read_keys
from statuspage.store import Database
from statuspage.worker.process import open_ports

KEY = click.option(
    "--key", "key_file", type=click.Path(path_type=Path), help="File with the key of backups; default: DATA/secrets/backup.key."
)
POSTING = click.option("--keep-posting", is_flag=True, help="Leave automatic posting on; else it is off until you have looked.")
KEEP_DAYS = 35.0
RING = click.argument("name", type=click.Choice([SEAL, BACKUP, NOTICES]), default=SEAL)


def _keys(invocation: Invocation, key_file: Path | None) -> tuple[bytes, ...]:
    return read_keys(key_file) if key_file is not None else invocation.process.keys(BACKUP).accepted()


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@KEY
@click.option("--keep-days", type=click.FloatRange(min=0), default=KEEP_DAYS, show_default=True, help="Older backups are removed.")
@click.pass_obj
@explained
def backup(invocation: Invocation, folder: Path, key_file: Path | None, keep_days: float) -> None:
    """Write an encrypted backup of database and keys into FOLDER, read it again, and remove what is superfluous there.

    The product may be running. Keep a copy of the key somewhere else: without it no backup opens.
    """
    from statuspage.worker import backups  # what packs and encrypts is needed here only

    ports = invocation.ports
    process = invocation.process
    database = Database(process.database).file
    if database is None:
        fail(
            "The database is PostgreSQL: back it up with its own tools, e.g. pg_dump, and DATA/secrets with it. Nothing was done.",
            REFUSED,
        )
    made = backups.make(process, database, folder, _keys(invocation, key_file)[0], ports.clock, ports.random)
    removed = backups.thin_out(folder, ports.clock.now(), keep_days)
    counts = dict(made.manifest.counts)
    told = f"{made.path}: {made.size:,} bytes, {_holding(counts)}; read again, and whole."
    invocation.done(told, path=made.path, made_at=made.manifest.made_at, size=made.size, removed=removed, **counts)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@KEY
@click.option("--check", "only_check", is_flag=True, help="Open it and look through it; change nothing.")
@click.option("--over", is_flag=True, help="There is a database already: keep it beside the restored one.")
@POSTING
@click.pass_obj
@explained
def restore(invocation: Invocation, file: Path, key_file: Path | None, only_check: bool, over: bool, keep_posting: bool) -> None:
    """Put a backup in the place of the database, while nothing runs. Unfinished posts are looked for before anything is sent."""
    from statuspage.worker import backups, restoring  # what packs and encrypts is needed here only

    process, ports = invocation.process, open_ports(invocation.process)
    if key_file is None and not process.keys(BACKUP).path.exists():
        fail(f"{process.keys(BACKUP).path} is not there. Say where the key of the backups is: --key FILE. Nothing was changed.", REFUSED)
    keys = _keys(invocation, key_file)
    if only_check:
        with backups.scratch(process.data) as here:
            manifest, _ = backups.unpack(file, keys, here)
        counts = dict(manifest.counts)
        told = f"{file} is whole: of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC, {_holding(counts)}."
        invocation.done(told, path=file, made_at=manifest.made_at, tables=manifest.tables, **counts)
        return
    done = restoring.restore(file, keys, process, ports, invocation.environ, who(), over=over, keep_posting=keep_posting)
    kept = f" The database that was there is now {done.aside}." if done.aside else ""
    told = f"Restored the state of {done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.{kept} {_next(done.unknown, keep_posting)}"
    invocation.done(told, made_at=done.manifest.made_at, unknown=done.unknown, aside=done.aside, posting="on" if keep_posting else "off")


@click.command("after-restore")
@click.option("--backup-at", required=True, type=MOMENT, help="The moment whose state was restored, e.g. 2026-05-01T13:30Z.")
@POSTING
@click.pass_obj
@explained
def after_restore(invocation: Invocation, backup_at: datetime, keep_posting: bool) -> None:
    """Settle a database that was restored by other means (PostgreSQL), before anything of the product is started."""
    from statuspage.actions.restoring import settle_restored
    from statuspage.worker import restoring

    with restoring.nobody_else(invocation.process):
        unknown = settle_restored(invocation.context(), who(), backup_at.astimezone(UTC), keep_posting=keep_posting)
    told = f"The database is that of {backup_at:%Y-%m-%d %H:%M:%S}. {_next(unknown, keep_posting)}"
    invocation.done(told, backup_at=backup_at, unknown=unknown, posting="on" if keep_posting else "off")


def _holding(counts: dict[str, int]) -> str:
    return f"{counts['incidents']} incidents, {counts['deliveries']} deliveries"


def _next(unknown: int, keep_posting: bool) -> str:
    posting = "" if keep_posting else " Posting is off: start the product, look at what is open, then run: statuspage resume posting"
    return f"{unknown} deliveries are unknown and are looked for first. Everybody has to sign in anew.{posting}"


@click.group()
def keys() -> None:
    """Keys of the data folder: "seal" for deliveries and renewed credentials, "backup" for backups, "notices" to sign public notices."""


@keys.command("list")
@click.pass_obj
@explained
def list_keys(invocation: Invocation) -> None:
    """Which keys there are; never the keys themselves."""
    rows = []
    for name in (SEAL, BACKUP, NOTICES):
        ring = invocation.process.keys(name)
        there = ring.path.exists()
        at = datetime.fromtimestamp(ring.changed_at(), UTC) if there else None
        rows.append({"name": name, "keys": len(ring.accepted()) if there else 0, "changed_at": at, "file": ring.path})
    show(invocation, rows, ("name", "keys", "changed_at", "file"), "Keys")


@keys.command()
@RING
@click.pass_obj
@explained
def rotate(invocation: Invocation, name: str) -> None:
    """Make a new key. The older ones still count until they are retired; the product may be running."""
    from statuspage.worker import rotation  # it knows the networks

    ring = invocation.process.keys(name)
    if name == BACKUP:
        number = ring.rotate()
        invocation.done(f"New backups get a new key; {number} keys open backups. Copy {ring.path} elsewhere.", name=name, keys=number)
        return
    if name == NOTICES:
        number = ring.rotate()
        told = f"Notices are signed under a new key from the next publication on. The page lists {number} public keys."
        invocation.done(told, name=name, keys=number)
        return
    done = rotation.rotate(invocation.context(), ring, who())
    told = f"A new key seals from now on. Sealed anew: {done.deliveries} deliveries, {done.credentials} credentials.{_wrong(done.wrong)}"
    invocation.done(told, name=name, deliveries=done.deliveries, credentials=done.credentials, wrong=done.wrong)


@keys.command()
@RING
@click.pass_obj
@explained
def retire(invocation: Invocation, name: str) -> None:
    """Only the newest key counts from now on."""
    from statuspage.worker import rotation

    ring = invocation.process.keys(name)
    if name == BACKUP:
        dropped = ring.retire()
        invocation.done(f"{dropped} older keys are gone: backups made under them open no more.", name=name, dropped=dropped)
        return
    if name == NOTICES:
        dropped = ring.retire()
        told = f"{dropped} older keys are gone, and the page lists them no more: what was signed under them alone can be checked no more."
        invocation.done(told, name=name, dropped=dropped)
        return
    now = invocation.ports.clock.now().timestamp()
    dropped, done = rotation.retire(invocation.context(), ring, who(), now)
    told = f"{dropped} older keys are gone. Before, {done.deliveries} deliveries and {done.credentials} credentials were sealed anew."
    told += _wrong(done.wrong)
    invocation.done(told, name=name, dropped=dropped, deliveries=done.deliveries, credentials=done.credentials, wrong=done.wrong)


def _wrong(number: int) -> str:
    return f" {number} unfinished deliveries have a wrong seal: they will be refused, with an alarm." if number else ""


COMMANDS = [backup, restore, after_restore, keys]
