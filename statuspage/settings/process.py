"""What one process needs to know before it can read statuspage.yaml: the only settings taken from the environment."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessSettings:
    """Where things are.

    data       folder of everything that must be kept: database, keys, published files
    database   SQLAlchemy URL, absolute; default: SQLite in the data folder
    host, port   where the page and the console are served
    """

    config: Path
    data: Path
    database: str
    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def public(self) -> Path:
        """Folder of the published files."""
        return self.data / "public"

    @property
    def addresses(self) -> Path:
        """While `up` runs: where page, console and demonstration answer. For its owner only, since it holds a sign-in link."""
        return self.data / "addresses.json"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    def key(self, name: str) -> bytes:
        """32 secret bytes kept in the data folder, made when first asked for; readable by the owner only."""
        path = self.secrets / f"{name}.key"
        self.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make_key(path)
        return _read_key(path)


def _make_key(path: Path) -> None:
    """Whole or not at all, and the first of two processes wins: a half-written key would lock the ledger."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(aside, path)
    aside.unlink()


def _read_key(path: Path) -> bytes:
    text = path.read_text().strip()
    if len(text) != 64:
        raise RuntimeError(f"{path}: found {len(text)} letters, a key has 64. Restore it from the backup.")
    return bytes.fromhex(text)


def from_environment(environ: Mapping[str, str]) -> ProcessSettings:
    """STATUSPAGE_CONFIG, _DATA, _DATABASE, _HOST, _PORT; all have defaults."""
    data = Path(environ.get("STATUSPAGE_DATA", "var")).absolute()
    return ProcessSettings(
        config=Path(environ.get("STATUSPAGE_CONFIG", "statuspage.yaml")).absolute(),
        data=data,
        database=environ.get("STATUSPAGE_DATABASE", f"sqlite:///{data / 'statuspage.db'}"),
        host=environ.get("STATUSPAGE_HOST", "127.0.0.1"),
        port=int(environ.get("STATUSPAGE_PORT", "8000")),
    )


def to_environment(process: ProcessSettings) -> dict[str, str]:
    """The same, for a child process."""
    return {
        "STATUSPAGE_CONFIG": str(process.config),
        "STATUSPAGE_DATA": str(process.data),
        "STATUSPAGE_DATABASE": process.database,
        "STATUSPAGE_HOST": process.host,
        "STATUSPAGE_PORT": str(process.port),
    }
