"""A published folder that every test here may read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from statuspage.web import connection, front
from tests.publish.samples import outage
from tests.web_public.serving import Call, Running, publish, running, served


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only to be read."""
    folder = tmp_path_factory.mktemp("published")
    publish(folder, outage())
    return folder


@pytest.fixture(scope="session")
def port(published: Path) -> Iterator[int]:
    with served(published) as number:
        yield number


@pytest.fixture
def call(published: Path) -> Call:
    return Call(published)


@pytest.fixture(scope="module")
def server(published: Path) -> Iterator[Running]:
    """The same, with a look inside."""
    with running(published) as found:
        yield found


@pytest.fixture
def impatient(published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server of its own whose every wait ends in a tenth of a second."""
    hurry(monkeypatch)
    with running(published) as found:
        yield found


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_WITHIN_S", "BODY_WITHIN_S", "TAKEN_WITHIN_S"):
        monkeypatch.setattr(connection, name, 0.1)
    monkeypatch.setattr(front, "IDLE_S", 0.1)
    monkeypatch.setattr(front, "TICK_S", 0.05)
