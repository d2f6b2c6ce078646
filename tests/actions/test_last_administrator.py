"""Two administrators who take each other's role at once: one of them stays."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from statuspage.actions import people
from statuspage.core.errors import NotAllowed
from statuspage.core.vocabulary import Role
from statuspage.store import people as store
from tests.actions.stage import Stage
from tests.actions.test_races import at_once


def disable(stage: Stage, name: str, who: str) -> None:
    with suppress(NotAllowed):
        people.disable(stage.ctx, name=name, who=who)


def test_two_administrators_who_disable_each_other_at_once_leave_one(stage: Stage) -> None:
    for turn in range(5):
        names = [f"Ana {turn}", f"Bea {turn}"]
        for name in names:
            people.add_person(stage.ctx, name=name, role=Role.ADMINISTRATOR, who="tests")
        with stage.database.reading() as session:
            old = [one.name for one in store.everybody(session) if one.disabled_at is None and one.name not in names]
        for name in old:
            people.disable(stage.ctx, name=name, who="tests")

        at_once(*[partial(disable, stage, *pair) for pair in (names, names[::-1])])

        with stage.database.reading() as session:
            assert len([one for one in store.everybody(session) if one.disabled_at is None]) == 1, turn
