"""A prober with a real store and real servers, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter
from sqlalchemy import select

from statuspage.actions.context import Context
from statuspage.core.seal import OneKey
from statuspage.outside import Folder, SystemClock, SystemRandomness
from statuspage.ports import Ports
from statuspage.probes import PROBES
from statuspage.settings import Settings
from statuspage.store import alarms, counters
from statuspage.store.engine import Database
from statuspage.store.tables import CheckRow
from statuspage.worker.prober import Prober

HERE = {"name": "here", "allow_addresses": ["127.0.0.1/32"]}


class Breakable:
    """The store, which can be taken away."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.away = False

    @contextmanager
    def writing(self) -> Iterator[Any]:
        if self.away:
            raise OSError("the store is away")
        with self.database.writing() as session:
            yield session

    def lock(self, name: str) -> Any:
        return self.database.lock(name)

    @contextmanager
    def reading(self) -> Iterator[Any]:
        if self.away:
            raise OSError("the store is away")
        with self.database.reading() as session:
            yield session


@dataclass
class Stage:
    """Everything a prober needs, and what came of it."""

    store: Breakable
    folder: Path

    def context(self, probes: list[dict[str, Any]], location: dict[str, Any] | None = None) -> Context:
        settings = Settings.model_validate(
            {
                "page": {"name": "Bank", "bank": "Bank", "url": "https://status.bank.test"},
                "components": [{"slug": "web", "name": {"en": "Web"}}],
                "locations": [location or HERE],
                "probes": [{"component": "web", **probe} for probe in probes],
            }
        )
        targets = {probe.name: TypeAdapter(PROBES[probe.kind].Target).validate_python(probe.target) for probe in settings.probes}
        ports = Ports(SystemClock(), SystemRandomness(), cast(Any, None), cast(Any, self.store), Folder(self.folder))
        return Context(ports, settings, cast(Any, None), OneKey(b"key"), targets=targets)

    def rows(self) -> list[CheckRow]:
        with self.store.database.reading() as session:
            return list(session.scalars(select(CheckRow).order_by(CheckRow.probe, CheckRow.sequence)))

    def open_alarms(self) -> set[str]:
        with self.store.database.reading() as session:
            return {alarm.key for alarm in alarms.listing(session)}

    def counted(self, name: str) -> float:
        with self.store.database.reading() as session:
            return sum(counter.value for counter in counters.all(session) if counter.name == name)


@contextmanager
def probing(ctx: Context) -> Iterator[Prober]:
    prober = Prober(ctx, "here")
    try:
        yield prober
    finally:
        prober.close()


def until(prober: Prober, true: Callable[[], bool]) -> None:
    """Steps until it is true; a bound, so that a test that fails also ends."""
    for _ in range(300):
        if true():
            return
        prober.step()
    raise AssertionError("it never came true")


def probe(name: str, url: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "http", "target": {"url": url}, "interval_s": 0.3, "recheck_s": 0.05, "timeout_s": 5, **more}
