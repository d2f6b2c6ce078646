"""Backups of the SQLite shape: database and keys of one moment, checked, in one encrypted file. docs/backup.md says how to use them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

from statuspage.core.errors import DomainError
from statuspage.outside import locked
from statuspage.ports import Clock, Randomness
from statuspage.settings.keys import NOTICES, SEAL, flush_folder
from statuspage.settings.process import ProcessSettings
from statuspage.store.copies import Contents, copy_sqlite, examine
from statuspage.worker.vault import PREFIX_BYTES, CannotOpen, Opening, Sealing

DATABASE, KEYS, SIGNING, MANIFEST = "statuspage.db", "seal.key", "notices.key", "manifest.json"
_NAME = re.compile(r"statuspage-(\d{8}T\d{9})Z\.backup")
_STAMP = "%Y%m%dT%H%M%S%f"
_HEX = "0123456789abcdef"
_COPY_TRIES = 5
_SCRATCH = ".backup-"


class BadBackup(DomainError):
    """A backup that cannot be made or used. The message says what was found; nothing was changed."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. digests: name of a file in it -> SHA-256."""

    made_at: datetime
    tables: str | None
    counts: Mapping[str, int]
    audit_head: str
    digests: Mapping[str, str]

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self) | {"made_at": self.made_at.isoformat()}, indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        found: dict[str, Any] = json.loads(data)
        return cls(**{**found, "made_at": datetime.fromisoformat(found["made_at"])})


@dataclass(frozen=True)
class Made:
    """A backup that was written, read again and found whole."""

    path: Path
    manifest: Manifest
    size: int


