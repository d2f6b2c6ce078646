"""The audit log holds together, and shows when somebody changed it."""

from __future__ import annotations

import os
import random
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from statuspage.store import audit, engine
from statuspage.store.engine import Database
from statuspage.store.tables import AuditRow

T0 = datetime(2026, 11, 23, 13, 35, tzinfo=UTC)


def written(database: Database, count: int) -> str:
    """A log of so many lines; returns its head."""
    with database.writing() as session:
        for number in range(count):
            detail = {"number": number, "at": T0, "tëxt": "ç"}
            audit.append(session, at=T0 + timedelta(seconds=number), who="Ana", what="incident.update", subject=f"i{number}", detail=detail)
        return audit.head(session)


def test_an_untouched_log_verifies_and_reads_newest_first(database: Database) -> None:
    head = written(database, 30)

    with database.reading() as session:
        assert audit.verify(session) is None and audit.verify(session, head) is None
        assert [line.subject for line in audit.listing(session, limit=2)] == ["i29", "i28"]
        assert audit.listing(session)[0].detail["at"] == str(T0)
        assert [line.hash for line in audit.listing(session, subject="i29")] == [head]


def test_an_empty_log_verifies(database: Database) -> None:
    with database.reading() as session:
        assert audit.verify(session) is None and audit.head(session) == ""


CHANGES: dict[str, dict[str, Any]] = {
    "who": {"who": "Eve"},
    "what": {"what": "incident.resolve"},
    "subject": {"subject": "other"},
    "at": {"at": T0 + timedelta(days=9)},
    "detail": {"detail": {"number": -1}},
    "hash": {"hash": "0" * 64},
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_line_is_found_whatever_was_changed(sqlite_database: Database, column: str) -> None:
    written(sqlite_database, 20)
    victim = random.Random(column).randint(1, 20)
    with sqlite_database.writing() as session:
        session.execute(update(AuditRow).where(AuditRow.id == victim).values(**CHANGES[column]))

    with sqlite_database.reading() as session:
        found = audit.verify(session)

    assert found is not None and f"line {victim} " in found


def test_a_line_taken_out_put_in_or_moved_is_found(sqlite_database: Database) -> None:
    written(sqlite_database, 20)
    for damage in (delete(AuditRow).where(AuditRow.id == 7), update(AuditRow).where(AuditRow.id == 7).values(id=99)):
        with sqlite_database.writing() as session:
            session.execute(damage)
            assert audit.verify(session) is not None
            session.rollback()
    with sqlite_database.writing() as session:
        session.add(AuditRow(id=100, at=T0, who="Eve", what="x", subject="", detail={}, hash="f" * 64))
        session.flush()

        assert "line 100 " in (audit.verify(session) or "")


def test_a_log_cut_at_its_end_is_found_by_the_head_that_was_noted(sqlite_database: Database) -> None:
    head = written(sqlite_database, 20)
    with sqlite_database.writing() as session:
        session.execute(delete(AuditRow).where(AuditRow.id > 18))

    with sqlite_database.reading() as session:
        assert audit.verify(session) is None, "the chain itself cannot know"
        assert "cut off" in (audit.verify(session, head) or "")
        assert session.scalar(select(AuditRow.id).order_by(AuditRow.id.desc())) == 18


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_suspended_in_the_middle_of_a_deed_does_not_hold_up_everybody_for_ever(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock of the log is held to the end of a transaction; the server ends one that nothing is said in for so long."""
    monkeypatch.setattr(engine, "IDLE_IN_TRANSACTION_S", 1)
    child = os.fork()
    if child == 0:
        try:
            with Database(postgres_url).writing() as session:
                audit.append(session, at=T0, who="Ana", what="incident.update")
                os.kill(os.getpid(), signal.SIGSTOP)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, os.WUNTRACED)
    stopped = os.WIFSTOPPED(status)
    database = Database(postgres_url)

    with database.writing() as session:
        audit.append(session, at=T0, who="Ben", what="incident.resolve")
    with database.reading() as session:
        written_by = [line.who for line in audit.listing(session)]
    database.close()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    assert stopped
    assert written_by == ["Ben"]
