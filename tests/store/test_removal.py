"""Raw results go when their time is over, or when the disk is full; whoever has read so far overlooks none that comes later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from statuspage.core.checks import CheckResult
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.store import Session, checks, retention
from statuspage.store.engine import Database

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def of_time(session: Session) -> None:
    retention.remove_checks(session, "login", "madrid", T0 + timedelta(days=1), 100)


@pytest.mark.parametrize("removed", [of_time, checks.drop_oldest])
def test_no_number_of_a_row_is_given_twice_though_everything_old_was_removed(
    database: Database, removed: Callable[[Session], None]
) -> None:
    def add(sequence: int) -> None:
        look = CheckResult("login", "madrid", sequence, T0 + timedelta(seconds=sequence), Outcome.PASSED, Reason.AS_EXPECTED)
        with database.writing() as session:
            checks.add(session, [look], look.at)

    for sequence in range(5):
        add(sequence)
    with database.writing() as session:
        read = checks.newest_id(session)
        removed(session)
    add(5)

    with database.reading() as session:
        assert [found.sequence for found in checks.after(session, read, 10)] == [5]
        assert len(checks.after(session, 0, 10)) == 2
