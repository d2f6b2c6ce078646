from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from statuspage.demo.bank import RunningBank, running_bank
from statuspage.outside import SystemClock
from tests.demo_bank.browser import Browser


class SetClock(SystemClock):
    """A wall clock that stands until it is moved, so that one-time codes and locks do not depend on the moment of the test."""

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime.now(UTC).replace(second=10, microsecond=0)

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def bank(tmp_path: Path, clock: SetClock) -> Iterator[RunningBank]:
    with running_bank(tmp_path, clock) as running:
        yield running


@pytest.fixture(params=["http", "https"])
def browser(request: pytest.FixtureRequest, bank: RunningBank) -> Iterator[Browser]:
    """A customer's browser on each of the two listeners."""
    fresh = Browser(bank.url) if request.param == "http" else Browser(bank.tls_url, str(bank.ca_file))
    yield fresh
    fresh.jar.close()
