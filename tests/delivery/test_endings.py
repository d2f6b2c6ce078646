"""Credentials and versions that end on a known day: operators are told 14, 7, 3 and 1 days before, and on the day. In virtual time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from broadcasters import linkedin
from broadcasters.post import Ending
from statuspage.settings.endings import endings, stage, told
from statuspage.store import alarms
from tests.delivery.stage import Stage
from tests.simulation.networks import BROADCASTERS

DAY_S = 86_400.0


class Calendar:
    """What the network's module says of its endings; a test may change it while the product runs."""

    def __init__(self, on: date) -> None:
        self.on = on

    def __call__(self, _: object) -> list[Ending]:
        return [Ending("credentials", "the credentials run out", "Put new ones into the configuration.", self.on)]


def raised(stage: Stage) -> list[tuple[str, str, bool]]:
    """Every alarm there ever was about an ending, in order: key, text, whether it stands."""
    with stage.world.store.reading() as session:
        found = alarms.listing(session, only_open=False)
    return [(one.key, one.text, one.cleared_at is None) for one in reversed(found) if one.key.startswith("ending:")]


def days_pass(stage: Stage, days: int) -> None:
    """With nothing to send, the simulated dispatchers sleep for long; the real ones look every second."""
    for _ in range(days):
        stage.passes(DAY_S)
        stage.world.poke()
        stage.passes(60.0)


@pytest.fixture
def ends_in_20_days(monkeypatch: pytest.MonkeyPatch) -> tuple[Stage, Calendar]:
    calendar = Calendar(date.max)
    monkeypatch.setattr(BROADCASTERS["bare"], "endings", calendar, raising=False)
    stage = Stage("bare")
    calendar.on = stage.world.wall().date() + timedelta(days=20)
    return stage, calendar


def test_operators_hear_of_an_end_at_each_warning_day_and_one_alarm_stands(ends_in_20_days: tuple[Stage, Calendar]) -> None:
    stage, calendar = ends_in_20_days
    days = {}
    for _ in range(23):
        days_pass(stage, 1)
        for key, _, _ in raised(stage):
            days.setdefault(key.rpartition(":")[2], (calendar.on - stage.world.wall().date()).days)
        assert sum(stands for *_, stands in raised(stage)) <= 1

    assert days == {"14": 14, "7": 7, "3": 3, "1": 1, "0": 0}
    words = [text for _, text, _ in raised(stage)]
    assert words[0] == f"bare: the credentials run out in 14 days, on {calendar.on}. Put new ones into the configuration."
    assert words[-1].startswith("bare: the credentials run out today")


def test_credentials_that_were_replaced_end_the_alarm_and_begin_no_other(ends_in_20_days: tuple[Stage, Calendar]) -> None:
    stage, calendar = ends_in_20_days
    days_pass(stage, 15)
    calendar.on += timedelta(days=60)
    days_pass(stage, 10)

    assert [stands for *_, stands in raised(stage)] == [False, False]  # at 14 and 7 days
    days_pass(stage, 1)
    assert stage.alarms() == []


def test_who_takes_the_account_over_on_a_warning_day_tells_nothing_twice(ends_in_20_days: tuple[Stage, Calendar]) -> None:
    stage, _ = ends_in_20_days
    days_pass(stage, 6)
    before = raised(stage)
    stage.world.kill(stage.process, "in the test")
    stage.passes(90.0)

    assert raised(stage) == before
    assert [key for key, *_ in before] == ["ending:bare:credentials:14"]


@pytest.mark.parametrize(
    ("left", "expected"), [(62, None), (15, None), (14, 14), (8, 14), (7, 7), (4, 7), (3, 3), (2, 3), (1, 1), (0, 0), (-9, 0)]
)
def test_people_are_told_at_each_number_of_days_and_not_between(left: int, expected: int | None) -> None:
    today = date(2026, 11, 23)
    (ending,) = endings(object(), None, today + timedelta(days=left))

    assert stage(ending, today) == expected


def test_the_words_fit_the_number_of_days() -> None:
    today = date(2026, 11, 23)
    said = [told(Ending("t", "it ends", "Act.", today + timedelta(days=left)), today) for left in (2, 1, 0, -1, -2)]

    assert said == [
        "it ends in 2 days, on 2026-11-25. Act.",
        "it ends in 1 day, on 2026-11-24. Act.",
        "it ends today, on 2026-11-23. Act.",
        "it ends (by the calendar 1 day ago), on 2026-11-22. Act.",
        "it ends (by the calendar 2 days ago), on 2026-11-21. Act.",
    ]


def test_a_version_of_linkedins_api_is_told_of_two_months_ahead() -> None:
    config = linkedin.Config(organization="1", access_token="t", version="202607")
    (ending,) = endings(linkedin, config, None)

    assert ending.on == date(2027, 7, 1)
    assert stage(ending, date(2027, 4, 30)) is None
    assert stage(ending, date(2027, 5, 2)) == 61
    assert told(ending, date(2027, 5, 2)) == "version 202607 of the API ends in 60 days, on 2027-07-01. Set a newer one."
