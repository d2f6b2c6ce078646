"""The demonstration's configuration over a real store, without its processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from statuspage.actions.context import Context
from statuspage.demo import stage
from statuspage.demo.networks.server import RunningNetworks, running_networks
from statuspage.settings.loader import Loaded, load_file
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database
from statuspage.worker.assemble import build_context
from statuspage.worker.process import open_ports


@pytest.fixture
def process(tmp_path: Path) -> ProcessSettings:
    return ProcessSettings(stage.CONFIGURATION, tmp_path, "sqlite://")


@pytest.fixture(scope="session")
def loaded() -> Loaded:
    return load_file(stage.CONFIGURATION, stage.environment("127.0.0.1", 9, Path("/nowhere")))


@pytest.fixture
def make_context(process: ProcessSettings, loaded: Loaded) -> Callable[[Database], Context]:
    """The context over a store, as a process of its own would have it."""

    def make(database: Database) -> Context:
        return build_context(replace(open_ports(process), store=database), process, loaded)

    return make


@pytest.fixture
def ctx(database: Database, make_context: Callable[[Database], Context]) -> Context:
    return make_context(database)


@pytest.fixture
def networks(tmp_path: Path) -> Iterator[RunningNetworks]:
    """The demonstration's, on a free port."""
    with running_networks(tmp_path / "networks") as running:
        yield running
