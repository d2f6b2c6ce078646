"""What one process needs to know before it can read statuspage.yaml: the only settings taken from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from statuspage.settings.keys import KeyRing


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

    def keys(self, name: str) -> KeyRing:
        """The keys of one purpose: SEAL, BACKUP or NOTICES."""
        return KeyRing(self.secrets / f"{name}.key")


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
