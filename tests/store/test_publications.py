"""What tells the publisher that somebody did something."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from statuspage.store import publications
from statuspage.store.engine import Database
from statuspage.store.tables import ComponentChangeRow

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def change(slug: str) -> ComponentChangeRow:
    return ComponentChangeRow(slug=slug, status="operational", source="verdict", effective_at=NOW, recorded_at=NOW)


def test_equal_marks_mean_that_nothing_came(database: Database) -> None:
    with database.writing() as session:
        session.add(change("cards"))

    with database.reading() as session:
        before = publications.mark(session)
    with database.reading() as session:
        same = publications.mark(session)
    with database.writing() as session:
        session.add(change("login"))
    with database.reading() as session:
        after = publications.mark(session)

    assert before == same != after


def test_a_row_with_a_lower_number_that_becomes_visible_later_changes_the_mark(postgres_url: str) -> None:
    """Two transactions draw their numbers in one order and commit in the other."""
    database = Database(postgres_url)
    with Session(database.engine) as slow:
        slow.add(change("cards"))
        slow.flush()
        with database.writing() as quick:
            quick.add(change("login"))
        with database.reading() as session:
            before = publications.mark(session)
        slow.commit()
    with database.reading() as session:
        after = publications.mark(session)
    database.close()

    assert before != after
