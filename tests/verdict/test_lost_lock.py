"""PostgreSQL: an owner that loses its lock in the middle of a transaction does not act beside its successor."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import text

from statuspage.actions import components
from statuspage.store.engine import Database
from statuspage.worker.owned import Owned, as_owner
from statuspage.worker.verdicts import Verdicts
from tests.actions.stage import Chance
from tests.processes import until
from tests.verdict.desk import BAD, Desk, bank

AFTER_A_FAULT_S = 1.0


class Interrupted(Chance):
    """Chance whose first draw takes long: `meanwhile` happens. Drawn while an incident is being written."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(7)
        self.meanwhile: list[Callable[[], object]] = [meanwhile]

    def token(self, length: int, alphabet: str) -> str:
        while self.meanwhile:
            self.meanwhile.pop()()
        return super().token(length, alphabet)

    def uniform(self, low: float, high: float) -> float:
        return self.source.uniform(low, high)


def end_lock_connections(database: Database) -> int:
    holders = "SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
    query = f"SELECT pg_terminate_backend(pid) FROM ({holders}) AS holders"
    with database.writing() as session:
        return len(session.execute(text(query)).all())


def sessions(database: Database) -> int:
    """How many sessions hold such a lock."""
    with database.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar_one())


def owned(make: Callable[[Any], Any], desk: Desk, chance: Interrupted | None = None) -> Owned:
    """As the worker role makes it; `chance` in place of the desk's."""
    lock = desk.ctx.ports.store.lock(make.__name__)
    context = as_owner(desk.ctx, lock)
    if chance is not None:
        context = replace(context, ports=replace(context.ports, random=chance))
    return Owned(make.__name__, partial(make, context), lock)


def test_a_verdict_suspended_while_it_writes_begins_no_second_incident(postgres_url: str) -> None:
    here, there = Database(postgres_url), Database(postgres_url)
    of = bank("login")
    desk, other = Desk(here, of, truth=lambda component, place, t: BAD), Desk(there, of)
    desk.run(10, each=lambda: None)
    components.sync(desk.ctx)  # so that the first draw is of an incident
    other.clock = desk.clock
    object.__setattr__(other.ctx.ports, "clock", desk.clock)
    second = owned(Verdicts, other)
    ended: list[int] = []
    drawn_by: list[str] = []

    def another_takes_over() -> None:
        drawn_by.extend(frame.name for frame in traceback.extract_stack())
        ended.append(end_lock_connections(there))
        until(lambda: second.step() and second.owner)  # the server ends a session a moment later

    first = owned(Verdicts, desk, Interrupted(another_takes_over))
    delay = first.step()
    owners = [first.owner, second.owner]
    found = other.incidents()
    for loop in (first, second):
        loop.close()
    here.close()
    there.close()

    assert ended == [1]
    assert "_act" in drawn_by
    assert len(found) == 1
    assert owners == [False, True]
    assert delay == AFTER_A_FAULT_S


def test_an_owner_that_lost_its_lock_within_a_step_writes_nothing_more(postgres_url: str) -> None:
    database = Database(postgres_url)
    desk = Desk(database, bank("login"))
    lock = database.lock("promises")
    assert lock.acquire()
    context = as_owner(desk.ctx, lock)
    begun: list[str] = []

    class Writes:
        name = "promises"

        def step(self) -> float:
            end_lock_connections(database)
            until(lambda: sessions(database) == 0)
            begun.append("looked")
            with context.ports.store.writing() as session:
                session.execute(text("INSERT INTO switch (name, off, \"by\", reason, at) VALUES ('posting', true, '', '', now())"))
            begun.append("went on")
            return 0.0

    loop = Owned("promises", Writes, lock)
    delay = loop.step()
    with database.reading() as session:
        written = session.execute(text("SELECT count(*) FROM switch")).scalar_one()
    loop.close()
    database.close()

    assert (begun, written, delay, loop.owner) == (["looked"], 0, AFTER_A_FAULT_S, False)
