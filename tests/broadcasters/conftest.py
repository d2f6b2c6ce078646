from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from statuspage.demo.networks.server import RunningNetworks, running_networks
from tests.broadcasters.bench import KINDS, Bench, Hands, bench_for


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def networks(tmp_path: Path, clock: Hands) -> Iterator[RunningNetworks]:
    with running_networks(tmp_path, clock) as running:
        yield running


@pytest.fixture(params=KINDS)
def bench(request: pytest.FixtureRequest, networks: RunningNetworks, clock: Hands) -> Bench:
    return bench_for(request.param, networks, clock)
