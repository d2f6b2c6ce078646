"""An engine, a look that may reach loopback as a bank's inner network may be reached, and a place for probers."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from statuspage.probes.addresses import AddressRules
from statuspage.probes.engine import Engine
from statuspage.probes.look import Look
from statuspage.store.engine import Database
from tests.probes.stage import Breakable, Stage


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture
def look(engine: Engine) -> Look:
    return Look(timeout_s=10.0, rules=AddressRules.of(["127.0.0.1/32"]), monotonic=engine.monotonic)


class Authority:
    """A certificate authority of the tests. `file`: its certificate, for ca_file."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.file = str(folder / "ca.pem")
        self._ca.cert_pem.write_to_path(self.file)

    def server(self, *hosts: str, **options: Any) -> ssl.SSLContext:
        """A server's side of TLS with a certificate for these hosts."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*hosts, **options).configure_cert(context)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def stage(sqlite_database: Database, tmp_path: Path) -> Stage:
    return Stage(Breakable(sqlite_database), tmp_path / "data")
