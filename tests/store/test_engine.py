"""The two ways into the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from statuspage.store.engine import Database
from statuspage.store.tables import SwitchRow

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_what_is_written_is_read_back_with_its_zone(database: Database) -> None:
    local = datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))

    with database.writing() as session:
        session.add(SwitchRow(name="posting", off=True, by="ana", reason="", at=local))

    with database.reading() as session:
        row = session.scalars(select(SwitchRow)).one()
    assert row.at == T0
    assert row.at.tzinfo is UTC


def test_an_error_inside_a_write_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError), database.writing() as session:
        session.add(SwitchRow(name="posting", off=True, by="ana", reason="", at=T0))
        session.flush()
        raise RuntimeError("stop")

    with database.reading() as session:
        assert session.scalars(select(SwitchRow)).all() == []


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 3, 1, 12)

    with pytest.raises(Exception, match="without a zone"), database.writing() as session:
        session.add(SwitchRow(name="posting", off=True, by="ana", reason="", at=naive))
