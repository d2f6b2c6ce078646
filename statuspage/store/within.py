"""Actions as parts of one transaction: all of them come about, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Within:
    """A store whose every transaction is a part of the one that is open; what one of them wrote, the next one reads."""

    session: Session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        yield self.session
        self.session.flush()

    reading = writing

    def lock(self, name: str) -> Any:
        """Raises RuntimeError: an owner is elected for longer than one transaction."""
        raise RuntimeError(f"{name}: nobody becomes an owner within a transaction")