def make(process: ProcessSettings, database: Path, folder: Path, key: bytes, clock: Clock, chance: Randomness) -> Made:
    """One backup in `folder`, which other programs may be copying from: it appears whole, or not at all.

    The database is copied beside itself first, since nothing unencrypted may get onto the medium of backups: that takes as much
    room as it has. Raises BadBackup if what was copied is not sound, or what was written cannot be read again; OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made_at = clock.now()
    with scratch(database.parent) as here:
        keys = _copy(process, database, here)
        contents = examine(here / DATABASE)
        if contents.problems:
            raise BadBackup(f"The database is not sound, and no backup was made: {'; '.join(contents.problems[:3])}")
        (here / KEYS).write_bytes(keys)
        (here / SIGNING).write_text("".join(f"{seed.hex()}\n" for seed in process.keys(NOTICES).accepted()), encoding="ascii")
        manifest = _manifest(made_at, contents, here)
        path = folder / f"statuspage-{made_at.astimezone(UTC).strftime(_STAMP)[:-3]}Z.backup"
        partial = path.with_name(f".{path.name}.partial")
        try:
            _write(partial, manifest, here, key, bytes.fromhex(chance.token(2 * PREFIX_BYTES, _HEX)))
            read = _read(partial, key, None)
            if read != manifest:
                raise BadBackup(f"{path.name}: what was written is not what can be read again. Is the medium failing?")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    flush_folder(folder)
    return Made(path, manifest, path.stat().st_size)


def unpack(path: Path, keys: Sequence[bytes], into: Path) -> tuple[Manifest, Contents]:
    """Puts the files of a backup into a folder and looks through the database. Raises BadBackup if anything is not as it was made."""
    manifest = _read(path, _fitting(path, keys), into)
    contents = examine(into / DATABASE)
    if contents.problems:
        raise BadBackup(f"{path}: the database in it is not sound: {'; '.join(contents.problems[:3])}")
    if (contents.head, contents.counts) != (manifest.audit_head, dict(manifest.counts)):
        raise BadBackup(f"{path}: the database in it does not hold what the backup says of itself")
    return manifest, contents


def listing(folder: Path) -> list[tuple[datetime, Path]]:
    """The backups in a folder, the oldest first. Other files are no concern of ours."""
    if not folder.exists():
        return []
    found = [(match, path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    return sorted((datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC), path) for match, path in found)


def superfluous(made: Sequence[datetime], now: datetime, keep_days: float) -> list[datetime]:
    """Which backups may go: all but those of the last hour, the last of each hour of two days, and the last of each day of keep_days.

    The newest one always stays, whatever the clock says.
    """
    stays: set[datetime] = set(sorted(made)[-1:])
    last_of: dict[str, datetime] = {}
    for at in sorted(made):
        age = now - at
        if age <= timedelta(hours=1):
            stays.add(at)
        if age <= timedelta(days=2):
            last_of[f"{at.astimezone(UTC):%Y%m%d%H}"] = at
        if age <= timedelta(days=keep_days):
            last_of[f"{at.astimezone(UTC):%Y%m%d}"] = at
    stays |= set(last_of.values())
    return [at for at in sorted(made) if at not in stays]


def thin_out(folder: Path, now: datetime, keep_days: float) -> int:
    """Removes what is superfluous; returns how many."""
    found = dict(listing(folder))
    gone = superfluous(list(found), now, keep_days)
    for at in gone:
        found[at].unlink(missing_ok=True)
    return len(gone)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder beside the database, for its owner only, removed again; also what a process that was killed left of it.

    Raises BadBackup while another process has one.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o711)
    with locked(folder / ".backup.lock", exclusive=True) as mine:
        if not mine:
            raise BadBackup(f"Another backup or restore is under way on {folder}; this one was not begun.")
        for left in folder.glob(f"{_SCRATCH}*"):
            shutil.rmtree(left)
        with TemporaryDirectory(dir=folder, prefix=_SCRATCH) as made:  # of mode 0700
            yield Path(made)


def _copy(process: ProcessSettings, database: Path, here: Path) -> bytes:
    """Copies the database; returns the keys under which its rows are sealed. Keys that change meanwhile: it is copied again."""
    ring = process.keys(SEAL)
    for _ in range(_COPY_TRIES):
        ring.accepted()
        before = ring.path.read_bytes()
        try:
            copy_sqlite(database, here / DATABASE)
        except sqlite3.Error as error:
            raise BadBackup(f"The database cannot be copied: {error}. No backup was made.") from None
        if ring.path.read_bytes() == before:
            return before
        (here / DATABASE).unlink()
    raise BadBackup("The keys change all the time; no backup was made.")


def _manifest(made_at: datetime, contents: Contents, here: Path) -> Manifest:
    digests = {name: _digest(here / name) for name in (DATABASE, KEYS, SIGNING)}
    return Manifest(made_at, contents.tables, contents.counts, contents.head, digests)


def _write(path: Path, manifest: Manifest, here: Path, key: bytes, prefix: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        with (
            Sealing(file, key, prefix) as sealing,
            gzip.GzipFile(fileobj=cast(BinaryIO, sealing), mode="wb", compresslevel=1, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|", bufsize=1 << 20) as archive,
        ):
            _add(archive, MANIFEST, io.BytesIO(manifest.to_bytes()), len(manifest.to_bytes()))
            for name in (DATABASE, KEYS, SIGNING):
                with (here / name).open("rb") as content:
                    _add(archive, name, content, (here / name).stat().st_size)
        file.flush()
        os.fsync(file.fileno())


def _add(archive: tarfile.TarFile, name: str, content: BinaryIO, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    archive.addfile(entry, content)


def _fitting(path: Path, keys: Sequence[bytes]) -> bytes:
    """The key that opens the file; the first one if none does, so that the reason is told when it is read."""
    for key in keys:
        try:
            with path.open("rb") as file, Opening(file, key) as opening:
                opening.read(1)
        except CannotOpen:
            continue
        return key
    return keys[0]


def _read(path: Path, key: bytes, into: Path | None) -> Manifest:
    """Reads a backup to its end and checks every digest; its files go into a folder, or nowhere."""
    digests: dict[str, str] = {}
    manifest: Manifest | None = None
    try:
        with (
            path.open("rb") as file,
            Opening(file, key) as opening,
            gzip.GzipFile(fileobj=io.BufferedReader(opening, 1 << 20), mode="rb") as packed,
            tarfile.open(fileobj=packed, mode="r|", bufsize=1 << 20) as archive,
        ):
            for entry in archive:
                content = archive.extractfile(entry)
                if content is None or entry.name not in (MANIFEST, DATABASE, KEYS, SIGNING):
                    raise BadBackup(f"{path}: it holds {entry.name!r}, which no backup holds")
                if entry.name == MANIFEST:
                    manifest = Manifest.from_bytes(content.read())
                else:
                    digests[entry.name] = _pass(content, None if into is None else into / entry.name)
            while packed.read(1 << 20):
                pass  # to the last piece: a file that was cut off says so here
    except CannotOpen as error:
        raise BadBackup(f"{path}: {error}. Nothing was changed.") from None
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, ValueError, TypeError, KeyError) as error:
        raise BadBackup(f"{path}: it cannot be read: {type(error).__name__}. Nothing was changed.") from None
    if manifest is None or digests != dict(manifest.digests):
        raise BadBackup(f"{path}: its files are not those that it names. Nothing was changed.")
    return manifest


def _pass(content: Any, to: Path | None) -> str:
    """Copies a stream to a new file (or nowhere); returns its SHA-256."""
    digest = hashlib.sha256()
    handle = os.open(to or os.devnull, os.O_WRONLY | (os.O_CREAT | os.O_EXCL if to else 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        while piece := content.read(1 << 20):
            digest.update(piece)
            file.write(piece)
        file.flush()
        if to is not None:
            os.fsync(file.fileno())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
