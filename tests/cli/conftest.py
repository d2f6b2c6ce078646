from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as `statuspage migrate` makes it."""
    terminal = Terminal(tmp_path_factory.mktemp("migrated"))
    terminal.configure()
    terminal.ok("migrate")
    return terminal.data


@pytest.fixture
def bare(tmp_path: Path) -> Terminal:
    """A folder with nothing in it."""
    return Terminal(tmp_path)


@pytest.fixture
def terminal(bare: Terminal, migrated: Path) -> Terminal:
    """A configuration, and an empty database with all tables."""
    bare.configure()
    shutil.copytree(migrated, bare.data)
    return bare
