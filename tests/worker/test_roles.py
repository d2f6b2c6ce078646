"""Who owns which loop: elections, lost locks, and the list of loops that health expects."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from statuspage.actions.context import Context
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database
from statuspage.worker.owned import Owned
from statuspage.worker.roles import expected_loops, prober_loops, worker_loops


class Work:
    """A loop that notes what was done to it."""

    name = "work"

    def __init__(self, notes: list[str]) -> None:
        self.notes = notes
        notes.append("made")

    def step(self) -> float:
        self.notes.append("step")
        return 0.2

    def close(self) -> None:
        self.notes.append("closed")


def owned(database: Database, notes: list[str]) -> Owned:
    return Owned("work", lambda: Work(notes), database.lock("work"))


def test_the_expected_loops_are_those_that_the_roles_run(ctx: Context, process: ProcessSettings) -> None:
    settings = ctx.settings.model_copy(update={"publishing": ctx.settings.publishing.model_copy(update={"folders": ["/a", "/b"]})})
    object.__setattr__(ctx, "settings", settings)

    running = [*worker_loops(ctx, process), *prober_loops(ctx, process)]

    assert sorted(loop.name for loop in running) == sorted(expected_loops(settings))
    assert len(running) == 42


def test_a_prober_of_named_places_leaves_the_others_to_other_machines(ctx: Context, process: ProcessSettings) -> None:
    places = [ctx.settings.locations[0].model_copy(update={"name": name}) for name in ("madrid", "frankfurt")]
    object.__setattr__(ctx, "settings", ctx.settings.model_copy(update={"locations": places}))

    everywhere = prober_loops(ctx, process)
    one = prober_loops(ctx, process, only=["frankfurt"])
    gone = prober_loops(ctx, process, only=["lisbon", "madrid"])  # a newer configuration has Lisbon no more

    assert [loop.name for loop in everywhere] == ["prober:madrid", "prober:frankfurt"]
    assert [[loop.name for loop in loops] for loops in (one, gone)] == [["prober:frankfurt"], ["prober:madrid"]]


def test_one_of_two_works_and_the_other_makes_nothing_until_the_first_closes(database: Database) -> None:
    first_notes: list[str] = []
    second_notes: list[str] = []
    first, second = owned(database, first_notes), owned(database, second_notes)

    delays = [first.step(), second.step(), first.step()]
    owners = [first.owner, second.owner]
    first.close()
    second.step()
    second.close()

    assert delays == [0.2, 1.0, 0.2]
    assert owners == [True, False]
    assert first_notes == ["made", "step", "step", "closed"]
    assert second_notes == ["made", "step", "closed"]


def end_lock_connections(url: str) -> int:
    """Ends every session that holds an advisory lock, from outside, as a failing network or a restart of the server would."""
    other = Database(url)
    with other.writing() as session:
        query = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        ended = session.execute(text(query)).all()
    other.close()
    return len(ended)


def test_an_owner_whose_lock_connection_died_does_not_step_again_and_forgets_what_it_knew(postgres_url: str) -> None:
    database, notes = Database(postgres_url), []
    work = owned(database, notes)
    work.step()

    ended = end_lock_connections(postgres_url)
    delay = work.step()
    owner_then = work.owner
    work.step()
    work.close()
    database.close()

    assert ended == 1
    assert delay == 1.0
    assert not owner_then
    assert notes == ["made", "step", "closed", "made", "step", "closed"]


def test_another_process_takes_over_from_one_whose_lock_connection_died(postgres_url: str) -> None:
    here, there = Database(postgres_url), Database(postgres_url)
    first_notes: list[str] = []
    second_notes: list[str] = []
    first, second = owned(here, first_notes), owned(there, second_notes)
    first.step()
    second.step()

    end_lock_connections(postgres_url)
    second.step()
    first.step()
    first.step()
    owners = [first.owner, second.owner]
    second.close()
    first.close()
    here.close()
    there.close()

    assert owners == [False, True]
    assert first_notes == ["made", "step", "closed"]
    assert second_notes == ["made", "step", "closed"]


def test_a_held_lock_leaves_no_transaction_open_that_would_hold_up_the_servers_cleaning(postgres_url: str) -> None:
    database = Database(postgres_url)
    lock = database.lock("work")
    lock.acquire()
    lock.acquire()

    with database.reading() as session:
        idle = session.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"))
    lock.release()
    database.close()

    assert idle == 0


@pytest.mark.parametrize("kind", ["sqlite_url", "postgres_url"])
def test_trouble_of_the_store_never_shows_the_values_of_a_statement(kind: str, request: pytest.FixtureRequest) -> None:
    database = Database(request.getfixturevalue(kind))

    with pytest.raises(Exception) as caught, database.writing() as session:
        session.execute(text("INSERT INTO no_such_table VALUES (:secret)"), {"secret": "canary-0b5e7c"})
    database.close()

    assert "canary-0b5e7c" not in str(caught.value)


def test_each_process_makes_loops_of_its_own(ctx: Context, process: ProcessSettings, make_context: Callable[[Database], Context]) -> None:
    again = make_context(ctx.ports.store)  # type: ignore[arg-type]

    one, two = worker_loops(ctx, process), worker_loops(again, process)
    one_step, two_step = one[3].step(), two[3].step()
    owners = [getattr(loop, "owner", None) for loop in (one[3], two[3])]
    for loop in (one[3], two[3]):
        loop.close()  # type: ignore[attr-defined]

    assert one[3].name == "cleaner"
    assert owners == [True, False]
    assert one_step >= 0.0
    assert two_step == 1.0
