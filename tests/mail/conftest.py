"""A relay, and an office that sends through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from statuspage.worker import mailer
from tests.mail.sink import Sink, relay
from tests.mail.stage import Office, config


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens between two slices happens soon."""
    monkeypatch.setattr(mailer, "SLICE_S", 0.1)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with relay(Sink()) as served:
        yield served


@pytest.fixture
def office_at(sqlite_url: str, tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Opens an office at a port; keyword `delivery`: parameters of delivery, the others: of the account."""
    opened: list[Office] = []

    def make(port: int, delivery: dict[str, Any] | None = None, url: str = sqlite_url, **changes: Any) -> Office:
        opened.append(Office.opened(url, config(port, tmp_path, **changes), **(delivery or {})))
        return opened[-1]

    yield make
    for office in opened:
        office.close()
