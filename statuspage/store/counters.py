"""Counts that several processes add to; the metrics page reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from statuspage.store.tables import CounterRow
from statuspage.store.upsert import insert_for


@dataclass(frozen=True)
class Count:
    """One sum. `labels` in alphabetical order of their names."""

    name: str
    labels: Mapping[str, str]
    value: float


def add(session: Session, name: str, labels: Mapping[str, str] | None = None, value: float = 1.0) -> None:
    """Add `value` to the counter with that name and those labels; it begins at 0.

    name     e.g. "late_checks"
    labels   names without "=" and ","; a value loses these two letters
    raises   ValueError for a negative value: counters only rise
    """
    if value < 0:
        raise ValueError(f"counter {name}: {value} was to be added, counters only rise")
    insert = insert_for(session)(CounterRow).values(name=name, labels=_encode(labels or {}), value=value)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=[CounterRow.name, CounterRow.labels],
            set_={"value": CounterRow.value + insert.excluded.value},
        )
    )


def all(session: Session) -> list[Count]:
    """Every counter, by name and labels."""
    rows = session.execute(select(CounterRow.name, CounterRow.labels, CounterRow.value).order_by(CounterRow.name, CounterRow.labels))
    return [Count(name, _decode(labels), value) for name, labels, value in rows]


def _encode(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value.replace(',', '').replace('=', '')}" for name, value in sorted(labels.items()))


def _decode(text: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in text.split(",")) if text else {}
