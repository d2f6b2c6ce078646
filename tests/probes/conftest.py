"""An engine, and a look that may reach loopback as a bank's inner network may be reached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from statuspage.probes.addresses import AddressRules
from statuspage.probes.engine import Engine
from statuspage.probes.look import Look


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture
def look(engine: Engine) -> Look:
    return Look(timeout_s=10.0, rules=AddressRules.of(["127.0.0.1/32"]), monotonic=engine.monotonic)
