"""Generations of accepted configurations: one process accepts a file, the others follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from statuspage.store import Session
from statuspage.store.tables import ConfigurationRow


@dataclass(frozen=True)
class Configuration:
    """One accepted configuration. `text` is the file as it stands, references unresolved."""

    generation: int
    digest: str
    text: str


def newest(session: Session) -> Configuration | None:
    """The configuration that runs, or None before the first."""
    row = session.scalars(select(ConfigurationRow).order_by(ConfigurationRow.generation.desc()).limit(1)).first()
    return Configuration(row.generation, row.digest, row.text) if row else None


def newest_generation(session: Session) -> int:
    """Number of the configuration that runs; 0 before the first."""
    return session.scalar(select(func.max(ConfigurationRow.generation))) or 0


def accept(session: Session, *, text: str, digest: str, at: datetime) -> int:
    """Makes `text` the configuration that runs and returns its generation; the same text again changes nothing."""
    current = newest(session)
    if current is not None and current.digest == digest:
        return current.generation
    generation = (current.generation if current else 0) + 1
    session.add(ConfigurationRow(generation=generation, digest=digest, text=text, accepted_at=at))
    return generation
